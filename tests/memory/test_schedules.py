"""Schedules: what is due when, once for all processes, and what is made up for."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmos.kernel.errors import UsageError
from llmos.kernel.triggers import last_due
from llmos.memory.schedules import GRACE_S, Schedule, Schedules

NINE = datetime(2026, 5, 15, 9, tzinfo=UTC).timestamp()  # a Friday
DAY = 86_400.0
HERE = "/home/me"


class Clock:
    """A clock that is set by hand."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock(NINE - 3600)


@pytest.fixture
def schedules(tmp_path: Path, clock: Clock) -> Schedules:
    return Schedules(tmp_path, clock=clock, zone=UTC)


def schedule(cron: str = "0 9 * * 1-5", name: str = "report", *, missed: str = "once") -> Schedule:
    return Schedule(name, cron, "make the report", HERE, 0, missed, 0.0)


def states(schedules: Schedules) -> list[str]:
    return [one.state for one in schedules.runs()]


def finish(schedules: Schedules, number: int, said: str = "ok") -> None:
    schedules.end(number, ok=True, run_id="r-1", mode="FOLLOWER", cost=0, said=said)


def test_it_is_due_at_its_time_and_only_once(schedules: Schedules, clock: Clock) -> None:
    schedules.add(schedule())
    assert not schedules.is_due(HERE)
    clock.now = NINE
    assert schedules.is_due(HERE)
    ((one, number),) = schedules.claim_due(HERE)
    assert one.name == "report"
    assert schedules.claim_due(HERE) == []
    assert not schedules.is_due(HERE)
    finish(schedules, number)
    (run,) = schedules.runs("report")
    assert (run.state, run.due, run.mode, run.said) == ("done", NINE, "FOLLOWER", "ok")


def test_what_was_due_before_it_was_added_is_not(schedules: Schedules, clock: Clock) -> None:
    clock.now = NINE + 60
    schedules.add(schedule())
    assert schedules.claim_due(HERE) == []


def test_many_missed_times_are_made_up_for_once(schedules: Schedules, clock: Clock) -> None:
    schedules.add(schedule("*/5 * * * *"))
    clock.now += 3 * DAY + 123
    ((_, number),) = schedules.claim_due(HERE)
    finish(schedules, number)
    assert schedules.claim_due(HERE) == []
    assert states(schedules) == ["done"]


def test_a_missed_time_is_noted_and_not_made_up_for_if_so_wished(
    schedules: Schedules, clock: Clock
) -> None:
    schedules.add(schedule(missed="never"))
    clock.now = NINE + GRACE_S + 1
    assert schedules.claim_due(HERE) == []
    assert states(schedules) == ["missed"]
    clock.now = NINE + 3 * DAY + GRACE_S - 1  # Monday, in time
    assert len(schedules.claim_due(HERE)) == 1


def test_a_clock_that_is_set_back_runs_nothing_twice(schedules: Schedules, clock: Clock) -> None:
    schedules.add(schedule())
    clock.now = NINE + 10
    ((_, number),) = schedules.claim_due(HERE)
    finish(schedules, number)
    clock.now = NINE - 7200
    assert schedules.claim_due(HERE) == []
    clock.now = NINE + 20
    assert schedules.claim_due(HERE) == []


def test_the_next_time_is_skipped_while_the_one_before_still_runs(
    schedules: Schedules, clock: Clock
) -> None:
    schedules.add(schedule("*/5 * * * *"))
    clock.now = NINE
    assert len(schedules.claim_due(HERE)) == 1
    clock.now += 300
    assert schedules.claim_due(HERE) == []
    assert states(schedules) == ["skipped", "running"]


def test_another_directory_runs_its_own(schedules: Schedules, clock: Clock) -> None:
    schedules.add(schedule())
    clock.now = NINE
    assert schedules.claim_due("/elsewhere") == []
    assert len(schedules.claim_due(HERE)) == 1


def test_a_name_is_taken_once_and_a_wrong_expression_is_told(schedules: Schedules) -> None:
    schedules.add(schedule())
    with pytest.raises(UsageError, match="already"):
        schedules.add(schedule())
    for cron in ("* * * *", "61 * * * *", "0 0 30 2 *", "x"):
        with pytest.raises(UsageError, match="cron expression"):
            schedules.add(schedule(cron, name="other"))
    assert [one.name for one in schedules.all()] == ["report"]
    assert schedules.remove("report")
    assert not schedules.remove("report")


CLAIM = """
import sys, time
from pathlib import Path
from llmos.memory.schedules import Schedules
schedules = Schedules(Path(sys.argv[1]))
found = schedules.claim_due(sys.argv[2])
print(len(found), flush=True)
if len(sys.argv) > 3:
    time.sleep(60)
"""


def test_of_several_processes_one_gets_it_and_a_killed_one_is_noted(tmp_path: Path) -> None:
    made = Clock(datetime.now(UTC).timestamp() - 300)
    schedules = Schedules(tmp_path, clock=made)
    schedules.add(schedule("* * * * *"))
    command = [sys.executable, "-c", CLAIM, os.fspath(tmp_path), HERE]
    running = [subprocess.Popen([*command, "stay"], stdout=subprocess.PIPE) for _ in range(3)]
    claimed = [one.stdout.readline() for one in running if one.stdout is not None]
    assert sorted(claimed) == [b"0\n", b"0\n", b"1\n"]
    for one in running:
        one.kill()
        one.communicate()
    assert states(schedules) == ["cut off"]


@given(st.integers(0, 2 * 366 * 1440), st.sampled_from(["30 2 * * *", "*/20 * * * *", "0 9 1 * 1"]))
def test_the_last_due_time_is_not_after_now_and_none_lies_between(minute: int, cron: str) -> None:
    zone = ZoneInfo("Europe/Berlin")
    now = datetime(2026, 1, 1, tzinfo=UTC).timestamp() + minute * 60.0 + 7
    due = last_due(cron, zone, now)
    assert due is not None
    assert due <= now
    assert last_due(cron, zone, due) == due
    following = last_due(cron, zone, now + 60)
    assert following is not None
    assert following in (due, now + 53) or following > due
