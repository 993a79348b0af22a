"""A bounded queue of events for one subscriber of the bus."""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar

import anyio
from anyio.lowlevel import checkpoint

from .events import Event, EventsDropped

E = TypeVar("E", bound=Event)

_TURN = 256
"""Events after which a subscriber that never has to wait lets other tasks run."""


class WhenFull(enum.Enum):
    """What happens when more events wait for a subscriber than its capacity."""

    WAIT = "wait"
    """`EventBus.publish` waits for room; `EventBus.publish_nowait` goes over the capacity."""
    DROP_OLDEST = "drop oldest"
    """The oldest events that are not durable are dropped, and the subscriber told how many."""


class Subscription(Generic[E]):
    """The events that wait for one subscriber, in the order of publishing.

    An async iterator for one task. It gives events of the subscribed classes and, when some had
    to be dropped, `EventsDropped` before the next event. It ends when the bus closes and what was
    published before has been taken, or at once by `close`.

    `EventBus.subscribe` makes it; `takes`, `put`, `room`, `drop_oldest` and `end` are for the bus.

    Args:
        classes: Event classes; their subclasses are included.
        name: Who subscribes, for reports.
        capacity: Events that may wait.
        when_full: What happens beyond that.
        on_close: Called once by `close`.
    """

    def __init__(
        self,
        classes: tuple[type[E], ...],
        name: str,
        capacity: int,
        when_full: WhenFull,
        on_close: Callable[[Subscription[Any]], None],
    ) -> None:
        if not classes:
            raise ValueError(f"{name!r} subscribes to no event class; `Event` stands for all")
        if capacity < 1:
            raise ValueError(f"the capacity of {name!r} must be at least 1, not {capacity}")
        self.classes = classes
        self.name = name
        self.delivered = 0
        self.dropped = 0
        self.due = True
        """Whether the subscriber has something to take and has not had a turn to take it."""
        self._capacity = capacity
        self._waits = when_full is WhenFull.WAIT
        self._on_close = on_close
        self._queue: deque[E] = deque()
        # Durable events that dropping came across: all older than everything in the queue, so
        # that looking for the oldest droppable event never passes them again.
        self._kept: deque[E] = deque()
        self._untold = 0
        self._ended = False
        self._closed = False
        self._readable: anyio.Event | None = None
        self._writable: anyio.Event | None = None

    @property
    def waiting(self) -> int:
        """How many events wait to be taken."""
        return len(self._queue) + len(self._kept)

    @property
    def full(self) -> bool:
        """Whether more than the capacity wait."""
        return len(self._queue) + len(self._kept) > self._capacity

    def takes(self, kind: type[Event]) -> bool:
        """Whether events of exactly this class are for the subscriber."""
        return not self._ended and issubclass(kind, self.classes)

    def put(self, event: E) -> bool:
        """Queue an event; return whether more than the capacity wait now."""
        queue = self._queue
        queue.append(event)
        if (readable := self._readable) is not None:
            self._readable = None
            self.due = True
            readable.set()
        return len(queue) + len(self._kept) > self._capacity

    def drop_oldest(self) -> None:
        """Drop the oldest events that are not durable down to the capacity, if that is the rule."""
        if self._waits:
            return
        queue = self._queue
        while queue and self.full:
            event = queue.popleft()
            if event.durable:
                self._kept.append(event)
            else:
                self.dropped += 1
                self._untold += 1

    async def room(self) -> None:
        """Wait until no more than the capacity wait, if that is the rule, or the end."""
        if self._waits and not self._ended and self.full:
            if self._writable is None:
                self._writable = anyio.Event()
            await self._writable.wait()

    def end(self) -> None:
        """Let the iteration end after what is queued; free publishers that wait."""
        self._ended = True
        for event in (self._readable, self._writable):
            if event is not None:
                event.set()
        self._readable = self._writable = None

    def close(self) -> None:
        """End the iteration at once, drop what is queued, free publishers that wait."""
        self._queue.clear()
        self._kept.clear()
        self._untold = 0
        self.end()
        if not self._closed:
            self._closed = True
            self._on_close(self)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> E | EventsDropped:
        self.due = False
        if not self._queue:
            await self._arrival()
        elif self.delivered % _TURN == _TURN - 1:
            self.due = True
            await checkpoint()  # before taking an event, so that being cancelled here loses none
            self.due = False
        if self._untold:
            count, self._untold = self._untold, 0
            return EventsDropped(self.name, count)
        if not self._queue and not self._kept:
            raise StopAsyncIteration
        event = (self._kept or self._queue).popleft()
        self.delivered += 1
        if self._writable is not None and not self.full:
            self._writable.set()
            self._writable = None
        return event

    async def _arrival(self) -> None:
        """Return when there is something to take, or there never will be."""
        while not (self._queue or self._kept or self._untold or self._ended):
            if self._readable is not None:
                raise RuntimeError(f"two tasks iterate over the subscription {self.name!r} at once")
            self._readable = anyio.Event()
            try:
                await self._readable.wait()
            finally:
                self._readable = None
                self.due = False
