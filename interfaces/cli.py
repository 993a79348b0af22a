"""The command line: one-shot goals and commands. Result on stdout, narration on stderr.

What a command needs is imported when it runs: help, the version and a wrong flag need nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..kernel.errors import InterruptedRunError, LlmosError
from .arguments import Request, parse
from .colour import ask_for_colour
from .plain_text import one_line, say
from .script_arguments import colour_of, wants_json
from .streams import OutputLostError, open_standard_streams

if TYPE_CHECKING:
    from .goal_request import Asked
    from .result import Drift
    from .system import OpenSystem

    Replay = Callable[[Request, Asked], tuple[int | None, Drift | None]]


def run(
    arguments: Sequence[str], open_system: OpenSystem, *, directly: Replay | None = None
) -> int:
    """Run the command line.

    Args:
        arguments: The arguments without the program's name.
        open_system: Makes the system from its settings.
        directly: Tries to replay a one-shot goal without a system; None to open one each time.

    Returns:
        The exit code.

    Raises:
        SystemExit: If help or the version was asked for.
    """
    open_standard_streams()
    debug = "--debug" in arguments
    try:
        return _run(arguments, open_system, directly)
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


def _run(arguments: Sequence[str], open_system: OpenSystem, directly: Replay | None) -> int:
    as_json = wants_json(arguments)
    try:
        request = parse(arguments)
        _set_up_logs(request.options.debug, request.options.debug_file)
        ask_for_colour(colour_of(request.options))
        as_json = bool(request.options.json)
        if request.name == "goal":
            return _goal(request, open_system, directly)
        _hush_libraries()
        return _OWN_WAY.get(request.name, _command)(request, open_system)
    except LlmosError as error:
        if "--debug" in arguments:
            _print_traceback(error)
        from .report import report
        from .result import LEARNER, failure

        return report(failure(error, LEARNER), as_json=as_json)


def _print_traceback(error: BaseException) -> None:
    import traceback

    traceback.print_exception(error, file=sys.stderr)


def _set_up_logs(debug: bool, path: str | None) -> None:
    if debug or path:
        from .logs import set_up_logs

        set_up_logs(on_stderr=debug, path=path)


def _hush_libraries() -> None:
    import logging

    # Else Python writes their warnings between the lines meant for people.
    logging.getLogger().addHandler(logging.NullHandler())


def _goal(request: Request, open_system: OpenSystem, directly: Replay | None) -> int:
    from .goal_request import asked_of, is_plain

    asked, drift = asked_of(request), None
    if directly is not None and is_plain(request):
        code, drift = directly(request, asked)
        if code is not None:
            return code
    _hush_libraries()
    from .goal_commands import run_goal

    return run_goal(request, open_system, asked, drift)


def _interactive(request: Request, open_system: OpenSystem) -> int:
    import anyio

    from .goal_commands import begin_session
    from .repl import run_repl

    options = request.options
    begin = partial(begin_session, options=options) if request.command is None else None
    return anyio.run(
        partial(
            run_repl,
            open_system,
            request.given,
            verbose=options.verbose,
            screen_reader=options.screen_reader,
            begin=begin,
        )
    )


def _demo(request: Request, open_system: OpenSystem) -> int:
    from .demo import run_demo

    return run_demo(open_system, as_json=request.options.json)


def _command(request: Request, open_system: OpenSystem) -> int:
    from .command_line import run_command

    return run_command(request, open_system)


_OWN_WAY: dict[str, Callable[[Request, OpenSystem], int]] = {
    "interactive": _interactive,
    "demo": _demo,
}
