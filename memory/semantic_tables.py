"""The tables of the semantic memory: what is known; the vectors stand in files beside them."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from ..kernel.database import open_database, transaction
from ..kernel.errors import WorkspaceError
from ..kernel.json_value import JsonValue
from ..kernel.record import Record

_VERSION = 2
_SCHEMA = (
    # `number` is the place of its vector. It is used again only a while after its memory has gone.
    "CREATE TABLE memories (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
    " kind TEXT NOT NULL, text TEXT NOT NULL, metadata TEXT NOT NULL, created_at REAL NOT NULL,"
    " expires_at REAL)",
    "CREATE INDEX memories_by_time ON memories (created_at)",
    "CREATE INDEX memories_by_kind ON memories (kind, created_at)",
    "CREATE INDEX memories_by_end ON memories (expires_at) WHERE expires_at IS NOT NULL",
    "CREATE VIRTUAL TABLE words USING fts5 (text, content='memories', content_rowid='number',"
    " tokenize='porter unicode61')",
    "CREATE TABLE free (number INTEGER PRIMARY KEY, since REAL NOT NULL)",
    # Memories up to `target` were there before the space; those up to `filled` are embedded in it.
    "CREATE TABLE spaces (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,"
    " dimensions INTEGER NOT NULL, filled INTEGER NOT NULL, target INTEGER NOT NULL,"
    " used_at REAL NOT NULL)",
    # Memories that a process with another embedding has added since.
    "CREATE TABLE pending (space INTEGER NOT NULL, number INTEGER NOT NULL,"
    " PRIMARY KEY (space, number)) WITHOUT ROWID",
)


class Memory(Record):
    """One memory.

    Attributes:
        id: Its id.
        kind: What it is: ``note``, ``result``, ``lesson``, or any other word.
        text: Its text.
        metadata: What was stored beside it.
        created_at: UTC epoch seconds.
        expires_at: UTC epoch seconds at which it is no longer found, or None.
    """

    id: str
    kind: str
    text: str
    metadata: dict[str, JsonValue]
    created_at: float
    expires_at: float | None = None

    def to_json(self) -> dict[str, JsonValue]:
        """Return it as JSON, every field named."""
        return dict(vars(self))


class Filter(Record):
    """Which memories are wanted.

    Attributes:
        kind: Of this kind; None for any.
        where: Metadata that they have.
        since: Made at or after; UTC epoch seconds.
        until: Made before.
    """

    kind: str | None = None
    where: Mapping[str, JsonValue] | None = None
    since: float | None = None
    until: float | None = None

    def sql(self, now: float) -> tuple[str, list[Any]]:
        """Return the condition on ``memories`` and its values; what has expired is left out."""
        parts, values = ["(expires_at IS NULL OR expires_at > ?)"], [now]
        listed: list[tuple[str, Any]] = [
            ("kind = ?", self.kind),
            ("created_at >= ?", self.since),
            ("created_at < ?", self.until),
        ]
        listed = [(part, value) for part, value in listed if value is not None]
        parts += [part for part, _ in listed]
        arguments: list[Any] = [*values, *(value for _, value in listed)]
        for name, value in (self.where or {}).items():
            # By type and value, so that 1, "1" and true are told apart.
            path, text = f'$."{name}"', json.dumps(value, ensure_ascii=False)
            parts.append("json_type(metadata, ?) IS json_type(?)")
            parts.append("json_extract(metadata, ?) IS json_extract(?, '$')")
            arguments += [path, text, path, text]
        return " AND ".join(parts), arguments


def open_memories(path: Path) -> sqlite3.Connection:
    """Open the database, make what is missing, and bring an older one to this form.

    Raises:
        WorkspaceError: If it cannot be used, or is of a newer llmos.
    """
    connection = open_database(path, "")
    try:
        if _version(connection) != _VERSION:
            with transaction(connection):
                _make(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise WorkspaceError(
            f"the memory {path} cannot be used: {error}",
            hint="restore it from a copy, or move it away to begin anew",
        ) from None
    except BaseException:
        connection.close()
        raise
    return connection


def read_row(row: tuple[Any, ...]) -> Memory:
    """Return the memory of a row of `COLUMNS`."""
    return Memory(row[0], row[1], row[2], json.loads(row[3]), row[4], row[5])


COLUMNS = "id, kind, text, metadata, created_at, expires_at"
"""What `read_row` reads."""

Mode = Literal["hybrid", "vector", "text"]
"""How a search finds: by meaning and words, or by one of the two."""


def _version(connection: sqlite3.Connection) -> int:
    return connection.execute("PRAGMA user_version").fetchone()[0]


def _make(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables, within a transaction; what an older llmos knew is taken over."""
    version = _version(connection)
    if version == _VERSION:  # another process was first
        return
    if version > _VERSION:
        raise WorkspaceError(f"the memory {path} was written by a newer llmos", hint="update llmos")
    known = connection.execute(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'memories'"
    ).fetchone()
    if known:
        connection.execute("ALTER TABLE memories RENAME TO old_memories")
    for statement in _SCHEMA:
        connection.execute(statement)
    if known:
        connection.execute(
            "INSERT INTO memories (number, id, kind, text, metadata, created_at)"
            " SELECT number, id, 'result', text, metadata, ? FROM old_memories",
            (time.time(),),
        )
        connection.execute("INSERT INTO words(words) VALUES ('rebuild')")
        connection.execute("DROP TABLE old_memories")
    connection.execute(f"PRAGMA user_version = {_VERSION}")
