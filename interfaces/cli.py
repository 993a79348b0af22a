"""The command line: one-shot goals and sub-commands. Result on stdout, narration on stderr."""

from __future__ import annotations

import logging
import os
import signal
import sys
import traceback
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import anyio
import anyio.abc

from ..kernel.errors import InterruptedRunError, LlmosError, UsageError
from ..kernel.events import PlanEnded
from ..kernel.tasks import open_task_group
from .arguments import EXIT_CODES, Request, build_parser, parse
from .explain import explained
from .render import Narrator, one_line, printable_for_terminal, receipt, say
from .result import LEARNER, Result, failure
from .streams import (
    OutputLostError,
    open_standard_streams,
    print_data,
    print_json,
)
from .system import OpenSystem, System, opened

if TYPE_CHECKING:
    from .cortex import Plan

_LARGEST_GOAL = 10 * 2**20


def run(arguments: Sequence[str], open_system: OpenSystem) -> int:
    """Run the command line.

    Args:
        arguments: The arguments without the program's name.
        open_system: Makes the system from its settings.

    Returns:
        The exit code.

    Raises:
        SystemExit: If help or the version was asked for.
    """
    open_standard_streams()
    debug = "--debug" in arguments
    _set_up_logs(debug)
    try:
        return _run(arguments, open_system)
    except OutputLostError as error:
        if not error.quietly:
            say(f"llmos: error: {error}", sys.stderr)
        return 1
    except KeyboardInterrupt:
        return InterruptedRunError.exit_code
    except Exception as error:  # noqa: BLE001 (the last one who can tell people in one line)
        if debug:
            traceback.print_exception(error, file=sys.stderr)
        said = one_line(f"{type(error).__name__}: {error}", 300)
        say(f"llmos: error: this should not have happened: {said}", sys.stderr)
        say("  run it again with --debug, and report what it says", sys.stderr)
        return 1


def _run(arguments: Sequence[str], open_system: OpenSystem) -> int:
    as_json = "--json" in arguments
    try:
        request = parse(arguments)
        as_json = bool(request.options.json)
        return _COMMANDS[request.command](request, open_system)
    except LlmosError as error:
        if "--debug" in arguments:
            traceback.print_exception(error, file=sys.stderr)
        return report(failure(error, LEARNER), as_json=as_json)


def report(result: Result, *, as_json: bool) -> int:
    """Print a result where it belongs; return the exit code.

    Raises:
        OutputLostError: If standard output cannot be written.
    """
    if result.error is not None:
        say(f"llmos: error: {one_line(result.error.message, 500)}", sys.stderr)
        if result.error.hint:
            say(f"  {result.error.hint}", sys.stderr)
    if as_json:
        print_json(result.to_json())
    elif result.success:
        print_data(printable_for_terminal(result.answer))
    return result.exit_code


def _set_up_logs(debug: bool) -> None:
    if debug:
        logging.basicConfig(level=logging.DEBUG, format="%(name)s: %(message)s", stream=sys.stderr)
    else:
        # Else Python writes the warnings of libraries between the lines meant for people.
        logging.getLogger().addHandler(logging.NullHandler())


def _goal_of(request: Request) -> str:
    """Return the goal: the words, or stdin for ``-`` and for a pipe without words."""
    if request.words and request.words != ("-",):
        data = os.fsencode(" ".join(request.words))
    elif not request.words and not request.options.print and sys.stdin.isatty():
        data = b""  # nothing was asked for, and nobody knows that we would wait for it
    else:
        data = sys.stdin.buffer.read(_LARGEST_GOAL + 1)
    if len(data) > _LARGEST_GOAL:
        raise UsageError("the goal is larger than 10 MB")
    return data.decode("utf-8", "replace")


def _goal(request: Request, open_system: OpenSystem) -> int:
    goal = _goal_of(request)
    if request.options.dry_run:
        return anyio.run(partial(_dry_run, request, open_system, goal))
    return anyio.run(partial(_one_shot, request, open_system, goal))


def _why(request: Request, open_system: OpenSystem) -> int:
    return anyio.run(partial(_dry_run, request, open_system, _goal_of(request)))


async def _one_shot(request: Request, open_system: OpenSystem, goal: str) -> int:
    options = request.options
    async with opened(open_system, request.given) as system:
        _narrate(request, system)
        async with _signals(system) as caught:
            result = await system.execute(
                goal, replay_only=options.replay_only, learn_afresh=options.no_cache
            )
    if not options.quiet and result.error is None:
        say(receipt(result), sys.stderr)
    return _signalled(report(result, as_json=options.json), caught)


async def _dry_run(request: Request, open_system: OpenSystem, goal: str) -> int:
    async with opened(open_system, request.given) as system:
        _narrate(request, system)
        decision = await system.decide(goal)
    if request.options.json:
        print_json(decision.to_json())
    else:
        print_data(printable_for_terminal(explained(decision)))
    return 0


def _narrate(request: Request, system: System) -> None:
    if not request.options.quiet:
        narrator = Narrator(verbose=request.options.verbose)
        narrator.attach(system.bus, system.plugin_problems)


@asynccontextmanager
async def _signals(system: System) -> AsyncGenerator[list[signal.Signals]]:
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


def _signalled(code: int, caught: Sequence[signal.Signals]) -> int:
    """Return the exit code of an interrupted run: that of the first signal."""
    if code == InterruptedRunError.exit_code and caught:
        return 128 + caught[0]
    return code


def _interactive(request: Request, open_system: OpenSystem) -> int:
    from .repl import run_repl

    return anyio.run(partial(run_repl, open_system, request.given, verbose=request.options.verbose))


def _demo(request: Request, open_system: OpenSystem) -> int:
    from .demo import run_demo

    return run_demo(open_system, as_json=request.options.json)


def _plan(request: Request, open_system: OpenSystem) -> int:
    return anyio.run(partial(_planned, request, open_system, _goal_of(request)))


async def _planned(request: Request, open_system: OpenSystem, goal: str) -> int:
    ended: list[PlanEnded] = []
    plan: Plan | LlmosError
    async with opened(open_system, request.given) as system:
        _narrate(request, system)
        system.bus.on(PlanEnded, handler=ended.append, name="cost of the plan")
        async with _signals(system) as caught:
            try:
                plan = await system.plan(goal)
            except LlmosError as error:
                plan = error
    if isinstance(plan, LlmosError):
        cost = ended[-1].cost if ended else 0
        failed = failure(plan, LEARNER, cost=cost)
        return _signalled(report(failed, as_json=request.options.json), caught)
    if request.options.json:
        print_json(plan.model_dump(mode="json"))
    else:
        print_data(printable_for_terminal(plan.describe()))
    return 0


def _trace(request: Request, open_system: OpenSystem) -> int:
    from .trace_commands import run_trace_command

    return anyio.run(
        partial(
            run_trace_command,
            open_system,
            request.given,
            request.words,
            as_json=request.options.json,
        )
    )


def _help(request: Request, _open_system: OpenSystem) -> int:
    if request.words == ("exit-codes",):
        print_data(EXIT_CODES)
    elif not request.words:
        print_data(build_parser().format_help())
    else:
        raise UsageError(
            f"there is no help on {request.words[0]!r}",
            hint="there is llmos help, and llmos help exit-codes; a goal that begins with help is "
            "given after --",
        )
    return 0


_COMMANDS: dict[str, Callable[[Request, OpenSystem], int]] = {
    "goal": _goal,
    "interactive": _interactive,
    "demo": _demo,
    "plan": _plan,
    "why": _why,
    "trace": _trace,
    "help": _help,
}
