"""How the way of a goal waits where there is no event loop: it blocks; see `waits`.

Loading and running an event loop takes longer than most replays. Nothing of a replay has to happen
at the same time as anything else, so its coroutines never have to be suspended: one step of each
runs it to its end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")


class Cancelled(BaseException):
    """What runs is to stop; the scope that was called off catches it."""


class DirectScope:
    """A part of the way that can be called off, also from a signal's handler.

    Args:
        entered: The scopes that are open, the outermost first.
        timeout_s: Seconds after which it is called off, or None.
        all_is_off: Says whether the whole way is called off: the outermost scope ends then.
    """

    def __init__(
        self,
        entered: list[DirectScope],
        timeout_s: float | None,
        all_is_off: Callable[[], bool],
    ) -> None:
        self._entered = entered
        self._all_is_off = all_is_off
        self._outermost = False
        self._until = None if timeout_s is None else time.monotonic() + timeout_s
        self._called_off = False
        self.cancelled_caught = False

    @property
    def due(self) -> bool:
        """Whether its body is to end."""
        late = self._until is not None and time.monotonic() >= self._until
        return self._called_off or late or (self._outermost and self._all_is_off())

    def cancel(self) -> None:
        """Call it off."""
        self._called_off = True

    def __enter__(self) -> Self:
        self._outermost = not self._entered
        self._entered.append(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        self._entered.remove(self)
        self.cancelled_caught = isinstance(error, Cancelled) and self.due
        return self.cancelled_caught


class DirectWaits:
    """Waits by blocking."""

    _TICK_S = 0.02

    def __init__(self) -> None:
        self._scopes: list[DirectScope] = []
        self._called_off = False

    def cancel(self) -> None:
        """Call the whole way off, what has not begun yet included; for a signal's handler."""
        self._called_off = True

    async def work(self, work: Callable[[], T]) -> T:
        """Do blocking work; return what it gives."""
        self.check_cancelled()
        return work()

    async def sleep(self, seconds: float) -> None:
        """Wait so long."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.check_cancelled()
            time.sleep(min(left, self._TICK_S))  # noqa: ASYNC251 (there is no event loop)
        self.check_cancelled()

    def scope(self, timeout_s: float | None = None) -> DirectScope:
        """Return what a body can be called off by, and is after so many seconds."""
        return DirectScope(self._scopes, timeout_s, lambda: self._called_off)

    def shield(self) -> AbstractContextManager[object]:
        """Return what keeps its body from being called off."""
        return _Shield(self._scopes)

    def check_cancelled(self) -> None:
        """Raise `Cancelled` if what runs is to stop."""
        if any(scope.due for scope in self._scopes):
            raise Cancelled


class _Shield:
    """Hides the scopes around its body."""

    def __init__(self, scopes: list[DirectScope]) -> None:
        self._scopes = scopes
        self._hidden: list[DirectScope] = []

    def __enter__(self) -> None:
        self._hidden[:] = self._scopes
        self._scopes.clear()

    def __exit__(self, *_: object) -> None:
        self._scopes[:] = self._hidden


def run_directly(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that waits by `DirectWaits` only; return what it gives.

    Raises:
        RuntimeError: If it waits for something else.
    """
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    finally:
        coroutine.close()
    raise RuntimeError("it waits for an event loop, and there is none")
