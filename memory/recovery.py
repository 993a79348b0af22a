"""What the next llmos does about runs whose process has gone in the middle.

A replay is rolled back, an undo is finished, a model run is closed as it stands: what it had made
was paid for, and may be wanted. A run whose directory is locked is alive, and left alone.
"""

from __future__ import annotations

import stat
from collections.abc import Collection, Generator
from contextlib import contextmanager
from pathlib import Path

from ..kernel.atomic import is_temporary, make_private_dir
from ..kernel.locks import file_lock, lock_of
from .journal import Journal
from .journal_tables import CUT_OFF, OPEN
from .past_runs import PastRun, PastRuns

_LATE_S = 60.0
"""Seconds after the last sign of life of a run from which on a change is taken for the user's."""
_NAMED = 5


def recover(
    journal: Journal, locks: Path, exclude: Collection[Path], *, held: Path | None = None
) -> list[str]:
    """Bring every run to its end whose process has gone. Blocks.

    Args:
        journal: The journal.
        locks: Folder of the directory locks.
        exclude: Absolute paths that are llmos's own.
        held: The directory whose lock the caller holds; only its runs are looked at then.

    Returns:
        What was done, for people.

    Raises:
        WorkspaceError: If the journal cannot be used.
        OSError: If a directory cannot be looked at.
    """
    if not journal.exists:
        return []
    past = PastRuns(journal)
    said: list[str] = []
    for run in past.unfinished():
        if held is not None and run.root != held:
            continue
        with _alone(locks, run, held) as dead:
            # Another llmos may have brought it to its end meanwhile.
            if dead and any(one.number == run.number for one in past.unfinished()):
                said.append(_end(journal, past, run, exclude))
    return said


@contextmanager
def _alone(locks: Path, run: PastRun, held: Path | None) -> Generator[bool]:
    if held is not None:
        yield True
        return
    make_private_dir(locks)
    with file_lock(lock_of(locks, run.root), wait=False) as got:
        yield got


def _end(journal: Journal, past: PastRuns, run: PastRun, exclude: Collection[Path]) -> str:
    if not run.root.is_dir():
        past.set_state(run, CUT_OFF)
        return f"run {run.id} was cut off, and {run.root} is not there any more"
    if run.state != OPEN:
        lost = past.finish(run).lost
        return f"the {run.state} of run {run.id}, which was cut off, was finished{_not_back(lost)}"
    for mark in past.marks_of(run):
        _end_processes(mark)
    begun = journal.resume(run.number, run.root, exclude)
    changes = begun.changes()
    if run.mode == "LEARNER":
        begun.close(changes, CUT_OFF)
        return (
            f"the model run {run.id} was cut off; {len(changes)} paths differ from what was there "
            f"before it: see llmos diff {run.id}, and llmos undo {run.id}"
        )
    late = (run.ended or run.began) + _LATE_S
    left = [
        one.path for one in changes if one.after is not None and _changed_at(run, one.path) > late
    ]
    restored, lost = begun.roll_back(left)
    kept = f"; changed later, so left as they are: {_some(left)}" if left else ""
    seen = f" (llmos redo {run.id} brings back what was there)" if restored else ""
    return (
        f"the replay {run.id} was cut off; put back {len(restored)} paths{seen}"
        f"{_not_back(lost)}{kept}"
    )


def _end_processes(mark: str) -> None:
    from ..kernel.orphans import end_marked  # psutil, which only this needs

    end_marked(mark)


def _changed_at(run: PastRun, path: str) -> float:
    """Return when a path was last changed; 0 where that says nothing about the user.

    What is made in a folder changes its time, and a temporary file is what a roll-back left that
    was itself cut off.
    """
    try:
        found = (run.root / path).lstat()
    except OSError:
        return 0.0
    if stat.S_ISDIR(found.st_mode) or is_temporary(path):
        return 0.0
    return found.st_ctime


def _not_back(lost: Collection[str]) -> str:
    return f"; could not put back {_some(list(lost))}" if lost else ""


def _some(paths: list[str]) -> str:
    more = len(paths) - _NAMED
    return ", ".join(paths[:_NAMED]) + (f" and {more} more" if more > 0 else "")
