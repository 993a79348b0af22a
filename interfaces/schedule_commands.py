"""``schedule add|list|logs|run-now|rm|run-due|install``: goals that are answered at their times."""

from __future__ import annotations

import os
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import anyio.to_thread

from ..kernel.errors import UsageError
from ..kernel.json_value import JsonValue
from ..kernel.money import Micros, format_usd, to_micros, to_usd
from ..memory.schedules import FILE, Schedule, Schedules
from .command_context import CommandRequest, Context, Grid, Said
from .dispatcher import check_goal
from .goal_commands import interrupting
from .plain_text import one_line, say
from .result import FOLLOWER
from .schedule_running import run_due, run_one, schedules_of, start_in_shell
from .settings import load_settings
from .system import opened

_MISSED = ("once", "never")


async def add(context: Context, request: CommandRequest) -> Said:
    """Add a schedule."""
    system, options = context.system, request.options
    cron, goal = request.words[0], check_goal(" ".join(request.words[1:]))
    missed = options.missed or "once"
    if missed not in _MISSED:
        raise UsageError(f"--missed cannot be {missed!r}", hint="it is once or never")
    cost = _amount(options.max_usd)
    name = options.name or _name(goal)
    schedule = Schedule(name, cron, goal, os.fspath(system.cwd), cost, missed, 0.0)
    with closing(schedules_of(system.memory)) as schedules:
        await anyio.to_thread.run_sync(schedules.add, schedule)
    decision = await system.decide(goal)
    if cost == 0 and decision.mode != FOLLOWER:
        say(
            "llmos: no trace answers this goal yet, and without --max-usd none will be learned: "
            "answer it once yourself",
            sys.stderr,
        )
    if context.in_shell:
        start_in_shell(system)
    else:
        say("llmos: a shell that is open here runs it; for the system to do so, say: ", sys.stderr)
        say("  llmos schedule install", sys.stderr)
    coming = schedule.next_time(time.time())
    return Said(f"{name}: next {_moment(coming.timestamp())}", json=_json(schedule))


async def list_schedules(context: Context, _request: CommandRequest) -> Said:
    """List the schedules of the workspace."""

    def read() -> tuple[list[Schedule], dict[str, str]]:
        with closing(schedules_of(context.system.memory)) as schedules:
            found = schedules.all()
            last = {one.name: schedules.runs(one.name, 1) for one in found}
            return found, {name: runs[0].state for name, runs in last.items() if runs}

    found, last = await anyio.to_thread.run_sync(read)
    grid = Grid(
        ("NAME", "CRON", "NEXT", "MAX", "MISSED", "LAST", "GOAL"),
        [
            (
                one.name,
                one.cron,
                _moment(one.next_time(time.time()).timestamp()),
                format_usd(one.max_cost),
                one.missed,
                last.get(one.name, "not yet"),
                one_line(one.goal, 300),
            )
            for one in found
        ],
        (3,),
    )
    return Said(
        "" if found else "nothing yet",
        grid,
        [{**_json(one), "last": last.get(one.name)} for one in found],
    )


async def logs(context: Context, request: CommandRequest) -> Said:
    """Show what came of past runs."""

    def read() -> tuple[Grid, list[JsonValue]]:
        with closing(schedules_of(context.system.memory)) as schedules:
            runs = schedules.runs("".join(request.words))
        rows = [
            (
                one.name,
                _moment(one.due),
                one.state,
                one.mode or "-",
                format_usd(one.cost) if one.mode else "-",
                one_line(one.said, 300),
            )
            for one in runs
        ]
        return Grid(("NAME", "DUE", "STATE", "MODE", "COST", "SAID"), rows, (4,)), [
            {
                "schedule": one.name,
                "due": one.due,
                "began": one.began,
                "ended": one.ended,
                "state": one.state,
                "run_id": one.run_id,
                "mode": one.mode,
                "cost_usd": None if one.cost is None else to_usd(one.cost),
                "said": one.said,
            }
            for one in runs
        ]

    grid, rows = await anyio.to_thread.run_sync(read)
    return Said("" if rows else "nothing yet", grid, rows)


