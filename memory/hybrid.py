"""Search by words and by meaning, and how the two are weighed against each other.

Words are ranked by BM25 (SQLite's FTS5), meaning by the cosine of vectors. A memory's score is its
cosine plus a share of its BM25 relative to the best one; `benchmarks/memory.py` measures it.
Sources: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009);
Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval" (2023), who find a
weighted sum better than ranks alone.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence

from .semantic_tables import Filter

WORDS_WEIGHT = 0.4
"""What the best match of words adds to a cosine."""
_MOST_WORDS = 32
_WORD = re.compile(r"\w+")
_FEW_MEMORIES = 20_000
"""Up to so many memories all words of a query are looked up."""
_RARE = 1_000
"""Above, only words that stand in at most so many: to rank by one that stands in a tenth of a
million would take longer than the whole search, and tell little."""
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
    connection: sqlite3.Connection, query: str, wanted: Filter, now: float, most: int
) -> dict[int, float]:
    """Return the memories that match words of a query best: number to BM25, higher is better.

    Args:
        connection: The database.
        query: The query.
        wanted: Which memories are wanted.
        now: UTC epoch seconds.
        most: How many at most.
    """
    asked = _telling(connection, words_of(query))
    if not asked:
        return {}
    condition, values = wanted.sql(now)
    rows = connection.execute(
        "SELECT number, -bm25(words) FROM words JOIN memories ON number = words.rowid"
        f" WHERE words MATCH ? AND {condition} ORDER BY bm25(words), number LIMIT ?",
        (asked, *values, most),
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


def _telling(connection: sqlite3.Connection, words: Sequence[str]) -> str:
    """Return what is asked of the index: any of the words, and of many memories any rare one."""
    quoted = [f'"{word}"' for word in words]
    last = connection.execute("SELECT max(number) FROM memories").fetchone()[0] or 0
    if last > _FEW_MEMORIES:
        query = "SELECT count(*) FROM (SELECT 1 FROM words WHERE words MATCH ? LIMIT ?)"
        counted = [
            (connection.execute(query, (one, _RARE + 1)).fetchone()[0], one) for one in quoted
        ]
        quoted = [one for count, one in counted if count <= _RARE]
    return " OR ".join(quoted)
