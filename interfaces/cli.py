"""The command line: one-shot goals and sub-commands. Result on stdout, narration on stderr.

What a command needs is imported when it runs: help, the version and a wrong flag need nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..kernel.errors import InterruptedRunError, LlmosError, UsageError
from .arguments import EXIT_CODES, Request, build_parser, parse
from .plain_text import one_line, say
from .streams import OutputLostError, open_standard_streams, print_data

if TYPE_CHECKING:
    from .system import OpenSystem


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
            _print_traceback(error)
        said = one_line(f"{type(error).__name__}: {error}", 300)
        say(f"llmos: error: this should not have happened: {said}", sys.stderr)
        say("  run it again with --debug, and report what it says", sys.stderr)
        return 1


def _run(arguments: Sequence[str], open_system: OpenSystem) -> int:
    as_json = "--json" in arguments
    try:
        request = parse(arguments)
        _set_up_logs(request.options.debug)
        as_json = bool(request.options.json)
        return _COMMANDS[request.command](request, open_system)
    except LlmosError as error:
        if "--debug" in arguments:
            _print_traceback(error)
        from .report import report
        from .result import LEARNER, failure

        return report(failure(error, LEARNER), as_json=as_json)


def _print_traceback(error: BaseException) -> None:
    import traceback

    traceback.print_exception(error, file=sys.stderr)


def _set_up_logs(debug: bool) -> None:
    import logging

    if debug:
        logging.basicConfig(level=logging.DEBUG, format="%(name)s: %(message)s", stream=sys.stderr)
    else:
        # Else Python writes the warnings of libraries between the lines meant for people.
        logging.getLogger().addHandler(logging.NullHandler())


def _goal(request: Request, open_system: OpenSystem) -> int:
    from .goal_commands import run_goal

    return run_goal(request, open_system)


def _why(request: Request, open_system: OpenSystem) -> int:
    from .goal_commands import run_why

    return run_why(request, open_system)


def _plan(request: Request, open_system: OpenSystem) -> int:
    from .goal_commands import run_plan

    return run_plan(request, open_system)


def _interactive(request: Request, open_system: OpenSystem) -> int:
    import anyio

    from .repl import run_repl

    return anyio.run(partial(run_repl, open_system, request.given, verbose=request.options.verbose))


def _demo(request: Request, open_system: OpenSystem) -> int:
    from .demo import run_demo

    return run_demo(open_system, as_json=request.options.json)


def _trace(request: Request, open_system: OpenSystem) -> int:
    import anyio

    from .trace_commands import run_trace_command

    return anyio.run(
        partial(
            run_trace_command,
            open_system,
            request.given,
            request.words,
            as_json=request.options.json,
            yes=request.options.yes,
        )
    )


def _past(request: Request, open_system: OpenSystem) -> int:
    import anyio

    from .undo_commands import run_undo_command

    return anyio.run(
        partial(
            run_undo_command,
            open_system,
            request.given,
            request.command,
            request.words,
            as_json=request.options.json,
            force=request.options.force,
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
    "runs": _past,
    "diff": _past,
    "undo": _past,
    "redo": _past,
    "help": _help,
}
