"""What is replayed a thousand times gives a thousand times the same, byte for byte.

The gate replays as often as it has time for; ``LLMOS_NIGHTLY=1`` replays a thousand times each.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmos.interfaces.demo import GOALS, PRIMES, conversations
from llmos.interfaces.scripted_model import ScriptedModel
from llmos.memory.evidence import Evidence
from support import ROOT, Place, Taught

NIGHTLY = os.environ.get("LLMOS_NIGHTLY") == "1"
COUNT = 1000 if NIGHTLY else 18
PLACES = ["in one directory", *(["in a directory each"] if NIGHTLY else [])]
AT_ONCE = 8
WORKER = Path(__file__).parent / "worker.py"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, taught: Taught) -> Iterator[Place]:
    """A place in which the demo's goals have been learned."""
    folder: Path = tmp_path_factory.mktemp("replays")
    with ScriptedModel(conversations()) as model:
        place = Place(folder, model)
        prepared(place.cwd)
        place.env["LLMOS_WORKSPACE"] = str(workspace(place))
        taught.teach(place, "the demo", *GOALS)
        yield place


def workspace(place: Place) -> Path:
    return place.home / "workspace"


def prepared(cwd: Path) -> Path:
    (cwd / "workspace").mkdir(parents=True)
    shutil.copy(ROOT / "workspace" / "data.csv", cwd / "workspace" / "data.csv")
    return cwd


def start(place: Place, cwd: Path, count: int, how: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(WORKER), str(count), str(workspace(place)), how],
        cwd=cwd,
        env=place.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def results(*workers: subprocess.Popen[str]) -> Counter[str]:
    """Return each result, as the bytes that it was written in, and how often it came."""
    counted: Counter[str] = Counter()
    for worker in workers:
        out, err = worker.communicate(timeout=3600)
        assert worker.returncode == 0, err
        counted.update(out.splitlines())
    return counted


def clean_replays(place: Place) -> int:
    evidence = Evidence(workspace(place) / "memory" / "ledger.sqlite")
    try:
        traces = (workspace(place) / "memory" / "traces").glob("t-*.json")
        return sum(evidence.of(path.stem).successes for path in traces)
    finally:
        evidence.close()


def expected_of(counted: Counter[str], total: int) -> None:
    assert sum(counted.values()) == total
    assert len(counted) == len(GOALS), list(counted)
    assert all('"success": true' in row and '"mode": "FOLLOWER"' in row for row in counted)
    made = hashlib.sha256(PRIMES.encode()).hexdigest()
    assert all(made in row for row in counted if '"goal": 0' in row)


def test_every_replay_of_the_demo_gives_the_same_bytes(place: Place) -> None:
    asked, before = len(place.model.requests), clean_replays(place)
    (place.cwd / "primes.py").unlink(missing_ok=True)
    counted = results(start(place, place.cwd, COUNT, "fresh"))
    # What was made is removed before each replay, so that only its own goal leaves it.
    expected_of(counted, COUNT)
    assert clean_replays(place) - before == COUNT
    assert len(place.model.requests) == asked


@pytest.mark.parametrize("where", PLACES)
def test_eight_at_once_on_one_workspace_do_not_disturb_each_other(
    where: str, place: Place, tmp_path: Path
) -> None:
    one, before = where == "in one directory", clean_replays(place)
    each = -(-COUNT // AT_ONCE)
    folders = [prepared(tmp_path / str(n)) for n in range(1 if one else AT_ONCE)]
    (folders[0] / "primes.py").write_text(PRIMES)
    for folder in folders[1:]:
        shutil.copy(folders[0] / "primes.py", folder)
    how = "kept" if one else "fresh"
    workers = [start(place, folders[n % len(folders)], each, how) for n in range(AT_ONCE)]
    expected_of(results(*workers), each * AT_ONCE)
    assert clean_replays(place) - before == each * AT_ONCE
