"""Tab: what completes while one types takes no second request, so Tab waits for it to end.

Else a Tab that comes soon after a key is lost, the more so the busier the machine is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, ThreadedCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.key_binding import KeyPressEvent


class BackgroundCompleter(ThreadedCompleter):
    """Completes in a worker thread, and says when it does not.

    Args:
        completer: What completes.
    """

    def __init__(self, completer: Completer) -> None:
        super().__init__(completer)
        self.idle = asyncio.Event()
        self.idle.set()

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion]:
        """Yield what could be meant; see `ThreadedCompleter`."""
        self.idle.clear()
        try:
            async with aclosing(super().get_completions_async(document, complete_event)) as found:
                async for one in found:
                    yield one
        finally:
            self.idle.set()


def press_tab(event: KeyPressEvent) -> None:
    """Complete what is typed; with a menu, choose its next line."""
    buffer = event.current_buffer
    if buffer.complete_state:
        buffer.complete_next()
    else:
        event.app.create_background_task(_complete(buffer))


async def _complete(buffer: Buffer) -> None:
    text, completer = buffer.text, buffer.completer
    assert isinstance(completer, BackgroundCompleter)
    while not completer.idle.is_set():
        await completer.idle.wait()
    if buffer.text != text:
        return  # another key came
    if buffer.complete_state:
        buffer.complete_next()
    else:
        buffer.start_completion(insert_common_part=True)
