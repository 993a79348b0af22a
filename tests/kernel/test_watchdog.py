from __future__ import annotations

import math
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmos.kernel.bus import EventBus
from llmos.kernel.clock import VirtualClock
from llmos.kernel.errors import UsageError
from llmos.kernel.events import (
    CostReported,
    Event,
    Interrupt,
    ModelMessage,
    ModelRunEnded,
    ModelRunStarted,
    ToolCalled,
    ToolReturned,
)
from llmos.kernel.run_watch import MAX_PERIOD, repeated_period
from llmos.kernel.tools import ToolCall, ToolResult
from llmos.kernel.watchdog import Watchdog, WatchdogLimits

pytestmark = pytest.mark.anyio

LIMITS = WatchdogLimits(idle_s=100, tool_s=500, wall_time_s=2000, loop=5, cycle=3, error_streak=4)
RUN = "r-1"


class Kennel:
    """A watchdog at work, on a virtual clock."""

    def __init__(self, bus: EventBus, clock: VirtualClock, watchdog: Watchdog) -> None:
        self.bus = bus
        self.clock = clock
        self.watchdog = watchdog
        self.interrupts: list[Interrupt] = []
        self._index = 0

    async def say(self, *events: Event) -> None:
        for event in events:
            await self.bus.publish(event)
        await self.clock.advance(0)

    async def call(
        self, command: str, output: str = "", *, ok: bool = True, run: str = RUN
    ) -> None:
        """Carry out one tool call; ids and durations differ each time, as they do in life."""
        self._index += 1
        call = ToolCall("Bash", {"command": command}, id=f"toolu_{self._index}")
        result = ToolResult(output, ok=ok, duration_s=self._index / 7)
        await self.say(
            ToolCalled(run, self._index, call), ToolReturned(run, self._index, call, result)
        )

    @property
    def reasons(self) -> list[str]:
        return [interrupt.reason for interrupt in self.interrupts]


@asynccontextmanager
async def open_kennel(limits: WatchdogLimits = LIMITS) -> AsyncGenerator[Kennel]:
    clock = VirtualClock()
    async with EventBus() as bus, anyio.create_task_group() as group:
        watchdog = Watchdog(bus, limits, clock=clock.monotonic, sleep=clock.sleep)
        kennel = Kennel(bus, clock, watchdog)
        bus.on(Interrupt, handler=kennel.interrupts.append, name="test")
        await group.start(watchdog.run)
        yield kennel
        group.cancel_scope.cancel()


@pytest.fixture
async def kennel() -> AsyncGenerator[Kennel]:
    async with open_kennel() as kennel:
        await kennel.say(ModelRunStarted(RUN, "model", hold=500_000))
        yield kennel


class TestIdle:
    async def test_silence_trips_at_the_limit_and_not_before(self, kennel: Kennel) -> None:
        await kennel.clock.advance(99.9)
        assert kennel.interrupts == []
        await kennel.clock.advance(0.1)
        assert kennel.interrupts == [Interrupt(RUN, "idle", "there was no sign of life for 100 s")]

    async def test_every_message_puts_it_off(self, kennel: Kennel) -> None:
        for _ in range(10):
            await kennel.clock.advance(99)
            await kennel.say(ModelMessage(RUN, "stream"))
        assert kennel.interrupts == []

    async def test_it_trips_once(self, kennel: Kennel) -> None:
        await kennel.clock.advance(5000)
        await kennel.say(CostReported(RUN, 10**9))
        assert kennel.reasons == ["idle"]

    async def test_a_tool_that_runs_has_its_own_longer_limit(self, kennel: Kennel) -> None:
        await kennel.say(ToolCalled(RUN, 0, ToolCall("Bash", {})))
        await kennel.clock.advance(499)
        assert kennel.interrupts == []
        await kennel.clock.advance(1)
        assert kennel.interrupts == [
            Interrupt(RUN, "idle", "there was no sign of life for 500 s while Bash ran")
        ]

    async def test_once_the_tool_has_ended_the_short_limit_holds_again(
        self, kennel: Kennel
    ) -> None:
        await kennel.clock.advance(10)
        await kennel.say(ToolCalled(RUN, 0, ToolCall("Bash", {})))
        await kennel.clock.advance(10)
        await kennel.say(ToolReturned(RUN, 0, ToolCall("Bash", {}), ToolResult("")))
        await kennel.clock.advance(99)
        assert kennel.interrupts == []
        await kennel.clock.advance(1)
        assert kennel.reasons == ["idle"]

    async def test_while_one_of_two_tools_runs_its_limit_holds(self, kennel: Kennel) -> None:
        await kennel.say(ToolCalled(RUN, 0, ToolCall("Bash", {})))
        await kennel.say(ToolCalled(RUN, 1, ToolCall("Read", {})))
        await kennel.say(ToolReturned(RUN, 1, ToolCall("Read", {}), ToolResult("")))
        await kennel.clock.advance(499)
        assert kennel.interrupts == []


