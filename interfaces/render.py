"""Narration for people on stderr: mode, steps as they run, cost. It only listens to the bus."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..kernel.errors import LlmosError
from ..kernel.events import (
    CapNear,
    ContextGiven,
    Decided,
    Drifted,
    Event,
    EventsDropped,
    Interrupt,
    JobFailed,
    JobSkipped,
    ModelMessage,
    Notice,
    PlanEnded,
    Restored,
    SubscriberFailed,
    ToolCalled,
    ToolReturned,
    TraceNotKept,
)
from ..kernel.money import Micros, format_usd
from ..kernel.tools import JsonObject
from .plain_text import one_line, say
from .result import FOLLOWER, Result

if TYPE_CHECKING:
    from ..kernel.bus import EventBus
    from ..kernel.direct_bus import DirectBus


def describe_call(tool: str, given: JsonObject) -> str:
    """Describe a tool call in one line: the tool and what matters of its input."""
    for name in ("command", "file_path", "pattern"):
        if name in given:
            told = str(given[name])
            return f"{one_line(tool)} {one_line(from_here(told) if name == 'file_path' else told)}"
    short = ", ".join(f"{name}={value}" for name, value in given.items())
    return f"{one_line(tool.removeprefix('mcp__llmos__'))} {one_line(short)}".rstrip()


def from_here(path: str) -> str:
    """Return a path as it is said in the working directory: what is inside it without that."""
    try:
        return path.removeprefix(f"{Path.cwd()}/")
    except OSError:  # the directory is gone
        return path


def receipt(result: Result) -> str:
    """Describe a result in one line: what was done, what it cost and saved, how long it took."""
    of = "" if result.of_steps is None else f"/{result.of_steps}"
    # A replay costs nothing, and says so as exactly as the ledger counts.
    cost = "$0.0000" if result.cost == 0 else format_usd(result.cost)
    saved = [f"saved {format_usd(result.saved)}"] if result.mode == FOLLOWER else []
    parts = [
        f"steps {result.steps}{of}",
        f"drift {0 if result.drift is None else 1}",
        f"model calls {result.num_turns}",
        cost,
        *saved,
        f"{result.duration_s:.2f} s",
        *([f"trace {result.trace_id}"] if result.trace_id else []),
    ]
    return f"{result.mode} {', '.join(parts)}"


def cost_line(result: Result, session: Micros | None) -> str:
    """Describe a result in one line for who goes on: what it cost, and all that a receipt says.

    Args:
        result: The result.
        session: Micro-dollars spent in the session; None if a price was unknown.
    """
    message = "$0.0000" if result.cost == 0 else format_usd(result.cost)
    saved = f", saved {format_usd(result.saved)}" if result.mode == FOLLOWER else ""
    of = "" if result.of_steps is None else f"/{result.of_steps}"
    trace = f" {result.trace_id}" if result.trace_id else ""
    return (
        f"Cost: {message} message, {format_usd(session)} session{saved} "
        f"({result.mode}{trace}, steps {result.steps}{of}, "
        f"drift {0 if result.drift is None else 1}, model calls {result.num_turns}, "
        f"{result.duration_s:.2f} s)"
    )


class Narrator:
    """Writes a line for each event that people want to know of.

    Args:
        write: Takes one line without its end; standard error if None.
        verbose: Also what the model says on the way, and the outputs of tools.
    """

    def __init__(
        self, write: Callable[[str], None] | None = None, *, verbose: bool = False
    ) -> None:
        self._write = write or _to_stderr
        self._verbose = verbose

    def attach(self, bus: EventBus | DirectBus, problems: Sequence[LlmosError] = ()) -> None:
        """Listen to a bus; first tell what went wrong before anybody could listen."""
        for problem in problems:
            self._write(f"llmos: {one_line(problem.message, 500)}")
        bus.on(Event, handler=self.take, name="narrator")

    def take(self, event: Event) -> None:
        """Take one event of the bus."""
        line = self._line(event)
        if line:
            self._write(line)

    def _line(self, event: Event) -> str | None:
        match event:
            case Decided():
                why = f": {one_line(event.reasons[0])}" if event.reasons else ""
                price = "$0.00" if event.mode == FOLLOWER else f"about {format_usd(event.estimate)}"
                return f"{event.mode} {price}{why}"
            case ToolCalled():
                return f"  {event.index + 1} {describe_call(event.call.name, event.call.input)}"
            case ToolReturned():
                return self._returned(event)
            case ModelMessage(kind="retry"):
                return f"  {event.text}"
            case ModelMessage(kind="text") if self._verbose:
                return f"  {one_line(event.text)}"
            case Drifted():
                return f"  drift: {one_line(event.reason)}"
            case Restored():
                lost = f"; could not put back {', '.join(event.lost)}" if event.lost else ""
                stays = "".join(f"\n  may stay outside: {one}" for one in event.outside)
                return f"  put back {len(event.paths)} paths{lost}{stays}"
            case Interrupt():
                return f"  interrupted ({event.reason}): {one_line(event.detail)}"
            case ContextGiven() if event.sources and self._verbose:
                given = one_line(", ".join(event.sources))
                return f"  context about {event.tokens} tokens: {given}"
            case TraceNotKept():
                return f"  no trace was kept: {one_line(event.reason)}"
            case PlanEnded():
                steps = f"{event.steps} step{'' if event.steps == 1 else 's'}"
                return f"PLANNER {steps}, {format_usd(event.cost)}"
            case Notice():
                return f"llmos: {one_line(event.text)}"
            case CapNear():
                spent, limit = format_usd(event.spent), format_usd(event.limit)
                return f"llmos: {event.said} is nearly used up: {spent} of {limit} is spent"
            case JobFailed():
                return f"llmos: job {event.job} failed: {one_line(event.error)}"
            case JobSkipped():
                return f"llmos: job {event.job} was still running and was skipped"
            case SubscriberFailed():
                return f"llmos: {event.subscriber} failed: {one_line(event.error)}"
            case EventsDropped():
                return f"llmos: {event.count} lines were left out"
            case _:
                return None

    def _returned(self, event: ToolReturned) -> str | None:
        if not event.result.ok:
            return f"    failed: {one_line(event.result.output)}"
        if self._verbose:
            return f"    {one_line(event.result.output)}"
        return None


def _to_stderr(line: str) -> None:
    say(line, sys.stderr)
