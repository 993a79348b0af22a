"""Tells how far long work is: what does so is loaded only when there is any."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from .long_work import LongWork


class WatchOnDemand:
    """Stands for a `LongWork`, and ends the work when it is closed.

    Args:
        stream: See there.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._made: LongWork | None = None

    def __call__(self, what: str, done: int, total: int) -> None:
        """Tell how far the work is; see there."""
        if self._made is None:
            from .long_work import LongWork

            self._made = LongWork(self._stream)
        self._made(what, done, total)

    def close(self) -> None:
        """Nobody waits for the work any more."""
        if self._made is not None:
            self._made.close()
