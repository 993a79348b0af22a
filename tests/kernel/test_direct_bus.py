"""The bus without an event loop: handlers are called at once, in order, and survive each other."""

from __future__ import annotations

from llmos.kernel.direct_bus import DirectBus
from llmos.kernel.events import Drifted, Event, Notice, SubscriberFailed


def test_a_handler_gets_the_classes_that_it_asked_for_before_publishing_returns() -> None:
    bus, seen = DirectBus(), list[Event]()
    bus.on(Notice, handler=seen.append, name="notices")
    bus.publish_nowait(Drifted("r-1", 0, "why"))
    bus.publish_nowait(Notice("hello"))
    assert seen == [Notice("hello")]


def test_a_handler_that_fails_is_reported_and_the_others_go_on() -> None:
    bus, seen = DirectBus(), list[Event]()

    def fails(_event: Event) -> None:
        raise ValueError("no")

    bus.on(Event, handler=fails, name="broken")
    bus.on(Event, handler=seen.append, name="whole")
    bus.publish_nowait(Notice("hello"))
    assert seen == [SubscriberFailed("broken", "ValueError: no"), Notice("hello")]
