"""The guards of a replay with the learned values: by flow, from the first thing that differs on.

As long as every observation is equal they are the strict guards, and nothing else is loaded. Where
one differs, what `memory.implicit` does not allow is drift; what it allows is judged by flow, as
in a replay with other values, and the answer is derived anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..kernel.tools import JsonObject, ToolResult
from ..memory.guards import compare, other_outcome
from ..memory.placement import lift_cwd
from ..memory.traces import Trace
from ..memory.tree import Change, Tree
from .drift_kinds import DriftKind, Stop
from .replay_guards import StrictGuards, kind_of

if TYPE_CHECKING:
    from .bound_guards import BoundGuards


class LearnedGuards(StrictGuards):
    """Judges one replay with the learned values.

    Args:
        trace: The trace that is replayed.
        cwd: The working directory.
        left: Its files as its earlier runs left them: path to SHA-256.
        exclude: Absolute paths that are llmos's own.
        force: Whether files that somebody else has changed may be replaced.
    """

    def __init__(
        self,
        trace: Trace,
        cwd: Path,
        left: Mapping[str, str],
        *,
        exclude: Sequence[Path] = (),
        force: bool = False,
    ) -> None:
        super().__init__(trace, cwd, left, force=force)
        self._exclude = exclude
        self._tree: Tree | None = None
        self._by_flow: BoundGuards | None = None

    def begin(self, before: Tree | None) -> None:
        """Take note of the working directory as it is before the first step."""
        self._tree = before

    def before(self, index: int) -> None:
        """Judge whether a step may be carried out after what was seen so far."""
        if self._by_flow is not None:
            from ..memory.implicit import may_follow

            reason = may_follow(self._trace.steps[index])
            if reason is not None:
                raise Stop(reason, DriftKind.CONCLUSION)

    def ready(self, index: int, given: JsonObject) -> tuple[bool, str | None]:
        """Check the file that a step is about to write."""
        guards = self._by_flow
        return super().ready(index, given) if guards is None else guards.ready(index, given)

    def written(self, index: int, given: JsonObject, result: ToolResult) -> None:
        """Check what a step wrote."""
        guards = self._by_flow
        if guards is None:
            super().written(index, given, result)
        else:
            guards.written(index, given, result)

    def observed(self, index: int, result: ToolResult, began: float, ended: float) -> None:
        """Check what a step shows: the same, or what may differ."""
        recorded, now = self._seen(index), self._seen_now(index, result, began, ended)
        if compare(recorded, now).reason is not None:
            reason = other_outcome(recorded, now)
            if reason is None:
                from ..memory.implicit import may_differ

                text = lift_cwd(now.text, str(self._cwd))
                explained = self._by_flow is not None
                reason = may_differ(self._trace, index, text, explained=explained)
            if reason is not None:
                raise Stop(reason, kind_of(recorded, now))
            self._judge_by_flow(index)
        if self._by_flow is None:
            super().observed(index, result, began, ended)
        else:
            self._by_flow.observed(index, result, began, ended)

    def finish(self, changes: list[Change]) -> tuple[str, dict[str, str]]:
        """Judge the replay as a whole."""
        guards = self._by_flow
        return super().finish(changes) if guards is None else guards.finish(changes)

    def _judge_by_flow(self, index: int) -> None:
        """Judge by flow from a step on; all before it was as it had been."""
        if self._by_flow is None:
            from .bound_guards import BoundGuards

            self._by_flow = BoundGuards(
                self._trace,
                self._cwd,
                self._left,
                learned=self._trace,
                exclude=self._exclude,
                force=self._force,
            )
            self._by_flow.begin(self._tree)
            self._by_flow.passed(index)
