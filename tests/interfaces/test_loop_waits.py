"""What a replay's thread tells the event loop."""

from __future__ import annotations

import anyio
import anyio.to_thread

from llmos.interfaces.loop_waits import told_in_order
from llmos.kernel.events import Event, Notice


def test_what_a_thread_tells_is_published_in_order_before_its_end_is_known() -> None:
    seen: list[Event] = []
    told = [Notice(str(number)) for number in range(500)]

    async def run() -> list[Event]:
        publish = told_in_order(seen.append)

        def work() -> None:
            for event in told:
                publish(event)

        await anyio.to_thread.run_sync(work)
        return list(seen)

    assert anyio.run(run) == told
