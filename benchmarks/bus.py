"""Event bus: deliveries a second and latency, beside asyncio.Queue and a plain callback loop.

Run with ``python benchmarks/bus.py [--json]``. One publisher tells 1, 10 or 100 subscribers in each
of three ways, in turns within one run, so that the ratios hold on a busy machine:

- bus: `EventBus.publish` to subscriptions that may make the publisher wait;
- queue: one bounded ``asyncio.Queue`` a subscriber, ``await queue.put(event)`` for each;
- calls: a loop that calls one plain function a subscriber, which no task can beat.

Throughput: the publisher never pauses. Latency: it lets the loop turn after each event, and each
subscriber notes how long the event took to reach it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import anyio
from anyio.lowlevel import checkpoint

from llmos.kernel.bus import EventBus, WhenFull
from llmos.kernel.events import Event, Notice

CAPACITY = 1024
SUBSCRIBERS = (1, 10, 100)
ROUNDS = 5
DELIVERIES = 40_000
LATENCY_DELIVERIES = 6_000

Publish = Callable[[Event], Awaitable[None]]
Take = Callable[[], Awaitable[Event]]
Latencies = list[float]


async def pump(publish: Publish, takes: list[Take], events: int, latencies: Latencies) -> float:
    """Publish events to subscribers that take them one by one; return the seconds it took."""
    paced = bool(latencies)
    latencies.clear()

    async def consume(take: Take) -> None:
        for _ in range(events):
            event = await take()
            if paced:
                assert isinstance(event, Notice)
                latencies.append(time.perf_counter() - float(event.text))

    began = 0.0
    async with anyio.create_task_group() as group:
        for take in takes:
            group.start_soon(consume, take)
        await checkpoint()
        event = Notice("")
        began = time.perf_counter()
        for _ in range(events):
            if paced:
                event = Notice(repr(time.perf_counter()))
            await publish(event)
            if paced:
                await checkpoint()
    return time.perf_counter() - began


async def by_bus(subscribers: int, events: int, latencies: Latencies) -> float:
    async with EventBus() as bus, AsyncExitStack() as stack:
        subscriptions = [
            await stack.enter_async_context(
                bus.subscribe(Notice, name=str(n), capacity=CAPACITY, when_full=WhenFull.WAIT)
            )
            for n in range(subscribers)
        ]
        return await pump(bus.publish, [one.__anext__ for one in subscriptions], events, latencies)


async def by_queue(subscribers: int, events: int, latencies: Latencies) -> float:
    queues = [asyncio.Queue[Event](CAPACITY) for _ in range(subscribers)]

    async def publish(event: Event) -> None:
        for queue in queues:
            await queue.put(event)

    return await pump(publish, [queue.get for queue in queues], events, latencies)


async def by_calls(subscribers: int, events: int, latencies: Latencies) -> float:
    paced = bool(latencies)
    latencies.clear()

    def take(event: Notice) -> None:
        if paced:
            latencies.append(time.perf_counter() - float(event.text))

    takers = [take] * subscribers
    event = Notice("")
    began = time.perf_counter()
    for _ in range(events):
        if paced:
            event = Notice(repr(time.perf_counter()))
        for taker in takers:
            taker(event)
    return time.perf_counter() - began


WAYS = {"bus": by_bus, "queue": by_queue, "calls": by_calls}


async def measure(subscribers: int) -> dict[str, tuple[float, float, float]]:
    """Return, by way: deliveries a second, median and p99 latency in microseconds."""
    rates: dict[str, list[float]] = {way: [] for way in WAYS}
    latencies: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(ROUNDS):
        for way, run in WAYS.items():
            seconds = await run(subscribers, DELIVERIES // subscribers, [])
            rates[way].append(DELIVERIES // subscribers * subscribers / seconds)
            sample: Latencies = [0.0]  # not empty: pace the publisher and note latencies
            await run(subscribers, LATENCY_DELIVERIES // subscribers, sample)
            latencies[way].extend(sample)
    return {
        way: (
            statistics.median(rates[way]),
            statistics.median(latencies[way]) * 1e6,
            statistics.quantiles(latencies[way], n=100)[98] * 1e6,
        )
        for way in WAYS
    }


async def publish_to_nobody(events: int = 100_000) -> float:
    """Return the nanoseconds that publishing takes when nobody listens."""
    async with EventBus() as bus:
        event = Notice("")
        began = time.perf_counter()
        for _ in range(events):
            await bus.publish(event)
        return (time.perf_counter() - began) / events * 1e9


async def report(as_json: bool) -> None:
    """Measure, and print what was found."""
    if as_json:
        found = {str(n): await measure(n) for n in SUBSCRIBERS}
        rows = {
            n: {
                way: {"per_s": rate, "x_queue": rate / ways["queue"][0], "us": us, "us_p99": p99}
                for way, (rate, us, p99) in ways.items()
            }
            for n, ways in found.items()
        }
        print(json.dumps({"subscribers": rows, "to_nobody_ns": await publish_to_nobody()}))
        return
    print("subscribers  way    deliveries/s   x queue   latency µs median    p99")
    for subscribers in SUBSCRIBERS:
        figures = await measure(subscribers)
        for way, (rate, median, p99) in figures.items():
            ratio = rate / figures["queue"][0]
            print(f"{subscribers:11}  {way:6}{rate:13,.0f}{ratio:10.2f}{median:20.1f}{p99:7.1f}")
    print(f"publishing to nobody: {await publish_to_nobody():.0f} ns")


def main() -> None:
    parser = argparse.ArgumentParser(description="Deliveries a second, and latency.")
    parser.add_argument("--json", action="store_true", help="JSON instead of a table")
    anyio.run(report, parser.parse_args().json)


if __name__ == "__main__":
    main()
