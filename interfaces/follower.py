"""The Follower: replays a trace through the drivers, and checks every guard on the way.

A replay really carries out its steps. Before the first one the working directory is snapshotted,
so that a replay that stops (drift, cancellation, an error of ours) puts back what it changed.
Each observation must be what the model saw; a file that a step writes must be as the model found
it, or already be the step's own result.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import anyio

from ..kernel.bus import EventBus
from ..kernel.drivers import comparable_output
from ..kernel.errors import LlmosError, UnknownToolError
from ..kernel.events import Drifted, Restored, ToolCalled, ToolReturned
from ..kernel.tools import Effect, JsonObject, ToolCall, ToolRegistry, ToolResult, ToolSession
from ..memory.file_state import resolve, state_of
from ..memory.guards import Seen, compare
from ..memory.learning import strings_in
from ..memory.placement import lower_cwd, lower_json
from ..memory.snapshot import Snapshot, SnapshotStore
from ..memory.traces import FileState, Observation, Step, Trace
from .result import Drift


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


class _Stop(Exception):
    """A guard failed."""


class Follower:
    """Replays traces.

    Args:
        registry: The drivers.
        snapshots: Where snapshots of the working directory are kept.
        bus: Told of every step.
        cwd: The working directory.
        env: Environment of child processes, complete.
        exclude: Absolute paths inside the working directory that are llmos's own.
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
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._registry = registry
        self._snapshots = snapshots
        self._bus = bus
        self._cwd = cwd
        self._env = dict(env)
        self._exclude = tuple(exclude)
        self._clock = clock

    async def follow(
        self, trace_id: str, trace: Trace, *, run_id: str, left: Mapping[str, str]
    ) -> Replay:
        """Replay a trace in the working directory.

        Args:
            trace_id: Its id.
            trace: The trace.
            run_id: Id under which events are published.
            left: Its files as its last run left them: path to SHA-256.

        Returns:
            The replay; `drift` is set if it stopped, and then nothing that it changed remains
            but what `drift.lost` names.
        """
        replay = Replay()
        snapshot: Snapshot | None = None
        step, done = -1, False
        session = ToolSession(start_dir=self._cwd, cwd=self._cwd, env=self._env)
        try:
            await self._check_files(trace, left)
            if self._may_write(trace):
                snapshot = await self._snapshot()
            for step, recorded in enumerate(trace.steps):
                await self._step(step, recorded, trace, session, run_id, left)
                replay.steps += 1
            replay.left = await anyio.to_thread.run_sync(self._hashes, trace)
            replay.answer = lower_cwd(trace.answer, str(self._cwd))
            done = True
        except _Stop as stop:
            tool = trace.steps[step].tool if step >= 0 else ""
            replay.drift = Drift(trace_id, step, tool, str(stop))
            self._bus.publish_nowait(Drifted(run_id, step, str(stop)))
        finally:
            if not done and snapshot is not None:
                with anyio.CancelScope(shield=True):
                    await self._restore(snapshot, replay, run_id)
        return replay

    def _may_write(self, trace: Trace) -> bool:
        return any(self._registry.get(step.tool).effect is not Effect.READ for step in trace.steps)

    async def _snapshot(self) -> Snapshot:
        try:
            take = self._snapshots.take
            return await anyio.to_thread.run_sync(take, self._cwd, self._exclude)
        except (LlmosError, OSError) as error:
            raise _Stop(
                f"the working directory could not be put back afterwards: {error}"
            ) from None

    async def _restore(self, snapshot: Snapshot, replay: Replay, run_id: str) -> None:
        report = await anyio.to_thread.run_sync(
            self._snapshots.restore, snapshot, self._cwd, self._exclude
        )
        restored, lost = tuple(report.restored), tuple(report.lost)
        if replay.drift is not None:
            old = replay.drift
            replay.drift = Drift(old.trace_id, old.step, old.tool, old.reason, restored, lost)
        if restored or lost:
            self._bus.publish_nowait(Restored(run_id, restored, lost))

    async def _check_files(self, trace: Trace, left: Mapping[str, str]) -> None:
        """Stop if a file that the run would change is not as it, or the user's run, left it."""
        for effect in trace.effects:
            now = await anyio.to_thread.run_sync(state_of, self._cwd / effect.path)
            known = {effect.before.sha256, effect.after.sha256, left.get(effect.path)}
            if now.sha256 not in known:
                raise _Stop(f"{effect.path} has been changed since")

    async def _step(
        self,
        index: int,
        step: Step,
        trace: Trace,
        session: ToolSession,
        run_id: str,
        left: Mapping[str, str],
    ) -> None:
        cwd = str(self._cwd)
        call = ToolCall(step.tool, lower_json(step.input, cwd))
        self._bus.publish_nowait(ToolCalled(run_id, index, call))
        began = self._clock()
        try:
            driver = self._registry.get(step.tool)
        except UnknownToolError as error:
            raise _Stop(error.message) from None
        writes = driver.effect is Effect.WRITE
        ready = writes and await self._ready_to_write(step, call.input, session, trace, left)
        result = _in_place(step) if ready else await driver.run(call.input, session)
        self._bus.publish_nowait(ToolReturned(run_id, index, call, result))
        if writes and step.after is not None:
            await self._check_written(call.input, step.after, result)
            return
        self._check_observed(index, step, trace, result, began)

    async def _ready_to_write(
        self,
        step: Step,
        given: JsonObject,
        session: ToolSession,
        trace: Trace,
        left: Mapping[str, str],
    ) -> bool:
        """Check the file that a step is about to write; return whether its result is in place."""
        if step.before is None:
            return False
        path = resolve(str(given.get("file_path", "")), self._cwd)
        now = await anyio.to_thread.run_sync(state_of, path)
        if step.after is not None and now.sha256 == step.after.sha256:
            if now.sha256 is not None:
                session.seen_files[path.resolve()] = now.sha256
            return True
        if now.sha256 == step.before.sha256:
            return False
        if now.sha256 is not None and now.sha256 in self._own_results(path, trace, left):
            # A later step of an earlier run of this very trace made it so.
            return False
        was = "absent" if step.before.sha256 is None else "another"
        raise _Stop(f"{path.name} was {was} when it was learned and has been changed since")

    def _own_results(self, path: Path, trace: Trace, left: Mapping[str, str]) -> set[str | None]:
        try:
            name = path.relative_to(self._cwd).as_posix()
        except ValueError:
            return set()
        own = {effect.after.sha256 for effect in trace.effects if effect.path == name}
        return own | {left.get(name)}

    async def _check_written(
        self, given: JsonObject, expected: FileState, result: ToolResult
    ) -> None:
        if not result.ok:
            raise _Stop(f"it failed now: {result.output[:200]}")
        path = resolve(str(given.get("file_path", "")), self._cwd)
        now = await anyio.to_thread.run_sync(state_of, path)
        if now.sha256 != expected.sha256:
            raise _Stop(f"{path.name} did not come out as it was learned")

    def _check_observed(
        self, index: int, step: Step, trace: Trace, result: ToolResult, began: float
    ) -> None:
        cwd = str(self._cwd)
        comparison = compare(
            _seen(step.tool, step.observation, cwd),
            Seen(
                comparable_output(step.tool, result.output),
                result.ok,
                result.exit_code if step.observation.exit_code is not None else None,
                began,
                self._clock() - began,
            ),
        )
        if comparison.reason is not None:
            raise _Stop(comparison.reason)
        used = _used_after(index, trace, cwd)
        for value in comparison.changed:
            if value in used:
                raise _Stop(f"{value!r} was used later and is another value now")

    def _hashes(self, trace: Trace) -> dict[str, str]:
        states = {effect.path: state_of(self._cwd / effect.path) for effect in trace.effects}
        return {path: state.sha256 for path, state in states.items() if state.sha256 is not None}


def _in_place(step: Step) -> ToolResult:
    return ToolResult("its result is already in place", ok=step.observation.ok)


def _seen(tool: str, observation: Observation, cwd: str) -> Seen:
    return Seen(
        comparable_output(tool, lower_cwd(observation.text, cwd)),
        observation.ok,
        observation.exit_code,
        observation.at,
        observation.duration_s,
    )


def _used_after(index: int, trace: Trace, cwd: str) -> str:
    """Return all text that may have come from a step: later inputs, and the answer."""
    inputs = (text for step in trace.steps[index + 1 :] for text in strings_in(step.input))
    return lower_cwd("\n".join((*inputs, trace.answer)), cwd)
