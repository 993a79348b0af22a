"""The scheduler: runs tasks and announces goals, by interval or by cron expression.

Two runs of one job never overlap: a job that still runs when it is due again is skipped, and the
bus told. A job that raises is reported and goes on at its next time. When a job is due is the
affair of its trigger, see `llmos.kernel.triggers`.
"""

from __future__ import annotations

import inspect
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup, TaskStatus

from .bus import EventBus
from .clock import Clock, Sleep, SystemClock, sleep_until_set
from .errors import UsageError
from .events import Event, GoalDue, JobFailed, JobSkipped, RunEnded, SubscriberFailed
from .triggers import CronTrigger, Instant, IntervalTrigger, LocalZone, Trigger

_logger = logging.getLogger(__name__)

_LOOK_S = 60.0
"""Seconds between two looks at the clocks: they may be set, or the machine may have slept."""
_STEP_S = 1.0
"""What the wall clock may differ from the monotonic one between two looks, seconds."""


@dataclass(frozen=True, slots=True)
class JobInfo:
    """A job, for people.

    Attributes:
        name: Its name.
        schedule: Its cron expression, or ``every 5 s``.
        next_time: When it is due next.
        running: Whether it runs now.
        goal: The goal that it announces, or None for a task.
    """

    name: str
    schedule: str
    next_time: datetime
    running: bool
    goal: str | None


@dataclass(frozen=True, slots=True)
class _Job:
    name: str
    trigger: Trigger
    work: Callable[[], object] | str


