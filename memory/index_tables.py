"""The tables of the trace index: their layout, what a row of each means, and how rows get in."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..kernel.record import Record

FORMAT = "12"
"""Of the tables and of what is worked out for them: another one makes the index anew."""

SCHEMA = (
    "DROP TABLE IF EXISTS traces",
    "DROP TABLE IF EXISTS unusable",
    "DROP TABLE IF EXISTS templates",  # up to format 5
    "DROP TABLE IF EXISTS frames",
    "DROP TABLE IF EXISTS framed",
    "DROP TABLE IF EXISTS members",
    "DROP TABLE IF EXISTS terms",
    "DROP TABLE IF EXISTS scopes",
    "DROP TABLE IF EXISTS counts",
    "DROP TABLE IF EXISTS folder",
    "CREATE TABLE traces (id TEXT PRIMARY KEY, key TEXT NOT NULL, goal TEXT NOT NULL,"
    " learned_at REAL NOT NULL) WITHOUT ROWID",
    "CREATE INDEX traces_by_key ON traces (key, learned_at)",
    "CREATE INDEX traces_by_time ON traces (learned_at)",
    "CREATE TABLE frames (number INTEGER PRIMARY KEY, template TEXT NOT NULL,"
    " name TEXT NOT NULL, fixed TEXT NOT NULL, UNIQUE (template, name))",
    # In the order in which a frame's traces are asked for, so that the newest are found at once.
    "CREATE TABLE framed (frame INTEGER, learned_at REAL, id TEXT,"
    " PRIMARY KEY (frame, learned_at DESC, id)) WITHOUT ROWID",
    "CREATE INDEX framed_by_id ON framed (id)",
    # AUTOINCREMENT: a number is never given twice, so that readers can follow what is new.
    "CREATE TABLE members (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE,"
    " program INTEGER NOT NULL, example INTEGER, plain INTEGER NOT NULL, learned_at REAL NOT NULL,"
    " member TEXT NOT NULL)",
    "CREATE INDEX members_by_program ON members (program, learned_at, id)",
    "CREATE INDEX members_by_example ON members (example, learned_at, id)"
    " WHERE example IS NOT NULL",
    # What their goals have in common, see `count_tables`.
    "CREATE TABLE terms (number INTEGER PRIMARY KEY, term TEXT NOT NULL UNIQUE,"
    " often INTEGER NOT NULL)",
    "CREATE TABLE scopes (number INTEGER PRIMARY KEY, scope TEXT NOT NULL UNIQUE,"
    " often INTEGER NOT NULL)",
    "CREATE TABLE counts (term INTEGER, scope INTEGER, often INTEGER NOT NULL,"
    " PRIMARY KEY (term, scope)) WITHOUT ROWID",
    "CREATE TABLE unusable (id TEXT PRIMARY KEY, reason TEXT NOT NULL)",
    "CREATE TABLE folder (only INTEGER PRIMARY KEY CHECK (only = 1), changed INTEGER,"
    " removals INTEGER NOT NULL)",
    # Removals start anywhere: who has followed an index that is gone must not take it for this one.
    "INSERT INTO folder VALUES (1, NULL, abs(random() / 2))",
)


class TraceRow(NamedTuple):
    """What the index knows of a trace.

    Attributes:
        id: Its id.
        key: The normal form of its goal.
        goal: Its goal.
        learned_at: UTC epoch seconds.
        templates: The keys of its template.
        member: What it is in its family, as JSON.
        frame: What it shares with the traces of its templates that do the same.
        fixed: Values that every goal of its template must hold, see `templates.fixed_values`.
    """

    id: str
    key: str
    goal: str
    learned_at: float
    templates: tuple[str, ...] = ()
    member: str = ""
    frame: str = ""
    fixed: str = "[]"


class Unusable(NamedTuple):
    """A file that stays where it is and cannot be used by this llmos.

    Attributes:
        id: Name of the file without its ending.
        reason: Why, in one sentence.
    """

    id: str
    reason: str


class Frame(Record):
    """Traces of one template that do the same.

    Attributes:
        template: The key of the template.
        name: The hash that its traces share.
        fixed: Values that every goal of its template must hold, see `templates.fixed_values`.
    """

    template: str
    name: str
    fixed: str


def insert(connection: sqlite3.Connection, rows: Iterable[TraceRow | Unusable | None]) -> None:
    """Take rows into the tables; a second time does nothing."""
    members: list[tuple[str, str]] = []
    for row in rows:
        if isinstance(row, Unusable):
            connection.execute("INSERT OR REPLACE INTO unusable VALUES (?, ?)", row)
        elif row is not None:
            _insert_trace(connection, row)
            if row.member:
                members.append((row.id, row.member))
    if members:
        # A replay takes no trace in, and starts faster without this.
        from .count_tables import add_members

        add_members(connection, members)


def remove(connection: sqlite3.Connection, gone: Sequence[str]) -> None:
    """Take what the files of some ids gave out of the tables."""
    ids = [(trace_id,) for trace_id in gone]
    of_id = "SELECT frame FROM framed WHERE id = ?"
    frames = {row for one in ids for row in connection.execute(of_id, one)}
    if ids:
        from .count_tables import remove_members

        remove_members(connection, gone)
    for table in ("traces", "unusable", "framed"):
        connection.executemany(f"DELETE FROM {table} WHERE id = ?", ids)
    connection.executemany(
        "DELETE FROM frames WHERE number = ?1"
        " AND NOT EXISTS (SELECT * FROM framed WHERE frame = ?1)",
        frames,
    )


def _insert_trace(connection: sqlite3.Connection, row: TraceRow) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO traces VALUES (?, ?, ?, ?)",
        (row.id, row.key, row.goal, row.learned_at),
    )
    for template in row.templates:
        connection.execute(
            "INSERT OR IGNORE INTO frames (template, name, fixed) VALUES (?, ?, ?)",
            (template, row.frame, row.fixed),
        )
        connection.execute(
            "INSERT OR IGNORE INTO framed"
            " SELECT number, ?, ? FROM frames WHERE template = ? AND name = ?",
            (row.learned_at, row.id, template, row.frame),
        )
