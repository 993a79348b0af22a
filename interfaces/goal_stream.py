"""A goal's events as they happen, and its result at the end."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable

import anyio
import anyio.abc

from ..kernel.bus import EventBus
from ..kernel.events import Event, EventsDropped, LowBattery, Notice, RunEnded
from ..kernel.subscription import Subscription, WhenFull
from .result import Result

_OF_ANY_RUN = (Notice, LowBattery, EventsDropped)
"""Events without a run: they are about the goal that runs now."""


class _Run:
    """A goal that runs in a task of its own, so that its events can be taken meanwhile."""

    def __init__(self, execute: Callable[[], Awaitable[Result]]) -> None:
        self._execute = execute
        self.result: Result | None = None
        self.error: Exception | None = None
        self.over = anyio.Event()
        self.scope = anyio.CancelScope()

    async def run(self, events: Subscription[Event]) -> None:
        try:
            with self.scope:
                self.result = await self._execute()
        except Exception as error:  # noqa: BLE001 (raised again where it is waited for)
            self.error = error
        finally:
            self.over.set()
            if self.result is None:
                events.close()  # no RunEnded will come


async def stream_goal(
    bus: EventBus,
    group: anyio.abc.TaskGroup,
    execute: Callable[[], Awaitable[Result]],
    interrupt: Callable[[], bool],
    run_id: str,
) -> AsyncGenerator[Event | Result]:
    """Run a goal; yield its events and, last, its result.

    To leave it early stops the goal, and waits until it has stopped and its cost is settled.

    Args:
        bus: Where the events come from.
        group: Runs the goal.
        execute: Answers the goal under that id.
        interrupt: Stops the goal that runs now; returns whether there was one.
        run_id: The id.
    """
    async with bus.subscribe(Event, name=f"stream of {run_id}", when_full=WhenFull.WAIT) as events:
        run = _Run(execute)
        group.start_soon(run.run, events)
        try:
            async for event in events:
                if _is_about(event, run_id):
                    yield event
                if isinstance(event, RunEnded) and event.run_id == run_id:
                    break
            await run.over.wait()
        finally:
            if not run.over.is_set():
                with anyio.CancelScope(shield=True):
                    # An interrupted goal has a result and a price; one that waits is called off.
                    if not interrupt():
                        run.scope.cancel()
                    await run.over.wait()
    if run.error is not None:
        raise run.error
    if run.result is not None:
        yield run.result


def _is_about(event: Event, run_id: str) -> bool:
    own = getattr(event, "run_id", None)
    return own == run_id or (own is None and isinstance(event, _OF_ANY_RUN))
