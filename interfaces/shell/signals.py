"""What signals do while the shell runs."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable

import anyio

from ..plain_text import say

_EXIT_S = 2.0
"""Seconds within which a second Ctrl-C leaves the shell."""


class Signals:
    """What Ctrl-C and the signals that end programs do to the shell.

    Ctrl-C stops the running goal; else it leaves when pressed twice (without a terminal: at
    once). SIGTERM, and SIGHUP of a terminal that is closed, stop the running goal and leave.

    Args:
        interrupt: Stops the running goal; returns whether there was one.
        patient: Whether Ctrl-C leaves the shell only when pressed twice.
        clock: Gives seconds.
    """

    def __init__(
        self,
        interrupt: Callable[[], bool],
        *,
        patient: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.leaving = anyio.CancelScope()
        self.exit_code = 0
        self._interrupt = interrupt
        self._patient = patient
        self._clock = clock
        self._warned_at = float("-inf")

    def pressed(self) -> None:
        """Take note of Ctrl-C."""
        if self._interrupt():
            return
        if not self._patient:
            self._leave(signal.SIGINT)
            return
        now = self._clock()
        if now - self._warned_at < _EXIT_S:
            self.leaving.cancel()
            return
        self._warned_at = now
        say("press Ctrl-C again to exit", sys.stderr)

    async def listen(self, *, task_status: anyio.abc.TaskStatus[None]) -> None:
        """Listen for them where the line editor does not: while a goal runs, and between lines."""
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
            task_status.started()
            async for number in signals:
                if number == signal.SIGINT:
                    self.pressed()
                else:
                    self._leave(number)

    def _leave(self, number: signal.Signals) -> None:
        self.exit_code = self.exit_code or 128 + number
        if not self._interrupt():
            self.leaving.cancel()
