"""The counts of what was learned, read from the index as far as a goal needs them, then kept.

A goal is judged by the counts of its own words within the few programs that could answer it. These
are looked up; what was learned since is added to what was looked up before. So the first goal of a
process waits for no other one, and the next ones find in memory what they have in common.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

from .count_tables import spelled
from .member_counts import DIFFERENT, Count, Key

_MOST_KEPT = 200_000
"""Counts that are kept in memory."""
_FEW = 100
"""Within so many, all are looked up at once."""

_WITHIN = (
    "SELECT often FROM counts WHERE term = (SELECT number FROM terms WHERE term = ?)"
    " AND scope = (SELECT number FROM scopes WHERE scope = ?)"
)
_OVER_ALL = "SELECT often FROM terms WHERE term = ?"
_EACH = (
    "SELECT scopes.scope, counts.often FROM counts JOIN scopes ON scopes.number = counts.scope"
    " WHERE counts.term = (SELECT number FROM terms WHERE term = ?)"
)
_AT_LEAST = (
    "SELECT count(*) FROM (SELECT 1 FROM counts"
    " WHERE term = (SELECT number FROM terms WHERE term = ?) LIMIT ?)"
)
_IN_ONE = (
    "SELECT count(*) FROM counts WHERE term = (SELECT number FROM terms WHERE term = ?)"
    " AND often = 1"
)


class Counting(Protocol):
    """How often what was seen."""

    def __getitem__(self, key: str, /) -> int:
        """Return how often; 0 if never."""
        ...


class Counted(dict[Key, int]):
    """How often what was seen, 0 if never; looked up when it is first asked for.

    Args:
        look_up: Finds how often.
    """

    __slots__ = ("_look_up",)

    def __init__(self, look_up: Callable[[Key], int]) -> None:
        super().__init__()
        self._look_up = look_up

    def __missing__(self, key: Key) -> int:
        found = self[key] = self._look_up(key)
        return found


class Counts:
    """The counts of one index; not safe for several threads.

    Attributes:
        connection: The index's database, in a transaction in which it stays as `add` and `forget`
            have followed it.
    """

    def __init__(self) -> None:
        self.connection: sqlite3.Connection | None = None
        self._within: dict[tuple[str, str], Counted] = {}
        self._over_all: dict[str, Counted] = {}
        self._each: dict[tuple[str, Key], dict[str, int]] = {}
        self._at_least: dict[tuple[str, Key], int] = {}
        self._different: dict[tuple[str, str], int] = {}
        self._kept = 0

    @property
    def full(self) -> bool:
        """Whether so much is kept that it is time to `forget` it."""
        return self._kept > _MOST_KEPT

    def within(self, kind: str, scope: str) -> Counted:
        """Return how often what is counted as a kind was seen within a program, label or shape."""
        found = self._within.get((kind, scope))
        if found is None:
            look_up = partial(self._find_within, kind, scope)
            found = self._within[kind, scope] = Counted(look_up)
        return found

    def over_all(self, kind: str) -> Counted:
        """Return how often what is counted as a kind was seen at all."""
        found = self._over_all.get(kind)
        if found is None:
            found = self._over_all[kind] = Counted(partial(self._find_over_all, kind))
        return found

    def each(self, kind: str, key: Key) -> Mapping[str, int]:
        """Return all within which something was seen, and how often there."""
        found = self._each.get((kind, key))
        if found is None:
            found = self._each[kind, key] = dict(self._rows(_EACH, spelled(kind, key)))
            self._kept += len(found)
        return found

    def in_more_than(self, limit: int, kind: str, key: Key) -> bool:
        """Return whether something was seen within more than so many, without looking at all."""
        known = self._each.get((kind, key))
        at_least = self._at_least.get((kind, key), 0) if known is None else len(known)
        if known is None and at_least <= limit:
            at_least = self._number(_AT_LEAST, spelled(kind, key), limit + 1)
            self._at_least[kind, key] = at_least
        return at_least > limit

    def first(self, limit: int, kind: str, key: Key) -> list[str]:
        """Return the first few, by their names, within which something was seen."""
        rows = self._rows(f"{_EACH} ORDER BY 1 LIMIT ?", spelled(kind, key), limit)
        return [row[0] for row in rows]

    def in_one_only(self, kind: str, key: Key) -> int:
        """Return within how many something was seen once, and no more."""
        return self._number(_IN_ONE, spelled(kind, key))

    def different(self, kind: str, scope: str = "") -> int:
        """Return how many different ones were seen of a kind that is one of `DISTINCT`."""
        found = self._different.get((kind, scope))
        if found is None:
            term = spelled(DIFFERENT, kind)
            found = self._number(_WITHIN, term, scope) if scope else self._number(_OVER_ALL, term)
            self._different[kind, scope] = found
        return found

    def add(self, changes: Mapping[Count, int]) -> None:
        """Add what the index has counted since."""
        for (kind, key, scope), often in changes.items():
            over_all = self._over_all.get(kind)
            if over_all is not None and key in over_all:
                over_all[key] += often
            within = self._within.get((kind, scope))
            if within is not None and key in within:
                within[key] += often
            each = self._each.get((kind, key))
            if each is not None:
                each[scope] = each.get(scope, 0) + often
        # Whether another one is a different one only the index can tell.
        self._different.clear()

    def forget(self) -> None:
        """Keep nothing: what was looked up may not be true any more."""
        self._within.clear()
        self._over_all.clear()
        self._each.clear()
        self._at_least.clear()
        self._different.clear()
        self._kept = 0

    def _find_within(self, kind: str, scope: str, key: Key) -> int:
        often = self.over_all(kind)[key]
        if not often:
            return 0
        each = self._each.get((kind, key))
        # Where it was seen in few, most of what is asked next is answered as well.
        if each is None and (often <= _FEW or not self.in_more_than(_FEW, kind, key)):
            each = self.each(kind, key)
        if each is not None:
            return each.get(scope, 0)
        return self._number(_WITHIN, spelled(kind, key), scope)

    def _find_over_all(self, kind: str, key: Key) -> int:
        return self._number(_OVER_ALL, spelled(kind, key))

    def _number(self, query: str, *values: object) -> int:
        self._kept += 1
        rows = self._rows(query, *values)
        return rows[0][0] if rows else 0

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        assert self.connection is not None
        try:
            return self.connection.execute(query, values).fetchall()
        except UnicodeEncodeError:
            return []  # a lone surrogate: no file, and so no trace, can hold one
