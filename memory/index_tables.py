"""The tables of the trace index: their layout, what a row of each means, and how rows get in."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass

from ..kernel.record import Record

FORMAT = "11"
"""Of the tables and of what is worked out for them: another one makes the index anew."""

SCHEMA = (
    "DROP TABLE IF EXISTS traces",
    "DROP TABLE IF EXISTS unusable",
    "DROP TABLE IF EXISTS templates",  # up to format 5
    "DROP TABLE IF EXISTS frames",
    "DROP TABLE IF EXISTS framed",
    "DROP TABLE IF EXISTS members",
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
    "CREATE TABLE members (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, member TEXT)",
    "CREATE TABLE unusable (id TEXT PRIMARY KEY, reason TEXT NOT NULL)",
    "CREATE TABLE folder (only INTEGER PRIMARY KEY CHECK (only = 1), changed INTEGER,"
    " removals INTEGER NOT NULL)",
    "INSERT INTO folder VALUES (1, NULL, 0)",
)


@dataclass(frozen=True, slots=True)
class TraceRow:
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


@dataclass(frozen=True, slots=True)
class Unusable:
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
    for row in rows:
        if isinstance(row, Unusable):
            connection.execute("INSERT OR REPLACE INTO unusable VALUES (?, ?)", astuple(row))
        elif row is not None:
            _insert_trace(connection, row)


def remove(connection: sqlite3.Connection, gone: Sequence[str]) -> None:
    """Take what the files of some ids gave out of the tables."""
    ids = [(trace_id,) for trace_id in gone]
    of_id = "SELECT frame FROM framed WHERE id = ?"
    frames = {row for one in ids for row in connection.execute(of_id, one)}
    for table in ("traces", "unusable", "framed", "members"):
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
    connection.execute(
        "INSERT OR IGNORE INTO members (id, member) VALUES (?, ?)", (row.id, row.member)
    )
