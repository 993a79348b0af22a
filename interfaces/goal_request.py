"""What the command line asks for with a goal, and how what came of it is told."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from ..kernel.errors import HungUpError, InterruptedRunError, LlmosError, TerminatedError
from ..kernel.events import Event
from .arguments import Request, dest_of
from .output import Output
from .plain_text import say
from .render import Narrator, receipt
from .report import report
from .result import Result
from .script_arguments import SESSION
from .standard_input import GivenGoal, given_goal

if TYPE_CHECKING:
    from ..kernel.bus import EventBus
    from ..kernel.direct_bus import DirectBus

_ENDING = {signal.SIGTERM: TerminatedError, signal.SIGHUP: HungUpError}
"""The signals by which a run is ended from outside, and what its result says then."""


def is_plain(request: Request) -> bool:
    """Return whether a goal is simply to be answered: by a trace, and in a session of its own."""
    options = request.options
    return not (
        options.dry_run
        or options.no_cache
        or options.output_format == "stream-json"
        or any(getattr(options, dest_of(one)) for one in SESSION)
    )


def goal_of(request: Request) -> GivenGoal:
    """Return the goal: the words, or stdin for ``-`` and for a pipe without words."""
    options = request.options
    asked = getattr(options, "print", False)
    return given_goal(request.words, quiet=options.quiet, asked=asked)


class Asked(NamedTuple):
    """What a command line asks, and where the result goes: all of it known to be usable."""

    goal: str
    extra: dict[str, Any]
    output: Output

    def of_person(self, request: Request) -> bool:
        """Whether a person is there who can be asked something."""
        streams = (sys.stdin, self.output, sys.stderr)
        return not request.options.no_input and all(map(_is_terminal, streams))


def asked_of(request: Request) -> Asked:
    """Return what is asked; standard input is read if it is part of that.

    Raises:
        UsageError: If it cannot be.
    """
    options = request.options
    output = Output(options.output)
    schema = None
    if options.json_schema is not None:
        from .answer_form import read_schema

        schema = read_schema(options.json_schema)
    goal, stdin = goal_of(request)
    return Asked(goal, {"stdin": stdin, "schema": schema}, output)


def _is_terminal(stream: TextIO | Output) -> bool:
    return stream.isatty()


def narrate(
    request: Request, bus: EventBus | DirectBus, problems: Sequence[LlmosError] = ()
) -> None:
    """Tell on stderr what happens, unless that is not wanted; log it for who asked for that."""
    if not request.options.quiet:
        narrator = Narrator(verbose=request.options.verbose)
        narrator.attach(bus, problems)
    if request.options.debug or request.options.debug_file:
        from .logs import log_event

        bus.on(Event, handler=log_event, name="log")


def signalled(result: Result, caught: Sequence[signal.Signals]) -> Result:
    """Return the result of an interrupted run with the exit code of the first signal."""
    error, kind = result.error, _ENDING.get(caught[0]) if caught else None
    if not isinstance(error, InterruptedRunError) or kind is None:
        return result
    return result.replaced(error=kind(error.message, hint=error.hint))


def told(request: Request, asked: Asked, result: Result, caught: Sequence[signal.Signals]) -> int:
    """Print a result where it belongs; return the exit code.

    Args:
        request: What the command line asks for.
        asked: The same, and where the result goes.
        result: The result.
        caught: The signals that came meanwhile.
    """
    if not request.options.quiet and (result.error is None or result.drift is not None):
        say(receipt(result), sys.stderr)
    return report(signalled(result, caught), as_json=request.options.json, output=asked.output)
