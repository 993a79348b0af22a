"""The runs of the journal: which there were, what each changed, how one is undone and redone.

Undoing brings every entry that a run changed back to what it was before it, redoing to what it was
after it. An entry that is now neither was changed since; it is replaced only if the caller insists,
and then the journal keeps what stood there: redoing an undone run, or undoing a redone one, brings
it back.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..kernel.atomic import sweep_temporaries
from ..kernel.crash_points import crash_point
from ..kernel.database import transaction
from ..kernel.errors import UsageError
from ..kernel.locks import file_lock
from .journal import Journal
from .journal_tables import (
    CUT_OFF,
    DONE,
    REDOING,
    ROLLED_BACK,
    UNDOING,
    UNDONE,
    UNFINISHED,
    entry_from,
    packed_entry,
)
from .tree import Change, Entry
from .tree_scan import entry_at

_COLUMNS = (
    "number, runs.id, trees.root, goal, mode, trace_id, state, began, ended, missed, calls,"
    " (SELECT count(*) FROM changes WHERE run = number)"
)
_LISTED = "llmos runs lists the runs"
_FROM = "FROM runs JOIN trees ON trees.id = runs.tree"

MAY_UNDO = (DONE, CUT_OFF)
"""States of a run that can be undone."""
MAY_REDO = (UNDONE, ROLLED_BACK)
"""States of a run that can be redone."""


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run as the journal knows it.

    Attributes:
        number: Its number in the journal.
        id: Its id.
        root: The working directory.
        goal: The goal, without secrets.
        mode: ``FOLLOWER`` or ``LEARNER``.
        trace_id: The trace that was replayed or learned, or None.
        state: ``done``, ``undone``, ``rolled back``, ``cut off``, or what is going on.
        began: UTC epoch seconds.
        ended: The same, or None.
        missed: What of the directory was not kept, with the reasons.
        calls: Its calls: tool, and what it was told, without secrets.
        paths: How many entries it changed.
    """

    number: int
    id: str
    root: Path
    goal: str
    mode: str
    trace_id: str | None
    state: str
    began: float
    ended: float | None
    missed: dict[str, str]
    calls: tuple[tuple[str, str], ...]
    paths: int


@dataclass(frozen=True, slots=True)
class Move:
    """What undoing or redoing a run would do, or has done.

    Attributes:
        run: The run.
        redo: Whether it is redone.
        changes: What is to be done: `after` is what stands there now, `before` what will.
        in_place: Paths that are already as they are to be.
        conflicts: Paths that were changed since.
        impossible: Paths whose content was not kept.
        lost: Paths that could not be brought back; filled when it is done.
    """

    run: PastRun
    redo: bool
    changes: tuple[Change, ...]
    in_place: tuple[str, ...]
    conflicts: tuple[str, ...]
    impossible: tuple[str, ...]
    lost: tuple[str, ...] = ()