class TestWallTime:
    async def test_a_run_that_talks_for_ever_is_stopped(self, kennel: Kennel) -> None:
        for _ in range(39):
            await kennel.clock.advance(50)
            await kennel.say(ModelMessage(RUN, "text"))
        assert kennel.interrupts == []
        await kennel.clock.advance(50)
        assert kennel.interrupts == [Interrupt(RUN, "wall_time", "it took longer than 2000 s")]

    async def test_infinity_means_no_limit(self) -> None:
        async with open_kennel(WatchdogLimits(idle_s=math.inf, wall_time_s=math.inf)) as kennel:
            await kennel.say(ModelRunStarted(RUN, "model", 1))
            await kennel.clock.advance(10**9)
            assert kennel.interrupts == []


class TestLoop:
    async def test_the_same_call_with_the_same_result_again_and_again(self, kennel: Kennel) -> None:
        for _ in range(4):
            await kennel.call("ls", "a b")
        assert kennel.interrupts == []
        await kennel.call("ls", "a b")
        assert kennel.interrupts == [
            Interrupt(RUN, "loop", "Bash was called 5 times in a row with the same result")
        ]

    async def test_the_same_call_with_other_results_is_no_loop(self, kennel: Kennel) -> None:
        for number in range(20):
            await kennel.call("date", str(number))
        assert kennel.interrupts == []

    async def test_other_calls_with_the_same_result_are_no_loop(self, kennel: Kennel) -> None:
        for number in range(20):
            await kennel.call(f"touch {number}", "")
        assert kennel.interrupts == []

    async def test_a_cycle_of_calls(self, kennel: Kennel) -> None:
        for _ in range(3):
            await kennel.call("edit")
            await kennel.call("test", "1 failed")
        assert kennel.interrupts == [
            Interrupt(RUN, "loop", "the same 2 tool calls came round 3 times")
        ]

    async def test_a_cycle_whose_results_change_is_work(self, kennel: Kennel) -> None:
        for number in range(10):
            await kennel.call("edit")
            await kennel.call("test", f"{10 - number} failed")
        assert kennel.interrupts == []


class TestErrorStreak:
    async def test_failed_results_in_a_row(self, kennel: Kennel) -> None:
        for number in range(4):
            assert kennel.interrupts == []
            await kennel.call(f"try {number}", "no", ok=False)
        assert kennel.interrupts == [Interrupt(RUN, "error_streak", "4 tool calls in a row failed")]

    async def test_one_success_in_between_ends_the_streak(self, kennel: Kennel) -> None:
        for number in range(12):
            await kennel.call(f"try {number}", "?", ok=number % 4 == 3)
        assert kennel.interrupts == []


class TestCost:
    async def test_more_than_the_hold(self, kennel: Kennel) -> None:
        await kennel.say(CostReported(RUN, 500_000))
        assert kennel.interrupts == []
        await kennel.say(CostReported(RUN, 500_001))
        assert kennel.interrupts == [Interrupt(RUN, "cost", "it has cost $0.50 of $0.50")]

    async def test_an_unknown_cost_is_not_too_much(self, kennel: Kennel) -> None:
        await kennel.say(CostReported(RUN, None))
        assert kennel.interrupts == []


