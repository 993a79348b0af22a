"""The ledger: the durable record of every hold, cost and saving, in micro-dollars.

Every change is one transaction under a lock between processes; the running totals of the account
row change with the rows they add up, so `audit` can always recompute them. A hold carries who
took it, so that one whose process died is found and settled at what it was known to have burned.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .database import Database
from .errors import WorkspaceError
from .money import Micros
from .record import Record

_SCHEMA = """
CREATE TABLE IF NOT EXISTS account (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    spent INTEGER NOT NULL,
    held INTEGER NOT NULL,
    saved INTEGER NOT NULL
);
INSERT OR IGNORE INTO account VALUES (1, 0, 0, 0);
CREATE TABLE IF NOT EXISTS entries (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('cost', 'saving')),
    amount INTEGER,
    operation TEXT NOT NULL,
    run_id TEXT NOT NULL,
    trace_id TEXT,
    model TEXT,
    at REAL NOT NULL,
    pid INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS entries_by_time ON entries (at);
CREATE TABLE IF NOT EXISTS holds (
    id TEXT PRIMARY KEY,
    amount INTEGER NOT NULL,
    burned INTEGER NOT NULL,
    operation TEXT NOT NULL,
    run_id TEXT NOT NULL,
    pid INTEGER NOT NULL,
    born TEXT NOT NULL,
    at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS origins (
    id TEXT PRIMARY KEY,
    session TEXT NOT NULL,
    directory TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS origins_by_session ON origins (session);
"""


class Entry(Record):
    """One line of the ledger.

    Attributes:
        id: Id of the hold or call that it settles; recorded once, however often it is sent.
        kind: ``cost`` or ``saving``.
        amount: Micro-dollars; None if the price is unknown.
        operation: What it was for.
        run_id: Id of the run.
        trace_id: The trace, for a saving.
        model: The model, for a cost.
        at: UTC epoch seconds.
    """

    id: str
    kind: str
    amount: Micros | None
    operation: str
    run_id: str
    trace_id: str | None
    model: str | None
    at: float


class Totals(Record):
    """The running totals, micro-dollars."""

    spent: Micros
    held: Micros
    saved: Micros


class Ledger:
    """The ledger of one workspace.

    Args:
        path: The database, or None to keep it in memory.

    Attributes:
        database: The same, for others that keep something beside it.

    Raises:
        WorkspaceError: If the database cannot be used; it is never silently begun anew.
    """

    def __init__(self, path: Path | None) -> None:
        self.database = Database(path, _SCHEMA)

    @contextmanager
    def change(self) -> Generator[sqlite3.Connection]:
        """Make the body one durable change, alone among threads and processes.

        Raises:
            WorkspaceError: If it cannot be written; nothing is changed then.
        """
        try:
            with self.database.change() as connection:
                yield connection
        except (sqlite3.Error, OSError) as error:
            raise WorkspaceError(
                f"the ledger cannot be written: {error}",
                hint="make room on the disk, or name another workspace with --workspace DIR",
            ) from error

    def totals(self) -> Totals:
        """Return the running totals."""
        row = self._read("SELECT spent, held, saved FROM account")[0]
        return Totals(*row)

    def audit(self) -> Totals:
        """Recompute the totals from the rows; equal to `totals` unless the ledger is damaged."""
        costs = "SELECT coalesce(sum(amount), 0) FROM entries WHERE kind = "
        row = self._read(
            f"SELECT ({costs} 'cost'), (SELECT coalesce(sum(amount), 0) FROM holds),"
            f" ({costs} 'saving')"
        )[0]
        return Totals(*row)

    def entries(self, limit: int = 100) -> list[Entry]:
        """Return the newest entries, newest first."""
        columns = "id, kind, amount, operation, run_id, trace_id, model, at"
        query = f"SELECT {columns} FROM entries ORDER BY at DESC, rowid DESC LIMIT ?"
        return [Entry(*row) for row in self._read(query, limit)]

    def spent_since(self, at: float) -> Micros:
        """Return what was spent at a moment or later, micro-dollars.

        Args:
            at: UTC epoch seconds.
        """
        query = "SELECT coalesce(sum(amount), 0) FROM entries WHERE kind = 'cost' AND at >= ?"
        return self._read(query, at)[0][0]

    def of_session(self, session: str) -> tuple[Micros, Micros]:
        """Return what a session has spent and holds, micro-dollars."""
        query = (
            "SELECT coalesce(sum(amount), 0) FROM {} JOIN origins USING (id)"
            " WHERE session = ? AND {}"
        )
        spent = self._read(query.format("entries", "kind = 'cost'"), session)[0][0]
        return spent, self._read(query.format("holds", "1"), session)[0][0]

    def lines(self, since: float) -> list[tuple[Entry, str, str]]:
        """Return all entries from a moment on, oldest first, each with its session and directory.

        Args:
            since: UTC epoch seconds.
        """
        columns = "id, kind, amount, operation, run_id, trace_id, model, at"
        query = (
            f"SELECT {columns}, coalesce(session, ''), coalesce(directory, '') FROM entries"
            " LEFT JOIN origins USING (id) WHERE at >= ? ORDER BY at, entries.rowid"
        )
        return [(Entry(*row[:8]), row[8], row[9]) for row in self._read(query, since)]

    def learn_costs(self, limit: int) -> list[Micros]:
        """Return the newest known costs of learning, newest first; refused runs cost nothing."""
        query = (
            "SELECT amount FROM entries WHERE kind = 'cost' AND amount > 0"
            " AND operation LIKE 'Learn:%' ORDER BY at DESC, rowid DESC LIMIT ?"
        )
        return [row[0] for row in self._read(query, limit)]

    def holders(self) -> list[tuple[str, int, str, Micros]]:
        """Return the open holds: id, process id, birth of the process, burned."""
        return self._read("SELECT id, pid, born, burned FROM holds")

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    def _read(self, query: str, *values: object) -> list[Any]:
        with self.database.reading() as connection:
            return connection.execute(query, values).fetchall()


def add_entry(connection: sqlite3.Connection, entry: Entry) -> bool:
    """Add an entry inside a change; return False if its id is already recorded."""
    done = connection.execute(
        "INSERT OR IGNORE INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            entry.id,
            entry.kind,
            entry.amount,
            entry.operation,
            entry.run_id,
            entry.trace_id,
            entry.model,
            entry.at,
            os.getpid(),
        ),
    )
    if done.rowcount == 0:
        return False
    column = "spent" if entry.kind == "cost" else "saved"
    connection.execute(f"UPDATE account SET {column} = {column} + ?", (entry.amount or 0,))
    return True


def add_origin(connection: sqlite3.Connection, entry_id: str, session: str, directory: str) -> None:
    """Note inside a change where the hold or entry of an id comes from."""
    connection.execute(
        "INSERT OR IGNORE INTO origins VALUES (?, ?, ?)", (entry_id, session, directory)
    )


def process_birth(pid: int) -> str | None:
    """Return what tells a process from a later one of the same id, or None if it is not alive."""
    import psutil

    try:
        return f"{psutil.Process(pid).create_time():.2f}"
    except psutil.NoSuchProcess:
        return None
    except psutil.AccessDenied:
        return "unknown"
