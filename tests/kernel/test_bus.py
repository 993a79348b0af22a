from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TypeVar

import anyio
import pytest
from anyio.lowlevel import checkpoint
from hypothesis import given
from hypothesis import strategies as st

from llmos.kernel.bus import BusStatistics, EventBus, WhenFull
from llmos.kernel.events import (
    CostReported,
    Event,
    EventsDropped,
    GoalDue,
    LowBattery,
    Notice,
    SubscriberFailed,
)
from llmos.kernel.subscription import Subscription

E = TypeVar("E", bound=Event)
pytestmark = pytest.mark.anyio


def notice(number: int) -> Notice:
    return Notice(str(number))


def cost(number: int) -> CostReported:
    return CostReported("r", number)


@dataclass
class Recorder:
    """A handler that keeps what it gets and lets a test wait for it."""

    seen: list[Event] = field(default_factory=list[Event])

    def __call__(self, event: Event) -> None:
        self.seen.append(event)


async def take(subscription: Subscription[E], count: int) -> Sequence[Event]:
    return [await anext(subscription) for _ in range(count)]


async def take_into(got: list[Event], subscription: Subscription[E]) -> None:
    got.append(await anext(subscription))


class TestSubscribing:
    async def test_a_subscriber_gets_only_its_classes(self) -> None:
        async with EventBus() as bus, bus.subscribe(Notice, LowBattery, name="s") as events:
            for event in (notice(1), GoalDue("j", "g"), LowBattery(1, 0)):
                await bus.publish(event)
            assert [await anext(events), await anext(events)] == [notice(1), LowBattery(1, 0)]

    async def test_a_base_class_stands_for_its_subclasses(self) -> None:
        async with EventBus() as bus, bus.subscribe(Event, name="s") as events:
            await bus.publish(notice(1))
            await bus.publish(cost(2))
            assert await take(events, 2) == [notice(1), cost(2)]

    async def test_a_subscription_to_no_class_is_refused(self) -> None:
        async with EventBus() as bus:
            with pytest.raises(ValueError, match="`Event` stands for all"):
                bus.on(handler=Recorder(), name="s")

    async def test_a_late_subscriber_gets_what_is_published_from_then_on(self) -> None:
        async with EventBus() as bus:
            await bus.publish(notice(1))
            async with bus.subscribe(Notice, name="s") as events:
                await bus.publish(notice(2))
                assert await anext(events) == notice(2)

    async def test_every_subscriber_gets_every_event_in_order(self) -> None:
        async with (
            EventBus() as bus,
            bus.subscribe(Event, name="a") as one,
            bus.subscribe(Event, name="b") as two,
        ):
            published: list[Event] = [notice(n) for n in range(50)]
            for event in published:
                await bus.publish(event)
            assert await take(one, 50) == published
            assert await take(two, 50) == published

    async def test_a_subscriber_that_waits_is_woken(self) -> None:
        async with EventBus() as bus, anyio.create_task_group() as group:
            got: list[Event] = []
            subscribed, taken = anyio.Event(), anyio.Event()

            async def listen() -> None:
                async with bus.subscribe(Notice, name="s") as events:
                    subscribed.set()
                    got.append(await anext(events))
                    taken.set()

            group.start_soon(listen)
            await subscribed.wait()
            await checkpoint()
            await bus.publish(notice(1))
            await taken.wait()
            assert got == [notice(1)]

    @pytest.mark.parametrize("published_first", [False, True])
    async def test_cancelling_a_waiting_subscriber_loses_nothing(
        self, published_first: bool
    ) -> None:
        got: list[Event] = []
        async with EventBus() as bus, bus.subscribe(Notice, name="s") as events:
            async with anyio.create_task_group() as group:
                group.start_soon(take_into, got, events)
                await checkpoint()
                if published_first:
                    bus.publish_nowait(notice(1))
                group.cancel_scope.cancel()
            bus.publish_nowait(notice(2))
            while events.waiting:
                await take_into(got, events)
        assert got == ([notice(1), notice(2)] if published_first else [notice(2)])

    async def test_two_tasks_may_not_iterate_at_once(self) -> None:
        got: list[Event] = []
        async with (
            EventBus() as bus,
            bus.subscribe(Notice, name="s") as events,
            anyio.create_task_group() as group,
        ):
            group.start_soon(take_into, got, events)
            await checkpoint()
            with pytest.raises(RuntimeError, match="two tasks"):
                await anext(events)
            await bus.publish(notice(1))

    async def test_leaving_the_subscription_ends_it(self) -> None:
        async with EventBus() as bus:
            async with bus.subscribe(Notice, name="s") as events:
                await bus.publish(notice(1))
            with pytest.raises(StopAsyncIteration):
                await anext(events)
            await bus.publish(notice(2))
            assert bus.statistics().delivered == 0

    async def test_a_capacity_below_one_is_refused(self) -> None:
        async with EventBus() as bus:
            with pytest.raises(ValueError, match="at least 1"):
                bus.on(Notice, handler=Recorder(), name="s", capacity=0)

    async def test_a_subscriber_that_never_waits_lets_other_tasks_run(self) -> None:
        async with EventBus() as bus:
            stop = anyio.Event()

            def feed_itself(event: Notice) -> None:
                if not stop.is_set():
                    bus.publish_nowait(event)

            bus.on(Notice, handler=feed_itself, name="endless")
            await bus.publish(notice(1))
            for _ in range(5):
                await checkpoint()
            stop.set()


