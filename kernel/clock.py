"""Time, passed in: the system's clocks, and a virtual one for tests."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

import anyio
from anyio.lowlevel import checkpoint

Sleep = Callable[[float], Awaitable[None]]
"""Waits for a number of seconds."""

_SETTLING_TURNS = 25


class Clock(Protocol):
    """Tells the time."""

    def monotonic(self) -> float:
        """Return seconds since some moment; never steps, goes on while the machine sleeps."""
        ...

    def wall(self) -> float:
        """Return seconds since 1970-01-01 UTC as the machine believes; may step."""
        ...


class SystemClock:
    """The machine's clocks."""

    # On Linux CLOCK_MONOTONIC stands still while the machine sleeps, CLOCK_BOOTTIME does not.
    _source: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

    def monotonic(self) -> float:
        """See `Clock.monotonic`."""
        return time.clock_gettime(self._source)

    def wall(self) -> float:
        """See `Clock.wall`."""
        return time.time()


async def sleep_until_set(event: anyio.Event, seconds: float, sleep: Sleep) -> None:
    """Wait until an event is set, at most for some seconds.

    Args:
        event: The event.
        seconds: The limit; infinity for none.
        sleep: What waits.
    """
    if math.isinf(seconds):
        await event.wait()
        return
    async with anyio.create_task_group() as group:

        async def limit() -> None:
            await sleep(max(0.0, seconds))
            group.cancel_scope.cancel()

        group.start_soon(limit)
        await event.wait()
        group.cancel_scope.cancel()


class VirtualClock:
    """A clock that moves only when it is told to, for tests.

    Args:
        wall: What `wall` says at the beginning.
    """

    def __init__(self, wall: float = 1_800_000_000.0) -> None:
        self._now = 0.0
        self._offset = wall
        self._sleepers: dict[anyio.Event, float] = {}

    def monotonic(self) -> float:
        """See `Clock.monotonic`."""
        return self._now

    def wall(self) -> float:
        """See `Clock.wall`."""
        return self._now + self._offset

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has been moved on by so many seconds."""
        if seconds <= 0:
            await checkpoint()
            return
        event = anyio.Event()
        self._sleepers[event] = self._now + seconds
        try:
            await event.wait()
        finally:
            del self._sleepers[event]

    async def advance(self, seconds: float) -> None:
        """Let time pass; sleepers wake one after the other, each at its own time.

        Returns when every task waits for something again.
        """
        target = self._now + seconds
        await self._settle()
        while self._sleepers and (earliest := min(self._sleepers.values())) <= target:
            self._now = max(self._now, earliest)
            await self._wake()
        self._now = target
        await self._settle()

    def step(self, seconds: float) -> None:
        """Set the wall clock forward, or with a negative number back; no time passes."""
        self._offset += seconds

    async def suspend(self, seconds: float) -> None:
        """Let the machine sleep: time passes, and only then do the sleepers wake, all at once."""
        await self._settle()
        self._now += seconds
        await self._wake()

    async def _wake(self) -> None:
        for event, deadline in self._sleepers.items():
            if deadline <= self._now:
                event.set()
        await self._settle()

    async def _settle(self) -> None:
        # A first look that finds a task at work makes anyio pause for 0.1 s of real time.
        for _ in range(_SETTLING_TURNS):
            await checkpoint()
        await anyio.wait_all_tasks_blocked()