async def remove(context: Context, request: CommandRequest) -> Said:
    """Remove a schedule."""
    name = request.words[0]

    def work() -> None:
        with closing(schedules_of(context.system.memory)) as schedules:
            schedules.named(name)
            schedules.remove(name)

    await anyio.to_thread.run_sync(work)
    return Said(f"removed {name}; its log stays", json={"removed": name})


async def run_now(context: Context, request: CommandRequest) -> Said:
    """Run a schedule out of turn."""
    system = context.system
    with closing(schedules_of(system.memory)) as schedules:
        schedule = await anyio.to_thread.run_sync(schedules.named, request.words[0])
        if schedule.directory != os.fspath(system.cwd):
            raise UsageError(
                f"{schedule.name} runs in {schedule.directory}", hint="change to that directory"
            )
        number = await anyio.to_thread.run_sync(schedules.begin_now, schedule)
        return Said(result=await run_one(system, schedules, schedule, number))


async def run_what_is_due(context: Context, _request: CommandRequest) -> Said:
    """Run what is due in this directory; a look that finds nothing is cheap."""
    cwd = Path.cwd().resolve()
    settings = load_settings(context.given, os.environ, cwd)
    memory = (cwd / settings.workspace).resolve() / "memory"
    is_due = partial(_is_due, memory, os.fspath(cwd))
    if not await anyio.to_thread.run_sync(is_due):
        return Said("nothing is due", json=[])
    assert context.open_system is not None
    async with opened(context.open_system, context.given) as system, interrupting(system):
        with closing(schedules_of(system.memory)) as schedules:
            done = await run_due(system, schedules)
    lines = [
        f"{one.name}: {'done' if result.success else 'failed'}: "
        + one_line(result.answer if result.error is None else result.error.message)
        for one, result in done
    ]
    code = next((result.exit_code for _, result in done if not result.success), 0)
    rows: list[JsonValue] = [{"schedule": one.name, **result.to_json()} for one, result in done]
    return Said("\n".join(lines) or "nothing is due", json=rows, exit_code=code)


async def install(context: Context, request: CommandRequest) -> Said:
    """Let the system's timer run the schedules of this directory."""
    from . import schedule_install

    options, system = request.options, context.system
    with closing(schedules_of(system.memory)) as schedules:
        everything = await anyio.to_thread.run_sync(schedules.all)
    found = [one for one in everything if one.directory == os.fspath(system.cwd)]
    work = partial(
        schedule_install.installed,
        found,
        system.cwd,
        system.memory.parent,
        schedule_install.kind_of(systemd=options.systemd, cron=options.cron),
        dict(os.environ),
        only_print=options.print_only,
        remove=options.remove,
    )
    return await anyio.to_thread.run_sync(work)


def _is_due(memory: Path, directory: str) -> bool:
    if not (memory / FILE).exists():
        return False
    with closing(Schedules(memory)) as schedules:
        return schedules.is_due(directory)


def _amount(text: str | None) -> Micros:
    try:
        amount = to_micros(text or "0")
    except ValueError:
        amount = -1
    if amount < 0:
        raise UsageError(f"--max-usd cannot be {text!r}", hint="it is an amount of dollars, or 0")
    return amount


def _name(goal: str) -> str:
    words = "".join(one if one.isalnum() else " " for one in goal.lower()).split()
    return "-".join(words[:5])[:40] or "schedule"


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%Y-%m-%d %H:%M")


def _json(schedule: Schedule) -> dict[str, JsonValue]:
    return {
        "name": schedule.name,
        "cron": schedule.cron,
        "goal": schedule.goal,
        "directory": schedule.directory,
        "max_usd": to_usd(schedule.max_cost),
        "missed": schedule.missed,
        "next": schedule.next_time(time.time()).timestamp(),
    }
