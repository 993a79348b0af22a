"""The event bus: publish events, subscribe by event class.

1. Publishing tells; it never asks. A subscriber that is slow or fails does not change what the
   publisher does, unless it subscribed with `WhenFull.WAIT`.
2. Each subscriber sees events in the order in which they were published: an event enters all
   queues in one step, and only then does its publisher wait where it has to. So a publisher that
   is cancelled while it waits has published.
3. Costs and results (``durable`` events) are never dropped.
4. Whatever the bus starts ends with the bus, after what was published before is delivered.

The bus belongs to one event loop; call it from that loop's thread only.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from types import MappingProxyType, TracebackType
from typing import Any, Self, TypeVar

import anyio
from anyio.abc import TaskGroup
from anyio.lowlevel import cancel_shielded_checkpoint

from .events import Event, SubscriberFailed
from .listener import Listener
from .record import Record
from .subscription import Subscription, WhenFull

__all__ = ["BusStatistics", "EventBus", "Listener", "Subscription", "WhenFull"]

_logger = logging.getLogger(__name__)
_E = TypeVar("_E", bound=Event)
_handler_of: ContextVar[EventBus | None] = ContextVar("handler_of", default=None)
"""The bus one of whose handlers runs in this task."""


class BusStatistics(Record):
    """What a bus has done so far.

    Attributes:
        published: Events published.
        delivered: Events taken by subscribers; one event counts once for each that took it.
        dropped: Events dropped, by name of the subscription; only names that lost some.
    """

    published: int
    delivered: int
    dropped: Mapping[str, int]


class EventBus:
    """Publishes events to subscribers; an async context manager.

    Leaving it first delivers to the handlers what was published before, and what they publish
    meanwhile, also when the one who leaves was cancelled.

    Args:
        drain_s: Seconds that handlers have for that. Those still busy then are cancelled, and the
            others have as long once more for what these said at their end. What is left is
            logged.
    """

    def __init__(self, *, drain_s: float = 5.0) -> None:
        self._drain_s = drain_s
        self._group: TaskGroup | None = None
        self._subscriptions: list[Subscription[Any]] = []
        self._routes: dict[type[Event], tuple[Subscription[Any], ...]] = {}
        self._listeners: list[Listener] = []
        self._progress = anyio.Event()
        self._published = 0
        self._delivered = 0
        self._dropped: dict[str, int] = {}

    async def __aenter__(self) -> Self:
        if self._group is not None:
            raise RuntimeError("the bus is already open")
        group = anyio.create_task_group()
        await group.__aenter__()
        self._group = group
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        assert self._group is not None
        with anyio.CancelScope(shield=True):
            await self._drain()
        group, self._group = self._group, None
        self._routes.clear()
        for subscription in self._subscriptions:
            subscription.end()
        if isinstance(error, anyio.get_cancelled_exc_class()):
            return await group.__aexit__(kind, error, trace)
        # The group would wrap any other error of the body; by now none of its own can be left.
        await group.__aexit__(None, None, None)
        return None

    async def publish(self, event: Event) -> None:
        """Tell all subscribers of an event, then wait until those that ask for it have room.

        Inside a handler it never waits: two handlers that wait for each other would do so for
        ever.

        Args:
            event: The event.

        Raises:
            RuntimeError: If the bus is not open.
        """
        full: list[Subscription[Any]] | None = None
        for subscription in self._route(event):
            if subscription.put(event):
                full = full or []
                full.append(subscription)
        if full:
            await self._make_room(full)

    def publish_nowait(self, event: Event) -> None:
        """Tell all subscribers of an event; goes over the capacity of those that ask to wait.

        Args:
            event: The event.

        Raises:
            RuntimeError: If the bus is not open.
        """
        self._tell(event, None)

    @asynccontextmanager
    async def subscribe(
        self,
        *classes: type[_E],
        name: str,
        capacity: int = 1024,
        when_full: WhenFull = WhenFull.DROP_OLDEST,
    ) -> AsyncGenerator[Subscription[_E]]:
        """Subscribe to event classes and their subclasses while the body runs.

        Args:
            classes: Event classes, at least one; `Event` stands for all.
            name: Who subscribes, for reports.
            capacity: Events that may wait.
            when_full: What happens beyond that.

        Yields:
            An async iterator over the events.

        Raises:
            RuntimeError: If the bus is not open.
            ValueError: If there is no class, or the capacity is less than 1.
        """
        subscription = self._add(classes, name, capacity, when_full)
        try:
            yield subscription
        finally:
            subscription.close()

    def on(
        self,
        *classes: type[_E],
        handler: Callable[[_E], object],
        name: str,
        capacity: int = 1024,
        when_full: WhenFull = WhenFull.DROP_OLDEST,
    ) -> Listener:
        """Call a handler with one event after the other for as long as the bus lives.

        A handler that raises is reported as `SubscriberFailed` to the others, and goes on. It is
        called with `EventsDropped` only if the classes include it; else drops are logged.

        Args:
            classes: Event classes, at least one; `Event` stands for all.
            handler: Plain (runs on the event loop, so must be quick) or async.
            name: Who subscribes, for reports.
            capacity: Events that may wait.
            when_full: What happens beyond that.

        Returns:
            The listener; its ``close()`` ends it earlier.

        Raises:
            RuntimeError: If the bus is not open.
            ValueError: If there is no class, or the capacity is less than 1.
        """
        subscription = self._add(classes, name, capacity, when_full)
        listener = Listener(subscription, handler, failed=self._failed, rested=self._rested)
        assert self._group is not None
        self._listeners.append(listener)
        self._group.start_soon(self._serve, listener, name=f"bus handler {name}")
        return listener

    def statistics(self) -> BusStatistics:
        """Return what the bus has done so far."""
        dropped = dict(self._dropped)
        for one in self._subscriptions:
            _count_dropped(dropped, one)
        delivered = self._delivered + sum(one.delivered for one in self._subscriptions)
        return BusStatistics(self._published, delivered, MappingProxyType(dropped))

    def _route(self, event: Event) -> tuple[Subscription[Any], ...]:
        """Count the event as published and return the subscriptions that it goes to."""
        if self._group is None:
            raise RuntimeError(f"the bus is closed, so {type(event).__name__} was not published")
        self._published += 1
        kind = type(event)
        try:
            return self._routes[kind]
        except KeyError:
            route = tuple(one for one in self._subscriptions if one.takes(kind))
            self._routes[kind] = route
            return route

    def _tell(self, event: Event, but: Subscription[Any] | None) -> None:
        for subscription in self._route(event):
            if subscription is not but and subscription.put(event):
                subscription.drop_oldest()

    async def _make_room(self, full: list[Subscription[Any]]) -> None:
        # One that was told of an event but has had no turn since is not slow: a publisher that
        # never waits for anything else keeps it from running. Give it that turn, then drop.
        if any(one.due for one in full):
            for one in full:
                one.due = False
            await cancel_shielded_checkpoint()
        for one in full:
            one.drop_oldest()
        if _handler_of.get() is not self:
            for one in full:
                await one.room()

    async def _serve(self, listener: Listener) -> None:
        _handler_of.set(self)
        try:
            await listener.run()
        finally:
            self._listeners.remove(listener)
            self._rested()

    def _failed(self, subscription: Subscription[Any], event: Event, error: Exception) -> None:
        # A report of a failed report could go round between two handlers for ever.
        if self._group is not None and not isinstance(event, SubscriberFailed):
            failure = SubscriberFailed(subscription.name, f"{type(error).__name__}: {error}")
            self._tell(failure, subscription)

    def _rested(self) -> None:
        self._progress.set()

    async def _drain(self) -> None:
        for _ in range(2):
            with anyio.move_on_after(self._drain_s):
                while not all(one.idle for one in self._listeners):
                    self._progress = anyio.Event()
                    await self._progress.wait()
            for one in self._cancel_busy():
                await one.ended.wait()
        self._cancel_busy()

    def _cancel_busy(self) -> list[Listener]:
        busy = [one for one in self._listeners if not one.idle]
        for one in busy:
            _logger.warning(
                "%s was still busy when the bus closed; %d events were not delivered to it",
                one.subscription.name,
                one.subscription.waiting,
            )
            one.cancel()
        return busy

    def _add(
        self, classes: tuple[type[_E], ...], name: str, capacity: int, when_full: WhenFull
    ) -> Subscription[_E]:
        if self._group is None:
            raise RuntimeError(f"the bus is closed, so {name} could not subscribe")
        subscription = Subscription(classes, name, capacity, when_full, self._remove)
        self._subscriptions.append(subscription)
        self._routes.clear()
        return subscription

    def _remove(self, subscription: Subscription[Any]) -> None:
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)
            self._routes.clear()
            self._delivered += subscription.delivered
            _count_dropped(self._dropped, subscription)


def _count_dropped(into: dict[str, int], subscription: Subscription[Any]) -> None:
    if subscription.dropped:
        into[subscription.name] = into.get(subscription.name, 0) + subscription.dropped
