"""The command line: one-shot goals and sub-commands. Result on stdout, narration on stderr."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn

import anyio

from .._version import __version__
from ..kernel.errors import InterruptedRunError, LlmosError, UsageError
from ..kernel.tasks import open_task_group
from .decision import Decision
from .render import Narrator, describe_call, one_line, printable, receipt, say
from .result import LEARNER, Result, failure
from .settings import PermissionMode
from .system import OpenSystem, System

COMMANDS = ("interactive", "demo", "plan", "trace", "help")

EPILOG = """examples:
  llmos                                     start the shell
  llmos "count the lines of data.csv"       learn it once, replay it for $0 ever after
  llmos --dry-run "count the lines of data.csv"    say what would happen and what it costs
  echo "list the files" | llmos --json | jq .result

commands:
  interactive     the shell, also without a terminal
  demo            learn and replay three goals; needs no key and no network
  plan GOAL       let the model plan; nothing is carried out
  trace list | show ID | allow ID | rm ID
  (a goal that is the name of a command is given after --, as in: llmos -- demo)

exit codes:
  0 done   1 failed   2 usage or configuration   3 needed approval   4 no key or login
  5 budget   6 --replay-only and no trace   7 drift under --replay-only
  75 temporary, try later   124 timeout   130 interrupted   143 terminated
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message, hint="see llmos --help")


@dataclass(frozen=True)
class Request:
    """What the command line asks for."""

    command: str
    words: tuple[str, ...]
    options: argparse.Namespace

    @property
    def given(self) -> dict[str, Any]:
        """The settings that were given."""
        names = (
            "budget_usd",
            "workspace",
            "model",
            "permission_mode",
            "max_budget_usd",
            "max_turns",
            "timeout_s",
        )
        return {name: getattr(self.options, name) for name in names}


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = _Parser(
        prog="llmos",
        usage="llmos [options] [GOAL | COMMAND]",
        description="A shell whose CPU is a large language model: learn a goal once, "
        "replay it for $0.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add(
        "words", nargs="*", metavar="GOAL", help="what to do, in plain words; - reads it from stdin"
    )
    add("-p", "--print", action="store_true", help="answer one goal and leave (the default)")
    add("-n", "--dry-run", action="store_true", help="say what would happen; change nothing")
    add("--replay-only", action="store_true", help="never call a model")
    add("--no-cache", action="store_true", help="never replay: learn afresh")
    add("--json", action="store_true", help="one JSON result on stdout")
    add("--budget", dest="budget_usd", metavar="USD", help="cap on all spent in this workspace")
    add("--max-budget-usd", metavar="USD", help="most that this run may cost")
    add("--workspace", metavar="DIR", help="folder of the memory (default: ./workspace)")
    add("-m", "--model", metavar="ID", help="full model id")
    modes = ", ".join(PermissionMode.__args__)
    add("--permission-mode", metavar="MODE", help=f"{modes} (default: acceptEdits)")
    add("--max-turns", metavar="N", help="API calls the run may make")
    add("--timeout", dest="timeout_s", metavar="S", help="give up after so many seconds")
    add("-q", "--quiet", action="store_true", help="no narration")
    add("-v", "--verbose", action="store_true", help="more narration")
    add("--debug", action="store_true", help="tracebacks and logs")
    add("-V", "--version", action="version", version=f"llmos {__version__}")
    return parser


def parse(arguments: Sequence[str]) -> Request:
    """Read the command line.

    Raises:
        UsageError: If it is wrong.
    """
    options = build_parser().parse_intermixed_args(list(arguments))
    words = tuple(options.words)
    is_command = bool(words) and words[0] in COMMANDS and "--" not in arguments
    if is_command:
        return Request(words[0], words[1:], options)
    return Request("goal" if words or not _at_terminal() else "interactive", words, options)


def run(arguments: Sequence[str], open_system: OpenSystem) -> int:
    """Run the command line.

    Args:
        arguments: The arguments without the program's name.
        open_system: Makes the system from its settings.

    Returns:
        The exit code.
    """
    options: argparse.Namespace | None = None
    try:
        request = parse(arguments)
        options = request.options
        return _COMMANDS[request.command](request, open_system)
    except LlmosError as error:
        as_json = "--json" in arguments if options is None else bool(options.json)
        return report(failure(error, LEARNER), as_json=as_json)
    except KeyboardInterrupt:
        return InterruptedRunError.exit_code
    except BrokenPipeError:
        # The reader of stdout has gone; keep Python from complaining when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_RDWR), sys.stdout.fileno())
        return 1


