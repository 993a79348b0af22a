"""The watchdog: sees model runs that stall, loop, fail or cost too much, and interrupts them.

It only listens and publishes; whoever runs the model acts on the `Interrupt`. What is too much is
decided by pure rules, see `llmos.kernel.run_watch`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import anyio
from anyio.abc import TaskStatus

from .bus import EventBus, WhenFull
from .clock import Sleep, sleep_until_set
from .events import (
    CostReported,
    Event,
    Interrupt,
    ModelMessage,
    ModelRunEnded,
    ModelRunStarted,
    ToolCalled,
    ToolReturned,
)
from .run_watch import RunWatch, Trip, WatchdogLimits

__all__ = ["Watchdog", "WatchdogLimits"]


class Watchdog:
    """Publishes one `Interrupt` for each model run that goes beyond the limits.

    Runs are known from `ModelRunStarted` to `ModelRunEnded`; events of anything else (a replay's
    tool calls) do not concern it.

    Args:
        bus: Where runs are seen and interrupts published.
        limits: What a run may do.
        clock: Returns seconds; must never step. Time in which the machine sleeps should not
            count, as the run slept too.
        sleep: Waits.
    """

    def __init__(
        self,
        bus: EventBus,
        limits: WatchdogLimits,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Sleep = anyio.sleep,
    ) -> None:
        self._bus = bus
        self._limits = limits
        self._clock = clock
        self._sleep = sleep
        self._runs: dict[str, RunWatch | None] = {}  # None: interrupted, not ended yet
        self._alarm = math.inf
        self._earlier = anyio.Event()

    @property
    def watched(self) -> frozenset[str]:
        """Ids of the model runs under way."""
        return frozenset(self._runs)

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Watch until cancelled or the bus closes.

        Args:
            task_status: Told when nothing is missed from now on.
        """
        async with (
            self._bus.subscribe(
                ModelRunStarted,
                ModelMessage,
                ToolCalled,
                ToolReturned,
                CostReported,
                ModelRunEnded,
                name="watchdog",
                when_full=WhenFull.WAIT,
            ) as events,
            anyio.create_task_group() as group,
        ):
            group.start_soon(self._watch_time)
            task_status.started()
            async for event in events:
                self._see(event)
            group.cancel_scope.cancel()

    def _see(self, event: Event) -> None:
        now = self._clock()
        match event:
            case ModelRunStarted(run_id, _, hold):
                self._runs[run_id] = RunWatch(self._limits, hold, now)
            case ModelRunEnded(run_id):
                self._runs.pop(run_id, None)
                return
            case (
                ModelMessage(run_id)
                | ToolCalled(run_id)
                | ToolReturned(run_id)
                | CostReported(run_id)
            ):
                pass
            case _:
                return
        if (watch := self._runs.get(run_id)) is not None:
            if (trip := _examine(watch, event, now)) is not None:
                self._interrupt(run_id, trip)
            elif watch.deadline < self._alarm:
                self._earlier.set()

    async def _watch_time(self) -> None:
        while True:
            now = self._clock()
            for run_id, watch in list(self._runs.items()):
                if watch is not None and (trip := watch.overdue(now)) is not None:
                    self._interrupt(run_id, trip)
            deadlines = [watch.deadline for watch in self._runs.values() if watch is not None]
            self._alarm = min(deadlines, default=math.inf)
            self._earlier = anyio.Event()
            await sleep_until_set(self._earlier, self._alarm - now, self._sleep)

    def _interrupt(self, run_id: str, trip: Trip) -> None:
        self._runs[run_id] = None
        self._bus.publish_nowait(Interrupt(run_id, trip.reason, trip.detail))


def _examine(watch: RunWatch, event: Event, now: float) -> Trip | None:
    match event:
        case ToolCalled(_, index, call):
            watch.saw_call(index, call, now)
        case ToolReturned(_, index, call, result):
            return watch.saw_result(index, call, result, now)
        case CostReported(_, cost):
            return watch.saw_cost(cost)
        case _:
            watch.saw_sign(now)
    return None
