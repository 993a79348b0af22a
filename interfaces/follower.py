"""The Follower: replays a trace through the drivers, and checks every guard on the way.

A replay really carries out its steps. Before the first one its run is begun in the journal, so
that a replay that stops (drift, cancellation, an error of ours, the end of llmos) is rolled back,
and one that succeeds can be undone.
It is plain code that blocks and needs no event loop: whoever has one calls it in a thread.
What may differ from what the model saw is for the guards to say: `replay_guards` for a replay
with the learned values, `bound_guards` for one with others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ..kernel.crash_points import crash_point
from ..kernel.errors import LlmosError, UnknownToolError
from ..kernel.events import Drifted, Event, Restored, ToolCalled, ToolReturned
from ..kernel.orphans import MARK
from ..kernel.tools import Effect, JsonObject, ToolCall, ToolRegistry, ToolResult, ToolSession
from ..memory.file_state import resolve
from ..memory.journal import Journal
from ..memory.journal_tables import RunHeader
from ..memory.open_run import OpenRun
from ..memory.placement import lower_json
from ..memory.traces import Step, Trace
from ..memory.tree import Change
from .drift_kinds import DriftKind, Stop
from .learned_guards import LearnedGuards
from .replay_guards import StrictGuards
from .result import FOLLOWER, Drift

if TYPE_CHECKING:
    from .confining import Wrap

T = TypeVar("T")
_BEAT_S = 5.0
"""Seconds between two signs of life of a replay."""


class Replay:
    """What a replay gave.

    Attributes:
        answer: The answer; empty if it drifted.
        steps: Steps carried out.
        drift: The guard that failed, or None.
        left: The files of the trace as this replay left them: path to SHA-256.
        ran: The steps that were really carried out, whether or not they came to an end.
    """

    def __init__(self) -> None:
        self.answer = ""
        self.steps = 0
        self.drift: Drift | None = None
        self.left: dict[str, str] = {}
        self.ran: list[Step] = []


def _fits(_answer: str) -> None:
    return None


def _goes_on() -> None:
    return None


def _unconfined(_trace: Trace) -> AbstractContextManager[None]:
    return nullcontext()


class Follower:
    """Replays traces.

    Args:
        registry: The drivers.
        journal: Where what a run changes is kept.
        publish: Told of every step; called in the thread of the replay.
        cwd: The working directory.
        env: Environment of child processes, complete.
        exclude: Absolute paths inside the working directory that are llmos's own.
        forbids: Says why a step must not write a file, or None if it may.
        confining: Gives what confines the commands of a trace's replay, if they are to be.
        strict: Whether every observation must be equal.
        clock: Gives UTC epoch seconds.
    """

    def __init__(
        self,
        registry: ToolRegistry,
        journal: Journal,
        publish: Callable[[Event], object],
        cwd: Path,
        *,
        env: Mapping[str, str],
        exclude: Sequence[Path] = (),
        forbids: Callable[[ToolCall, Path], str | None] = lambda _call, _path: None,
        confining: Callable[[Trace], AbstractContextManager[Wrap | None]] = _unconfined,
        strict: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._registry = registry
        self._journal = journal
        self._publish = publish
        self._cwd = cwd
        self._env = dict(env)
        self._exclude = tuple(exclude)
        self._forbids = forbids
        self._confining = confining
        self._strict = strict
        self._clock = clock

    def follow(
        self,
        trace_id: str,
        trace: Trace,
        *,
        run_id: str,
        left: Mapping[str, str],
        header: RunHeader | None = None,
        learned: Trace | None = None,
        force: bool = False,
        misfit: Callable[[str], str | None] = _fits,
        check_cancelled: Callable[[], object] = _goes_on,
    ) -> Replay:
        """Replay a trace in the working directory. Blocks.

        Args:
            trace_id: Its id.
            trace: The trace, as it is to be carried out.
            run_id: Id under which events are published.
            left: Its files as its earlier runs left them: path to SHA-256.
            header: What the journal is to call the run; made from the trace if None.
            learned: The trace as it was learned, if `trace` was bound to other values.
            force: Whether files that the user has changed since may be replaced.
            misfit: Says of an answer why it is not what was asked for, or None.
            check_cancelled: Called again and again; raises if the replay is to stop, which is then
                rolled back.

        Returns:
            The replay; `drift` is set if it stopped, and then nothing that it changed remains
            but what `drift.lost` names.
        """
        replay = Replay()
        run: OpenRun | None = None
        step, done = -1, False
        # What a replay starts carries its mark: should llmos be killed, it is found and ended.
        env = {**self._env, MARK: run_id}
        session = ToolSession(self._cwd, self._cwd, env, check_cancelled=check_cancelled)
        guards = self._guards(trace, learned, left, force=force)
        try:
            guards.check_files()
            check_cancelled()
            if self._may_write(trace):
                run = self._begin(header or RunHeader(run_id, trace.goal, FOLLOWER, trace_id))
            guards.begin(None if run is None else run.before)
            confining = self._confining(learned or trace)
            if run is not None:
                session.check_cancelled = _Beat(run, check_cancelled)
            with confining as session.confine:
                for step, recorded in enumerate(trace.steps):
                    session.check_cancelled()
                    crash_point("replay.before_step")
                    self._step(step, recorded, guards, session, run_id, replay)
                    crash_point("replay.after_step")
                    replay.steps += 1
            check_cancelled()
            replay.answer, replay.left = self._finish(guards, run, misfit)
            done = True
        except Stop as stop:
            replay.drift = _drift(trace_id, trace, step, stop)
            self._publish(Drifted(run_id, step, str(stop)))
        finally:
            if not done and run is not None:
                self._roll_back(run, replay, run_id)
        return replay

    def _guards(
        self, trace: Trace, learned: Trace | None, left: Mapping[str, str], *, force: bool
    ) -> StrictGuards:
        if learned is None or learned is trace:
            if self._strict:
                return StrictGuards(trace, self._cwd, left, force=force, exact=True)
            return LearnedGuards(trace, self._cwd, left, exclude=self._exclude, force=force)
        # Loaded for the first replay that needs it: one with the learned values is to start fast.
        from .bound_guards import BoundGuards

        return BoundGuards(
            trace,
            self._cwd,
            left,
            learned=learned,
            exclude=self._exclude,
            force=force,
            exact=self._strict,
        )

    def _finish(
        self,
        guards: StrictGuards,
        run: OpenRun | None,
        misfit: Callable[[str], str | None],
    ) -> tuple[str, dict[str, str]]:
        changes: list[Change] = []
        if run is not None:
            changes = self._or_stop(run.changes)
        judged = guards.finish(changes)
        if (why := misfit(judged[0])) is not None:
            raise Stop(f"the answer is not of the form asked for: {why}", DriftKind.OTHER_FORM)
        crash_point("replay.judged")
        if run is not None:
            run.close(changes)
        return judged

    def _may_write(self, trace: Trace) -> bool:
        return any(self._registry.get(step.tool).effect is not Effect.READ for step in trace.steps)

    def _begin(self, header: RunHeader) -> OpenRun:
        return self._or_stop(lambda: self._journal.begin(header, self._cwd, self._exclude))

    def _or_stop(self, look: Callable[[], T]) -> T:
        try:
            return look()
        except (LlmosError, OSError) as error:
            raise Stop(
                f"the working directory could not be put back afterwards: {error}",
                DriftKind.NOT_UNDOABLE,
            ) from None

    def _roll_back(self, run: OpenRun, replay: Replay, run_id: str) -> None:
        restored, lost = map(tuple, run.roll_back())
        outside = _stays_outside(replay.ran)
        if replay.drift is not None:
            replay.drift = replay.drift.replaced(restored=restored, lost=lost, outside=outside)
        if restored or lost or outside:
            self._publish(Restored(run_id, restored, lost, outside))

    def _step(
        self,
        index: int,
        step: Step,
        guards: StrictGuards,
        session: ToolSession,
        run_id: str,
        replay: Replay,
    ) -> None:
        guards.before(index)
        call = ToolCall(step.tool, lower_json(step.input, str(self._cwd)))
        self._publish(ToolCalled(run_id, index, call))
        began = self._clock()
        try:
            driver = self._registry.get(step.tool)
        except UnknownToolError as error:
            raise Stop(error.message, DriftKind.TOOL_MISSING) from None
        writes = driver.effect is Effect.WRITE
        if writes and (reason := self._forbids(call, self._target(call, session))) is not None:
            # Before the first step its path may have led elsewhere.
            raise Stop(reason, DriftKind.FORBIDDEN)
        ready = writes and self._in_place(index, call.input, guards, session)
        if ready:
            result = _in_place(step)
        else:
            replay.ran.append(step)
            result = driver.run(call.input, session)
        self._publish(ToolReturned(run_id, index, call, result))
        if writes and step.after is not None:
            guards.written(index, call.input, result)
        else:
            guards.observed(index, result, began, self._clock())

    def _target(self, call: ToolCall, session: ToolSession) -> Path:
        return resolve(str(call.input.get("file_path", "")), session.cwd)

    def _in_place(
        self, index: int, given: JsonObject, guards: StrictGuards, session: ToolSession
    ) -> bool:
        """Check the file that a step is about to write; return whether its result is in place."""
        in_place, sha256 = guards.ready(index, given)
        if in_place and sha256 is not None:
            path = resolve(str(given.get("file_path", "")), self._cwd)
            session.seen_files[path.resolve()] = sha256
        return in_place


def _drift(trace_id: str, trace: Trace, step: int, stop: Stop) -> Drift:
    return Drift(
        trace_id,
        step,
        trace.steps[step].tool if step >= 0 else "",
        str(stop),
        overwrites=stop.overwrites,
        kind=stop.kind.value,
        steps=len(trace.steps),
    )


def _stays_outside(ran: Sequence[Step]) -> tuple[str, ...]:
    """Say what steps may have done outside the directory, where nothing is put back."""
    from .effects_view import what_stays  # the parser of commands, which only this needs

    return what_stays(ran)


class _Beat:
    """Notes now and then that a run goes on, so that it is known when it was cut off."""

    def __init__(self, run: OpenRun, check_cancelled: Callable[[], object]) -> None:
        self._run = run
        self._check_cancelled = check_cancelled
        self._last = time.monotonic()

    def __call__(self) -> None:
        self._check_cancelled()
        if time.monotonic() - self._last >= _BEAT_S:
            self._run.beat()
            self._last = time.monotonic()


def _in_place(step: Step) -> ToolResult:
    return ToolResult("its result is already in place", ok=step.observation.ok)