class PastRuns:
    """The runs of one journal. Its calls block.

    Args:
        journal: The journal.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def list(self, root: Path | None = None, limit: int = 50) -> list[PastRun]:
        """Return the newest runs, newest first.

        Args:
            root: Only those in this working directory.
            limit: Most of them.
        """
        where = "" if root is None else "WHERE trees.root = ?"
        values = () if root is None else (os.fsencode(root),)
        query = f"SELECT {_COLUMNS} {_FROM} {where} ORDER BY number DESC LIMIT ?"
        return self._select(query, *values, limit)

    def find(self, name: str, root: Path, *, states: Collection[str], what: str) -> PastRun:
        """Return the run that a user names.

        Args:
            name: Its id, or the beginning of one; empty for the last one in this directory.
            root: The working directory.
            states: The states in which it may be, where none is named.
            what: What is to be done with it, for people.

        Raises:
            UsageError: If there is none, or more than one.
        """
        if not name:
            runs = [one for one in self.list(root, 1000) if one.state in states and one.paths]
            if not runs:
                raise UsageError(
                    f"there is nothing to {what} here", hint="llmos runs lists the runs"
                )
            return runs[0]
        where = "WHERE runs.id >= ? AND runs.id < ? ORDER BY number DESC"
        runs = self._select(f"SELECT {_COLUMNS} {_FROM} {where}", name, name + "\U0010ffff")
        if len({one.id for one in runs}) != 1:
            which = "more than one run begins" if runs else "no run begins"
            raise UsageError(f"{which} with {name!r}", hint=_LISTED)
        fitting = [one for one in runs if one.state in states]
        return (fitting or runs)[0]

    def unfinished(self) -> list[PastRun]:
        """Return the runs that go on, or whose process has gone in the middle."""
        query = f"SELECT {_COLUMNS} {_FROM} WHERE state IN (?, ?, ?) ORDER BY number DESC"
        return self._select(query, *UNFINISHED)

    def changes(self, run: PastRun) -> list[Change]:
        """Return what a run changed."""
        query = "SELECT path, before, after FROM changes WHERE run = ? ORDER BY path"
        with self._journal.using() as connection:
            rows = connection.execute(query, (run.number,)).fetchall()
        return [
            Change(os.fsdecode(path), entry_from(before), entry_from(after))
            for path, before, after in rows
        ]

    def changed_since(self, root: Path, paths: Sequence[str]) -> list[Change]:
        """Return how entries differ from what the last run left of them, as far as that is kept.

        Args:
            root: The working directory.
            paths: Relative to it.
        """
        query = (
            "SELECT after FROM changes JOIN runs ON runs.number = changes.run JOIN trees"
            " ON trees.id = runs.tree WHERE root = ? AND path = ? AND state = ?"
            " ORDER BY number DESC LIMIT 1"
        )
        changes: list[Change] = []
        with self._journal.using() as connection:
            for path in paths:
                values = (os.fsencode(root), os.fsencode(path), DONE)
                row = connection.execute(query, values).fetchone()
                now = entry_at(root, path, self._journal.contents.keep)
                changes.append(Change(path, entry_from(row[0]) if row else None, now))
            self._journal.contents.flush()
        return changes

    def plan(self, run: PastRun, *, redo: bool) -> Move:
        """Return what undoing or redoing a run would do. What stands there now is kept.

        The caller holds the directory's lock.
        """
        todo: list[Change] = []
        in_place: list[str] = []
        conflicts: list[str] = []
        impossible: list[str] = []
        keep = self._journal.contents.keep
        with self._journal.using(), file_lock(self._journal.contents_lock, shared=True):
            for change in self.changes(run):
                target = change.after if redo else change.before
                expected = change.before if redo else change.after
                now = entry_at(run.root, change.path, keep)
                if _content(now) == _content(target):
                    in_place.append(change.path)
                    continue
                if target is not None and not self._can_make(target):
                    impossible.append(change.path)
                    continue
                # Of a run that was cut off nobody knows what it changed, and what came after it.
                if _content(now) != _content(expected) or run.state == CUT_OFF:
                    conflicts.append(change.path)
                todo.append(Change(change.path, target, now))
            self._journal.contents.flush()
        return Move(
            run, redo, tuple(todo), tuple(in_place), tuple(conflicts), tuple(impossible)
        )  # fmt: skip

    def carry_out(self, move: Move) -> Move:
        """Undo or redo a run as planned; a crash in the middle is finished by the next llmos."""
        number, side = move.run.number, "before" if move.redo else "after"
        forced = set(move.conflicts)
        rows = [
            (packed_entry(one.after), number, os.fsencode(one.path))
            for one in move.changes
            if one.path in forced
        ]
        with self._journal.using() as connection, transaction(connection):
            # What stands there now is what the opposite move will bring back.
            connection.executemany(
                f"UPDATE changes SET {side} = ? WHERE run = ? AND path = ?", rows
            )
            self._set_state(connection, number, REDOING if move.redo else UNDOING)
        crash_point("undo.marked")
        return self._finish(move)

    def finish(self, run: PastRun) -> Move:
        """Finish an undo or redo that was cut off; what was changed since is left alone."""
        for change in self.changes(run):
            folder = (run.root / change.path).parent
            if folder.is_dir():
                sweep_temporaries(folder)
        move = self.plan(run, redo=run.state == REDOING)
        left = set(move.conflicts)
        mine = [one for one in move.changes if one.path not in left or _both_folders(one)]
        return self._finish(replace(move, changes=tuple(mine)))

    def marks_of(self, run: PastRun) -> tuple[str, ...]:
        """Return what the processes of an open run may carry in their environment."""
        with self._journal.using() as connection:
            rows = connection.execute("SELECT mark FROM marks WHERE run = ?", (run.number,))
            return (run.id, *(str(mark) for (mark,) in rows))

    def set_state(self, run: PastRun, state: str) -> None:
        """Note the state of a run."""
        with self._journal.using() as connection, transaction(connection):
            self._set_state(connection, run.number, state)

    def _finish(self, move: Move) -> Move:
        writer = self._journal.writer(move.run.root)
        _, lost = writer.put_back(move.changes)
        crash_point("undo.path")
        folders = [(one.path, one.before) for one in move.changes]
        writer.set_folders([(p, e) for p, e in folders if e is not None and e.kind == "directory"])
        self.set_state(move.run, DONE if move.redo else UNDONE)
        crash_point("undo.done")
        return replace(move, lost=tuple(lost))

    def _can_make(self, target: Entry) -> bool:
        if target.kind == "file":
            return self._journal.contents.has(bytes.fromhex(target.sha256))
        return target.kind in ("directory", "symlink")

    def _select(self, query: str, *values: Any) -> list[PastRun]:
        if not self._journal.exists:
            return []
        with self._journal.using() as connection:
            rows = connection.execute(query, values).fetchall()
        return [_past_run(row) for row in rows]

    def _set_state(self, connection: sqlite3.Connection, number: int, state: str) -> None:
        connection.execute("UPDATE runs SET state = ? WHERE number = ?", (state, number))


def _past_run(row: Sequence[Any]) -> PastRun:
    number, run_id, root, goal, mode, trace_id, state, began, ended, missed, calls, paths = row
    return PastRun(
        number,
        run_id,
        Path(os.fsdecode(root)),
        goal,
        mode,
        trace_id,
        state,
        began,
        ended,
        json.loads(missed),
        tuple((tool, told) for tool, told in json.loads(calls)),
        paths,
    )


def _content(entry: Entry | None) -> tuple[str, int, str] | None:
    return None if entry is None else entry.content


def _both_folders(change: Change) -> bool:
    """Whether only the mode of a folder differs: it is widened while something is made in it."""
    kinds = {entry.kind for entry in (change.before, change.after) if entry is not None}
    return kinds == {"directory"} and None not in (change.before, change.after)
