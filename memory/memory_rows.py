"""The rows of memories in their database: numbers, texts, and the index of their words."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence

from ..kernel.json_value import JsonValue
from .semantic_tables import COLUMNS, Filter, Memory, read_row

_REST_S = 60
"""Seconds before the number of a memory that has gone is used again: no search still reads it."""


class Rows:
    """Reads and writes rows; what writes stands within a transaction.

    Args:
        connection: The database.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def wanted(self, numbers: Sequence[int], wanted: Filter, now: float) -> set[int]:
        """Return which of some numbers are of memories that are wanted."""
        condition, values = wanted.sql(now)
        rows = self._connection.execute(
            f"SELECT number FROM memories WHERE number IN (SELECT value FROM json_each(?))"
            f" AND {condition}",
            (json.dumps(numbers), *values),
        )
        return {row[0] for row in rows}

    def memories(self, numbers: Sequence[int]) -> dict[int, Memory]:
        """Return the memories of numbers, as far as there are any."""
        rows = self._connection.execute(
            f"SELECT number, {COLUMNS} FROM memories"
            " WHERE number IN (SELECT value FROM json_each(?))",
            (json.dumps(numbers),),
        )
        return {row[0]: read_row(row[1:]) for row in rows}

    def last(self) -> int:
        """Return the highest number of a memory; 0 if there is none."""
        return self._connection.execute("SELECT max(number) FROM memories").fetchone()[0] or 0

    def new_numbers(self, count: int, now: float, *, reuse: bool) -> list[int]:
        """Return numbers for new memories: those that have rested, then new ones.

        Args:
            count: How many.
            now: UTC epoch seconds.
            reuse: Whether numbers of memories that have gone may be used.
        """
        rested: list[int] = []
        if reuse:
            rows = self._connection.execute(
                "DELETE FROM free WHERE number IN (SELECT number FROM free WHERE since < ?"
                " ORDER BY number LIMIT ?) RETURNING number",
                (now - _REST_S, count),
            ).fetchall()
            rested = sorted(row[0] for row in rows)
        highest = self._connection.execute("SELECT max(number) FROM free").fetchone()[0] or 0
        start = max(self.last(), highest, *rested, 0) + 1
        return rested + list(range(start, start + count - len(rested)))

    def insert(self, numbers: Sequence[int], memories: Sequence[Memory]) -> None:
        """Add memories under their numbers."""
        rows = [
            (number, m.id, m.kind, m.text, _json(m.metadata), m.created_at, m.expires_at)
            for number, m in zip(numbers, memories, strict=True)
        ]
        self._connection.executemany("INSERT INTO memories VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        self._connection.executemany(
            "INSERT INTO words (rowid, text) VALUES (?, ?)", [(row[0], row[3]) for row in rows]
        )

    def remove(self, ids: Sequence[str], now: float) -> int:
        """Remove memories by their ids; return how many there were."""
        rows: Sequence[tuple[int, str]] = self._connection.execute(
            "SELECT number, text FROM memories WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(ids),),
        ).fetchall()
        numbers = [(row[0],) for row in rows]
        self._connection.executemany(
            "INSERT INTO words (words, rowid, text) VALUES ('delete', ?, ?)", rows
        )
        self._connection.executemany("DELETE FROM memories WHERE number = ?", numbers)
        self._connection.executemany("DELETE FROM pending WHERE number = ?", numbers)
        self._connection.executemany(
            "INSERT INTO free VALUES (?, ?)", [(number, now) for (number,) in numbers]
        )
        return len(rows)


def _json(metadata: Mapping[str, JsonValue]) -> str:
    return json.dumps(metadata, ensure_ascii=False)
