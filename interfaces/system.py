"""The operating system as people's ways in see it; `llmos.boot.LLMOS` is the one there is."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ..kernel.bus import EventBus
from ..kernel.errors import LlmosError
from ..kernel.events import Event
from ..kernel.token_economy import TokenEconomy
from ..memory.evidence import Evidence
from ..memory.journal import Journal
from ..memory.session_files import Sessions
from ..memory.trace_store import TraceStore
from ..memory.trust import Trust
from .decision import Decision
from .permission_gate import PermissionGate
from .plain_text import printable, say
from .result import Result
from .settings import Settings
from .watch_on_demand import WatchOnDemand

if TYPE_CHECKING:
    from ..kernel.scheduler import Scheduler
    from .memory_tools import MemoryOnDemand
    from .planning import Plan
    from .recall import Recall


class System(Protocol):
    """A booted system."""

    @property
    def sessions(self) -> Sessions:
        """The sessions of the workspace."""
        ...

    async def continue_session(self, wanted: str | None = None, *, fork: bool = False) -> str:
        """Go on from a session."""
        ...

    async def new_session(self) -> str:
        """Begin a new session."""
        ...

    def name_session(self, name: str) -> None:
        """Name the session that is open."""
        ...

    @property
    def bus(self) -> EventBus:
        """The event bus."""
        ...

    @property
    def settings(self) -> Settings:
        """What is set."""
        ...

    @property
    def trust(self) -> Trust:
        """What vouches for traces."""
        ...

    @property
    def gate(self) -> PermissionGate:
        """What every tool call passes."""
        ...

    @property
    def plugin_problems(self) -> Sequence[LlmosError]:
        """The plugin files that were left out, and why."""
        ...

    @property
    def recovered(self) -> Sequence[str]:
        """What was done at the start about runs that were cut off, for people."""
        ...

    @property
    def scheduler(self) -> Scheduler:
        """What runs jobs while the system lives."""
        ...

    @property
    def memory(self) -> Path:
        """Folder of the memory."""
        ...

    @property
    def session_id(self) -> str:
        """Id of this session."""
        ...

    @property
    def remembered(self) -> MemoryOnDemand:
        """The semantic memory, opened at its first use."""
        ...

    def recall(self) -> Recall:
        """Return what gives a model run its context."""
        ...

    def redact(self, text: str) -> str:
        """Return a text without its secrets."""
        ...

    @property
    def cwd(self) -> Path:
        """The working directory."""
        ...

    @property
    def locks(self) -> Path:
        """Folder of the directory locks."""
        ...

    @property
    def journal(self) -> Journal:
        """What every run changed."""
        ...

    @property
    def traces(self) -> TraceStore:
        """The trace store."""
        ...

    @property
    def evidence(self) -> Evidence:
        """The record of the traces."""
        ...

    @property
    def economy(self) -> TokenEconomy:
        """The money."""
        ...

    async def execute(
        self,
        goal: str,
        *,
        replay_only: bool = False,
        learn_afresh: bool = False,
        accept_near: bool = False,
        force: bool = False,
        stdin: str | None = None,
        schema: Mapping[str, Any] | None = None,
        max_budget_usd: float | None = None,
    ) -> Result:
        """Answer a goal."""
        ...

    def stream(
        self,
        goal: str,
        *,
        replay_only: bool = False,
        learn_afresh: bool = False,
        accept_near: bool = False,
        force: bool = False,
        stdin: str | None = None,
        schema: Mapping[str, Any] | None = None,
    ) -> AsyncGenerator[Event | Result]:
        """Answer a goal; yield its events and, last, its result."""
        ...

    async def decide(
        self, goal: str, *, stdin: str | None = None, schema: Mapping[str, Any] | None = None
    ) -> Decision:
        """Decide how a goal would be answered."""
        ...

    async def answer_near(self, decision: Decision, *, means_the_same: bool) -> None:
        """Keep what the user says to a near miss."""
        ...

    async def plan(self, goal: str) -> Plan:
        """Ask the model for the steps to a goal."""
        ...

    async def prepare(self) -> None:
        """Start the model's CLI before a goal needs it."""
        ...

    def use_model(self, model: str) -> None:
        """Take another model from now on."""
        ...

    def interrupt(self) -> bool:
        """Stop the goal that runs now."""
        ...

    def set_permission_mode(self, mode: str) -> None:
        """Set what the next goal may do without being asked."""
        ...


OpenSystem = Callable[..., AbstractAsyncContextManager[System]]
"""Makes a system from what was given of its settings, to be booted by ``async with``."""


@asynccontextmanager
async def opened(open_system: OpenSystem, given: Mapping[str, Any]) -> AsyncGenerator[System]:
    """Boot a system whose result belongs on stdout: what plugins print goes to stderr.

    Args:
        open_system: Makes the system.
        given: The settings that were given.
    """
    with redirect_stdout(sys.stderr):
        async with open_system(**given) as system:
            tell_recovered(system)
            watch = WatchOnDemand(sys.stderr if sys.stderr.isatty() else None)
            system.traces.watch = watch
            try:
                yield system
            finally:
                watch.close()


def tell_recovered(system: System) -> None:
    """Say on stderr which settings do not count, and what was done about runs cut off."""
    for said in (*system.settings.notices, *system.recovered):
        say(f"llmos: {printable(said)}", sys.stderr)
