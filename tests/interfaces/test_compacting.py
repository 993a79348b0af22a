"""A shorter trace takes the place of the full one only after it has given the same in a copy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from learned import World
from llmos.interfaces import compacting
from llmos.interfaces.compacting import Compactor
from llmos.kernel.bus import EventBus
from llmos.kernel.events import Notice
from llmos.kernel.redaction import Redactor
from llmos.memory.compaction import Compaction
from llmos.memory.goals import normal_form
from llmos.memory.trace_store import TraceStore
from llmos.memory.traces import Trace
from llmos.memory.trust import Trust

Call = tuple[str, dict[str, Any]]


class Shop(World):
    """A place in which traces are learned, kept and made shorter."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        traces = folder / "traces"
        trust = Trust(folder / "state", traces)
        self.store = TraceStore(
            traces,
            trust,
            index_path=folder / "index.sqlite",
            key=normal_form,
            redactor=Redactor({}),
        )
        self.told: list[str] = []

    def kept(self, *calls: Call, answer: str = "done") -> Trace:
        """Learn a goal, let its trace be made shorter, and return what is kept."""
        trace = self.learn("tidy up", *calls, answer=answer, kinds={})
        full = self.store.put(trace)
        kept = anyio.run(self.compacted, full, trace)
        assert self.store.count() == 1
        return self.store.get(kept)

    async def compacted(self, full: str, trace: Trace) -> str:
        async with EventBus() as bus:
            bus.on(Notice, handler=lambda one: self.told.append(one.text), name="test")
            compactor = Compactor(bus, self.store, self.evidence, self.journal, env=self.env)
            return await compactor.compact(full, trace, self.learned_by, self.learned_changes)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path)
    shop.put("a.txt", "one\ntwo\n")
    shop.put("sub/b.txt", "b\n")
    (shop.cwd / "sub/b.txt").chmod(0o755)
    (shop.cwd / "link").symlink_to("a.txt")
    return shop


def run(command: str) -> Call:
    return "Bash", {"command": command}


def tools(trace: Trace) -> Sequence[str]:
    return [str(step.input.get("command", step.tool)) for step in trace.steps]


def test_what_tells_nothing_is_left_out_and_said(shop: Shop) -> None:
    note = str(shop.cwd / "note.txt")
    kept = shop.kept(
        ("Read", {"file_path": note}),
        ("Read", {"file_path": str(shop.cwd / "a.txt")}),
        ("Read", {"file_path": str(shop.cwd / "a.txt")}),
        ("Write", {"file_path": note, "content": "three\n"}),
        ("Read", {"file_path": note}),
        run("rm sub/b.txt && mkdir new && wc -l a.txt"),
    )
    assert tools(kept) == ["Read", "Write", "rm sub/b.txt && mkdir new && wc -l a.txt"]
    assert "3 of 6 steps need not be replayed" in shop.told[0]
    assert "step 1 found no file, and step 4 makes it only where there is none" in shop.told[0]


def test_the_shorter_trace_is_replayed_where_its_own_file_stands_already(shop: Shop) -> None:
    note = str(shop.cwd / "note.txt")
    absent: Call = ("Read", {"file_path": note})
    full = shop.learn("x", absent, ("Write", {"file_path": note, "content": "n"}), run("cat a.txt"),
                      answer="done", kinds={})  # fmt: skip
    assert shop.replay(full).drift is not None
    (shop.cwd / "note.txt").unlink()
    kept = shop.kept(absent, ("Write", {"file_path": note, "content": "n"}), run("cat a.txt"))
    assert shop.replay(kept).drift is None
    shop.put("note.txt", "the user's")
    drifted = shop.replay(kept)
    assert drifted.drift is not None
    assert drifted.drift.overwrites == ("note.txt",)


def test_a_trace_that_gives_another_result_in_the_copy_is_not_made_shorter(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(trace: Trace) -> Compaction:
        return Compaction(replace(trace, steps=trace.steps[1:]), ())

    monkeypatch.setattr(compacting, "compacted", wrong)
    for calls in (
        [run("touch made"), run("cat a.txt")],  # a file is missing in the end
        [run("chmod 600 a.txt"), run("ls -l a.txt | cut -c1-10")],  # something else is seen
    ):
        kept = shop.kept(*calls)
        assert tools(kept) == [one[1]["command"] for one in calls]
        shop.store.delete(kept.trace_id)
    assert shop.told == []


def test_what_depends_on_where_it_runs_is_left_as_it_is(shop: Shop) -> None:
    (shop.home / "neighbour").touch()
    # The copy stands elsewhere, so that a look at its neighbours shows others.
    kept = shop.kept(run("ls -d ../*"), run("cat a.txt"), run("cat a.txt"), run("wc -l a.txt"))
    assert len(kept.steps) == 4


def test_the_copy_is_gone_and_the_directory_as_the_run_left_it(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    shop.kept(run("cat a.txt"), run("cat a.txt"), run("mv a.txt c.txt"), run("cat c.txt"))
    assert list(scratch.iterdir()) == []
    assert shop.files() == {"c.txt": "one\ntwo\n", "sub/b.txt": "b\n"}


def test_a_directory_that_was_not_kept_whole_is_not_copied(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compacting, "MOST_ENTRIES", 3)
    assert len(shop.kept(run("cat a.txt"), run("cat a.txt"), run("ls")).steps) == 3


def test_a_store_that_cannot_be_written_leaves_the_full_trace(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = shop.learn("x", run("cat a.txt"), run("cat a.txt"), run("ls"), answer="d", kinds={})
    full = shop.store.put(trace)

    def no_room(_trace: Trace) -> str:
        raise OSError("no space left on device")

    monkeypatch.setattr(shop.store, "put", no_room)
    assert anyio.run(shop.compacted, full, trace) == full
    assert shop.store.get(full) == trace
    assert "no space left" in shop.told[0]
