"""The guards of a replay with other values than the learned ones.

What is observed is judged by flow (`memory.flow_guard`), the answer is derived or refused
(`memory.derived_answer`). Files: the replay creates files, and overwrites those that an earlier
run of its trace left, or that are what the model found under the same name. It edits the file that
a value names, since an Edit changes only the text that it quotes. Whatever else was there before
and is changed at the end, by Bash too, is somebody else's: the replay is undone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ..kernel.tools import JsonObject, ToolResult
from ..memory.bound import substitution_of
from ..memory.bound_files import UNKNOWN
from ..memory.derived_answer import Underivable, derive_answer
from ..memory.file_state import resolve, state_of
from ..memory.flow_guard import FlowGuard
from ..memory.guards import compare, other_outcome
from ..memory.placement import lift_cwd, lower_cwd
from ..memory.traces import FileEffect, FileState, Trace
from ..memory.tree import Change, Tree
from .drift_kinds import DriftKind, Stop
from .replay_guards import StrictGuards, kind_of


class BoundGuards(StrictGuards):
    """Judges one replay with other values.

    Args:
        trace: The bound trace.
        cwd: The working directory.
        left: The trace's files as its earlier runs, with whatever values, left them.
        learned: The trace as it was learned.
        exclude: Absolute paths that are llmos's own.
        force: Whether files that somebody else made or changed may be replaced.
        exact: Whether every observation must be equal but for the values.
    """

    def __init__(
        self,
        trace: Trace,
        cwd: Path,
        left: Mapping[str, str],
        *,
        learned: Trace,
        exclude: Sequence[Path] = (),
        force: bool = False,
        exact: bool = False,
    ) -> None:
        super().__init__(trace, cwd, left, force=force, exact=exact)
        self._learned = learned
        self._exclude = exclude
        self._swap = substitution_of(learned, trace)
        self._flow = FlowGuard(learned, trace, self._swap)
        self._before: Tree | None = None
        self._wrote: dict[Path, str | None] = {}
        self._edited: set[str] = set()

    def check_files(self) -> None:
        """Check the files that the replay is going to change, as far as they are known."""
        self._check_links()
        writers = self._writers()
        others: list[str] = []
        for old, effect in self._effects():
            now = state_of(self._cwd / effect.path).sha256
            moved = old.path != effect.path
            if now is None:
                if moved or None in (old.before.sha256, old.after.sha256):
                    continue
                raise Stop(f"{effect.path} is not there any more", DriftKind.FILE_CHANGED)
            only_edited = writers.get(effect.path) == {"Edit"} and effect.before == UNKNOWN
            if now not in self._known(effect.path) and not only_edited:
                others.append(effect.path)
        if others and not self._force:
            are = "is" if len(others) == 1 else "are"
            names = ", ".join(others)
            raise Stop(
                f"{names} {are} there already, and no run of this trace made it",
                DriftKind.FILE_CHANGED,
                others,
            )

    def begin(self, before: Tree | None) -> None:
        """Take note of the working directory as it is before the first step."""
        self._before = before

    def passed(self, index: int) -> None:
        """Take the steps before one for carried out, and what they showed for unchanged."""
        for earlier in range(index):
            self._flow.unchanged(earlier)

    def ready(self, index: int, given: JsonObject) -> tuple[bool, str | None]:
        """Check the file that a step is about to write, and that it may write this text."""
        reason = self._flow.before(index)
        if reason is not None:
            raise Stop(reason, DriftKind.CONCLUSION)
        step = self._trace.steps[index]
        if step.before is None:
            return False, None
        path = resolve(str(given.get("file_path", "")), self._cwd)
        if any(path.is_relative_to(own) for own in self._exclude):
            raise Stop(f"{path.name} is among llmos's own files", DriftKind.OTHERS_FILE)
        now = state_of(path)
        if _is(now, step.after):
            self._flow.unchanged(index)
            return True, now.sha256
        if now.sha256 is None and step.before.sha256 is None:
            return False, None
        if now.sha256 is not None and self._may_change(index, path, now.sha256):
            return False, None
        if now.sha256 is None:
            raise Stop(f"{path.name} is not there", DriftKind.FILE_CHANGED)
        if self._force:
            return False, None
        name = self._name(path) or str(path)
        said = f"{path.name} is there already, and is another's"
        raise Stop(said, DriftKind.FILE_CHANGED, [name])

    def written(self, index: int, given: JsonObject, result: ToolResult) -> None:
        """Check what a step wrote."""
        if self._trace.steps[index].after != UNKNOWN:
            super().written(index, given, result)
        elif not result.ok:
            raise Stop(f"it failed now: {result.output[:200]}", DriftKind.OTHER_OUTCOME)
        path = resolve(str(given.get("file_path", "")), self._cwd)
        self._wrote[path] = state_of(path).sha256
        self._flow.unchanged(index)

    def observed(self, index: int, result: ToolResult, began: float, ended: float) -> None:
        """Check what a step shows: the same, or nothing changed that flowed on."""
        recorded, now = self._seen(index), self._seen_now(index, result, began, ended)
        comparison = compare(recorded, now, strict=self._exact)
        if comparison.reason is None:
            self._check_volatile(index, comparison.changed)
            self._flow.unchanged(index)
            return
        if self._exact:
            raise Stop(comparison.reason, kind_of(recorded, now))
        reason = other_outcome(recorded, now)
        reason = reason or self._flow.judge(index, lift_cwd(now.text, str(self._cwd)))
        if reason is not None:
            raise Stop(reason, kind_of(recorded, now))

    def finish(self, changes: list[Change]) -> tuple[str, dict[str, str]]:
        """Judge the replay as a whole."""
        for change in changes:
            self._check_change(change)
        self._check_made()
        try:
            answer = derive_answer(self._learned, self._trace, self._swap, self._flow.seen)
        except Underivable as error:
            raise Stop(error.reason, DriftKind.NO_ANSWER) from None
        left = {one.path: one.after_state.sha256 for one in changes if one.is_file}
        for _, effect in self._effects():
            now = state_of(self._cwd / effect.path)
            if now.sha256 is not None and _is(now, effect.after):
                left[effect.path] = now.sha256
        answer = lower_cwd(answer, str(self._cwd))
        return answer, {path: sha256 for path, sha256 in left.items() if sha256 is not None}

    def _effects(self) -> Iterator[tuple[FileEffect, FileEffect]]:
        return zip(self._learned.effects, self._trace.effects, strict=True)

    def _writers(self) -> dict[str, set[str]]:
        """Return the tools that name a path as the one they write."""
        writers: dict[str, set[str]] = {}
        for step in self._trace.steps:
            if step.after is not None:
                given = lower_cwd(str(step.input.get("file_path", "")), str(self._cwd))
                name = self._name(resolve(given, self._cwd))
                writers.setdefault(name, set()).add(step.tool)
        return writers

    def _known(self, name: str) -> set[str | None]:
        """Return the states of a file in which the replay may overwrite it."""
        known: set[str | None] = {self._left.get(name)}
        for old, effect in self._effects():
            if effect.path == name:
                known.add(effect.after.sha256)
                if old.path == name:
                    known |= {old.before.sha256, old.after.sha256}
        return known - {None, UNKNOWN.sha256}

    def _may_change(self, index: int, path: Path, now: str) -> bool:
        step, name = self._trace.steps[index], self._name(path)
        if step.tool == "Edit" and step.before == UNKNOWN:
            self._edited.add(name)
            return True
        own = now in self._known(name) if name else False
        return own or _is_hash(now, step.before) or self._wrote.get(path) == now or self._new(path)

    def _new(self, path: Path) -> bool:
        """Whether this very replay made a file."""
        name = self._name(path)
        return self._before is not None and bool(name) and name not in self._before

    def _check_change(self, change: Change) -> None:
        if not change.is_file or change.before is None or change.path in self._edited:
            return
        if change.before_state.sha256 not in self._known(change.path) and not self._force:
            reason = f"it changed {change.path}, which was there and which no run of it made"
            raise Stop(reason, DriftKind.OTHERS_FILE, [change.path])

    def _check_made(self) -> None:
        """Check that the files whose names hold no value were made, or removed, once more."""
        values = [change.old.casefold() for change in self._swap.changes]
        for old, effect in self._effects():
            named = any(value in old.path.casefold() for value in values)
            there = state_of(self._cwd / effect.path).sha256 is not None
            if not named and there != (old.after.sha256 is not None):
                raise Stop(
                    f"{effect.path} is {'there' if there else 'not there'} afterwards",
                    DriftKind.OTHER_RESULT,
                )


def _is(now: FileState, state: FileState | None) -> bool:
    return _is_hash(now.sha256, state)


def _is_hash(now: str | None, state: FileState | None) -> bool:
    return state is not None and state != UNKNOWN and now == state.sha256
