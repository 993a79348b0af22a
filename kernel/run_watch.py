"""When a model run has gone wrong: pure rules over what it has done so far.

| reason | what is seen |
|---|---|
| ``idle`` | no sign of life for too long; while a tool runs, the tool's own longer limit holds |
| ``wall_time`` | the run takes too long |
| ``loop`` | the same tool calls with the same results, again and again |
| ``error_streak`` | one failed tool result after the other |
| ``cost`` | it has cost more than the money set aside for it |
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, fields

from .errors import UsageError
from .money import Micros, format_usd
from .tools import ToolCall, ToolResult

MAX_PERIOD = 4
"""Longest cycle of calls that is looked for."""


@dataclass(frozen=True, slots=True)
class WatchdogLimits:
    """What a model run may do before it is stopped. Infinity, where it is seconds: no limit.

    Attributes:
        idle_s: Seconds without a sign of life. The CLI is silent while it waits for the API (up
            to 600 s a try) but tells of each retry; a healthy answer begins within seconds, so
            three minutes are a stall.
        tool_s: Seconds without a sign of life while a tool runs. Bash may run 600 s in silence;
            one minute more, so that its own time-out comes first and the model learns of it.
        wall_time_s: Seconds in all.
        loop: Times the same call gives the same result in a row. Polling twice or three times is
            common, and the fourth might be patience; the fifth has learned nothing four times.
        cycle: Times a cycle of two to four calls comes round with the same results.
        error_streak: Failed results in a row. Models often need a few tries; eight without one
            success in between have not been seen to end well.

    Raises:
        UsageError: If a limit makes no sense.
    """

    idle_s: float = 180.0
    tool_s: float = 660.0
    wall_time_s: float = 1800.0
    loop: int = 5
    cycle: int = 4
    error_streak: int = 8

    def __post_init__(self) -> None:
        least = {"loop": 2, "cycle": 2, "error_streak": 1}
        for field in fields(self):
            value = getattr(self, field.name)
            bound = least.get(field.name, 0)
            if math.isnan(value) or value < bound or value == 0:
                what = f"at least {bound}" if bound else "more than 0 seconds"
                raise UsageError(f"the limit {field.name} must be {what}, not {value}")


@dataclass(frozen=True, slots=True)
class Trip:
    """Why a run is to be stopped: one word, and a sentence for people."""

    reason: str
    detail: str


def repeated_period(history: Sequence[Hashable], *, loop: int, cycle: int) -> int | None:
    """Find out whether a history ends in a loop.

    Args:
        history: What happened, oldest first.
        loop: Times one item must come in a row.
        cycle: Times a cycle of 2 to `MAX_PERIOD` items must come in a row.

    Returns:
        The number of items in the cycle (1 for one item), the smallest that holds; or None.
    """
    for period in range(1, MAX_PERIOD + 1):
        length = period * (loop if period == 1 else cycle)
        tail = list(history[-length:])
        if len(tail) == length and _has_period(tail, period) and _is_primitive(tail[:period]):
            return period
    return None


def _has_period(items: Sequence[Hashable], period: int) -> bool:
    return items[period:] == items[: len(items) - period]


def _is_primitive(block: Sequence[Hashable]) -> bool:
    """Whether it is not itself a shorter cycle, for which another limit holds."""
    size = len(block)
    return not any(size % part == 0 and _has_period(block, part) for part in range(1, size))


class RunWatch:
    """What one model run has done, and whether that is too much. Times are in seconds.

    Args:
        limits: What it may do.
        hold: Money set aside for it, micro-dollars.
        now: When it began.
    """

    def __init__(self, limits: WatchdogLimits, hold: Micros, now: float) -> None:
        self._limits = limits
        self._hold = hold
        self._began = now
        self._last_sign = now
        self._tools: dict[int, tuple[str, float]] = {}
        self._history: deque[str] = deque(maxlen=max(limits.loop, MAX_PERIOD * limits.cycle))
        self._failures = 0

    def saw_sign(self, now: float) -> None:
        """Take note of a sign of life."""
        self._last_sign = now

    def saw_call(self, index: int, call: ToolCall, now: float) -> None:
        """Take note that a tool call began."""
        self._last_sign = now
        self._tools[index] = (call.name, now)

    def saw_result(self, index: int, call: ToolCall, result: ToolResult, now: float) -> Trip | None:
        """Take note that a tool call ended; return why to stop, if so."""
        self._last_sign = now
        self._tools.pop(index, None)
        self._history.append(_fingerprint(call, result))
        self._failures = 0 if result.ok else self._failures + 1
        limits = self._limits
        period = repeated_period(list(self._history), loop=limits.loop, cycle=limits.cycle)
        if period == 1:
            text = f"{call.name} was called {limits.loop} times in a row with the same result"
            return Trip("loop", text)
        if period is not None:
            return Trip("loop", f"the same {period} tool calls came round {limits.cycle} times")
        if self._failures >= limits.error_streak:
            return Trip("error_streak", f"{self._failures} tool calls in a row failed")
        return None

    def saw_cost(self, cost: Micros | None) -> Trip | None:
        """Take note of what it has cost so far; return why to stop, if so."""
        if cost is None or cost <= self._hold:
            return None
        return Trip("cost", f"it has cost {format_usd(cost)} of {format_usd(self._hold)}")

    @property
    def deadline(self) -> float:
        """When `overdue` will say to stop if nothing is seen until then."""
        return min(self._idle_until(), self._began + self._limits.wall_time_s)

    def overdue(self, now: float) -> Trip | None:
        """Return why to stop if time is over."""
        if now >= self._began + self._limits.wall_time_s:
            return Trip("wall_time", f"it took longer than {self._limits.wall_time_s:g} s")
        if now < self._idle_until():
            return None
        silence = f"there was no sign of life for {now - self._last_sign:.0f} s"
        tools = ", ".join(sorted({name for name, _ in self._tools.values()}))
        return Trip("idle", f"{silence} while {tools} ran" if tools else silence)

    def _idle_until(self) -> float:
        until = self._last_sign + self._limits.idle_s
        for _, began in self._tools.values():
            until = max(until, began + self._limits.tool_s)
        return until


def _fingerprint(call: ToolCall, result: ToolResult) -> str:
    """Equal for equal calls with equal results; ids and durations do not count."""
    parts = [call.name, dict(call.input), result.output, result.ok, result.exit_code]
    text = json.dumps(parts, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
