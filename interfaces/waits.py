"""How the way of a goal waits, is called off, and is kept from being called off.

The dispatcher is one piece of code for two callers: an event loop (`loop_waits`), and a replay that
is to start fast and has none (`direct_waits`).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

T = TypeVar("T")


class Scope(Protocol):
    """A part of the way that can be called off; its body then ends early, and the way goes on."""

    @property
    def cancelled_caught(self) -> bool:
        """Whether the body ended early."""
        ...

    def cancel(self) -> None:
        """Call it off."""
        ...


class Waits(Protocol):
    """How the way of a goal waits."""

    async def work(self, work: Callable[[], T]) -> T:
        """Do blocking work; return what it gives. It is not given up before it returns."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait so long."""
        ...

    def scope(self, timeout_s: float | None = None) -> AbstractContextManager[Scope]:
        """Return what a body can be called off by, and is after so many seconds."""
        ...

    def shield(self) -> AbstractContextManager[object]:
        """Return what keeps its body from being called off."""
        ...

    def check_cancelled(self) -> None:
        """Raise if what runs is to stop; for blocking work to call, in its own thread."""
        ...