class TestRuns:
    async def test_several_runs_are_watched_apart(self, kennel: Kennel) -> None:
        await kennel.say(ModelRunStarted("r-2", "model", hold=1))
        for _ in range(4):
            await kennel.call("ls", run=RUN)
            await kennel.call("ls", run="r-2")
        assert kennel.interrupts == []
        await kennel.say(CostReported("r-2", 2))
        await kennel.clock.advance(100)
        assert [(one.run_id, one.reason) for one in kennel.interrupts] == [
            ("r-2", "cost"),
            (RUN, "idle"),
        ]

    async def test_a_later_run_is_watched_while_an_earlier_one_works(self, kennel: Kennel) -> None:
        await kennel.say(ToolCalled(RUN, 0, ToolCall("Bash", {})))
        await kennel.clock.advance(10)
        await kennel.say(ModelRunStarted("r-2", "model", 1))
        await kennel.clock.advance(100)
        assert [one.run_id for one in kennel.interrupts] == ["r-2"]

    async def test_an_ended_run_is_forgotten(self, kennel: Kennel) -> None:
        assert kennel.watchdog.watched == {RUN}
        await kennel.say(ModelRunEnded(RUN))
        assert kennel.watchdog.watched == frozenset()
        await kennel.clock.advance(10_000)
        await kennel.say(CostReported(RUN, 10**9))
        assert kennel.interrupts == []

    async def test_an_interrupted_run_is_forgotten_when_it_ends(self, kennel: Kennel) -> None:
        await kennel.clock.advance(100)
        await kennel.say(ModelRunEnded(RUN))
        assert kennel.watchdog.watched == frozenset()

    async def test_the_tool_calls_of_a_replay_do_not_concern_it(self, kennel: Kennel) -> None:
        await kennel.say(ModelRunEnded(RUN))
        for _ in range(20):
            await kennel.call("ls", "no", ok=False, run="a-replay")
        assert kennel.interrupts == []
        assert kennel.watchdog.watched == frozenset()

    async def test_it_ends_with_the_bus(self) -> None:
        clock = VirtualClock()
        async with anyio.create_task_group() as group, EventBus() as bus:
            watchdog = Watchdog(bus, LIMITS, clock=clock.monotonic, sleep=clock.sleep)
            await group.start(watchdog.run)
            await bus.publish(ModelRunStarted(RUN, "model", 1))


class TestLimits:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("idle_s", 0.0),
            ("idle_s", -1.0),
            ("tool_s", math.nan),
            ("wall_time_s", 0.0),
            ("loop", 1),
            ("cycle", 1),
            ("error_streak", 0),
        ],
    )
    async def test_a_senseless_limit_is_refused_by_name(self, name: str, value: float) -> None:
        with pytest.raises(UsageError, match=f"the limit {name} must be"):
            WatchdogLimits(**{name: value})  # pyright: ignore[reportArgumentType] - wrong on purpose


HISTORIES = st.lists(st.sampled_from("abc"), max_size=40)
COUNTS = st.integers(2, 6)


class TestLoopDetection:
    @given(before=HISTORIES, loop=COUNTS, cycle=COUNTS)
    def test_one_item_often_enough_is_always_found(
        self, before: list[str], loop: int, cycle: int
    ) -> None:
        assert repeated_period(before + ["x"] * loop, loop=loop, cycle=cycle) == 1

    @given(before=HISTORIES, period=st.integers(2, MAX_PERIOD), loop=COUNTS, cycle=COUNTS)
    def test_a_cycle_often_enough_is_always_found(
        self, before: list[str], period: int, loop: int, cycle: int
    ) -> None:
        block = [f"x{place}" for place in range(period)]
        assert repeated_period(before + block * cycle, loop=loop, cycle=cycle) == period
        assert repeated_period(before + (block * cycle)[1:], loop=loop, cycle=cycle) != period

    @given(history=HISTORIES, loop=COUNTS, cycle=COUNTS)
    def test_what_is_found_is_there(self, history: list[str], loop: int, cycle: int) -> None:
        period = repeated_period(history, loop=loop, cycle=cycle)
        if period is not None:
            times = loop if period == 1 else cycle
            assert history[-period:] * times == history[-period * times :]

    @given(history=st.lists(st.integers(), unique=True), loop=COUNTS, cycle=COUNTS)
    def test_a_history_in_which_nothing_comes_twice_is_no_loop(
        self, history: list[int], loop: int, cycle: int
    ) -> None:
        assert repeated_period(history, loop=loop, cycle=cycle) is None

    def test_one_item_in_a_row_is_never_taken_for_a_longer_cycle(self) -> None:
        assert repeated_period(["x"] * 19, loop=20, cycle=2) is None

    def test_a_cycle_of_two_is_never_taken_for_one_of_four(self) -> None:
        assert repeated_period(["x", "y"] * 4, loop=9, cycle=4) == 2
