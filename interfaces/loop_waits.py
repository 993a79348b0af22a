"""How the way of a goal waits on an event loop; see `waits`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.from_thread
import anyio.to_thread

T = TypeVar("T")


class LoopWaits:
    """Waits on the event loop; blocking work is done in a thread."""

    async def work(self, work: Callable[[], T]) -> T:
        """Do blocking work in a thread; return what it gives."""
        return await anyio.to_thread.run_sync(work)

    async def sleep(self, seconds: float) -> None:
        """Wait so long."""
        await anyio.sleep(seconds)

    def scope(self, timeout_s: float | None = None) -> anyio.CancelScope:
        """Return what a body can be called off by, and is after so many seconds."""
        return anyio.move_on_after(timeout_s)

    def shield(self) -> anyio.CancelScope:
        """Return what keeps its body from being called off."""
        return anyio.CancelScope(shield=True)

    def check_cancelled(self) -> None:
        """Raise in a thread if the task that waits for it is to stop."""
        anyio.from_thread.check_cancelled()
