"""The journal: every run that may write is a transaction on the working directory.

Before its first such step, all that stands in the directory is safe on the disk: what a run of
before left unchanged is known, the rest is copied and committed (`begin`). After the last one the
directory is looked at again, and what differs is kept with the run (`close`). A run that is not
closed when its process has gone was cut off: everything needed to put the directory back is here.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Collection, Generator, Iterable
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..kernel.atomic import make_private_dir
from ..kernel.crash_points import crash_point
from ..kernel.database import open_database, transaction
from ..kernel.errors import WorkspaceError
from ..kernel.locks import file_lock
from .contents import Contents
from .journal_tables import DONE, JOURNAL_SCHEMA, OPEN, UNFINISHED, RunHeader, packed_entry
from .open_run import OpenRun
from .tree import Change, Packed, Tree
from .tree_scan import Scanner, TreeLimits
from .tree_writer import TreeWriter

if TYPE_CHECKING:
    from .tree_watch import TreeWatch


class Journal:
    """The journal of one workspace. Its calls block; safe for several threads and processes.

    Args:
        folder: Where it is kept; made when first needed.
        limits: What of a tree is kept.
    """

    def __init__(self, folder: Path, limits: TreeLimits | None = None) -> None:
        self.folder = folder
        self._limits = limits or TreeLimits()
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._contents: Contents | None = None

    @property
    def exists(self) -> bool:
        """Whether anything was ever kept."""
        return (self.folder / "journal.sqlite").exists()

    @property
    def has_unfinished(self) -> bool:
        """Whether a run goes on, or was cut off."""
        if not self.exists:
            return False
        query = "SELECT 1 FROM runs WHERE state IN (?, ?, ?) LIMIT 1"
        with self.using() as connection:
            return connection.execute(query, UNFINISHED).fetchone() is not None

    def begin(self, header: RunHeader, root: Path, exclude: Collection[Path] = ()) -> OpenRun:
        """Begin a run: when this returns, all that it may change can be put back.

        The caller holds the directory's lock until the run is closed.

        Args:
            header: What the run is called.
            root: The working directory; absolute, resolved.
            exclude: Absolute paths that are left alone.

        Raises:
            TreeTooLarge: If the directory passes the limits.
            WorkspaceError: If the journal cannot be written.
            OSError: If contents cannot be kept.
        """
        keeping = ExitStack()
        with self.using() as connection, keeping:
            keeping.enter_context(self._keeping())
            tree_id, known = self._known(connection, root)
            watch = self._watch(root, known)
            before = self._scan(root, exclude, known, watch=watch)
            crash_point("journal.captured")
            with transaction(connection):
                tree_id = self._save(connection, tree_id, root, known, before)
                missed = json.dumps(before.missed())
                number = self._add(connection, header, tree_id, OPEN, missed)
            # Held until the run is closed: nothing that it keeps is swept away meanwhile.
            held = keeping.pop_all()
        crash_point("journal.opened")
        return OpenRun(self, number, root, tuple(exclude), before, watch, held)

    def resume(self, number: int, root: Path, exclude: Collection[Path]) -> OpenRun:
        """Return a run that was cut off; the caller holds the directory's lock."""
        with self.using() as connection:
            _, known = self._known(connection, root)
        return OpenRun(self, number, root, tuple(exclude), known)

    def note_not_kept(self, header: RunHeader, root: Path, reason: str) -> None:
        """Note a run whose directory could not be kept, so that it cannot be undone."""
        with self.using() as connection, transaction(connection):
            tree_id = self._tree_id(connection, root)
            self._add(connection, header, tree_id, DONE, json.dumps({".": reason}))

    def look_again(
        self, root: Path, exclude: Collection[Path], before: Tree, watch: TreeWatch | None = None
    ) -> Tree:
        """Return the tree of a run as it is now."""
        with self.using(), self._keeping():
            return self._scan(root, exclude, before, again=True, watch=watch)

    def close_run(
        self, number: int, state: str, before: Tree, after: Tree | None, changes: Iterable[Change]
    ) -> None:
        """Close a run, with what it changed.

        Args:
            number: The run.
            state: Its state from now on.
            before: The tree before it.
            after: The tree after it; None if that is not what later runs begin from.
            changes: What it changed.
        """
        rows = [
            (number, os.fsencode(one.path), packed_entry(one.before), packed_entry(one.after))
            for one in changes
        ]
        with self.using() as connection, transaction(connection):
            row = connection.execute(
                "SELECT runs.tree, trees.root FROM runs JOIN trees ON trees.id = runs.tree"
                " WHERE number = ?",
                (number,),
            ).fetchone()
            missed = dict(before.missed())
            if after is not None:
                self._save(connection, row[0], Path(os.fsdecode(row[1])), before, after)
                missed |= after.missed()
            connection.execute("DELETE FROM changes WHERE run = ?", (number,))
            connection.executemany("INSERT INTO changes VALUES (?, ?, ?, ?)", rows)
            connection.execute("DELETE FROM marks WHERE run = ?", (number,))
            connection.execute(
                "UPDATE runs SET state = ?, ended = ?, missed = ? WHERE number = ?",
                (state, time.time(), json.dumps(missed), number),
            )

    def note_alive(self, number: int) -> None:
        """Note that an open run still goes on."""
        with self.using() as connection, transaction(connection):
            query = "UPDATE runs SET ended = ? WHERE number = ? AND state = ?"
            connection.execute(query, (time.time(), number, OPEN))

    def note_calls(
        self, run_id: str, calls: Iterable[tuple[str, str]], trace_id: str | None
    ) -> None:
        """Note what a model run did: its calls as in `RunHeader`, and the trace that it left."""
        with self.using() as connection, transaction(connection):
            connection.execute(
                "UPDATE runs SET calls = ?, trace_id = ? WHERE id = ? AND mode = 'LEARNER'",
                (json.dumps(list(calls)), trace_id, run_id),
            )

    def writer(self, root: Path) -> TreeWriter:
        """Return what puts entries of a tree in place."""
        return TreeWriter(os.fspath(root), self.contents.read)

    @property
    def contents(self) -> Contents:
        """The contents that are kept."""
        with self.using():
            assert self._contents is not None
            return self._contents

    @contextmanager
    def using(self) -> Generator[sqlite3.Connection]:
        """Use the database, alone among the threads of this process.

        Raises:
            WorkspaceError: If it cannot be used.
        """
        with self._lock:
            if self._connection is None:
                make_private_dir(self.folder)
                self._connection = open_database(self.folder / "journal.sqlite", JOURNAL_SCHEMA)
                self._contents = Contents(self._connection, self.folder / "contents")
            try:
                yield self._connection
            except sqlite3.Error as error:
                raise WorkspaceError(
                    f"the journal of what runs changed cannot be used: {error}",
                    hint="make room on the disk, or name another workspace with --workspace DIR",
                ) from None

    @property
    def contents_lock(self) -> Path:
        """Held shared by who keeps contents, alone by who removes them."""
        return self.folder / "contents.lock"

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _watch(self, root: Path, known: Tree) -> TreeWatch | None:
        if known.entries < self._limits.watched:
            return None
        from .tree_watch import TreeWatch  # the trees of most replays are small

        return TreeWatch(os.fspath(root))

    @contextmanager
    def _keeping(self) -> Generator[None]:
        with file_lock(self.contents_lock, shared=True):
            yield

    def _scan(
        self,
        root: Path,
        exclude: Collection[Path],
        old: Tree,
        *,
        again: bool = False,
        watch: TreeWatch | None = None,
    ) -> Tree:
        left_out = {os.fspath(path) for path in exclude}
        scanner = Scanner(self.contents.keep, self._limits)
        tree = scanner.scan(os.fspath(root), left_out, old, again=again, watch=watch)
        self.contents.flush()
        return tree

    def _known(self, connection: sqlite3.Connection, root: Path) -> tuple[int | None, Tree]:
        row = connection.execute(
            "SELECT id, left_alone FROM trees WHERE root = ?", (os.fsencode(root),)
        ).fetchone()
        if row is None:
            return None, Tree()
        query = "SELECT folder, names, stats, contents FROM folders WHERE tree = ?"
        rows = connection.execute(query, (row[0],))
        folders = {os.fsdecode(one[0]): Packed(*one[1:]) for one in rows}
        return row[0], Tree(folders, json.loads(row[1]))

    def _add(
        self,
        connection: sqlite3.Connection,
        header: RunHeader,
        tree_id: int,
        state: str,
        missed: str,
    ) -> int:
        row = (header.id, tree_id, header.goal, header.mode, header.trace_id, state)
        cursor = connection.execute(
            "INSERT INTO runs (id, tree, goal, mode, trace_id, state, began, missed, calls)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*row, time.time(), missed, json.dumps(header.calls)),
        )
        assert cursor.lastrowid is not None
        if header.mark and state == OPEN:
            connection.execute("INSERT INTO marks VALUES (?, ?)", (cursor.lastrowid, header.mark))
        return cursor.lastrowid

    def _tree_id(self, connection: sqlite3.Connection, root: Path) -> int:
        name = os.fsencode(root)
        connection.execute(
            "INSERT OR IGNORE INTO trees (root, left_alone) VALUES (?, '{}')", (name,)
        )
        return int(connection.execute("SELECT id FROM trees WHERE root = ?", (name,)).fetchone()[0])

    def _save(
        self,
        connection: sqlite3.Connection,
        tree_id: int | None,
        root: Path,
        known: Tree,
        now: Tree,
    ) -> int:
        """Save what differs from what is known; return the tree's id."""
        if tree_id is None:
            tree_id = self._tree_id(connection, root)
        if now.left_alone != known.left_alone:
            left_alone = json.dumps(now.left_alone)
            connection.execute(
                "UPDATE trees SET left_alone = ? WHERE id = ?", (left_alone, tree_id)
            )
        new = [
            (tree_id, os.fsencode(folder), *packed)
            for folder, packed in now.folders.items()
            if known.folders.get(folder) is not packed
        ]
        gone = [(tree_id, os.fsencode(one)) for one in known.folders.keys() - now.folders.keys()]
        connection.executemany("INSERT OR REPLACE INTO folders VALUES (?, ?, ?, ?, ?)", new)
        connection.executemany("DELETE FROM folders WHERE tree = ? AND folder = ?", gone)
        return tree_id
