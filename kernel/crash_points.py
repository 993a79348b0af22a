"""Named points at which a test may kill this process, as a power cut or ``kill -9`` would.

Unless the environment arms one, `crash_point` is a function that does nothing. The harness in
``tests/crash`` kills a real process at each of them and checks what the next one finds.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

VARIABLE = "LLMOS_TEST_CRASH_AT"
"""Environment variable that arms a point: ``NAME`` or ``NAME:N`` for its N-th passage."""

POINTS = (
    "learn.held",
    "learn.ran",
    "learn.settled",
    "learn.captured",
    "atomic.written",
    "atomic.renamed",
    "save.stored",
    "save.noted",
    "settle.deleted",
    "settle.entered",
    "journal.captured",
    "journal.opened",
    "replay.before_step",
    "replay.after_step",
    "replay.judged",
    "journal.closing",
    "journal.closed",
    "replay.saving_noted",
    "replay.noted",
    "rollback.began",
    "rollback.removed",
    "rollback.put_back",
    "rollback.done",
    "undo.marked",
    "undo.path",
    "undo.done",
    "memory.vectors_written",
    "memory.committed",
    "memory.batch_written",
    "memory.batch_embedded",
)
"""Every point there is, in the order of a run."""


class Killer:
    """Kills this process at a point.

    Args:
        setting: As in `VARIABLE`.
    """

    def __init__(self, setting: str) -> None:
        self.aim(setting)

    def aim(self, setting: str) -> None:
        """Aim at another point, counting from now on."""
        self._name, _, nth = setting.partition(":")
        self._left = int(nth or 1)

    def __call__(self, point: str) -> None:
        """Kill this process if that is the point, and it was passed often enough."""
        if point == self._name:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def _nothing(_point: str) -> None:
    """Do nothing."""


def armed(setting: str) -> Callable[[str], None]:
    """Return the function that `crash_point` is under a setting of `VARIABLE`."""
    return Killer(setting) if setting else _nothing


crash_point: Callable[[str], None] = armed(os.environ.get(VARIABLE, ""))
