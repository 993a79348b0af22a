"""Between learning and replay the world changes: a replay is right, or it does not happen."""

from __future__ import annotations

import os
import resource
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drift.cases import CASES, Case, Drifts, tool
from drift.tree import tree_of
from learned import World
from llmos.interfaces.follower import Replay
from llmos.memory.traces import Trace


def learned(world: World, case: Case) -> Trace:
    tool('[ "$1" = --version ] && echo 1.0 || echo thing')(world)
    world.env["PATH"] = f"{world.home / 'bin'}:{world.env['PATH']}"
    world.env |= {"TZ": "UTC", "USER_ROLE": "admin"}
    for name, text in case.learned.given.items():
        world.put(name, text)
    return world.learn("the goal", *case.learned.calls, answer=case.learned.answer, kinds={})


@contextmanager
def machine(case: Case) -> Generator[None]:
    """Set what a process inherits, for a while."""
    umask = os.umask(case.umask)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    if case.largest_file is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (case.largest_file, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        os.umask(umask)


def replayed(world: World, trace: Trace, case: Case) -> Replay:
    with machine(case):
        return world.replay(trace)


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_a_replay_is_right_or_does_not_happen(case: Case, tmp_path: Path) -> None:
    world = World(tmp_path)
    trace = learned(world, case)
    case.change(world)
    before = tree_of(world.cwd)
    replay = replayed(world, trace, case)
    after = tree_of(world.cwd)
    if isinstance(case.outcome, Drifts):
        assert replay.drift is not None, replay.answer
        assert case.outcome.reason in replay.drift.reason
        assert (replay.answer, replay.drift.lost) == ("", ())
        assert after == before
        return
    assert replay.drift is None, replay.drift
    assert replay.answer == case.outcome.answer
    made = case.outcome.makes
    assert {name: after[name][2].decode() for name in made} == dict(made)
    assert before.keys() - after.keys() == set(case.outcome.removes)
    untouched = before.keys() - made.keys() - set(case.outcome.removes)
    assert {name: after[name][2] for name in untouched} == {
        name: before[name][2] for name in untouched
    }


def test_there_are_enough_changes_and_each_has_a_name_of_its_own() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 60
