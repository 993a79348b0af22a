"""The states of files in a trace with other values: what can still be known of them.

A file that was absent must be absent again. What Write puts into a file is known from its input.
All else that depends on a changed value is `UNKNOWN`: a replay finds it out, and its guards decide
by what they find.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..kernel.drivers.text import as_written
from .placement import MARKER
from .substitution import Substitution
from .traces import FileEffect, FileState, Step, Trace

UNKNOWN = FileState(sha256="unknown", mode=None)
"""A file of which nothing is known but that it is there."""


def bound_states(
    learned: Sequence[Step], bound: Sequence[Step], effects: Sequence[FileEffect]
) -> list[Step]:
    """Return bound steps with the states of the files that they write.

    Args:
        learned: The learned steps.
        bound: The same with their inputs bound, and still with the learned states.
        effects: The files that the learned run changed.
    """
    first = {effect.path: effect.before for effect in effects}
    known = _Known({path: state.sha256 for path, state in first.items()})
    return [known.follow(old, new) for old, new in zip(learned, bound, strict=True)]


def bound_effects(
    trace: Trace, steps: Sequence[Step], swap: Substitution
) -> tuple[FileEffect, ...]:
    """Return the effects that a bound trace will have, as far as that can be told.

    Args:
        trace: The learned trace.
        steps: The bound steps, with their states.
        swap: What changed.
    """
    named = {
        path_in_cwd(old): (path_in_cwd(new), old, new)
        for old, new in zip(trace.steps, steps, strict=True)
        if old.after is not None
    }
    effects: list[FileEffect] = []
    for effect in trace.effects:
        path, after = swap.whole(effect.path), UNKNOWN
        if effect.path in named:
            written, old, new = named[effect.path]
            path = written or path
            same = old.after is not None and old.after.sha256 == effect.after.sha256
            after = (new.after if same else None) or UNKNOWN
        if effect.after.sha256 is None:
            after = effect.after
        kept = path == effect.path or effect.before.sha256 is None
        effects.append(
            FileEffect(path=path, before=effect.before if kept else UNKNOWN, after=after)
        )
    return tuple(effects)


def path_in_cwd(step: Step) -> str | None:
    """Return the path that a Write or Edit names, relative to the working directory.

    Returns:
        The path with ``/``, or None if it is not below the working directory or not told.
    """
    given = step.input.get("file_path")
    if not isinstance(given, str) or not given:
        return None
    path = posixpath.normpath(given)
    if path.startswith(f"{MARKER}/"):
        path = path.removeprefix(f"{MARKER}/")
    outside = path.startswith(("/", "~", MARKER)) or path == ".." or path.startswith("../")
    return None if outside else path


@dataclass(slots=True)
class _Known:
    """What is known of the files, step by step.

    Attributes:
        first: Path to hash before the run, for the files that the learned run changed.
        made: What the steps so far made of a learned path: the learned and the bound state.
        changed: Whether a step so far differs from the learned one.
    """

    first: dict[str, str | None]
    made: dict[str, tuple[FileState, FileState]] = field(
        default_factory=dict[str, tuple[FileState, FileState]]
    )
    changed: bool = False

    def follow(self, old: Step, new: Step) -> Step:
        """Return the next bound step with its states."""
        same = old.input == new.input
        before = self._before(old, new)
        after = self._after(old, new, before, same=same)
        self.changed = self.changed or not same
        name = str(old.input.get("file_path"))
        if old.after is not None and after is not None:
            self.made[name] = (old.after, after)
        return replace(new, before=before, after=after)

    def _before(self, old: Step, new: Step) -> FileState | None:
        if old.before is None or old.before.sha256 is None:
            return old.before
        made = self.made.get(str(old.input.get("file_path")))
        if made is not None and made[0].sha256 == old.before.sha256:
            return made[1]
        moved = old.input.get("file_path") != new.input.get("file_path")
        ours = made is None and self.first.get(path_in_cwd(old) or "") == old.before.sha256
        return old.before if not moved and (ours or not self.changed) else UNKNOWN

    def _after(
        self, old: Step, new: Step, before: FileState | None, *, same: bool
    ) -> FileState | None:
        if old.after is None or not old.observation.ok:
            return old.after
        if old.tool == "Write":
            return _written(old, new, old.after)
        return old.after if same and before == old.before else UNKNOWN


def _written(old: Step, new: Step, after: FileState) -> FileState:
    # What the learned content gives tells whether the file is plain UTF-8, as a new one is.
    if _hash_of(old) != after.sha256:
        return after if old.input == new.input else UNKNOWN
    return FileState(sha256=_hash_of(new) or UNKNOWN.sha256, mode=after.mode)


def _hash_of(step: Step) -> str | None:
    """Return the hash of the file that a Write makes, or None if that depends on the place."""
    path, content = step.input.get("file_path"), step.input.get("content")
    if not isinstance(path, str) or not isinstance(content, str) or "${cwd" in content:
        return None
    return hashlib.sha256(as_written(path, content).encode("utf-8", "replace")).hexdigest()
