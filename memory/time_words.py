"""Words of plain English for amounts and moments, and which two of them belong together.

Closed classes of the language, not a vocabulary: units of time, moments, months and weekdays.
"""

from __future__ import annotations

from .plain_words import CARDINALS

MONTHS = frozenset(
    (
        "january february march april may june july august september october november december "
        "jan feb mar apr jun jul aug sep sept oct nov dec"
    ).split()
)
WEEKDAYS = frozenset(
    (
        "monday tuesday wednesday thursday friday saturday sunday "
        "mon tue tues wed thu thur thurs fri sat sun"
    ).split()
)
UNITS = frozenset(
    (
        "o'clock am pm a.m p.m second seconds minute minutes hour hours day days week weeks month "
        "months year years"
    ).split()
)
MOMENTS = frozenset(
    "today tonight tomorrow yesterday now noon midnight morning afternoon evening night".split()
)
_ORDINAL_ENDS = ("st", "nd", "rd", "th")


def is_amount(word: str) -> bool:
    """Whether a word (in lower case) is a number, in digits or letters."""
    return word in CARDINALS or word[:1].isdigit()


def is_of_time(word: str) -> bool:
    """Whether a word (in lower case) names a moment, or a unit or part of a date."""
    return word in MOMENTS or word in UNITS or word in MONTHS or word in WEEKDAYS


def belong_together(word: str, following: str) -> bool:
    """Whether two neighbours (in lower case) are parts of one amount or moment.

    ``ten minutes``, ``minutes from``, ``from now``, ``July 8``, ``July eighth``: no value begins
    or ends between them.
    """
    if is_amount(word):
        return is_amount(following) or following in UNITS or following in MONTHS
    if word in MONTHS:
        return is_amount(following) or following.endswith(_ORDINAL_ENDS)
    if word in UNITS:
        return following in ("from", "ago")
    return word == "from" and following == "now"
