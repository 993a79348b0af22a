"""The Follower: replays a trace through the drivers, and checks every guard on the way.

A replay really carries out its steps. Before the first one the working directory is snapshotted,
so that a replay that stops (drift, cancellation, an error of ours) puts back what it changed.
What may differ from what the model saw is for the guards to say: `replay_guards` for a replay
with the learned values, `bound_guards` for one with others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from anyio.to_thread import run_sync as in_thread

from ..kernel.bus import EventBus
from ..kernel.errors import LlmosError, UnknownToolError
from ..kernel.events import Drifted, Restored, ToolCalled, ToolReturned
from ..kernel.tools import Effect, JsonObject, ToolCall, ToolRegistry, ToolResult, ToolSession
from ..memory.file_state import resolve
from ..memory.placement import lower_json
from ..memory.snapshot import Change, Snapshot, SnapshotStore
from ..memory.traces import Step, Trace
from .replay_guards import Stop, StrictGuards
from .result import Drift

if TYPE_CHECKING:
    from .confining import Wrap


@dataclass(slots=True)
class Replay:
    """What a replay gave.

    Attributes:
        answer: The answer; empty if it drifted.
        steps: Steps carried out.
        drift: The guard that failed, or None.
        left: The files of the trace as this replay left them: path to SHA-256.
    """

    answer: str = ""
    steps: int = 0
    drift: Drift | None = None
    left: dict[str, str] = field(default_factory=dict[str, str])


def _unconfined(_trace: Trace) -> AbstractContextManager[None]:
    return nullcontext()


class Follower:
    """Replays traces.

    Args:
        registry: The drivers.
        snapshots: Where snapshots of the working directory are kept.
        bus: Told of every step.
        cwd: The working directory.
        env: Environment of child processes, complete.
        exclude: Absolute paths inside the working directory that are llmos's own.
        forbids: Says why a step must not write a file, or None if it may.
        confining: Gives what confines the commands of a trace's replay, if they are to be.
        clock: Gives UTC epoch seconds.
    """

    def __init__(
        self,
        registry: ToolRegistry,
        snapshots: SnapshotStore,
        bus: EventBus,
        cwd: Path,
        *,
        env: Mapping[str, str],
        exclude: Sequence[Path] = (),
        forbids: Callable[[ToolCall, Path], str | None] = lambda _call, _path: None,
        confining: Callable[[Trace], AbstractContextManager[Wrap | None]] = _unconfined,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._registry = registry
        self._snapshots = snapshots
        self._bus = bus
        self._cwd = cwd
        self._env = dict(env)
        self._exclude = tuple(exclude)
        self._forbids = forbids
        self._confining = confining
        self._clock = clock

    async def follow(
        self,
        trace_id: str,
        trace: Trace,
        *,
        run_id: str,
        left: Mapping[str, str],
        learned: Trace | None = None,
    ) -> Replay:
        """Replay a trace in the working directory.

        Args:
            trace_id: Its id.
            trace: The trace, as it is to be carried out.
            run_id: Id under which events are published.
            left: Its files as its earlier runs left them: path to SHA-256.
            learned: The trace as it was learned, if `trace` was bound to other values.

        Returns:
            The replay; `drift` is set if it stopped, and then nothing that it changed remains
            but what `drift.lost` names.
        """
        replay = Replay()
        snapshot: Snapshot | None = None
        step, done = -1, False
        session = ToolSession(start_dir=self._cwd, cwd=self._cwd, env=self._env)
        guards = self._guards(trace, learned, left)
        try:
            await in_thread(guards.check_files)
            if self._may_write(trace):
                snapshot = await self._snapshot()
            guards.begin(snapshot)
            with self._confining(learned or trace) as session.confine:
                for step, recorded in enumerate(trace.steps):
                    await self._step(step, recorded, guards, session, run_id)
                    replay.steps += 1
            replay.answer, replay.left = await self._finish(guards, snapshot)
            done = True
        except Stop as stop:
            tool = trace.steps[step].tool if step >= 0 else ""
            replay.drift = Drift(trace_id, step, tool, str(stop))
            self._bus.publish_nowait(Drifted(run_id, step, str(stop)))
        finally:
            if not done and snapshot is not None:
                with anyio.CancelScope(shield=True):
                    await self._restore(snapshot, replay, run_id)
        return replay

    def _guards(self, trace: Trace, learned: Trace | None, left: Mapping[str, str]) -> StrictGuards:
        if learned is None or learned is trace:
            return StrictGuards(trace, self._cwd, left)
        # Loaded for the first replay that needs it: one with the learned values is to start fast.
        from .bound_guards import BoundGuards

        return BoundGuards(trace, self._cwd, left, learned=learned, exclude=self._exclude)

    async def _finish(
        self, guards: StrictGuards, before: Snapshot | None
    ) -> tuple[str, dict[str, str]]:
        changes: list[Change] = []
        if guards.needs_changes and before is not None:
            changes = self._snapshots.diff(before, await self._snapshot())
        return await in_thread(guards.finish, changes)

    def _may_write(self, trace: Trace) -> bool:
        return any(self._registry.get(step.tool).effect is not Effect.READ for step in trace.steps)

    async def _snapshot(self) -> Snapshot:
        try:
            take = self._snapshots.take
            return await in_thread(take, self._cwd, self._exclude)
        except (LlmosError, OSError) as error:
            raise Stop(f"the working directory could not be put back afterwards: {error}") from None

    async def _restore(self, snapshot: Snapshot, replay: Replay, run_id: str) -> None:
        report = await in_thread(self._snapshots.restore, snapshot, self._cwd, self._exclude)
        restored, lost = tuple(report.restored), tuple(report.lost)
        if replay.drift is not None:
            old = replay.drift
            replay.drift = Drift(old.trace_id, old.step, old.tool, old.reason, restored, lost)
        if restored or lost:
            self._bus.publish_nowait(Restored(run_id, restored, lost))

    async def _step(
        self, index: int, step: Step, guards: StrictGuards, session: ToolSession, run_id: str
    ) -> None:
        call = ToolCall(step.tool, lower_json(step.input, str(self._cwd)))
        self._bus.publish_nowait(ToolCalled(run_id, index, call))
        began = self._clock()
        try:
            driver = self._registry.get(step.tool)
        except UnknownToolError as error:
            raise Stop(error.message) from None
        writes = driver.effect is Effect.WRITE
        if writes and (reason := self._forbids(call, self._target(call, session))) is not None:
            # Before the first step its path may have led elsewhere.
            raise Stop(reason)
        ready = writes and await self._in_place(index, call.input, guards, session)
        result = _in_place(step) if ready else await driver.run(call.input, session)
        self._bus.publish_nowait(ToolReturned(run_id, index, call, result))
        if writes and step.after is not None:
            await in_thread(guards.written, index, call.input, result)
        else:
            await in_thread(guards.observed, index, result, began, self._clock())

    def _target(self, call: ToolCall, session: ToolSession) -> Path:
        return resolve(str(call.input.get("file_path", "")), session.cwd)

    async def _in_place(
        self, index: int, given: JsonObject, guards: StrictGuards, session: ToolSession
    ) -> bool:
        """Check the file that a step is about to write; return whether its result is in place."""
        in_place, sha256 = await in_thread(guards.ready, index, given)
        if in_place and sha256 is not None:
            path = resolve(str(given.get("file_path", "")), self._cwd)
            session.seen_files[path.resolve()] = sha256
        return in_place


def _in_place(step: Step) -> ToolResult:
    return ToolResult("its result is already in place", ok=step.observation.ok)
