"""The semantic memory among processes: many at once, and killed in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from llmos.kernel.crash_points import VARIABLE
from llmos.memory.semantic_tables import Memory
from llmos.memory.spaces import BATCH
from llmos.memory.store import SemanticMemory
from spaces import WordSpace

TESTS = Path(__file__).resolve().parents[1]
ADDING = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from llmos.memory.semantic_tables import Memory
from llmos.memory.store import SemanticMemory
from spaces import WordSpace

memory = SemanticMemory(Path({path!r}), WordSpace())
for number in range({count}):
    text = "memory {name} " + str(number)
    memory.add(text, id=text)
    print(text, flush=True)
    best = memory.search(text, 1, mode="vector")[0]
    assert (best.memory.text, round(best.similarity, 2)) == (text, 1), best
    for hit in memory.search("memory", 5):
        assert hit.memory.id == hit.memory.text, hit
"""
FILLING = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from llmos.memory.semantic_tables import Memory
from llmos.memory.store import SemanticMemory
from spaces import WordSpace

memory = SemanticMemory(Path({path!r}), WordSpace("other"))
assert memory.fill()
"""


def start(program: str, crash: str = "", **values: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program.format(tests=str(TESTS), **values)],
        env={**os.environ, VARIABLE: crash},
        stdout=subprocess.PIPE,
        text=True,
    )


def outcome(process: subprocess.Popen[str]) -> tuple[int, list[str]]:
    out, _ = process.communicate(timeout=120)
    return process.returncode, out.splitlines()


def check(path: Path, acknowledged: list[str]) -> SemanticMemory:
    """Check that nothing acknowledged is lost, and all that is there is found by its vector."""
    memory = SemanticMemory(path, WordSpace())
    known = {one.id for one in memory.each()}
    assert set(acknowledged) <= known
    for text in sorted(known)[:130]:
        best = memory.search(text, 1, mode="vector")[0]
        assert (best.memory.text, round(best.similarity or 0, 2)) == (text, 1)
        assert text in [hit.memory.text for hit in memory.search(text, 3, mode="text")]
    return memory


def test_eight_processes_add_and_search_at_once_and_nothing_is_lost_or_torn(
    tmp_path: Path,
) -> None:
    path = tmp_path / "semantic.sqlite"
    running = [start(ADDING, path=str(path), name=f"p{n}", count=15) for n in range(8)]
    ended = [outcome(one) for one in running]
    assert [code for code, _ in ended] == [0] * 8
    acknowledged = [text for _, out in ended for text in out]
    assert len(acknowledged) == 120
    memory = check(path, acknowledged)
    assert memory.count() == 120
    memory.close()


@pytest.mark.parametrize("point", ["memory.vectors_written:3", "memory.committed:3"])
def test_what_was_acknowledged_before_a_kill_in_an_add_is_there(point: str, tmp_path: Path) -> None:
    path = tmp_path / "semantic.sqlite"
    code, acknowledged = outcome(start(ADDING, point, path=str(path), name="a", count=9))
    assert (code, len(acknowledged)) == (-signal.SIGKILL, 2)
    check(path, acknowledged).close()
    code, more = outcome(start(ADDING, path=str(path), name="b", count=2))
    assert code == 0
    check(path, acknowledged + more).close()


@pytest.mark.parametrize("point", ["memory.batch_written:2", "memory.batch_embedded:1"])
def test_a_kill_while_embedding_anew_loses_nothing_and_the_next_goes_on(
    point: str, tmp_path: Path
) -> None:
    path = tmp_path / "semantic.sqlite"
    memory = SemanticMemory(path, WordSpace())
    added = [f"thing {number}" for number in range(600)]
    memory.put([Memory(text, "note", text, {}, 0.0) for text in added])
    memory.close()
    code, _ = outcome(start(FILLING, point, path=str(path)))
    assert code == -signal.SIGKILL
    check(path, added[::20]).close()
    other = SemanticMemory(path, WordSpace("other"))
    assert other.progress().done == BATCH
    code, _ = outcome(start(FILLING, path=str(path)))
    assert code == 0
    assert other.progress().done == 600
    best = other.search("thing 300", 1, mode="vector")[0]
    assert best.similarity == pytest.approx(1, abs=1e-3)
    other.close()