class Scheduler:
    """Runs tasks and announces goals at their times while `run` runs.

    Jobs may be registered and removed before and meanwhile, from the event loop's thread.

    Args:
        bus: Told of goals that are due and of jobs that failed or were skipped.
        clock: Tells the time.
        sleep: Waits.
        time_zone: In which cron expressions are read; the machine's if None.
    """

    def __init__(
        self,
        bus: EventBus,
        *,
        clock: Clock | None = None,
        sleep: Sleep = anyio.sleep,
        time_zone: tzinfo | None = None,
    ) -> None:
        self._bus = bus
        self._clock = clock or SystemClock()
        self._sleep = sleep
        self._zone = time_zone or LocalZone()
        self._jobs: dict[str, _Job] = {}
        self._running: dict[str, str | None] = {}
        self._wake: anyio.Event | None = None
        self._offset = 0.0

    def register_task(self, name: str, func: Callable[[], object], interval_seconds: float) -> None:
        """Run a Python callable again and again, the first time after one interval.

        Args:
            name: Name of the job; replaces an earlier one of that name.
            func: Async, or plain: then it runs in a worker thread, and shutdown waits for it.
            interval_seconds: Seconds from one run to the next.

        Raises:
            UsageError: If the interval or the name is wrong.
        """
        self._add(_Job(name, IntervalTrigger(interval_seconds), func))

    def register_goal(
        self,
        name: str,
        goal: str,
        *,
        cron: str | None = None,
        interval_seconds: float | None = None,
    ) -> None:
        """Announce a goal by `GoalDue` again and again.

        It counts as running until a `RunEnded` of that goal or a `JobFailed` of that job is
        published; until then it is skipped.

        Args:
            name: Name of the job; replaces an earlier one of that name.
            goal: The goal.
            cron: A cron expression of five fields; or
            interval_seconds: Seconds from one time to the next.

        Raises:
            UsageError: If the expression, the interval or the name is wrong.
        """
        if cron is not None and interval_seconds is None:
            self._add(_Job(name, CronTrigger(cron, self._zone), goal))
        elif cron is None and interval_seconds is not None:
            self._add(_Job(name, IntervalTrigger(interval_seconds), goal))
        else:
            raise UsageError(f"the job {name!r} needs either a cron expression or an interval")

    def unregister(self, name: str) -> bool:
        """Remove a job; a run that is under way is finished. Return whether there was one."""
        return self._jobs.pop(name, None) is not None

    def jobs(self) -> list[JobInfo]:
        """Return all jobs, the next one first."""
        now = self._now()
        return [
            JobInfo(
                job.name,
                str(job.trigger),
                datetime.fromtimestamp(now.wall + max(0.0, job.trigger.wait_s(now)), self._zone),
                job.name in self._running,
                job.work if isinstance(job.work, str) else None,
            )
            for job in sorted(self._jobs.values(), key=lambda job: job.trigger.wait_s(now))
        ]

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Run jobs at their times, until cancelled. What was due before it began is passed over.

        Args:
            task_status: Told when jobs run from now on.

        Raises:
            RuntimeError: If it already runs, or the bus is not open.
        """
        if self._wake is not None:
            raise RuntimeError("the scheduler already runs")
        listener = self._bus.on(
            RunEnded, JobFailed, SubscriberFailed, handler=self._ended, name="scheduler"
        )
        self._wake = anyio.Event()
        try:
            async with anyio.create_task_group() as group:
                self._begin()
                task_status.started()
                while True:
                    self._wake = anyio.Event()
                    await sleep_until_set(self._wake, self._start_due(group), self._sleep)
        finally:
            self._wake = None
            self._running.clear()
            listener.close()

    def _add(self, job: _Job) -> None:
        if not job.name:
            raise UsageError("a job needs a name")
        job.trigger.plan(self._now())
        self._jobs[job.name] = job
        if self._wake is not None:
            self._wake.set()

    def _now(self) -> Instant:
        return Instant(self._clock.monotonic(), self._clock.wall())

    def _begin(self) -> None:
        now = self._now()
        self._offset = now.wall - now.monotonic
        for job in self._jobs.values():
            job.trigger.plan(now)

    def _start_due(self, group: TaskGroup) -> float:
        """Start what is due; return the seconds until something may be due again."""
        now = self._now()
        self._note_step(now)
        pause = math.inf
        for job in self._jobs.values():
            if job.trigger.wait_s(now) <= 0:
                job.trigger.plan(now)
                self._start(job, group)
            pause = min(pause, job.trigger.wait_s(now), _LOOK_S)
        return pause

    def _note_step(self, now: Instant) -> None:
        before, self._offset = self._offset, now.wall - now.monotonic
        if abs(step := self._offset - before) > _STEP_S:
            for job in self._jobs.values():
                job.trigger.clock_stepped(now, step)

    def _start(self, job: _Job, group: TaskGroup) -> None:
        if job.name in self._running:
            self._bus.publish_nowait(JobSkipped(job.name))
        elif isinstance(job.work, str):
            self._running[job.name] = job.work
            self._bus.publish_nowait(GoalDue(job.name, job.work))
        else:
            self._running[job.name] = None
            group.start_soon(self._work, job.name, job.work, name=f"job {job.name}")

    async def _work(self, name: str, func: Callable[[], object]) -> None:
        try:
            outcome = func() if _is_async(func) else await anyio.to_thread.run_sync(func)
            if inspect.isawaitable(outcome):
                await outcome
        except Exception as error:
            _logger.exception("the job %s failed", name)
            self._bus.publish_nowait(JobFailed(name, f"{type(error).__name__}: {error}"))
        finally:
            self._running.pop(name, None)

    def _ended(self, event: Event) -> None:
        """Take note that a goal has been answered.

        When a handler failed it may have been the one that answers goals, so none is waited for.
        """
        for name, goal in list(self._running.items()):
            answered = isinstance(event, RunEnded) and event.goal == goal
            failed = isinstance(event, JobFailed) and event.job == name
            lost = isinstance(event, SubscriberFailed)
            if goal is not None and (answered or failed or lost):
                del self._running[name]


def _is_async(func: Callable[[], object]) -> bool:
    return inspect.iscoroutinefunction(func) or inspect.iscoroutinefunction(type(func).__call__)
