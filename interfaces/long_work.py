"""Long work on the command line tells on a terminal how far it is, and ends when interrupted."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

from ..kernel.errors import InterruptedRunError

_QUIET_S = 1.0
"""Work that is done within this is not told of."""
_EACH_S = 0.2


class LongWork:
    """A `Watch` that ends the work when the task that waits for it is cancelled, or has gone.

    Args:
        stream: Takes one line that is written over and, in the end, removed; None for none.
        clock: Gives seconds.
    """

    def __init__(self, stream: TextIO | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._what = ""
        self._began = 0.0
        self._next = 0.0
        self._shown = 0
        self._over = False

    def __call__(self, what: str, done: int, total: int) -> None:
        """Tell how far the work is.

        Args:
            what: What is done: a verb and its object.
            done: How many pieces of it are.
            total: Of how many.

        Raises:
            InterruptedRunError: If nobody waits for it any more.
        """
        if self._over:
            raise InterruptedRunError(f"{what} was interrupted")
        _end_if_cancelled()
        now = self._clock()
        if what != self._what:
            self._what, self._began, self._next = what, now, now + _QUIET_S
        if done == total:
            self._clear()
            self._what = ""
        elif now >= self._next and done:
            self._next = now + _EACH_S
            left = (now - self._began) * (total - done) / done
            self._show(f"llmos: {what}: {done:,} of {total:,}, {left:,.0f} s left")

    def close(self) -> None:
        """Nobody waits for the work any more."""
        self._over = True
        self._clear()

    def _show(self, line: str) -> None:
        if self._stream is not None:
            self._stream.write(f"\r{line:{self._shown}}")
            self._stream.flush()
            self._shown = len(line)

    def _clear(self) -> None:
        if self._stream is not None and self._shown:
            self._stream.write(f"\r{'':{self._shown}}\r")
            self._stream.flush()
            self._shown = 0


def _end_if_cancelled() -> None:
    from anyio.from_thread import check_cancelled

    try:
        check_cancelled()
    except RuntimeError:
        return  # not in a worker thread: there Python itself interrupts
