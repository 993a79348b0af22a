"""The index of the trace store: derived from the files, and made anew when it is gone.

Opening it reads no trace. Whether files came or went is seen from the folder's modification time;
only then the folder is listed, and only what is new is read.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..kernel.database import open_database, transaction
from ..kernel.errors import WorkspaceError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS traces (
    id TEXT PRIMARY KEY,
    key TEXT NOT NULL,
    goal TEXT NOT NULL,
    learned_at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS traces_by_key ON traces (key, learned_at);
CREATE INDEX IF NOT EXISTS traces_by_time ON traces (learned_at);
CREATE TABLE IF NOT EXISTS folder (only INTEGER PRIMARY KEY CHECK (only = 1), mtime INTEGER);
INSERT OR IGNORE INTO folder VALUES (1, NULL);
"""

_SETTLED_NS = 50_000_000
"""A folder changed less than this before it was listed may change again within one clock tick."""


@dataclass(frozen=True, slots=True)
class TraceRow:
    """What the index knows of a trace.

    Attributes:
        id: Its id.
        key: The normal form of its goal.
        goal: Its goal.
        learned_at: UTC epoch seconds.
    """

    id: str
    key: str
    goal: str
    learned_at: float


class TraceIndex:
    """The index of one folder of traces. Its calls block.

    Args:
        path: The index's database; deleted and made anew if it is damaged.
        folder: The folder of the trace files.
        read: Reads the trace of an id for the index, or returns None if it cannot be used.
        now_ns: Gives the wall clock in nanoseconds.
    """

    def __init__(
        self,
        path: Path,
        folder: Path,
        read: Callable[[str], TraceRow | None],
        now_ns: Callable[[], int],
    ) -> None:
        self._path = path
        self._folder = folder
        self._read = read
        self._now_ns = now_ns
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None

    def add(self, row: TraceRow) -> None:
        """Add or replace a row; its file has just been written."""
        with self._lock, transaction(self._open()) as connection:
            _insert(connection, [row])

    def remove(self, trace_id: str) -> None:
        """Remove a row; its file has just been removed."""
        with self._lock, transaction(self._open()) as connection:
            connection.execute("DELETE FROM traces WHERE id = ?", (trace_id,))

    def by_key(self, key: str) -> list[str]:
        """Return the ids of a key, newest first."""
        query = "SELECT id FROM traces WHERE key = ? ORDER BY learned_at DESC, id"
        return [row[0] for row in self._query(query, key)]

    def by_prefix(self, prefix: str, limit: int) -> list[str]:
        """Return ids that begin with a prefix."""
        query = "SELECT id FROM traces WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"
        return [row[0] for row in self._query(query, prefix, prefix + "\uffff", limit)]

    def rows(self, limit: int, offset: int) -> list[TraceRow]:
        """Return rows, newest first."""
        query = (
            "SELECT id, key, goal, learned_at FROM traces"
            " ORDER BY learned_at DESC, id LIMIT ? OFFSET ?"
        )
        return [TraceRow(*row) for row in self._query(query, limit, offset)]

    def count(self) -> int:
        """Return how many traces there are."""
        return self._query("SELECT count(*) FROM traces")[0][0]

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _query(self, query: str, *values: object) -> list[Any]:
        with self._lock:
            self._follow_folder()
            return self._open().execute(query, values).fetchall()

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            try:
                self._connection = open_database(self._path, _SCHEMA)
            except WorkspaceError:
                # The index is derived, so a damaged one is worth nothing.
                for name in (self._path.name, f"{self._path.name}-wal", f"{self._path.name}-shm"):
                    (self._path.parent / name).unlink(missing_ok=True)
                self._connection = open_database(self._path, _SCHEMA)
            # What is derived need not survive a power loss.
            self._connection.execute("PRAGMA synchronous=OFF")
        return self._connection

    def _follow_folder(self) -> None:
        """Take in what others put into the folder or removed from it."""
        connection = self._open()
        known = connection.execute("SELECT mtime FROM folder").fetchone()[0]
        try:
            changed = self._folder.stat().st_mtime_ns
        except FileNotFoundError:
            changed = 0
        if known == changed:
            return
        # Listed before it is noted: a file that comes in between is seen the next time.
        present = _trace_ids(self._folder)
        indexed = {row[0] for row in connection.execute("SELECT id FROM traces")}
        rows = [row for row in map(self._read, sorted(present - indexed)) if row is not None]
        try:
            # Reading may have set files aside, which is a change of our own.
            after = self._folder.stat().st_mtime_ns
        except FileNotFoundError:
            after = 0
        settled = after if self._now_ns() - after > _SETTLED_NS else None
        with transaction(connection):
            _insert(connection, rows)
            gone = [(trace_id,) for trace_id in indexed - present]
            connection.executemany("DELETE FROM traces WHERE id = ?", gone)
            connection.execute("UPDATE folder SET mtime = ?", (settled,))


def _insert(connection: sqlite3.Connection, rows: Iterable[TraceRow]) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO traces VALUES (?, ?, ?, ?)",
        [(row.id, row.key, row.goal, row.learned_at) for row in rows],
    )


def _trace_ids(folder: Path) -> set[str]:
    try:
        with os.scandir(folder) as entries:
            return {
                entry.name.removesuffix(".json")
                for entry in entries
                if entry.name.startswith("t-") and entry.name.endswith(".json")
            }
    except FileNotFoundError:
        return set()
