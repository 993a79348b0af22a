"""Search by words and by meaning, and how the two are weighed against each other.

Words are ranked by BM25 (SQLite's FTS5), meaning by the cosine of vectors. A memory's score is its
cosine plus a share of its BM25 relative to the best one; `benchmarks/memory.py` measures it.
Sources: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009);
Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval" (2023), who find a
weighted sum better than ranks alone.
"""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .semantic_tables import Filter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WORDS_WEIGHT = 0.7
"""What the best match of words adds to a cosine."""
_MOST_WORDS = 32
_WORD = re.compile(r"\w+")
_FEW_MEMORIES = 5_000
"""Up to so many memories FTS5 ranks all that hold a word of the query."""
_RARE = 1_000
"""Above, only words that stand in at most so many count: to rank by one that stands in a tenth of
a million would take longer than the whole search, and tell little."""
_SATURATION, _BY_LENGTH = 1.2, 0.75
"""The parameters k1 and b of BM25, as in FTS5."""
_NO_RARITY = 1e-6
"""What a word counts that stands in half of all memories or more, as in FTS5."""
STOP_WORDS = frozenset(
    """a about an and are as at be been but by can could do does did for from had has have how i if
    in into is it its me my of on or our please shall should so such than that the their them then
    there these they this to was we were what when where which who whom why will with would you
    your""".split()
)
"""Words that tell nothing of what a text is about."""


def words_of(query: str) -> list[str]:
    """Return the words of a query that say what it is about; all of them if none does."""
    found = list(dict.fromkeys(_WORD.findall(query.casefold())))
    return ([word for word in found if word not in STOP_WORDS] or found)[:_MOST_WORDS]


def by_words(
    connection: sqlite3.Connection,
    query: str,
    wanted: Filter,
    now: float,
    most: int,
    *,
    alone: bool = False,
) -> dict[int, float]:
    """Return the memories that match words of a query best: number to BM25, higher is better.

    Args:
        connection: The database.
        query: The query.
        wanted: Which memories are wanted.
        now: UTC epoch seconds.
        most: How many at most.
        alone: Whether nothing else finds any: then common words count where there are no others.
    """
    asked = [f'"{word}"' for word in words_of(query)]
    last = connection.execute("SELECT max(number) FROM memories").fetchone()[0] or 0
    if not asked or not last:
        return {}
    if last > _FEW_MEMORIES:
        found = _by_rare_words(connection, asked, last, wanted.sql(now), most)
        if found or not alone:
            return found
    condition, values = wanted.sql(now)
    rows = connection.execute(
        "SELECT number, -bm25(words) FROM words JOIN memories ON number = words.rowid"
        f" WHERE words MATCH ? AND {condition} ORDER BY bm25(words), number LIMIT ?",
        (" OR ".join(asked), *values, most),
    )
    # Of words that stand in more than half of all, BM25 is below nothing.
    return {number: max(0.0, score) for number, score in rows}


def fused(
    cosines: Mapping[int, float], words: Mapping[int, float], unknown: float
) -> list[tuple[int, float]]:
    """Return numbers with their scores, best first.

    Args:
        cosines: Cosine by number.
        words: BM25 by number.
        unknown: What the best match of words counts for one whose vector is not known yet.
    """
    best = max(words.values(), default=0.0) or 1.0
    scores: list[tuple[int, float]] = []
    for number in {**cosines, **words}:
        share = words.get(number, 0.0) / best
        cosine = cosines.get(number, unknown * share)
        scores.append((number, cosine + WORDS_WEIGHT * share))
    return sorted(scores, key=lambda one: (-one[1], one[0]))


def _by_rare_words(
    connection: sqlite3.Connection,
    words: Sequence[str],
    all_memories: int,
    condition: tuple[str, list[Any]],
    most: int,
) -> dict[int, float]:
    """Rank by rare words, each counted once, and by the length of the text in characters.

    FTS5 reads a row for each match to rank it, which is most of what its ranking takes; here that
    is done for the few that hold the rarest words.
    """
    import numpy as np

    numbers: list[NDArray[np.int64]] = []
    rarities: list[NDArray[np.float64]] = []
    for word in words:
        row = connection.execute(
            "SELECT json_group_array(rowid)"
            " FROM (SELECT rowid FROM words WHERE words MATCH ? LIMIT ?)",
            (word, _RARE + 1),
        ).fetchone()
        # One text for all rows, since a Python object for each is what takes the time.
        holding = np.fromstring(row[0][1:-1], np.int64, sep=",")
        if 0 < len(holding) <= _RARE:
            rarity = math.log((all_memories - len(holding) + 0.5) / (len(holding) + 0.5))
            rarity = max(rarity, _NO_RARITY)
            numbers.append(holding)
            rarities.append(np.full(len(holding), rarity))
    if not numbers:
        return {}
    places, which = np.unique(np.concatenate(numbers), return_inverse=True)
    sums = np.bincount(which, np.concatenate(rarities))
    order = np.argsort(-sums, kind="stable")
    found = _lengths(connection, places[order[: 2 * most]].tolist(), condition)
    if len(found) < most and 2 * most < len(places):
        found = _lengths(connection, places.tolist(), condition)
    rarest = dict(zip(places.tolist(), sums.tolist(), strict=True))
    middle = sum(found.values()) / max(1, len(found))
    scores = {
        number: rarest[number]
        * (_SATURATION + 1)
        / (1 + _SATURATION * (1 - _BY_LENGTH + _BY_LENGTH * length / middle))
        for number, length in found.items()
    }
    return dict(sorted(scores.items(), key=lambda one: (-one[1], one[0]))[:most])


def _lengths(
    connection: sqlite3.Connection, numbers: Sequence[int], condition: tuple[str, list[Any]]
) -> dict[int, int]:
    """Return the length of each text that is wanted."""
    where, values = condition
    rows = connection.execute(
        "SELECT number, length(text) FROM memories"
        f" WHERE number IN (SELECT value FROM json_each(?)) AND {where}",
        (str(list(numbers)), *values),
    )
    return dict(rows.fetchall())
