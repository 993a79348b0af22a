"""The guards of a replay with the learned values: everything must be as the model found it.

Their calls block.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..kernel.drivers import comparable_output
from ..kernel.tools import JsonObject, ToolResult
from ..memory.file_state import resolve, state_of
from ..memory.guards import Seen, compare, other_outcome
from ..memory.placement import lower_cwd
from ..memory.texts import strings_in
from ..memory.traces import Observation, Trace
from ..memory.tree import Change, Tree
from .drift_kinds import DriftKind, Stop


class StrictGuards:
    """Judges one replay.

    Args:
        trace: The trace that is replayed.
        cwd: The working directory.
        left: Its files as its earlier runs left them: path to SHA-256.
        force: Whether files that somebody else has changed may be replaced.
        exact: Whether also what describes the run itself must be equal.
    """

    def __init__(
        self,
        trace: Trace,
        cwd: Path,
        left: Mapping[str, str],
        *,
        force: bool = False,
        exact: bool = False,
    ) -> None:
        self._force = force
        self._trace = trace
        self._cwd = cwd
        self._left = left
        self._exact = exact

    def check_files(self) -> None:
        """Check the files that the replay is going to change, before its first step.

        Raises:
            Stop: One is neither as the model found it, nor as an earlier run left it.
        """
        self._check_links()
        changed: list[str] = []
        for effect in self._trace.effects:
            now = state_of(self._cwd / effect.path)
            known = {effect.before.sha256, effect.after.sha256, self._left.get(effect.path)}
            if now.sha256 is not None and now.sha256 not in known:
                changed.append(effect.path)
            elif now.sha256 not in known:
                raise Stop(f"{effect.path} is not there any more", DriftKind.FILE_CHANGED)
        if changed and not self._force:
            have = "has" if len(changed) == 1 else "have"
            said = f"{', '.join(changed)} {have} been changed since"
            raise Stop(said, DriftKind.FILE_CHANGED, changed)

    def begin(self, before: Tree | None) -> None:
        """Take note of the working directory as it is before the first step."""

    def before(self, index: int) -> None:
        """Judge whether a step may be carried out after what was seen so far.

        Args:
            index: The step.

        Raises:
            Stop: It must not.
        """

    def ready(self, index: int, given: JsonObject) -> tuple[bool, str | None]:
        """Check the file that a step is about to write.

        Args:
            index: The step.
            given: Its input, with the working directory lowered.

        Returns:
            Whether the step's result is in place already, and the hash of the file if it is.

        Raises:
            Stop: The file is not as the model found it.
        """
        step = self._trace.steps[index]
        if step.before is None:
            return False, None
        path = resolve(str(given.get("file_path", "")), self._cwd)
        now = state_of(path)
        if step.after is not None and now.sha256 == step.after.sha256:
            return True, now.sha256
        if now.sha256 == step.before.sha256:
            return False, None
        if now.sha256 is not None and now.sha256 in self._own_results(path):
            # A later step of an earlier run of this very trace made it so.
            return False, None
        if now.sha256 is None:
            raise Stop(f"{path.name} is not there any more", DriftKind.FILE_CHANGED)
        if self._force:
            return False, None
        was = "absent" if step.before.sha256 is None else "another"
        raise Stop(
            f"{path.name} was {was} when it was learned and has been changed since",
            DriftKind.FILE_CHANGED,
            [self._name(path) or str(path)],
        )

    def written(self, index: int, given: JsonObject, result: ToolResult) -> None:
        """Check what a step wrote.

        Raises:
            Stop: It failed, or its file is not what it was to become.
        """
        after = self._trace.steps[index].after
        if not result.ok:
            raise Stop(f"it failed now: {result.output[:200]}", DriftKind.OTHER_OUTCOME)
        path = resolve(str(given.get("file_path", "")), self._cwd)
        if after is not None and state_of(path).sha256 != after.sha256:
            raise Stop(f"{path.name} did not come out as it was learned", DriftKind.OTHER_RESULT)

    def observed(self, index: int, result: ToolResult, began: float, ended: float) -> None:
        """Check what a step shows.

        Raises:
            Stop: Something is not as it was that matters.
        """
        recorded, now = self._seen(index), self._seen_now(index, result, began, ended)
        comparison = compare(recorded, now, strict=self._exact)
        if comparison.reason is not None:
            raise Stop(comparison.reason, kind_of(recorded, now))
        self._check_volatile(index, comparison.changed)

    def finish(self, changes: list[Change]) -> tuple[str, dict[str, str]]:
        """Judge the replay as a whole.

        Args:
            changes: What it changed in the working directory.

        Returns:
            The answer, and the trace's files as they are now: path to SHA-256.

        Raises:
            Stop: There is no answer, or it changed what it must not.
        """
        known = self._left.keys() | {one.path for one in self._trace.effects}
        for change in () if self._force else changes:
            if change.is_file and change.before is not None and change.path not in known:
                raise Stop(
                    f"it changed {change.path}, which was there and which no run of it made",
                    DriftKind.OTHERS_FILE,
                    [change.path],
                )
        states = {one.path: state_of(self._cwd / one.path) for one in self._trace.effects}
        left = {path: state.sha256 for path, state in states.items() if state.sha256 is not None}
        return lower_cwd(self._trace.answer, str(self._cwd)), left

    def _check_links(self) -> None:
        # What is written through a folder that leads elsewhere could not be put back.
        place = self._cwd.resolve()
        for effect in self._trace.effects:
            if not (self._cwd / effect.path).parent.resolve().is_relative_to(place):
                raise Stop(
                    f"the folder of {effect.path} leads out of the working directory now",
                    DriftKind.LEADS_OUT,
                )

    def _own_results(self, path: Path) -> set[str | None]:
        name = self._name(path)
        own = {effect.after.sha256 for effect in self._trace.effects if effect.path == name}
        return own | {self._left.get(name)} if name else set()

    def _name(self, path: Path) -> str:
        """Return a path relative to the working directory, or an empty string."""
        inside = path.is_relative_to(self._cwd)
        return path.relative_to(self._cwd).as_posix() if inside else ""

    def _seen(self, index: int) -> Seen:
        step = self._trace.steps[index]
        seen: Observation = step.observation
        text = comparable_output(step.tool, lower_cwd(seen.text, str(self._cwd)))
        return Seen(text, seen.ok, seen.exit_code, seen.at, seen.duration_s)

    def _seen_now(self, index: int, result: ToolResult, began: float, ended: float) -> Seen:
        step = self._trace.steps[index]
        code = result.exit_code if step.observation.exit_code is not None else None
        text = comparable_output(step.tool, result.output)
        return Seen(text, result.ok, code, began, ended - began)

    def _check_volatile(self, index: int, changed: tuple[str, ...]) -> None:
        used = self._used_after(index) if changed else ""
        for value in changed:
            if value in used:
                raise Stop(
                    f"{value!r} was used later and is another value now", DriftKind.VALUE_USED
                )

    def _used_after(self, index: int) -> str:
        """Return all text that may have come from a step: later inputs, and the answer."""
        steps = self._trace.steps[index + 1 :]
        inputs = (text for step in steps for text in strings_in(step.input))
        return lower_cwd("\n".join((*inputs, self._trace.answer)), str(self._cwd))


def kind_of(recorded: Seen, now: Seen) -> DriftKind:
    """Return which guard fails where two observations differ."""
    other = other_outcome(recorded, now) is not None
    return DriftKind.OTHER_OUTCOME if other else DriftKind.OTHER_OBSERVATION
