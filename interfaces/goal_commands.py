"""The commands that answer a goal, or say how it would be answered: one-shot, why, plan."""

from __future__ import annotations

import argparse
import signal
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import anyio
import anyio.abc

from ..kernel.tasks import open_task_group
from .arguments import Request, dest_of
from .decision import Decision
from .explain import explained
from .goal_request import Asked, narrate, told
from .result import Drift, Result
from .script_arguments import SESSION
from .system import OpenSystem, System, opened


def run_goal(
    request: Request, open_system: OpenSystem, asked: Asked, drift: Drift | None = None
) -> int:
    """Answer a goal, or with --dry-run say how; return the exit code.

    Args:
        request: What the command line asks for.
        open_system: Makes the system.
        asked: The goal, and where the result goes.
        drift: Where a replay of it stopped just now: then it is learned.
    """
    if request.options.dry_run:
        return anyio.run(partial(_dry_run, request, open_system, asked))
    return anyio.run(partial(_one_shot, request, open_system, asked, drift))


async def begin_session(system: System, options: argparse.Namespace) -> None:
    """Open the session that the flags ask for, if they ask for one.

    Raises:
        UsageError: If there is none, or they exclude each other.
    """
    if any(getattr(options, dest_of(one)) for one in SESSION):
        from . import session_commands

        await session_commands.begin_session(system, options)


async def _one_shot(
    request: Request, open_system: OpenSystem, asked: Asked, drift: Drift | None
) -> int:
    options = request.options
    async with opened(open_system, request.given) as system:
        narrate(request, system.bus, system.plugin_problems)
        await begin_session(system, options)
        if asked.of_person(request):
            from .line_editor import confirmed

            system.gate.person = confirmed
        how: dict[str, Any] = {
            "replay_only": options.replay_only,
            "learn_afresh": options.no_cache or drift is not None,
            "force": options.force,
            **asked.extra,
        }
        async with interrupting(system) as caught:
            if options.output_format == "stream-json":
                result = await _streamed(system, asked, how)
            else:
                result = await system.execute(asked.goal, **how)
    return told(request, asked, replace(result, drift=result.drift or drift), caught)


async def _streamed(system: System, asked: Asked, how: dict[str, Any]) -> Result:
    """Answer a goal and print a line for each event; a reader that goes away stops the goal."""
    from .event_json import event_json, init_json

    asked.output.json(init_json(system))
    async with aclosing(system.stream(asked.goal, **how)) as events:
        async for event in events:
            if isinstance(event, Result):
                return event
            line = event_json(event, system.session_id)
            if line is not None:
                asked.output.json(line)
    raise AssertionError("a stream ends with its result")


async def _dry_run(request: Request, open_system: OpenSystem, asked: Asked) -> int:
    async with opened(open_system, request.given) as system:
        narrate(request, system.bus, system.plugin_problems)
        await begin_session(system, request.options)
        decision = await system.decide(asked.goal, **asked.extra)
        changes = await _changes(decision, system)
    if request.options.json:
        asked.output.json({**decision.to_json(), "changes": list(changes)})
    else:
        asked.output.text("\n".join([explained(decision), *changes]))
    asked.output.close()
    return 0


async def _changes(decision: Decision, system: System) -> list[str]:
    """Return what the file tools of a replay would change; only then what shows it is loaded."""
    steps = decision.matches[0].steps if decision.matches else ()
    if not any(step.tool in ("Write", "Edit") for step in steps):
        return []
    from .changes_ahead import changes_ahead

    return await anyio.to_thread.run_sync(changes_ahead, decision, system.cwd)


@asynccontextmanager
async def interrupting(system: System) -> AsyncGenerator[list[signal.Signals]]:
    """Turn a signal that ends programs into an interrupt of the running goal."""
    caught: list[signal.Signals] = []
    # What the caller had us ignore (nohup, a shell's background job) stays ignored.
    wanted = [
        number
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN
    ]

    async def listen(*, task_status: anyio.abc.TaskStatus[None]) -> None:
        with anyio.open_signal_receiver(*wanted) as signals:
            task_status.started()
            async for number in signals:
                caught.append(number)
                system.interrupt()

    async with open_task_group() as group:
        if wanted:
            await group.start(listen)
        try:
            yield caught
        finally:
            group.cancel_scope.cancel()
