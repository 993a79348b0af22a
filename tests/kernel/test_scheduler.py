from __future__ import annotations

import os
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import anyio
import anyio.from_thread
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmos.kernel.bus import EventBus
from llmos.kernel.clock import VirtualClock
from llmos.kernel.errors import UsageError
from llmos.kernel.events import (
    Event,
    GoalDue,
    JobFailed,
    JobSkipped,
    RunEnded,
    SubscriberFailed,
)
from llmos.kernel.scheduler import Scheduler
from llmos.kernel.triggers import CronTrigger, Instant, IntervalTrigger, LocalZone

pytestmark = pytest.mark.anyio

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = 3600.0


def berlin(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


def ended(goal: str) -> RunEnded:
    return RunEnded("r", goal, "FOLLOWER", True, "done", 0, 0, 1.0, "t")


class Office:
    """A scheduler at work, on a virtual clock; goals are answered at once unless told not to."""

    def __init__(self, bus: EventBus, clock: VirtualClock, scheduler: Scheduler) -> None:
        self.bus = bus
        self.clock = clock
        self.scheduler = scheduler
        self.events: list[Event] = []
        self.due_at: list[str] = []
        self.answers = True

    def take(self, event: Event) -> None:
        if isinstance(event, GoalDue):
            self.due_at.append(f"{datetime.fromtimestamp(self.clock.wall(), BERLIN):%a %H:%M}")
            if self.answers:
                self.bus.publish_nowait(ended(event.goal))
        if not isinstance(event, RunEnded):
            self.events.append(event)


@asynccontextmanager
async def open_office(now: str = "2027-01-15 09:00") -> AsyncGenerator[Office]:
    clock = VirtualClock(berlin(now))
    async with EventBus() as bus, anyio.create_task_group() as group:
        scheduler = Scheduler(bus, clock=clock, sleep=clock.sleep, time_zone=BERLIN)
        office = Office(bus, clock, scheduler)
        bus.on(Event, handler=office.take, name="test")
        await group.start(scheduler.run)
        yield office
        group.cancel_scope.cancel()


@pytest.fixture
async def office() -> AsyncGenerator[Office]:
    async with open_office() as office:
        yield office


class TestTasks:
    async def test_an_async_task_runs_once_each_interval(self, office: Office) -> None:
        at: list[float] = []

        async def work() -> None:
            at.append(office.clock.monotonic())

        office.scheduler.register_task("t", work, 10)
        await office.clock.advance(35)
        assert at == [10, 20, 30]

    async def test_a_plain_task_runs_in_a_worker_thread(self, office: Office) -> None:
        ran = anyio.Event()

        def work() -> None:
            anyio.from_thread.run_sync(ran.set)

        office.scheduler.register_task("t", work, 10)
        await office.clock.advance(10)
        await ran.wait()

    async def test_every_kind_of_async_callable_runs(self, office: Office) -> None:
        ran: list[str] = []
        both = anyio.Event()

        async def work(name: str) -> None:
            ran.append(name)
            if len(ran) == 3:
                both.set()

        class Worker:
            async def __call__(self) -> None:
                await work("object")

        office.scheduler.register_task("a", partial(work, "partial"), 10)
        office.scheduler.register_task("b", Worker(), 10)
        office.scheduler.register_task("c", lambda: work("lambda"), 10)
        await office.clock.advance(10)
        await both.wait()
        assert sorted(ran) == ["lambda", "object", "partial"]

    async def test_a_failing_task_is_reported_and_goes_on(
        self, office: Office, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def fail() -> None:
            raise ValueError("broken")

        office.scheduler.register_task("t", fail, 10)
        await office.clock.advance(20)
        assert office.events == [JobFailed("t", "ValueError: broken")] * 2
        assert "the job t failed" in caplog.text

    async def test_a_task_that_still_runs_is_skipped(self, office: Office) -> None:
        gate, began = anyio.Event(), 0

        async def work() -> None:
            nonlocal began
            began += 1
            await gate.wait()

        office.scheduler.register_task("t", work, 10)
        await office.clock.advance(30)
        assert began == 1
        assert office.events == [JobSkipped("t")] * 2
        gate.set()
        await office.clock.advance(10)
        assert began == 2

    async def test_replacing_a_task_that_runs_does_not_make_two_runs(self, office: Office) -> None:
        running, most = 0, 0

        async def work() -> None:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await office.clock.sleep(25)
            running -= 1

        office.scheduler.register_task("t", work, 10)
        await office.clock.advance(10)
        office.scheduler.register_task("t", work, 10)
        await office.clock.advance(100)
        assert most == 1

    async def test_one_slow_task_does_not_hold_the_others(self, office: Office) -> None:
        ran = 0

        async def quick() -> None:
            nonlocal ran
            ran += 1

        office.scheduler.register_task("slow", anyio.sleep_forever, 10)
        office.scheduler.register_task("quick", quick, 10)
        await office.clock.advance(50)
        assert ran == 5

    async def test_nothing_outlives_the_scheduler(self) -> None:
        before = {task.id for task in anyio.get_running_tasks()}
        async with open_office() as office:
            office.scheduler.register_task("t", anyio.sleep_forever, 1)
            await office.clock.advance(5)
        assert {task.id for task in anyio.get_running_tasks()} == before


class TestRegistering:
    async def test_a_job_registered_before_it_runs_is_run(self) -> None:
        clock = VirtualClock()
        async with EventBus() as bus, anyio.create_task_group() as group:
            scheduler = Scheduler(bus, clock=clock, sleep=clock.sleep)
            ran = anyio.Event()

            async def work() -> None:
                ran.set()

            scheduler.register_task("t", work, 10)
            await group.start(scheduler.run)
            await clock.advance(10)
            assert ran.is_set()
            group.cancel_scope.cancel()

    async def test_what_was_due_before_it_ran_is_passed_over(self) -> None:
        clock = VirtualClock(berlin("2027-01-15 09:00"))
        async with EventBus() as bus, anyio.create_task_group() as group:
            scheduler = Scheduler(bus, clock=clock, sleep=clock.sleep, time_zone=BERLIN)
            due: list[Event] = []
            bus.on(GoalDue, handler=due.append, name="test")
            scheduler.register_goal("cron", "g", cron="5 9 * * *")
            scheduler.register_goal("interval", "h", interval_seconds=60)
            await clock.advance(HOUR)
            await group.start(scheduler.run)
            await clock.advance(1)
            assert due == []
            group.cancel_scope.cancel()

    async def test_a_sooner_job_wakes_the_loop(self, office: Office) -> None:
        office.scheduler.register_goal("late", "late", interval_seconds=30)
        await office.clock.advance(1)
        office.scheduler.register_goal("soon", "soon", interval_seconds=1)
        await office.clock.advance(1)
        assert office.events == [GoalDue("soon", "soon")]

    async def test_an_unregistered_job_does_not_run(self, office: Office) -> None:
        office.scheduler.register_goal("j", "g", interval_seconds=10)
        assert office.scheduler.unregister("j")
        assert not office.scheduler.unregister("j")
        await office.clock.advance(100)
        assert office.events == []

    async def test_jobs_are_listed_by_their_next_time(self, office: Office) -> None:
        office.scheduler.register_goal("noon", "eat", cron="0 12 * * *")
        office.scheduler.register_task("often", anyio.sleep_forever, 90)
        await office.clock.advance(91)
        first, second = office.scheduler.jobs()
        assert (first.name, first.schedule, first.running, first.goal) == (
            "often",
            "every 90 s",
            True,
            None,
        )
        assert first.next_time == datetime(2027, 1, 15, 9, 3, tzinfo=BERLIN)
        assert (second.name, second.schedule, second.running, second.goal) == (
            "noon",
            "0 12 * * *",
            False,
            "eat",
        )
        assert second.next_time == datetime(2027, 1, 15, 12, 0, tzinfo=BERLIN)

    @pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
    async def test_a_senseless_interval_is_refused(self, office: Office, seconds: float) -> None:
        with pytest.raises(UsageError, match="must be a positive number of seconds"):
            office.scheduler.register_task("t", anyio.sleep_forever, seconds)

    @pytest.mark.parametrize(
        ("expression", "reason"),
        [
            ("61 * * * *", "bad minute"),
            ("* * * *", "it has 4 fields, not 5"),
            ("* * * * * *", "it has 6 fields, not 5"),
            ("", "it has 0 fields, not 5"),
            ("often", "it has 1 fields, not 5"),
            ("0 9 31 2 *", "bad day-of-month"),
            ("0 9 * * BLA", "bad day-of-week"),
        ],
    )
    async def test_a_wrong_cron_expression_is_refused_with_its_reason(
        self, office: Office, expression: str, reason: str
    ) -> None:
        with pytest.raises(UsageError) as caught:
            office.scheduler.register_goal("j", "g", cron=expression)
        assert str(caught.value) == f"the cron expression {expression!r} is wrong: {reason}"
        assert "0 9 * * MON-FRI" in caught.value.hint

    @given(expression=st.text("0123456789*,-/#LW MONJA", max_size=20) | st.text(max_size=20))
    def test_any_text_is_an_expression_or_a_usage_error(self, expression: str) -> None:
        with suppress(UsageError):
            CronTrigger(expression, UTC)

    @pytest.mark.parametrize("given", [{}, {"cron": "* * * * *", "interval_seconds": 1.0}])
    async def test_a_goal_needs_exactly_one_kind_of_time(
        self, office: Office, given: dict[str, object]
    ) -> None:
        register = partial(office.scheduler.register_goal, "j", "g", **given)
        with pytest.raises(UsageError, match="either a cron expression or an interval"):
            register()

    async def test_a_job_needs_a_name(self, office: Office) -> None:
        with pytest.raises(UsageError, match="needs a name"):
            office.scheduler.register_task("", anyio.sleep_forever, 1)

    async def test_it_runs_once_at_a_time(self, office: Office) -> None:
        with pytest.raises(RuntimeError, match="already runs"):
            await office.scheduler.run()


class TestGoals:
    async def test_a_goal_is_announced_at_its_cron_times(self, office: Office) -> None:
        office.scheduler.register_goal("j", "g", cron="*/20 9-10 * * *")
        await office.clock.advance(24 * HOUR)
        friday = ("09:20", "09:40", "10:00", "10:20", "10:40")
        assert office.due_at == [*(f"Fri {time}" for time in friday), "Sat 09:00"]

    async def test_a_goal_that_is_not_answered_yet_is_skipped(self, office: Office) -> None:
        office.answers = False
        office.scheduler.register_goal("j", "g", interval_seconds=10)
        await office.clock.advance(20)
        assert office.events == [GoalDue("j", "g"), JobSkipped("j")]
        assert office.scheduler.jobs()[0].running

    @pytest.mark.parametrize(
        "event", [ended("g"), JobFailed("j", "no"), SubscriberFailed("goals", "no")]
    )
    async def test_it_is_announced_again_once_it_has_ended_in_whatever_way(
        self, office: Office, event: Event
    ) -> None:
        office.answers = False
        office.scheduler.register_goal("j", "g", interval_seconds=10)
        await office.clock.advance(10)
        await office.bus.publish(event)
        await office.clock.advance(10)
        assert [one for one in office.events if isinstance(one, GoalDue | JobSkipped)] == [
            GoalDue("j", "g")
        ] * 2

    async def test_the_end_of_another_goal_does_not_count(self, office: Office) -> None:
        office.answers = False
        office.scheduler.register_goal("j", "g", interval_seconds=10)
        await office.clock.advance(10)
        await office.bus.publish(ended("another"))
        await office.clock.advance(10)
        assert office.events == [GoalDue("j", "g"), JobSkipped("j")]


class TestClockSteps:
    """cron(8): under three hours no job is lost or run twice; from then on it is a correction."""

    async def test_forward_by_two_hours_a_skipped_job_runs_once(self, office: Office) -> None:
        office.scheduler.register_goal("j", "g", cron="30 9 * * *")
        await office.clock.advance(1)
        office.clock.step(2 * HOUR)
        await office.clock.advance(60)
        assert office.due_at == ["Fri 11:01"]
        await office.clock.advance(22 * HOUR)
        assert office.due_at == ["Fri 11:01"]
        await office.clock.advance(2 * HOUR)
        assert office.due_at == ["Fri 11:01", "Sat 09:30"]

    async def test_forward_by_two_hours_there_is_no_burst(self, office: Office) -> None:
        office.scheduler.register_goal("j", "g", cron="*/5 * * * *")
        await office.clock.advance(1)
        office.clock.step(2 * HOUR)
        await office.clock.advance(200)
        assert office.due_at == ["Fri 11:01"]

    async def test_back_by_two_hours_a_job_does_not_run_twice(self, office: Office) -> None:
        office.scheduler.register_goal("j", "g", cron="30 9 * * *")
        await office.clock.advance(HOUR)
        office.clock.step(-2 * HOUR)
        await office.clock.advance(20 * HOUR)
        assert office.due_at == ["Fri 09:30"]
        await office.clock.advance(6 * HOUR)
        assert office.due_at == ["Fri 09:30", "Sat 09:30"]

    async def test_back_by_two_hours_a_job_still_to_come_comes_once(self, office: Office) -> None:
        office.scheduler.register_goal("j", "g", cron="30 9 * * *")
        await office.clock.advance(1)
        office.clock.step(-2 * HOUR)
        await office.clock.advance(20 * HOUR)
        assert office.due_at == ["Fri 09:30"]

    async def test_back_by_two_hours_a_wildcard_job_goes_by_the_new_time(
        self, office: Office
    ) -> None:
        office.scheduler.register_goal("j", "g", cron="*/30 * * * *")
        await office.clock.advance(HOUR)
        office.clock.step(-2 * HOUR)
        await office.clock.advance(HOUR)
        assert office.due_at == ["Fri 09:30", "Fri 10:00", "Fri 08:30", "Fri 09:00"]

    async def test_back_by_some_seconds_repeats_nothing(self, office: Office) -> None:
        office.scheduler.register_goal("j", "g", cron="*/30 * * * *")
        await office.clock.advance(30 * 60)
        office.clock.step(-10)
        office.scheduler.register_goal("k", "h", interval_seconds=HOUR)  # makes it look at once
        await office.clock.advance(120)
        assert office.due_at == ["Fri 09:30"]

    async def test_forward_by_a_day_is_a_correction_and_nothing_is_made_up_for(
        self, office: Office
    ) -> None:
        office.scheduler.register_goal("j", "g", cron="30 9 * * *")
        office.scheduler.register_goal("w", "h", cron="*/5 * * * *")
        await office.clock.advance(1)
        office.clock.step(24 * HOUR + 40 * 60)
        await office.clock.advance(60)
        assert office.due_at == []
        await office.clock.advance(24 * HOUR)
        assert office.due_at.count("Sun 09:30") == 2

    async def test_back_by_a_day_is_a_correction_and_jobs_go_by_the_new_time(
        self, office: Office
    ) -> None:
        office.scheduler.register_goal("j", "g", cron="30 9 * * *")
        await office.clock.advance(HOUR)
        office.clock.step(-24 * HOUR)
        await office.clock.advance(24 * HOUR)
        assert office.due_at == ["Fri 09:30", "Fri 09:30"]

    async def test_intervals_do_not_go_by_the_wall_clock(self, office: Office) -> None:
        office.scheduler.register_goal("j", "g", interval_seconds=600)
        for step in (2 * HOUR, -2 * HOUR, 24 * HOUR, -24 * HOUR):
            office.clock.step(step)
            await office.clock.advance(599)
            assert office.due_at == []
            await office.clock.advance(1)
            office.due_at.clear()

    @pytest.mark.parametrize("hours", [2, 8, 24 * 7])
    async def test_after_the_machine_slept_each_job_runs_once(
        self, office: Office, hours: int
    ) -> None:
        office.scheduler.register_goal("c", "g", cron="*/5 * * * *")
        office.scheduler.register_goal("i", "h", interval_seconds=300)
        await office.clock.advance(1)
        await office.clock.suspend(hours * HOUR)
        assert office.events == [GoalDue("c", "g"), GoalDue("i", "h")]


class TestSummerTime:
    async def test_a_time_that_is_left_out_in_spring_comes_once(self) -> None:
        async with open_office("2027-03-28 00:00") as office:
            office.scheduler.register_goal("j", "g", cron="30 2 * * *")
            await office.clock.advance(30 * HOUR)
            assert office.due_at == ["Sun 03:00", "Mon 02:30"]

    async def test_a_time_that_is_repeated_in_autumn_comes_once(self) -> None:
        async with open_office("2027-10-31 00:00") as office:
            office.scheduler.register_goal("j", "g", cron="30 2 * * *")
            await office.clock.advance(24 * HOUR)
            assert office.due_at == ["Sun 02:30"]

    async def test_a_wildcard_job_runs_in_both_of_the_repeated_hours(self) -> None:
        async with open_office("2027-10-31 00:00") as office:
            office.scheduler.register_goal("j", "g", cron="0 * * * *")
            await office.clock.advance(4 * HOUR)
            assert office.due_at == ["Sun 01:00", "Sun 02:00", "Sun 02:00", "Sun 03:00"]

    def test_planned_within_the_second_of_the_repeated_hours_it_is_still_ahead(self) -> None:
        trigger = CronTrigger("30 2 * * *", BERLIN)
        # 02:10 for the second time.
        now = datetime(2027, 10, 31, 1, 10, tzinfo=UTC).timestamp()
        trigger.plan(Instant(0, now))
        assert trigger.wait_s(Instant(0, now)) == berlin("2027-11-01 02:30") - now


class TestLocalZone:
    @pytest.fixture(params=["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"])
    def zone(self, request: pytest.FixtureRequest) -> Generator[str]:
        before = os.environ.get("TZ")
        os.environ["TZ"] = request.param
        time.tzset()
        yield request.param
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()

    def test_it_agrees_with_the_zone_that_the_machine_is_set_to(self, zone: str) -> None:
        known = ZoneInfo(zone)
        moment = datetime(2027, 1, 1, tzinfo=UTC)
        while moment.year == 2027:
            here, there = moment.astimezone(LocalZone()), moment.astimezone(known)
            assert (here.isoformat(), here.fold) == (there.isoformat(), there.fold)
            assert here.timestamp() == moment.timestamp()
            moment += timedelta(minutes=30)


@given(
    seconds=st.floats(0.001, 1e6),
    passing=st.lists(st.floats(0, 1e6), min_size=1, max_size=20),
)
def test_an_interval_is_never_due_twice_at_one_time_and_keeps_its_beat(
    seconds: float, passing: list[float]
) -> None:
    trigger, now = IntervalTrigger(seconds), 0.0
    trigger.plan(Instant(now, 0))
    for passed in passing:
        now += passed
        if trigger.wait_s(Instant(now, 0)) <= 0:
            trigger.plan(Instant(now, 0))
        wait = trigger.wait_s(Instant(now, 0))
        assert 0 < wait <= seconds * 1.001 + 1e-6
