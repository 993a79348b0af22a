"""Gives memories the vectors that they lack, in the background, after a change of embedding."""

from __future__ import annotations

import threading

import anyio.from_thread
import anyio.to_thread

from ..kernel.bus import EventBus
from ..kernel.errors import LlmosError
from ..kernel.events import Notice
from ..memory.spaces import Progress
from .memory_tools import MemoryOnDemand

_TOLD_EVERY = 10
"""Percent after which progress is told again."""


async def fill_in_background(
    memory: MemoryOnDemand, bus: EventBus, leaving: threading.Event
) -> None:
    """Embed what is left, a small batch at a time, until all is done or llmos leaves.

    Args:
        memory: The memory; it is opened once more for this.
        bus: Told how far it is.
        leaving: Set when llmos leaves.
    """
    await anyio.to_thread.run_sync(_fill, memory, bus, leaving)


def _fill(memory: MemoryOnDemand, bus: EventBus, leaving: threading.Event) -> None:
    told = -_TOLD_EVERY

    def tell(text: str) -> None:
        anyio.from_thread.run_sync(bus.publish_nowait, Notice(text))

    def go_on(progress: Progress) -> bool:
        nonlocal told
        percent = 100 * progress.done // max(1, progress.total)
        if percent >= told + _TOLD_EVERY and not leaving.is_set():
            told = percent
            tell(f"memories are embedded anew: {progress.done:,} of {progress.total:,}")
        return not leaving.is_set()

    try:
        own = memory.another()
        try:
            own.fill(go_on)
        finally:
            own.close()
    except (LlmosError, OSError) as error:
        tell(f"memories could not be embedded anew: {error}")
