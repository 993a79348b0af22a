"""How the way of a goal waits on an event loop; see `waits`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import anyio
import anyio.from_thread
import anyio.to_thread

from ..kernel.events import Event

T = TypeVar("T")


def told_in_order(publish: Callable[[Event], object]) -> Callable[[Event], object]:
    """Return what publishes from a thread without waiting for the event loop.

    Everything is published in the order in which it was told, and before whoever waits for the
    thread goes on: the loop takes up what threads hand it one after the other. To wait for each
    event (`anyio.from_thread`) costs a small step a fifth of its time.

    Args:
        publish: Publishes; called on the event loop that runs now.
    """
    return partial(asyncio.get_running_loop().call_soon_threadsafe, publish)


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
