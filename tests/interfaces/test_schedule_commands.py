"""The commands about schedules, and the timers that they write."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import anyio
import pytest

from factory import make_trace
from inside import llmos
from llmos.boot import LLMOS
from llmos.interfaces.schedule_install import calendar_of
from llmos.kernel.errors import UsageError
from llmos.memory.schedules import Schedule, Schedules

GOAL = "say hello"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)

    async def learn() -> None:
        async with LLMOS() as system:
            system.traces.put(make_trace(GOAL, answer="hello was said"))

    anyio.run(learn)
    return tmp_path


def overdue(place: Path, goal: str = GOAL, name: str = "hello") -> None:
    """Add a schedule some minutes ago."""
    made = Schedule(name, "* * * * *", goal, os.fspath(place), 0, "once", 0.0)
    Schedules(place / "workspace/memory", clock=lambda: time.time() - 300).add(made)


def test_a_schedule_is_added_listed_run_logged_and_removed(place: Path) -> None:
    added = llmos("schedule", "add", "0 9 * * 1-5", GOAL, "--max-usd", "0", "--json")
    assert added.code == 0, added.err
    assert (added.json["name"], added.json["max_usd"]) == ("say-hello", 0)
    assert "no trace answers" not in added.err
    (row,) = llmos("schedule", "list", "--json").json
    assert (row["cron"], row["goal"], row["last"]) == ("0 9 * * 1-5", GOAL, None)
    assert row["next"] > time.time()
    assert llmos("schedule", "run-now", "say-hello").out == "hello was said\n"
    (run,) = llmos("schedule", "logs", "say-hello", "--json").json
    assert (run["state"], run["mode"], run["cost_usd"]) == ("done", "FOLLOWER", 0)
    assert llmos("schedule", "rm", "say-hello").code == 0
    assert llmos("schedule", "list").out == "nothing yet\n"
    assert llmos("schedule", "rm", "say-hello").code == 2


@pytest.mark.parametrize(
    "words",
    [
        ["add", "0 9 * *", GOAL],
        ["add", "0 9 * * *"],
        ["add", "0 9 * * *", GOAL, "--max-usd", "-1"],
        ["add", "0 9 * * *", GOAL, "--missed", "twice"],
        ["run-now", "nothing"],
        ["isntall"],
        ["install"],
        ["install", "--cron", "--systemd"],
    ],
    ids=" ".join,
)
def test_a_wrong_schedule_is_told_and_not_kept(words: list[str], place: Path) -> None:
    done = llmos("schedule", *words)
    assert (done.code, done.out) == (2, "")
    assert llmos("schedule", "list", "--json").json == []


def test_a_goal_that_nothing_answers_yet_is_told_when_it_is_added(place: Path) -> None:
    added = llmos("schedule", "add", "0 9 * * *", "something new")
    assert added.code == 0
    assert "no trace answers this goal yet" in added.err


def test_what_is_due_is_run_once_and_its_failure_is_the_exit_code(place: Path) -> None:
    overdue(place)
    overdue(place, "something new", "new")
    done = llmos("schedule", "run-due", "--json")
    assert done.code == 6  # nothing may be spent, and nothing answers it
    assert {row["schedule"]: row["exit_code"] for row in done.json} == {"hello": 0, "new": 6}
    assert llmos("schedule", "run-due").out == "nothing is due\n"
    logged = {row["schedule"]: row["state"] for row in llmos("schedule", "logs", "--json").json}
    assert logged == {"hello": "done", "new": "failed"}


def test_where_nothing_is_scheduled_nothing_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert llmos("schedule", "run-due").code == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("cron", "calendar"),
    [
        ("0 9 * * 1-5", ["Mon,Tue,Wed,Thu,Fri *-*-* 9:0:00"]),
        ("*/15 * * * *", ["*-*-* *:0/15:00"]),
        ("30 6,18 1 jan-mar *", ["*-1..3-1 6,18:30:00"]),
        ("5 4 * * sun", ["Sun *-*-* 4:5:00"]),
        ("5 4 * * 5-7", ["Fri,Sat,Sun *-*-* 4:5:00"]),
        ("0 0 13 * 5", ["*-*-13 0:0:00", "Fri *-*-* 0:0:00"]),
        ("10-40/10 2 * */3 *", ["*-1/3-* 2:10..40/10:00"]),
    ],
)
def test_a_cron_expression_in_the_words_of_systemd(cron: str, calendar: list[str]) -> None:
    assert calendar_of(cron) == calendar


@pytest.mark.parametrize("cron", ["0 0 L * *", "0 0 * * 5#2", "0 0 * * 5L"])
def test_what_systemd_has_no_word_for_is_told(cron: str) -> None:
    with pytest.raises(UsageError, match="systemd"):
        calendar_of(cron)


def test_the_lines_of_the_timer_can_be_read_before_anything_is_written(place: Path) -> None:
    llmos("schedule", "add", "0 9 * * 1-5", GOAL)
    cron = llmos("schedule", "install", "--cron", "--print").out.splitlines()
    assert cron[1].startswith(f"0 9 * * 1-5 cd {place} && ")
    assert cron[1].endswith(f"schedule run-due --workspace {place}/workspace --quiet")
    assert "@reboot" in cron[2]
    units = llmos("schedule", "install", "--systemd", "--print").out
    assert "OnCalendar=Mon,Tue,Wed,Thu,Fri *-*-* 9:0:00" in units
    assert f"WorkingDirectory={place}" in units
    assert "Persistent=true" in units
    assert "KEY" not in units
    assert not Path(os.environ["HOME"], ".config/systemd").exists()


@pytest.fixture
def crontab(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A crontab program that keeps its table in a file."""
    table = place / "table"
    table.write_text("# mine\n1 2 3 4 5 mine\n")
    program = place / "bin/crontab"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nif [ "$1" = -l ]; then cat {table}; else cat > {table}; fi\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return table


def test_a_crontab_keeps_what_is_somebody_elses_and_holds_the_lines_once(
    place: Path, crontab: Path
) -> None:
    mine = crontab.read_text()
    llmos("schedule", "add", "0 9 * * *", GOAL, "--missed", "never")
    for _ in range(2):
        assert llmos("schedule", "install", "--cron").code == 0
        lines = crontab.read_text().removeprefix(mine).splitlines()
        assert [line[:1] for line in lines] == ["#", "0", "#"]
    assert llmos("schedule", "install", "--cron", "--remove").code == 0
    assert crontab.read_text() == mine


def test_the_line_of_a_crontab_runs_what_is_due(place: Path) -> None:
    overdue(place)
    line = llmos("schedule", "install", "--cron", "--print").out.splitlines()[1]
    command = line.removeprefix("* * * * * ").replace("\\%", "%")
    done = subprocess.run(
        ["/bin/sh", "-c", command], env={"HOME": os.environ["HOME"]}, cwd="/",
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "hello: done: hello was said\n"), done.stderr


def test_an_open_shell_runs_what_is_due(place: Path) -> None:
    overdue(place)

    async def live() -> list[str]:
        from llmos.interfaces import schedule_running

        async with LLMOS() as system:
            schedule_running.start_in_shell(system)
            names = [job.name for job in system.scheduler.jobs()]
            schedules = schedule_running.schedules_of(system.memory)
            await schedule_running.run_due(system, schedules)
            assert [one.state for one in schedules.runs()] == ["done"]
            return names

    assert anyio.run(live) == ["schedules"]
