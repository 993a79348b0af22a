"""When a job is due: every so many seconds, or by a cron expression. Pure; time is passed in.

Intervals count on the monotonic clock, cron on the wall clock. When the wall clock is set, cron
jobs follow cron(8):

- by less than three hours: a job whose time was skipped runs soon, once; one whose time comes
  again does not run again. Jobs with ``*`` in the hour or minute go by the new time at once;
- by three hours or more: it is a correction, and every job goes by the new time at once.

A job that could not run at its time (the machine slept, the loop was busy) runs once, however
many of its times have passed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Protocol

from cronsim import CronSim, CronSimError

from .errors import UsageError

CORRECTION_S = 3 * 3600.0
"""Steps of the wall clock from this on are corrections, seconds; from cron(8)."""
RESOLUTION_S = 60.0
"""cron counts minutes; a clock set back by less leaves the plan as it is."""


@dataclass(frozen=True, slots=True)
class Instant:
    """One moment on both clocks, seconds (see `Clock`)."""

    monotonic: float
    wall: float


class Trigger(Protocol):
    """Says when a job is due."""

    def plan(self, now: Instant) -> None:
        """Fix the next time: the first after now."""
        ...

    def wait_s(self, now: Instant) -> float:
        """Return the seconds until the next time; zero or less if it is due."""
        ...

    def clock_stepped(self, now: Instant, step_s: float) -> None:
        """Take note that the wall clock has just been set (forward if positive)."""
        ...


class IntervalTrigger:
    """Every so many seconds; times that were missed are passed over, the beat stays.

    Args:
        seconds: From one time to the next.

    Raises:
        UsageError: If it is not a positive number.
    """

    def __init__(self, seconds: float) -> None:
        if not (seconds > 0 and math.isfinite(seconds)):
            raise UsageError(f"an interval must be a positive number of seconds, not {seconds}")
        self._seconds = seconds
        self._due: float | None = None

    def plan(self, now: Instant) -> None:
        """See `Trigger.plan`."""
        if self._due is None:
            self._due = now.monotonic
        if self._due <= now.monotonic:
            missed = math.floor((now.monotonic - self._due) / self._seconds)
            self._due += (missed + 1) * self._seconds
        if self._due <= now.monotonic:  # by a rounding error
            self._due += self._seconds

    def wait_s(self, now: Instant) -> float:
        """See `Trigger.wait_s`."""
        return -1.0 if self._due is None else self._due - now.monotonic

    def clock_stepped(self, now: Instant, step_s: float) -> None:
        """Do nothing: an interval does not go by the wall clock."""

    def __str__(self) -> str:
        return f"every {self._seconds:g} s"


class CronTrigger:
    """By a cron expression of five fields.

    Args:
        expression: Minute, hour, day of month, month, day of week.
        zone: Time zone in which it is read.

    Raises:
        UsageError: If the expression is wrong, or names a time that never comes.
    """

    def __init__(self, expression: str, zone: tzinfo) -> None:
        self._fields = expression.split()
        self._expression = " ".join(self._fields)
        self._zone = zone
        self._by_new_time = any(field.startswith("*") for field in self._fields[:2])
        self._due = -math.inf
        if len(self._fields) != 5:
            raise _wrong(expression, f"it has {len(self._fields)} fields, not 5")
        try:
            next(CronSim(self._expression, datetime(2024, 1, 1, tzinfo=UTC)))
        except CronSimError as error:
            raise _wrong(expression, str(error)) from None
        except StopIteration:
            raise _wrong(expression, "that time never comes") from None

    def plan(self, now: Instant) -> None:
        """See `Trigger.plan`."""
        for moment in CronSim(self._expression, datetime.fromtimestamp(now.wall, self._zone)):
            # In the hour that is repeated in autumn the first candidate can be an hour ago.
            if (due := moment.timestamp()) > now.wall:
                self._due = due
                return
        raise _wrong(self._expression, "that time never comes")

    def wait_s(self, now: Instant) -> float:
        """See `Trigger.wait_s`."""
        return self._due - now.wall

    def clock_stepped(self, now: Instant, step_s: float) -> None:
        """See `Trigger.clock_stepped` and the rule at the top of this file."""
        back = self._by_new_time and step_s <= -RESOLUTION_S
        if back or abs(step_s) >= CORRECTION_S:
            self.plan(now)

    def __str__(self) -> str:
        return self._expression


def last_due(expression: str, zone: tzinfo, now: float) -> float | None:
    """Return the last moment, not after now, at which a cron expression was due.

    Args:
        expression: A cron expression that `CronTrigger` takes.
        zone: Time zone in which it is read.
        now: UTC epoch seconds.

    Returns:
        UTC epoch seconds; None if it never was.
    """
    # It looks strictly backwards, so it begins at the minute that comes next.
    start = datetime.fromtimestamp((now // 60 + 1) * 60, zone)
    for moment in CronSim(" ".join(expression.split()), start, reverse=True):
        if (due := moment.timestamp()) <= now:
            return due
    return None


class LocalZone(tzinfo):
    """The machine's time zone with its rules for summer time, as the C library knows them."""

    def utcoffset(self, dt: datetime | None) -> timedelta | None:
        """Return the offset of a local time, by its ``fold`` where it comes twice."""
        return None if dt is None else dt.replace(tzinfo=None).astimezone().utcoffset()

    def dst(self, dt: datetime | None) -> timedelta | None:
        """Return None: how much of the offset is summer time is not known."""
        return None

    def tzname(self, dt: datetime | None) -> str | None:
        """Return the name of the zone at a local time."""
        return None if dt is None else dt.replace(tzinfo=None).astimezone().tzname()

    def fromutc(self, dt: datetime) -> datetime:
        """Return the local time of a UTC time."""
        local = dt.replace(tzinfo=UTC).astimezone()
        naive = local.replace(tzinfo=None)
        second = naive.astimezone().utcoffset() != local.utcoffset()
        return naive.replace(tzinfo=self, fold=int(second))


def _wrong(expression: str, reason: str) -> UsageError:
    return UsageError(
        f"the cron expression {expression!r} is wrong: {reason[:1].lower()}{reason[1:]}",
        hint="five fields: minute hour day-of-month month day-of-week, as in '0 9 * * MON-FRI'",
    )
