"""The bus where there is no event loop: each handler is called at once, by whoever publishes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from .events import Event, SubscriberFailed

_E = TypeVar("_E", bound=Event)


class DirectBus:
    """Publishes events to handlers; see `EventBus`, of which it does what one replay needs."""

    def __init__(self) -> None:
        self._handlers: list[tuple[tuple[type[Event], ...], Callable[[Any], object], str]] = []

    def on(self, *classes: type[_E], handler: Callable[[_E], object], name: str) -> None:
        """Call a handler with each event of some classes from now on.

        A handler that raises is reported as `SubscriberFailed` to the others, and goes on.

        Args:
            classes: Event classes, at least one; `Event` stands for all.
            handler: Takes an event; plain, not async.
            name: Who listens, for reports.
        """
        self._handlers.append((classes, handler, name))

    def publish_nowait(self, event: Event) -> None:
        """Tell all handlers of an event."""
        for classes, handler, name in self._handlers:
            if isinstance(event, classes):
                try:
                    handler(event)
                except Exception as error:
                    import logging

                    log = logging.getLogger(__name__)
                    log.addHandler(logging.NullHandler())  # logs are for who asks for them
                    log.exception("the handler %s failed on %r", name, event)
                    if not isinstance(event, SubscriberFailed):
                        said = f"{type(error).__name__}: {error}"
                        self.publish_nowait(SubscriberFailed(name, said))
