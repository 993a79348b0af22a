"""The commands that answer a goal, or say how it would be answered: one-shot, why, plan."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, TextIO

import anyio
import anyio.abc

from ..kernel.errors import HungUpError, InterruptedRunError, TerminatedError
from ..kernel.events import Event
from ..kernel.tasks import open_task_group
from .arguments import Request, dest_of
from .decision import Decision
from .explain import explained
from .output import Output
from .plain_text import say
from .render import Narrator, receipt
from .report import report
from .result import Result
from .script_arguments import SESSION
from .standard_input import GivenGoal, given_goal
from .system import OpenSystem, System, opened

_ENDING = {signal.SIGTERM: TerminatedError, signal.SIGHUP: HungUpError}
"""The signals by which a run is ended from outside, and what its result says then."""


def run_goal(request: Request, open_system: OpenSystem) -> int:
    """Answer a goal, or with --dry-run say how; return the exit code."""
    asked = _asked(request)
    if request.options.dry_run:
        return anyio.run(partial(_dry_run, request, open_system, asked))
    return anyio.run(partial(_one_shot, request, open_system, asked))


def goal_of(request: Request) -> GivenGoal:
    """Return the goal: the words, or stdin for ``-`` and for a pipe without words."""
    options = request.options
    asked = getattr(options, "print", False)
    return given_goal(request.words, quiet=options.quiet, asked=asked)


class _Asked(NamedTuple):
    """What a command line asks, and where the result goes: all of it known to be usable."""

    goal: str
    extra: dict[str, Any]
    output: Output


def _asked(request: Request) -> _Asked:
    options = request.options
    output = Output(options.output)
    schema = None
    if options.json_schema is not None:
        from .answer_form import read_schema

        schema = read_schema(options.json_schema)
    goal, stdin = goal_of(request)
    return _Asked(goal, {"stdin": stdin, "schema": schema}, output)


async def begin_session(system: System, options: argparse.Namespace) -> None:
    """Open the session that the flags ask for, if they ask for one.

    Raises:
        UsageError: If there is none, or they exclude each other.
    """
    if any(getattr(options, dest_of(one)) for one in SESSION):
        from . import session_commands

        await session_commands.begin_session(system, options)


async def _one_shot(request: Request, open_system: OpenSystem, asked: _Asked) -> int:
    options = request.options
    async with opened(open_system, request.given) as system:
        narrate(request, system)
        await begin_session(system, options)
        if not options.no_input and all(map(_is_terminal, (sys.stdin, asked.output, sys.stderr))):
            from .line_editor import confirmed

            system.gate.person = confirmed
        how = {
            "replay_only": options.replay_only,
            "learn_afresh": options.no_cache,
            "force": options.force,
            **asked.extra,
        }
        async with interrupting(system) as caught:
            if options.output_format == "stream-json":
                result = await _streamed(system, asked, how)
            else:
                result = await system.execute(asked.goal, **how)
    if not options.quiet and (result.error is None or result.drift is not None):
        say(receipt(result), sys.stderr)
    result = signalled(result, caught)
    return report(result, as_json=options.json, output=asked.output)


async def _streamed(system: System, asked: _Asked, how: dict[str, Any]) -> Result:
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


async def _dry_run(request: Request, open_system: OpenSystem, asked: _Asked) -> int:
    async with opened(open_system, request.given) as system:
        narrate(request, system)
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


def _is_terminal(stream: TextIO | Output) -> bool:
    return stream.isatty()


def narrate(request: Request, system: System) -> None:
    """Tell on stderr what happens, unless that is not wanted; log it for who asked for that."""
    if not request.options.quiet:
        narrator = Narrator(verbose=request.options.verbose)
        narrator.attach(system.bus, system.plugin_problems)
    if request.options.debug or request.options.debug_file:
        from .logs import log_event

        system.bus.on(Event, handler=log_event, name="log")


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


def signalled(result: Result, caught: Sequence[signal.Signals]) -> Result:
    """Return the result of an interrupted run with the exit code of the first signal."""
    error, kind = result.error, _ENDING.get(caught[0]) if caught else None
    if not isinstance(error, InterruptedRunError) or kind is None:
        return result
    return replace(result, error=kind(error.message, hint=error.hint))
