"""What was typed is carried out in turn: one entry at a time, the others wait."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

import anyio


class CarryOut(Protocol):
    """Carries out one entry; never raises what a user can cause."""

    def __call__(self, entry: str) -> Awaitable[None]:
        """Carry out an entry."""
        ...


class Turns:
    """Carries out entries in turn.

    Args:
        carry_out: Carries out one.
        interrupt: Stops the goal that runs; returns whether there was one.
        changed: Called when something begins, ends or is added.
        stopped: Told of an entry that was cut off before its goal ran, and of the entries that
            were waiting behind one that was stopped, which are not carried out.
    """

    def __init__(
        self,
        carry_out: CarryOut,
        interrupt: Callable[[], bool],
        *,
        changed: Callable[[], object],
        stopped: Callable[[bool, list[str]], object],
    ) -> None:
        self._carry_out = carry_out
        self._interrupt = interrupt
        self._changed = changed
        self._stopped = stopped
        self._waiting: deque[str] = deque()
        self._arrived = anyio.Event()
        self._idle = anyio.Event()
        self._idle.set()
        self._scope: anyio.CancelScope | None = None
        self._was_stopped = False
        self.running = ""
        """The entry that is carried out, or an empty string."""

    @property
    def busy(self) -> bool:
        """Whether an entry is carried out or waits."""
        return not self._idle.is_set()

    @property
    def waiting(self) -> list[str]:
        """The entries that wait."""
        return list(self._waiting)

    def add(self, entry: str) -> None:
        """Carry out an entry when those before it are done."""
        self._waiting.append(entry)
        self._idle = anyio.Event() if self._idle.is_set() else self._idle
        self._arrived.set()
        self._changed()

    async def idle(self) -> None:
        """Wait until nothing is left to do."""
        await self._idle.wait()

    def interrupt(self) -> bool:
        """Stop what runs, and forget what waits behind it; return whether anything ran."""
        if self._scope is None:
            return False
        self._was_stopped = True
        if not self._interrupt():
            self._scope.cancel()
        return True

    async def run(self) -> None:
        """Carry out what is added until cancelled."""
        while True:
            await self._arrived.wait()
            self._arrived = anyio.Event()
            while self._waiting:
                await self._one(self._waiting.popleft())
            self._idle.set()
            self._changed()

    async def _one(self, entry: str) -> None:
        self.running, self._was_stopped = entry.strip(), False
        self._changed()
        try:
            with anyio.CancelScope() as self._scope:
                await self._carry_out(entry)
            cut_off = self._scope.cancelled_caught
        finally:
            self.running, self._scope = "", None
        if self._was_stopped:
            # They may build on what was stopped: to go on would spend money on a guess.
            dropped = list(self._waiting)
            self._waiting.clear()
            self._stopped(cut_off, dropped)
