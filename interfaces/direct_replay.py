"""A one-shot goal that is replayed without an event loop, since loading one takes longer than it.

Only the plain case is for here: a goal that was learned, of which no step needs more than the
drivers of files and commands, in a directory where nothing waits to be put back. Anything else goes
the way of all goals, before anything was done. Plugins are not loaded: no step calls one.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any, NoReturn

from ..kernel.direct_bus import DirectBus
from ..kernel.drivers import standard_drivers
from ..kernel.events import Event
from ..kernel.money import Micros
from ..kernel.tools import ToolRegistry
from ..memory.attached import Attached
from ..memory.found import Match, Way
from .arguments import Request
from .core import Core
from .decision import Decision
from .direct_waits import DirectWaits, run_directly
from .dispatcher import NoLearnerError
from .goal_request import Asked, narrate, told
from .permission_gate import Answer, Question
from .plain_text import printable, say
from .result import Drift, Result
from .structured import attached_of
from .watch_on_demand import WatchOnDemand

_PLAIN_WAYS = (Way.GOAL, Way.TEMPLATE)
"""How a match is found that stands on its own: for the others all goals are weighed, those of
traces with plugin tools included."""


class _Elsewhere(Exception):
    """The goal goes the way of all goals.

    Attributes:
        drift: Where a replay of it stopped just now, or None.
    """

    def __init__(self, drift: Drift | None = None) -> None:
        super().__init__()
        self.drift = drift


def replay_directly(request: Request, asked: Asked) -> tuple[int | None, Drift | None]:
    """Replay a goal and print its result, if it is for here.

    Args:
        request: What the command line asks for.
        asked: The goal, and where the result goes.

    Returns:
        The exit code; None if the goal goes the way of all goals. And where a replay of it stopped
        just now, if that is why: nothing else was done then.

    Raises:
        LlmosError: If the workspace or a setting cannot be used.
        OutputLostError: If the result cannot be written.
    """
    try:
        with _Direct(request.given) as system:
            result, caught = system.replay(request, asked)
    except _Elsewhere as elsewhere:
        return None, elsewhere.drift
    return told(request, asked, result, caught), None


class _NoLearner:
    running: str | None = None

    async def learn(
        self, goal: str, *, run_id: str, cap: Micros, attached: Attached, alone: bool
    ) -> NoReturn:
        raise NoLearnerError


async def _person(_question: Question) -> Answer:
    # A match that asks is not for here, so this is never called.
    raise _Elsewhere


class _Direct(Core):
    """The parts that a replay needs, without an event loop."""

    def __init__(self, given: dict[str, Any]) -> None:
        log = bool(given.pop("log", True))
        super().__init__(given, log=log)
        self._stack = ExitStack()
        self._waits = DirectWaits()

    def __enter__(self) -> _Direct:
        with ExitStack() as stack:
            self._open_memory()
            stack.callback(self._close_memory)
            self._log = self._new_log()
            stack.callback(self._close_log)
            watch = WatchOnDemand(sys.stderr if sys.stderr.isatty() else None)
            stack.callback(watch.close)
            self._store.watch = watch
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def replay(self, request: Request, asked: Asked) -> tuple[Result, Sequence[signal.Signals]]:
        """Replay a goal; return its result, and the signals that came meanwhile."""
        self._check_nothing_waits()
        bus = DirectBus()
        self._tie(
            ToolRegistry(standard_drivers()),
            _NoLearner(),
            self._waits,
            publish=bus.publish_nowait,
            publish_step=bus.publish_nowait,
            recover=self._recover,
        )
        if asked.of_person(request):
            self.gate.person = _person
        policy = self._policy(request.options.replay_only, False, force=request.options.force)
        policy = policy.replaced(attached=attached_of(**asked.extra))
        if not self._is_for_here(self._dispatcher.decide(asked.goal, policy)):
            raise _Elsewhere
        for said in self.settings.notices:
            say(f"llmos: {printable(said)}", sys.stderr)
        narrate(request, bus)
        bus.on(Event, handler=self._log_event, name="session log")
        with self._interrupting() as caught:
            try:
                return run_directly(self._dispatcher.execute(asked.goal, policy)), caught
            except NoLearnerError as error:
                raise _Elsewhere(error.drift) from None

    def _is_for_here(self, decision: Decision) -> bool:
        """Whether all that may be replayed is plain, and nothing else was considered."""
        known = {one.name for one in standard_drivers()}
        return (
            bool(decision.matches)
            and not decision.refusals
            and all(self._is_plain(match, known) for match in decision.matches)
        )

    def _is_plain(self, match: Match, known: set[str]) -> bool:
        return (
            match.way in _PLAIN_WAYS
            and all(step.tool in known for step in match.steps)
            and not self.gate.asks(match)
        )

    def _check_nothing_waits(self) -> None:
        if self._journal.has_unfinished:
            raise _Elsewhere

    async def _recover(self) -> None:
        # Whoever held the directory's lock before may have been killed while this one waited.
        self._check_nothing_waits()

    @contextmanager
    def _interrupting(self) -> Generator[list[signal.Signals]]:
        """Turn a signal that ends programs into an interrupt of the running goal."""
        caught: list[signal.Signals] = []

        def interrupt(number: int, _frame: FrameType | None) -> None:
            caught.append(signal.Signals(number))
            self._waits.cancel()

        before: dict[signal.Signals, Any] = {}
        try:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                # What the caller had us ignore (nohup, a shell's background job) stays ignored.
                if signal.getsignal(number) is not signal.SIG_IGN:
                    before[number] = signal.signal(number, interrupt)
            yield caught
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