class TestDroppingTheOldest:
    async def test_the_oldest_go_and_the_subscriber_is_told_how_many(self) -> None:
        async with EventBus() as bus, bus.subscribe(Notice, name="s", capacity=2) as events:
            for number in range(5):
                await bus.publish(notice(number))
            assert await take(events, 3) == [EventsDropped("s", 3), notice(3), notice(4)]

    async def test_each_drop_is_told_once(self) -> None:
        async with EventBus() as bus, bus.subscribe(Notice, name="s", capacity=1) as events:
            for number in range(2):
                bus.publish_nowait(notice(number))
            await take(events, 2)
            for number in range(3):
                bus.publish_nowait(notice(number))
            assert await take(events, 2) == [EventsDropped("s", 2), notice(2)]

    async def test_durable_events_stay_even_beyond_the_capacity(self) -> None:
        async with EventBus() as bus, bus.subscribe(Event, name="s", capacity=2) as events:
            for number in range(4):
                await bus.publish(cost(number))
                await bus.publish(notice(number))
            assert await take(events, 5) == [EventsDropped("s", 4), *map(cost, range(4))]

    async def test_a_stalled_subscriber_does_not_hold_the_others(self) -> None:
        seen = Recorder()
        async with EventBus() as bus, bus.subscribe(Notice, name="stalled", capacity=1):
            bus.on(Notice, handler=seen, name="quick")
            for number in range(100):
                await bus.publish(notice(number))
        assert seen.seen == [notice(number) for number in range(100)]

    @pytest.mark.parametrize("capacity", [1, 4, 254, 255, 256])
    async def test_a_tight_publisher_gives_a_subscriber_that_keeps_up_its_turn(
        self, capacity: int
    ) -> None:
        seen = Recorder()
        async with EventBus() as bus:
            bus.on(Notice, handler=seen, name="quick", capacity=capacity)
            for number in range(1000):
                await bus.publish(notice(number))
        assert len(seen.seen) == 1000
        assert bus.statistics().dropped == {}

    async def test_statistics_count_drops_by_subscriber_also_after_it_left(self) -> None:
        async with EventBus() as bus:
            async with bus.subscribe(Notice, name="s", capacity=1):
                for number in range(3):
                    await bus.publish(notice(number))
                assert bus.statistics() == BusStatistics(3, 0, {"s": 2})
            assert bus.statistics() == BusStatistics(3, 0, {"s": 2})

    async def test_a_handler_for_other_classes_is_not_called_with_the_report(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        seen = Recorder()
        async with EventBus() as bus:
            bus.on(Notice, handler=seen, name="s", capacity=1)
            for number in range(3):
                bus.publish_nowait(notice(number))
        assert seen.seen == [notice(2)]
        assert "s was too slow and lost 2 events" in caplog.text

    async def test_a_handler_for_all_classes_is_told(self) -> None:
        seen = Recorder()
        async with EventBus() as bus:
            bus.on(Event, handler=seen, name="s", capacity=1)
            for number in range(3):
                bus.publish_nowait(notice(number))
        assert seen.seen == [EventsDropped("s", 2), notice(2)]


class TestWaitingForRoom:
    async def test_publish_waits_until_the_subscriber_has_room(self) -> None:
        async with (
            EventBus() as bus,
            anyio.create_task_group() as group,
            bus.subscribe(Notice, name="s", capacity=1, when_full=WhenFull.WAIT) as events,
        ):
            done = anyio.Event()

            async def publish_two() -> None:
                await bus.publish(notice(1))
                await bus.publish(notice(2))
                done.set()

            group.start_soon(publish_two)
            await anyio.wait_all_tasks_blocked()
            assert not done.is_set()
            assert await anext(events) == notice(1)
            await done.wait()
            assert await anext(events) == notice(2)

    async def test_other_subscribers_do_not_wait_with_it(self) -> None:
        async with (
            EventBus() as bus,
            anyio.create_task_group() as group,
            bus.subscribe(Notice, name="slow", capacity=1, when_full=WhenFull.WAIT),
            bus.subscribe(Notice, name="quick") as quick,
        ):
            await bus.publish(notice(1))
            group.start_soon(bus.publish, notice(2))
            assert await take(quick, 2) == [notice(1), notice(2)]

    async def test_a_publisher_that_is_cancelled_while_it_waits_has_published(self) -> None:
        async with (
            EventBus() as bus,
            bus.subscribe(Event, name="s", capacity=1, when_full=WhenFull.WAIT) as events,
        ):
            await bus.publish(notice(1))
            async with anyio.create_task_group() as group:
                group.start_soon(bus.publish, cost(2))
                await anyio.wait_all_tasks_blocked()
                group.cancel_scope.cancel()
            assert await take(events, 2) == [notice(1), cost(2)]

    async def test_closing_the_subscription_frees_its_publishers(self) -> None:
        async with (
            EventBus() as bus,
            anyio.create_task_group() as group,
            bus.subscribe(Notice, name="s", capacity=1, when_full=WhenFull.WAIT),
        ):
            for number in range(3):
                group.start_soon(bus.publish, notice(number))
            await anyio.wait_all_tasks_blocked()

    async def test_closing_the_bus_frees_its_publishers(self) -> None:
        got: list[Event] = []
        async with anyio.create_task_group() as group, AsyncExitStack() as stack:
            bus = EventBus()
            subscription = bus.subscribe(Notice, name="s", capacity=1, when_full=WhenFull.WAIT)
            async with bus:
                events = await stack.enter_async_context(subscription)
                for number in range(3):
                    group.start_soon(bus.publish, notice(number))
                await anyio.wait_all_tasks_blocked()
            got.extend([event async for event in events])
        assert got == [notice(0), notice(1), notice(2)]

    async def test_publish_nowait_goes_over_the_capacity(self) -> None:
        async with (
            EventBus() as bus,
            bus.subscribe(Notice, name="s", capacity=1, when_full=WhenFull.WAIT) as events,
        ):
            for number in range(3):
                bus.publish_nowait(notice(number))
            assert await take(events, 3) == [notice(0), notice(1), notice(2)]

    async def test_two_handlers_that_answer_each_other_never_wait_for_ever(self) -> None:
        async with EventBus() as bus:
            left = 50
            finished = anyio.Event()

            async def ping(_: Notice) -> None:
                for number in range(3):
                    await bus.publish(GoalDue("j", str(number)))

            async def pong(_: GoalDue) -> None:
                nonlocal left
                left -= 1
                if left > 0:
                    await bus.publish(notice(left))
                else:
                    finished.set()

            bus.on(Notice, handler=ping, name="ping", capacity=1, when_full=WhenFull.WAIT)
            bus.on(GoalDue, handler=pong, name="pong", capacity=1, when_full=WhenFull.WAIT)
            await bus.publish(notice(0))
            await finished.wait()


class TestHandlers:
    async def test_plain_and_async_handlers_get_every_event_in_order(self) -> None:
        plain, slow = Recorder(), Recorder()

        async def handler(event: Notice) -> None:
            await checkpoint()
            slow(event)

        async with EventBus() as bus:
            bus.on(Notice, handler=plain, name="plain")
            bus.on(Notice, handler=handler, name="async")
            for number in range(10):
                await bus.publish(notice(number))
        assert plain.seen == slow.seen == [notice(number) for number in range(10)]

    async def test_a_handler_that_raises_goes_on_and_is_reported(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        seen, failures = Recorder(), Recorder()

        def picky(event: Notice) -> None:
            if event == notice(1):
                raise ValueError("not this one")
            seen(event)

        async with EventBus() as bus:
            bus.on(Notice, handler=picky, name="picky")
            bus.on(SubscriberFailed, handler=failures, name="watcher")
            for number in range(3):
                await bus.publish(notice(number))
        assert seen.seen == [notice(0), notice(2)]
        assert failures.seen == [SubscriberFailed("picky", "ValueError: not this one")]
        assert "the handler picky failed" in caplog.text

    @pytest.mark.parametrize("handlers", [1, 2, 3])
    async def test_handlers_that_fail_on_everything_do_not_set_each_other_off(
        self, handlers: int
    ) -> None:
        def fail(event: Event) -> None:
            raise ValueError("always")

        async with EventBus() as bus:
            for number in range(handlers):
                bus.on(Event, handler=fail, name=f"h{number}")
            await bus.publish(notice(1))
        # The notice, and one report by each handler that failed on it.
        assert bus.statistics().published == 1 + handlers

    async def test_a_failing_handler_does_not_get_its_own_report(self) -> None:
        kinds: list[type[Event]] = []

        def fail(event: Event) -> None:
            kinds.append(type(event))
            raise ValueError("always")

        async with EventBus() as bus:
            bus.on(Event, handler=fail, name="h")
            await bus.publish(notice(1))
        assert kinds == [Notice]

    async def test_a_closed_listener_gets_nothing_more(self) -> None:
        seen = Recorder()
        async with EventBus() as bus:
            listener = bus.on(Notice, handler=seen, name="s")
            listener.close()
            await bus.publish(notice(1))
        assert seen.seen == []

    async def test_a_handler_may_close_itself_and_finishes_its_call(self) -> None:
        seen = Recorder()
        async with EventBus() as bus:

            async def once(event: Notice) -> None:
                listener.close()
                await checkpoint()
                seen(event)

            listener = bus.on(Notice, handler=once, name="s")
            for number in range(3):
                await bus.publish(notice(number))
        assert seen.seen == [notice(0)]

    async def test_a_handler_may_publish_what_it_listens_to(self) -> None:
        seen = Recorder()
        async with EventBus() as bus:

            async def count_down(event: CostReported) -> None:
                seen(event)
                assert event.cost is not None
                if event.cost:
                    await bus.publish(cost(event.cost - 1))

            bus.on(CostReported, handler=count_down, name="s", capacity=1)
            await bus.publish(cost(3))
        assert seen.seen == [cost(3), cost(2), cost(1), cost(0)]


class TestClosing:
    async def test_what_was_published_before_is_delivered_first(self) -> None:
        seen = Recorder()

        async def slow(event: Notice) -> None:
            for _ in range(3):
                await checkpoint()
            seen(event)

        async with EventBus() as bus:
            bus.on(Notice, handler=slow, name="s")
            for number in range(20):
                bus.publish_nowait(notice(number))
        assert len(seen.seen) == 20

    async def test_what_handlers_publish_meanwhile_is_delivered_too(self) -> None:
        seen = Recorder()
        async with EventBus() as bus:
            # The log is subscribed first, so it is idle long before the other has finished.
            bus.on(LowBattery, handler=seen, name="log")

            async def relay(event: Notice) -> None:
                for _ in range(5):
                    await checkpoint()
                await bus.publish(LowBattery(int(event.text), 0))

            bus.on(Notice, handler=relay, name="relay")
            bus.publish_nowait(notice(7))
        assert seen.seen == [LowBattery(7, 0)]

    async def test_it_is_delivered_also_when_the_user_of_the_bus_is_cancelled(self) -> None:
        seen = Recorder()

        async def slow(event: Notice) -> None:
            for _ in range(10):
                await checkpoint()
            seen(event)

        with anyio.CancelScope() as scope:
            async with EventBus() as bus:
                bus.on(Notice, handler=slow, name="s")
                bus.publish_nowait(notice(1))
                scope.cancel()
                await checkpoint()
        assert scope.cancelled_caught
        assert seen.seen == [notice(1)]

    async def test_an_error_of_the_body_comes_out_as_it_is(self) -> None:
        async def fail() -> None:
            async with EventBus() as bus:
                bus.on(Notice, handler=Recorder(), name="s")
                raise ValueError("mine")

        with pytest.raises(ValueError, match="mine"):
            await fail()

    async def test_a_handler_that_never_ends_is_cut_off_and_logged(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        ended = Recorder()

        async def hang(event: Notice) -> None:
            try:
                await anyio.sleep_forever()
            finally:
                ended(event)

        async with EventBus(drain_s=0.01) as bus:
            bus.on(Notice, handler=hang, name="hanging")
            for number in range(3):
                bus.publish_nowait(notice(number))
        assert ended.seen == [notice(0)]
        assert "hanging was still busy when the bus closed; 2 events were not" in caplog.text

    async def test_the_last_words_of_a_handler_that_is_cut_off_are_delivered(self) -> None:
        seen = Recorder()
        async with EventBus(drain_s=0.01) as bus:

            async def hang(event: Notice) -> None:
                try:
                    await anyio.sleep_forever()
                finally:
                    bus.publish_nowait(cost(1))

            bus.on(CostReported, handler=seen, name="log")
            bus.on(Notice, handler=hang, name="hanging")
            bus.publish_nowait(notice(0))
        assert seen.seen == [cost(1)]

    async def test_iterators_take_the_rest_and_end(self) -> None:
        got: list[Event] = []
        bus = EventBus()
        async with anyio.create_task_group() as group, bus:
            subscribed = anyio.Event()

            async def listen() -> None:
                async with bus.subscribe(Notice, name="s") as events:
                    subscribed.set()
                    got.extend([event async for event in events])

            group.start_soon(listen)
            await subscribed.wait()
            bus.publish_nowait(notice(1))
            bus.publish_nowait(notice(2))
        assert got == [notice(1), notice(2)]
        assert bus.statistics().delivered == 2

    async def test_nothing_outlives_the_bus(self) -> None:
        before = {task.id for task in anyio.get_running_tasks()}
        async with EventBus() as bus:
            for number in range(5):
                bus.on(Notice, handler=Recorder(), name=f"h{number}")
            await bus.publish(notice(1))
        assert {task.id for task in anyio.get_running_tasks()} == before

    @pytest.mark.parametrize("entered_before", [False, True])
    async def test_a_bus_that_is_not_open_refuses_with_a_sentence(
        self, entered_before: bool
    ) -> None:
        bus = EventBus()
        if entered_before:
            async with bus:
                pass
        with pytest.raises(RuntimeError, match="closed, so Notice was not published"):
            await bus.publish(notice(1))
        with pytest.raises(RuntimeError, match="closed, so Notice was not published"):
            bus.publish_nowait(notice(1))
        with pytest.raises(RuntimeError, match="closed, so s could not subscribe"):
            bus.on(Notice, handler=Recorder(), name="s")
        with pytest.raises(RuntimeError, match="closed, so s could not subscribe"):
            await bus.subscribe(Notice, name="s").__aenter__()

    async def test_a_bus_may_be_opened_again_but_not_twice_at_once(self) -> None:
        bus, seen = EventBus(), Recorder()
        async with bus:
            bus.on(Notice, handler=Recorder(), name="first")
        async with bus:
            bus.on(Notice, handler=seen, name="second")
            with pytest.raises(RuntimeError, match="already open"):
                await bus.__aenter__()
            await bus.publish(notice(1))
        assert seen.seen == [notice(1)]


# One action on the bus: publish (by one of three publishers) or let a subscriber take one event.
ACTIONS = st.lists(st.sampled_from(["droppable", "durable", "nowait", "take", "turn"]), max_size=60)


class TestUnderAnyInterleaving:
    @given(actions=ACTIONS, capacity=st.integers(1, 5), waits=st.booleans())
    def test_order_holds_and_nothing_durable_is_lost_and_every_drop_is_told(
        self, actions: list[str], capacity: int, waits: bool
    ) -> None:
        anyio.run(self.check, actions, capacity, waits)

    async def check(self, actions: list[str], capacity: int, waits: bool) -> None:
        published: deque[Event] = deque()
        got: list[Event] = []
        policy = WhenFull.WAIT if waits else WhenFull.DROP_OLDEST

        async def act(group: anyio.abc.TaskGroup, events: Subscription[Event]) -> None:
            for number, action in enumerate(actions):
                if action in ("droppable", "durable"):
                    event = cost(number) if action == "durable" else notice(number)
                    published.append(event)
                    if waits:
                        group.start_soon(bus.publish, event)
                        await checkpoint()
                    else:
                        await bus.publish(event)
                elif action == "nowait":
                    published.append(notice(number))
                    bus.publish_nowait(published[-1])
                elif action == "take" and events.waiting:
                    got.append(await anext(events))
                else:
                    await checkpoint()

        async with (
            anyio.create_task_group() as group,
            EventBus() as bus,
            bus.subscribe(Event, name="s", capacity=capacity, when_full=policy) as events,
        ):
            await act(group, events)
            while events.waiting:
                got.append(await anext(events))
        taken = [event for event in got if not isinstance(event, EventsDropped)]
        told = sum(event.count for event in got if isinstance(event, EventsDropped))
        durable = [event for event in published if event.durable]
        position = {event: place for place, event in enumerate(published)}
        places = [position[event] for event in taken]
        assert places == sorted(places)
        assert [event for event in taken if event.durable] == durable
        assert len(taken) + told == len(published)
        if waits:
            assert taken == list(published)
