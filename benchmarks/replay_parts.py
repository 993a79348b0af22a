"""Where the time of a replay goes: wraps the functions of its parts, and adds up what they take.

Nothing is switched off: what is measured is the replay as people have it. What one part calls of
another is counted for the part that was entered first (deciding reads what is known of a trace).
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from unittest import mock

import anyio.to_thread

from llmos.interfaces.bound_guards import BoundGuards
from llmos.interfaces.dispatcher import Dispatcher
from llmos.interfaces.learned_guards import LearnedGuards
from llmos.interfaces.replay_guards import StrictGuards
from llmos.kernel.drivers import DriverOnDemand
from llmos.kernel.token_economy import TokenEconomy
from llmos.memory.evidence import Evidence
from llmos.memory.journal import Journal
from llmos.memory.open_run import OpenRun

P = ParamSpec("P")
T = TypeVar("T")

_GUARDS = ("check_files", "begin", "before", "ready", "written", "observed", "finish")
_BLOCKING: tuple[tuple[str, type, tuple[str, ...]], ...] = (
    ("deciding", Dispatcher, ("decide",)),
    *(("guards", one, _GUARDS) for one in (StrictGuards, LearnedGuards, BoundGuards)),
    ("journal", Journal, ("begin",)),
    ("journal", OpenRun, ("changes", "close", "beat")),
    ("ledger", TokenEconomy, ("record_saving",)),
    ("ledger", Evidence, ("left", "note_left", "record", "of")),
)
PARTS: tuple[str, ...] = ("deciding", "guards", "journal", "ledger", "steps", "threads")
"""What is told apart: deciding by which trace; guards of files and of what steps show; the journal
before, after and at the end; ledger and record of the trace; the steps themselves; and what it
takes to hand all that to a thread and to come back. The rest of a replay is the event loop, the
lock of the directory, the bus and the session's log."""

_inside: ContextVar[bool] = ContextVar("inside", default=False)


class Parts:
    """The seconds of each part since `begin`."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(PARTS, 0.0)

    def begin(self) -> None:
        """Begin anew."""
        self.seconds = dict.fromkeys(PARTS, 0.0)

    @contextmanager
    def measured(self) -> Generator[None]:
        """Count while the body runs."""
        with ExitStack() as stack:

            def put(owner: object, name: str, work: object) -> None:
                stack.enter_context(mock.patch.object(owner, name, work))

            for part, owner, names in _BLOCKING:
                for name in names:
                    if name in vars(owner):
                        put(owner, name, self._blocking(part, getattr(owner, name)))
            put(DriverOnDemand, "run", self._blocking("steps", DriverOnDemand.run))
            put(anyio.to_thread, "run_sync", self._in_thread(anyio.to_thread.run_sync))
            yield

    @contextmanager
    def _counted(self, part: str) -> Generator[None]:
        if _inside.get():
            yield
            return
        token, began = _inside.set(True), time.perf_counter()
        try:
            yield
        finally:
            self.seconds[part] += time.perf_counter() - began
            _inside.reset(token)

    def _blocking(self, part: str, work: Callable[P, T]) -> Callable[P, T]:
        @wraps(work)
        def counted(*given: P.args, **named: P.kwargs) -> T:
            with self._counted(part):
                return work(*given, **named)

        return counted

    def _in_thread(self, run_sync: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """Return `run_sync` so that what it takes beside its work is counted."""

        async def counted(work: Callable[..., Any], *given: Any, **named: Any) -> Any:
            if _inside.get():
                return await run_sync(work, *given, **named)
            took = 0.0

            def timed(*arguments: Any) -> Any:
                nonlocal took
                began = time.perf_counter()
                try:
                    return work(*arguments)
                finally:
                    took = time.perf_counter() - began

            began = time.perf_counter()
            try:
                return await run_sync(timed, *given, **named)
            finally:
                self.seconds["threads"] += time.perf_counter() - began - took

        return counted