def report(result: Result, *, as_json: bool) -> int:
    """Print a result where it belongs; return the exit code."""
    if as_json:
        print_data(json.dumps(result.to_json(), ensure_ascii=False))
    elif result.success:
        print_data(printable_for_terminal(result.answer))
    if result.error is not None:
        say(f"llmos: error: {one_line(result.error.message, 500)}", sys.stderr)
        if result.error.hint:
            say(f"  {result.error.hint}", sys.stderr)
    return result.exit_code


def print_data(text: str) -> None:
    """Write data to stdout, with one line end."""
    sys.stdout.write(text if text.endswith("\n") else text + "\n")
    sys.stdout.flush()


def printable_for_terminal(text: str) -> str:
    """Return text as it is for a pipe, harmless for a terminal."""
    return printable(text) if sys.stdout.isatty() else text


def _at_terminal() -> bool:
    return sys.stdin.isatty()


def _goal_of(request: Request) -> str:
    """Return the goal: the words, or stdin for ``-`` and for a pipe without words."""
    if request.words and request.words != ("-",):
        return " ".join(request.words)
    data = sys.stdin.buffer.read(10 * 2**20 + 1)
    if len(data) > 10 * 2**20:
        raise UsageError("the goal on stdin is larger than 10 MB")
    return data.decode("utf-8", "replace")


def _goal(request: Request, open_system: OpenSystem) -> int:
    goal = _goal_of(request)
    return anyio.run(partial(_one_shot, request, open_system, goal))


async def _one_shot(request: Request, open_system: OpenSystem, goal: str) -> int:
    options = request.options
    if options.replay_only and options.no_cache:
        raise UsageError("--replay-only and --no-cache exclude each other")
    async with open_system(**request.given) as system:
        if not options.quiet:
            narrator = Narrator(verbose=options.verbose)
            narrator.attach(system.bus, system.plugin_problems)
        if options.dry_run:
            return _say_decision(await system.decide(goal), as_json=options.json)
        async with _signals(system) as caught:
            result = await system.execute(
                goal, replay_only=options.replay_only, learn_afresh=options.no_cache
            )
    if not options.quiet and result.error is None:
        say(receipt(result), sys.stderr)
    code = report(result, as_json=options.json)
    return 143 if caught == [signal.SIGTERM] and code == 130 else code


def _say_decision(decision: Decision, *, as_json: bool) -> int:
    if as_json:
        print_data(json.dumps(decision.to_json(), ensure_ascii=False))
        return 0
    lines = [decision.describe(), *(f"  {reason}" for reason in decision.reasons)]
    for match in decision.matches[:1]:
        lines += [
            f"  {number} {describe_call(step.tool, step.input)}"
            for number, step in enumerate(match.trace.steps, start=1)
        ]
    print_data(printable_for_terminal("\n".join(lines)))
    return 0


@asynccontextmanager
async def _signals(system: System) -> AsyncGenerator[list[signal.Signals]]:
    """Turn the first SIGINT or SIGTERM into an interrupt of the running goal."""
    caught: list[signal.Signals] = []

    async def listen(*, task_status: anyio.abc.TaskStatus[None]) -> None:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            task_status.started()
            async for number in signals:
                caught.append(number)
                system.interrupt()

    async with open_task_group() as group:
        await group.start(listen)
        try:
            yield caught
        finally:
            group.cancel_scope.cancel()


def _interactive(request: Request, open_system: OpenSystem) -> int:
    from .repl import run_repl

    return anyio.run(partial(run_repl, open_system, request.given, verbose=request.options.verbose))


def _demo(request: Request, open_system: OpenSystem) -> int:
    from .demo import run_demo

    return run_demo(open_system, as_json=request.options.json)


def _plan(request: Request, open_system: OpenSystem) -> int:
    async def plan() -> int:
        async with open_system(**request.given) as system, _signals(system):
            planned = await system.plan(" ".join(request.words))
        if request.options.json:
            print_data(planned.model_dump_json())
        else:
            for number, step in enumerate(planned.steps, start=1):
                tool = f" [{step.tool}]" if step.tool else ""
                print_data(printable_for_terminal(f"{number}. {step.description}{tool}"))
        return 0

    return anyio.run(plan)


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


def _help(_request: Request, _open_system: OpenSystem) -> int:
    print_data(build_parser().format_help())
    return 0


_COMMANDS: dict[str, Callable[[Request, OpenSystem], int]] = {
    "goal": _goal,
    "interactive": _interactive,
    "demo": _demo,
    "plan": _plan,
    "trace": _trace,
    "help": _help,
}
