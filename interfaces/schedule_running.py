"""Runs the schedules that are due: by the timer of the system, and in a shell that is open."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio.to_thread

from ..kernel.money import to_usd
from ..kernel.redaction import Redactor
from .plain_text import one_line, say
from .result import Result
from .system import System

if TYPE_CHECKING:
    from ..memory.schedules import Schedule, Schedules

_LOOK_S = 15.0
"""Seconds between two looks of an open shell."""
JOB = "schedules"


def schedules_of(memory: Path) -> Schedules:
    """Open the schedules of a workspace.

    Args:
        memory: The folder of the memory.
    """
    from ..memory.schedules import Schedules  # what has no schedule starts without it

    return Schedules(memory, redact=Redactor(os.environ).redact)


async def run_due(system: System, schedules: Schedules) -> list[tuple[Schedule, Result]]:
    """Claim and run what is due in the working directory.

    Args:
        system: The booted system.
        schedules: The schedules.
    """
    directory = os.fspath(system.cwd)
    claimed = await anyio.to_thread.run_sync(schedules.claim_due, directory)
    return [
        (schedule, await run_one(system, schedules, schedule, number))
        for schedule, number in claimed
    ]


async def run_one(system: System, schedules: Schedules, schedule: Schedule, number: int) -> Result:
    """Run one schedule and log what came of it.

    Args:
        system: The booted system.
        schedules: The schedules.
        schedule: Which one.
        number: The number of its run in the log.
    """
    result = await system.execute(
        schedule.goal,
        replay_only=schedule.max_cost == 0,
        max_budget_usd=to_usd(schedule.max_cost) if schedule.max_cost else None,
    )
    end = partial(
        schedules.end,
        number,
        ok=result.success,
        run_id=result.run_id,
        mode=result.mode,
        cost=result.cost,
        said=result.answer if result.error is None else result.error.message,
    )
    with anyio.CancelScope(shield=True):
        await anyio.to_thread.run_sync(end)
    return result


def start_in_shell(system: System) -> None:
    """Let an open shell run what is due, if the workspace has schedules."""
    from ..memory.schedules import FILE

    if not (system.memory / FILE).exists():
        return
    schedules = schedules_of(system.memory)

    async def look() -> None:
        for schedule, result in await run_due(system, schedules):
            how = "done" if result.success else "failed"
            said = result.answer if result.error is None else result.error.message
            say(f"llmos: schedule {schedule.name} {how}: {one_line(said)}", sys.stderr)

    system.scheduler.register_task(JOB, look, _LOOK_S)
