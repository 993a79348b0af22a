"""The tables of the counts: how what was learned gets into them, and out again.

Words stand in them once, numbered, since each is counted within many programs. ``often`` of a term
is the sum over all within which it is counted, so that what is counted over all needs no other row.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping

from .attached import is_attached
from .member_counts import (
    DIFFERENT,
    DISTINCT,
    EXAMPLE,
    Count,
    Key,
    counts_of,
    example_key,
    is_plain,
)
from .members import Member

_AT_ONCE = 500
"""Names whose numbers are looked up in one query."""
_COUNT = (
    "INSERT INTO counts (term, scope, often) VALUES (?, ?, ?)"
    " ON CONFLICT (term, scope) DO UPDATE SET often = often + excluded.often"
)


def add_members(connection: sqlite3.Connection, found: Iterable[tuple[str, str]]) -> None:
    """Take learned goals in, within a transaction; one that is there already is passed over.

    Args:
        connection: The index's database.
        found: Id and JSON of each, see `Member.to_json`.
    """
    new: dict[str, tuple[str, Member]] = {}
    for trace_id, text in found:
        known = connection.execute("SELECT 1 FROM members WHERE id = ?", (trace_id,)).fetchone()
        member = Member.from_json(trace_id, text)
        # What goes with a goal is no word of it; such goals take no part in families.
        if known is None and not is_attached(member.goal):
            new[trace_id] = text, member
    changes: Counter[Count] = Counter()
    for _, member in new.values():
        changes.update(counts_of(member))
    _change(connection, changes)
    connection.executemany(
        "INSERT INTO members (id, program, example, plain, learned_at, member) VALUES (?,"
        " (SELECT number FROM scopes WHERE scope = ?),"
        " (SELECT number FROM terms WHERE term = ?), ?, ?, ?)",
        (
            (trace_id, one.program, _example(one), is_plain(one), one.learned_at, text)
            for trace_id, (text, one) in new.items()
        ),
    )


def remove_members(connection: sqlite3.Connection, ids: Iterable[str]) -> None:
    """Take learned goals out again, within a transaction."""
    changes: Counter[Count] = Counter()
    for trace_id in ids:
        query = "DELETE FROM members WHERE id = ? RETURNING member"
        for (text,) in connection.execute(query, (trace_id,)).fetchall():
            changes.subtract(counts_of(Member.from_json(trace_id, text)))
    _change(connection, changes)


def spelled(kind: str, key: Key) -> str:
    """Return a kind and what is counted as the table of terms spells them."""
    return kind + (key if isinstance(key, str) else json.dumps(key, ensure_ascii=False))


def _example(member: Member) -> str | None:
    filling = member.filling
    return None if filling is None else spelled(EXAMPLE, example_key(filling.shape, filling.labels))


def _change(connection: sqlite3.Connection, changes: Mapping[Count, int]) -> None:
    """Add to the counts: all that is given is above zero, or all below."""
    terms: Counter[str] = Counter()
    scopes: Counter[str] = Counter()
    for (kind, key, scope), often in changes.items():
        terms[spelled(kind, key)] += often
        scopes[scope] += often
    del scopes[""]
    of_terms = _moved(connection, "term", terms)
    of_scopes = _moved(connection, "scope", scopes)
    different: Counter[Count] = Counter()
    rows: list[tuple[int, int, int]] = []
    changed: list[tuple[int, int]] = []
    for (kind, key, scope), often in changes.items():
        number, now = of_terms[spelled(kind, key)]
        if scope:
            place = number, of_scopes[scope][0]
            changed.append(place)
            if kind in DISTINCT:
                ((now,),) = connection.execute(f"{_COUNT} RETURNING often", (*place, often))
            else:
                rows.append((*place, often))
        if kind in DISTINCT and now in (0, often):
            different[DIFFERENT, kind, scope] += 1 if now else -1
    connection.executemany(_COUNT, sorted(rows))
    if min(changes.values(), default=0) < 0:
        connection.executemany(
            "DELETE FROM counts WHERE term = ? AND scope = ? AND often = 0", changed
        )
        for table, numbers in (("terms", of_terms), ("scopes", of_scopes)):
            connection.executemany(
                f"DELETE FROM {table} WHERE number = ? AND often = 0",
                [(number,) for number, _ in numbers.values()],
            )
    if different:
        _change(connection, different)


def _moved(
    connection: sqlite3.Connection, name: str, changes: Mapping[str, int]
) -> dict[str, tuple[int, int]]:
    """Add to how often names stand in their table; return their numbers, and how often that is."""
    # Sorted, so that neighbours in the table are written one after the other.
    names = sorted(changes)
    connection.executemany(
        f"INSERT INTO {name}s ({name}, often) VALUES (?1, ?2)"
        f" ON CONFLICT ({name}) DO UPDATE SET often = often + ?2",
        [(one, changes[one]) for one in names],
    )
    found: dict[str, tuple[int, int]] = {}
    for start in range(0, len(names), _AT_ONCE):
        some = names[start : start + _AT_ONCE]
        marks = ",".join("?" * len(some))
        query = f"SELECT {name}, number, often FROM {name}s WHERE {name} IN ({marks})"
        found.update(
            (one, (number, often)) for one, number, often in connection.execute(query, some)
        )
    return found
