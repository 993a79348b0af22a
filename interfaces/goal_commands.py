"""A goal on the command line: answered, or with --dry-run explained; and what Ctrl-C does to it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial

import anyio
import anyio.abc

from ..kernel.errors import InterruptedRunError, UsageError
from ..kernel.tasks import open_task_group
from .arguments import Request
from .explain import explained
from .plain_text import printable_for_terminal, say
from .render import Narrator, receipt
from .report import report
from .streams import print_data, print_json
from .system import OpenSystem, System, opened

_LARGEST_GOAL = 10 * 2**20


def run_goal(request: Request, open_system: OpenSystem) -> int:
    """Answer a goal, or with --dry-run say how; return the exit code."""
    goal = goal_of(request)
    if request.options.dry_run:
        return anyio.run(partial(_dry_run, request, open_system, goal))
    return anyio.run(partial(_one_shot, request, open_system, goal))


def goal_of(request: Request) -> str:
    """Return the goal: the words, or stdin for ``-`` and for a pipe without words."""
    if request.words and request.words != ("-",):
        data = os.fsencode(" ".join(request.words))
    elif not request.words and not getattr(request.options, "print", False) and sys.stdin.isatty():
        data = b""  # nothing was asked for, and nobody knows that we would wait for it
    else:
        data = sys.stdin.buffer.read(_LARGEST_GOAL + 1)
    if len(data) > _LARGEST_GOAL:
        raise UsageError("the goal is larger than 10 MB")
    return data.decode("utf-8", "replace")


async def _one_shot(request: Request, open_system: OpenSystem, goal: str) -> int:
    options = request.options
    async with opened(open_system, request.given) as system:
        narrate(request, system)
        if sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty():
            from .line_editor import confirmed

            system.gate.person = confirmed
        async with interrupting(system) as caught:
            result = await system.execute(
                goal,
                replay_only=options.replay_only,
                learn_afresh=options.no_cache,
                force=options.force,
            )
    if not options.quiet and (result.error is None or result.drift is not None):
        say(receipt(result), sys.stderr)
    return signalled(report(result, as_json=options.json), caught)


async def _dry_run(request: Request, open_system: OpenSystem, goal: str) -> int:
    async with opened(open_system, request.given) as system:
        narrate(request, system)
        decision = await system.decide(goal)
    if request.options.json:
        print_json(decision.to_json())
    else:
        print_data(printable_for_terminal(explained(decision)))
    return 0


def narrate(request: Request, system: System) -> None:
    """Tell on stderr what happens, unless that is not wanted."""
    if not request.options.quiet:
        narrator = Narrator(verbose=request.options.verbose)
        narrator.attach(system.bus, system.plugin_problems)


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


def signalled(code: int, caught: Sequence[signal.Signals]) -> int:
    """Return the exit code of an interrupted run: that of the first signal."""
    if code == InterruptedRunError.exit_code and caught:
        return 128 + caught[0]
    return code
