"""A handler of the bus at work: takes the events of its subscription, survives its own errors."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from typing import Any

import anyio

from .events import Event, EventsDropped
from .subscription import Subscription

_logger = logging.getLogger(__name__)


class Listener:
    """Calls a handler with one event after the other; `EventBus.on` makes it.

    Args:
        subscription: Where its events wait.
        handler: Plain or async.
        failed: Told of every error that the handler raises.
        rested: Told whenever nothing is left to do.
    """

    def __init__(
        self,
        subscription: Subscription[Any],
        handler: Callable[[Any], object],
        *,
        failed: Callable[[Subscription[Any], Event, Exception], None],
        rested: Callable[[], None],
    ) -> None:
        self.subscription = subscription
        self.ended = anyio.Event()
        self._handler = handler
        self._failed = failed
        self._rested = rested
        self._busy = False
        # Shielded: that the user of the bus is cancelled must not lose what was published before.
        self._scope = anyio.CancelScope(shield=True)

    @property
    def idle(self) -> bool:
        """Whether it has nothing to do."""
        return not self._busy and not self.subscription.waiting

    def close(self) -> None:
        """Take no more events; a call of the handler that is under way is finished."""
        self.subscription.close()

    def cancel(self) -> None:
        """End at once, in the middle of a call of the handler."""
        self._scope.cancel()

    async def run(self) -> None:
        """Handle events until the subscription ends or `cancel`."""
        try:
            with self._scope:
                async for event in self.subscription:
                    self._busy = True
                    await self._handle(event)
                    self._busy = False
                    if not self.subscription.waiting:
                        self._rested()
        finally:
            self.close()
            self.ended.set()

    async def _handle(self, event: Event) -> None:
        name, classes = self.subscription.name, self.subscription.classes
        if type(event) is EventsDropped and not issubclass(EventsDropped, classes):
            _logger.warning("%s was too slow and lost %d events", name, event.count)
            return
        try:
            outcome = self._handler(event)
            if inspect.isawaitable(outcome):
                await outcome
        except Exception as error:
            _logger.exception("the handler %s failed on %r", name, event)
            self._failed(self.subscription, event, error)
