"""The operating system as people's ways in see it; `llmos.boot.LLMOS` is the one there is."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from ..kernel.bus import EventBus
from ..kernel.token_economy import TokenEconomy
from ..memory.trace_store import TraceStore
from ..memory.trust import Trust
from .cortex import Plan
from .decision import Decision
from .result import Result
from .settings import Settings


class System(Protocol):
    """A booted system."""

    bus: EventBus
    settings: Settings
    trust: Trust

    @property
    def traces(self) -> TraceStore:
        """The trace store."""
        ...

    @property
    def economy(self) -> TokenEconomy:
        """The money."""
        ...

    async def execute(
        self, goal: str, *, replay_only: bool = False, learn_afresh: bool = False
    ) -> Result:
        """Answer a goal."""
        ...

    async def decide(self, goal: str) -> Decision:
        """Decide how a goal would be answered."""
        ...

    async def plan(self, goal: str) -> Plan:
        """Ask the model for the steps to a goal."""
        ...

    def interrupt(self) -> bool:
        """Stop the goal that runs now."""
        ...


class OpenSystem(Protocol):
    """Makes a system from what was given of its settings."""

    def __call__(self, **given: Any) -> AbstractAsyncContextManager[System]:
        """Return the system, to be booted by ``async with``."""
        ...
