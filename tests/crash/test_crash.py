"""llmos is killed at every named point; the next one finds nothing half done, and nothing lost.

In the gate 100 processes are killed; with LLMOS_NIGHTLY=1 every point at least 20 times, and 1,000
in all.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from crash.harness import GOAL, KILLED, NEW_GOAL, Grounds, conversations
from llmos.interfaces.scripted_model import ScriptedModel
from llmos.kernel.crash_points import POINTS
from support import ROOT

NIGHTLY = bool(os.environ.get("LLMOS_NIGHTLY"))
ROUNDS = 46 if NIGHTLY else 5
LEARNING_ROUNDS = range(20 if NIGHTLY else 1)
TURN = 2500
"""Micro-dollars that a turn of the model costs."""

REPLAYING = {
    "journal.captured": 1,
    "journal.opened": 1,
    "replay.before_step": 3,
    "replay.after_step": 3,
    "replay.judged": 1,
    "journal.closing": 1,
    "journal.closed": 1,
    "replay.saving_noted": 1,
    "replay.noted": 1,
}
"""The points that a replay passes, and how often."""
COMMITTED = ("journal.closed", "replay.saving_noted", "replay.noted")
ROLLING_BACK = {
    "rollback.began": 1,
    "rollback.removed": 5,
    "rollback.put_back": 5,
    "rollback.done": 1,
}
UNDOING = {
    "undo.marked": 1,
    "rollback.removed": 5,
    "rollback.put_back": 5,
    "undo.path": 1,
    "undo.done": 1,
}
LEARNING = (
    "learn.held",
    "learn.ran",
    "settle.deleted",
    "settle.entered",
    "learn.settled",
    "learn.captured",
    # The first is the transcript, the second the trace.
    "atomic.written",
    "atomic.renamed",
    "atomic.written:2",
    "atomic.renamed:2",
    "save.stored",
    "save.noted",
)
IN_THE_GATE = ("learn.ran", "settle.deleted", "learn.captured", "atomic.renamed:2")
"""A model run takes seconds: these stand for the others in the gate."""
PAID = LEARNING[LEARNING.index("settle.entered") :]


@pytest.fixture(scope="module")
def grounds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grounds]:
    folder = tmp_path_factory.mktemp("crash")
    with ScriptedModel(conversations()) as model, Grounds(folder, model) as grounds:
        grounds.set_up()
        yield grounds


def passages(points: dict[str, int]) -> list[tuple[str, int]]:
    """Return every point with every round."""
    return [(point, turn) for point in points for turn in range(ROUNDS)]


def crash_at(point: str, turn: int, points: dict[str, int]) -> str:
    return f"{point}:{turn % points[point] + 1}"


def check_undo(grounds: Grounds) -> None:
    """Check that the goal is replayed from its index, and undone, as if nothing had been."""
    replayed = grounds.llmos("--json", "--replay-only", GOAL)
    assert replayed.code == 0, replayed.err
    assert grounds.tree() == grounds.tree("after")
    undone = grounds.llmos("undo")
    assert undone.code == 0, undone.err
    assert grounds.tree() == grounds.tree("before")


@pytest.mark.parametrize("point", REPLAYING)
def test_a_killed_replay_is_rolled_back_by_the_next_start(grounds: Grounds, point: str) -> None:
    for turn in range(ROUNDS):
        grounds.back_to("before")
        spent = grounds.spent()
        crash = crash_at(point, turn, REPLAYING)
        assert grounds.llmos("--replay-only", GOAL, crash=crash).code == KILLED, crash
        started = grounds.llmos("runs", "--json")
        assert started.code == 0, started.err
        done = point in COMMITTED
        assert grounds.tree() == grounds.tree("after" if done else "before"), crash
        opened = point not in ("journal.captured", *COMMITTED)
        assert ("was cut off" in started.err) == opened, crash
        grounds.check_memory()
        assert grounds.spent() == spent
        if done:
            assert grounds.llmos("undo").code == 0
            assert grounds.tree() == grounds.tree("before"), crash
    check_undo(grounds)


@pytest.mark.parametrize("point", ROLLING_BACK)
def test_a_roll_back_that_is_killed_is_finished_by_the_next_start(
    grounds: Grounds, point: str
) -> None:
    for turn in range(ROUNDS):
        grounds.back_to("drifting")
        crash = crash_at(point, turn, ROLLING_BACK)
        assert grounds.llmos("--replay-only", GOAL, crash=crash).code == KILLED, crash
        if turn % 2 and point != "rollback.done":
            # The start that is to finish it is killed as well.
            assert grounds.llmos("runs", crash="rollback.began").code == KILLED
        assert grounds.llmos("runs").code == 0
        assert grounds.tree() == grounds.tree("drifting"), crash
        grounds.check_memory()
    assert grounds.llmos("--replay-only", GOAL).code == 7
    assert grounds.tree() == grounds.tree("drifting")


@pytest.mark.parametrize("point", UNDOING)
def test_an_undo_that_is_killed_is_finished_by_the_next_start(grounds: Grounds, point: str) -> None:
    for turn in range(ROUNDS):
        grounds.back_to("after")
        crash = crash_at(point, turn, UNDOING)
        assert grounds.llmos("undo", crash=crash).code == KILLED, crash
        assert grounds.llmos("runs").code == 0
        assert grounds.tree() == grounds.tree("before"), crash
        redone = grounds.llmos("redo")
        assert redone.code == 0, redone.err
        assert grounds.tree() == grounds.tree("after"), crash
        grounds.check_memory()


@pytest.mark.parametrize("turn", LEARNING_ROUNDS)
@pytest.mark.parametrize("point", LEARNING if NIGHTLY else IN_THE_GATE)
def test_a_killed_model_run_leaves_no_half_trace_and_no_cost_behind(
    grounds: Grounds, point: str, turn: int
) -> None:
    grounds.back_to("before")
    spent, traces = grounds.spent(), len(grounds.place.traces)
    assert grounds.llmos(NEW_GOAL, crash=point).code == KILLED, point
    grounds.wait_until_quiet()
    assert grounds.llmos("runs").code == 0
    grounds.check_memory()
    expected = 0 if point == "learn.held" else 2 * TURN
    assert grounds.spent() - spent == expected
    if point in ("atomic.renamed:2", "save.stored", "save.noted"):
        assert len(grounds.place.traces) == traces + 1
        assert grounds.llmos("--replay-only", NEW_GOAL).code == 0
    if point != "learn.held":
        runs = json.loads(grounds.llmos("runs", "--json").out)
        made = next(one for one in runs if one["mode"] == "LEARNER" and one["paths"])
        undone = grounds.llmos("undo", made["run_id"], "--force")
        assert undone.code == 0, undone.err
        assert not (grounds.place.cwd / "learned.txt").exists()


def test_every_point_is_passed_by_the_code_and_killed_at_by_a_test() -> None:
    in_code = re.compile(r"crash_point\(\s*\"([a-z._]+)\"")
    rooms = (ROOT / room for room in ("kernel", "memory", "interfaces"))
    files: list[Path] = [path for room in rooms for path in room.rglob("*.py")]
    found = {name for path in files for name in in_code.findall(path.read_text())}
    assert found == set(POINTS)
    remembering = {point for point in POINTS if point.startswith("memory.")}
    # Those are killed at by tests/memory/test_memory_processes.py.
    learning = {point.partition(":")[0] for point in LEARNING}
    assert {*REPLAYING, *ROLLING_BACK, *UNDOING} | learning | remembering == set(POINTS)


def test_the_gate_kills_a_hundred_processes_and_the_night_a_thousand() -> None:
    points = [*REPLAYING, *ROLLING_BACK, *UNDOING]
    learned = len(LEARNING) if NIGHTLY else len(IN_THE_GATE)
    kills = len(points) * ROUNDS + learned * len(LEARNING_ROUNDS)
    kills += sum(turn % 2 for turn in range(ROUNDS)) * (len(ROLLING_BACK) - 1)
    assert kills >= (1000 if NIGHTLY else 100)
