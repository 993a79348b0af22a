"""The way of a goal where there is no event loop: it runs to its end, and can be called off."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from llmos.interfaces.direct_waits import Cancelled, DirectWaits, run_directly


class Suspended:
    """What only an event loop could go on from."""

    def __await__(self) -> Generator[None]:
        yield


def test_what_waits_for_an_event_loop_is_an_error() -> None:
    async def way() -> None:
        await Suspended()

    with pytest.raises(RuntimeError, match="event loop"):
        run_directly(way())


def test_a_coroutine_gives_what_it_returns() -> None:
    waits = DirectWaits()

    async def way() -> int:
        await waits.sleep(0)
        return await waits.work(lambda: 6) * 7

    assert run_directly(way()) == 42


def test_a_body_ends_when_its_time_is_over_and_the_way_goes_on() -> None:
    waits, done = DirectWaits(), list[str]()

    async def way() -> None:
        with waits.scope() as outer:
            with waits.scope(0.05) as inner:
                await waits.sleep(60)
                done.append("not this")
            done.append(f"inner {inner.cancelled_caught}")
        done.append(f"outer {outer.cancelled_caught}")

    run_directly(way())
    assert done == ["inner True", "outer False"]


def test_what_calls_all_off_ends_the_outermost_body_and_is_no_time_out() -> None:
    waits, done = DirectWaits(), list[str]()

    async def way() -> None:
        inner = waits.scope(60)
        with waits.scope() as outer:
            with inner:
                waits.cancel()
                await waits.work(lambda: done.append("not this"))
            done.append("nor this")
        done.append(f"inner {inner.cancelled_caught}, outer {outer.cancelled_caught}")

    run_directly(way())
    assert done == ["inner False, outer True"]


def test_what_is_called_off_before_it_begins_does_nothing() -> None:
    waits, done = DirectWaits(), list[str]()

    async def way() -> None:
        with waits.scope():
            await waits.work(lambda: done.append("not this"))

    waits.cancel()
    run_directly(way())
    assert done == []


def test_a_shielded_body_is_done_and_what_comes_after_it_is_not() -> None:
    waits, done = DirectWaits(), list[str]()

    async def way() -> None:
        with waits.scope():
            waits.cancel()
            with waits.shield():
                await waits.work(lambda: done.append("noted"))
            await waits.work(lambda: done.append("not this"))

    run_directly(way())
    assert done == ["noted"]


def test_work_is_told_to_stop_in_its_middle() -> None:
    waits, done = DirectWaits(), list[str]()

    def work() -> None:
        waits.cancel()
        with pytest.raises(Cancelled):
            waits.check_cancelled()
        done.append("told")

    with waits.scope():
        run_directly(waits.work(work))
    assert done == ["told"]
