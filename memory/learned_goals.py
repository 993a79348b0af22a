"""The learned goals of one index, as goals in other words are judged by: their counts, and samples.

What was read is kept from goal to goal, as `Counts` does, and follows the index: what came since is
added; what left makes all of it be read anew.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from .count_tables import spelled
from .counts import Counts
from .family import Family
from .member_counts import EXAMPLE, counts_of
from .members import Member

_MANY = 100
"""New goals from which on it is faster to look up anew what is asked for."""
_NEWEST = " ORDER BY learned_at DESC, id DESC LIMIT 1"


class LearnedGoals:
    """The learned goals of one index; not safe for several threads.

    Attributes:
        counts: What they have in common.
    """

    def __init__(self) -> None:
        self.counts = Counts()
        self._families: dict[str, Family] = {}
        self._examples: dict[str, Member | None] = {}
        self._removals: int | None = None
        self._last = 0

    def follow(self, connection: sqlite3.Connection) -> list[Member] | None:
        """Bring what is kept up to what an index holds, in a transaction that is still open.

        Args:
            connection: The index's database; it is asked until the next time.

        Returns:
            What was learned since; None if nothing of what was read before holds any more.
        """
        self.counts.connection = connection
        ((removals, last),) = self._rows(
            "SELECT removals, coalesce((SELECT max(number) FROM members), 0) FROM folder"
        )
        known = self._last if removals == self._removals else None
        self._removals, self._last = removals, last
        if known is None or last - known > _MANY or self.counts.full:
            self.counts.forget()
            self._families.clear()
            self._examples.clear()
            return None
        if last == known:
            return []
        rows = self._rows("SELECT id, member FROM members WHERE number > ?", known)
        new = [Member.from_json(*row) for row in rows]
        for member in new:
            self.counts.add(counts_of(member))
            self._families.pop(member.program, None)
        self._examples.clear()
        return new

    def family(self, program: str) -> Family:
        """Return the family of a program that was learned."""
        found = self._families.get(program)
        if found is None:
            rows = self._rows(
                "SELECT id, member FROM members"
                " WHERE program = (SELECT number FROM scopes WHERE scope = ?)" + _NEWEST,
                program,
            )
            found = Family(Member.from_json(*rows[0]), self.counts)
            self._families[program] = found
        return found

    def example(self, key: str) -> Member | None:
        """Return the newest goal of a shape that fills the same inputs, see `example_key`."""
        if key not in self._examples:
            rows = self._rows(
                "SELECT id, member FROM members"
                " WHERE example = (SELECT number FROM terms WHERE term = ?)" + _NEWEST,
                spelled(EXAMPLE, key),
            )
            self._examples[key] = Member.from_json(*rows[0]) if rows else None
        return self._examples[key]

    def words(self, program: str) -> list[frozenset[str]]:
        """Return the words of each goal of a program."""
        rows = self._rows(
            "SELECT json_extract(member, '$.words') FROM members"
            " WHERE program = (SELECT number FROM scopes WHERE scope = ?)",
            program,
        )
        return [frozenset(json.loads(row[0])) for row in rows]

    def plain_goals(self) -> list[tuple[str, str]]:
        """Return program and goal of all whose programs run no command."""
        rows = self._rows(
            "SELECT json_extract(member, '$.program', '$.goal') FROM members WHERE plain"
        )
        return [json.loads(row[0]) for row in rows]

    def _rows(self, query: str, *values: object) -> list[Any]:
        assert self.counts.connection is not None
        return self.counts.connection.execute(query, values).fetchall()
