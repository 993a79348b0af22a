"""Whether a goal says not to do what learned goals ask for, or the other way round."""

from __future__ import annotations

from collections.abc import Set
from functools import lru_cache
from typing import TYPE_CHECKING

from .plain_words import NEGATIONS
from .wording import canonical

if TYPE_CHECKING:
    from .counts import Counting


def negated(asked: Set[str], seen: Counting, size: int) -> str:
    """Say by which word a goal negates what goals of a program ask for.

    Args:
        asked: The canonical words of the goal.
        seen: How many goals of the program have each word.
        size: How many goals it has.

    Returns:
        A reason for people, or an empty string.
    """
    negations = _negations()
    negating = sorted(asked & negations)
    if negating and not any(seen[one] for one in negations):
        return f"{negating[0]!r} was not in goals like this"
    if not negating and sum(seen[one] for one in negations) >= size:
        return "goals like this say what is not to be"
    return ""


@lru_cache(maxsize=1)
def _negations() -> frozenset[str]:
    return frozenset(map(canonical, NEGATIONS))
