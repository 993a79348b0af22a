"""Whether a goal in other words belongs to a family whose program takes values from the goal."""

from __future__ import annotations

from itertools import pairwise

from .family import Family
from .family_parts import Bar, Reading
from .opposites import has_direction, turned_round
from .plain_words import POINTING_WORDS

VALUES_BAR = Bar(members=4, margin=4.0, pairs=0.65)
NOTHING_TAKEN_BAR = Bar(members=3, margin=7.0, pairs=0.65)
"""Of a goal that gives no value to a tool that takes some: one of its words could be one."""


def lacks(family: Family, reading: Reading, margin: float) -> str:
    """Return what a family lacks to answer a goal; empty if nothing.

    Args:
        family: The family.
        reading: The goal as one of the family's.
        margin: By how much it leads other programs, in nats.
    """
    bar = VALUES_BAR if reading.spans else NOTHING_TAKEN_BAR
    unknown = [word for word in reading.words if not family.seen[word]]
    # One such word could be a value that the program should have been given.
    pairs = [feature for feature in reading.features if " " in feature]
    known = sum(1 for pair in pairs if family.seen[pair]) / max(1, len(pairs))
    if unknown:
        return f"{unknown[0]!r} was not in goals like this"
    turned = turned_round(reading.words, family.seen)
    if turned is not None:
        return f"{turned!r} asks for the reverse"
    if family.says_which_way and not has_direction(reading.words):
        return "goals like this say which way"
    for one, other in pairwise(reading.words):
        if one in POINTING_WORDS and other in family.labels:
            return f"what {one!r} points at is not known"
    if family.size < bar.members:
        return f"only {family.size} learned goals are like this"
    if margin < bar.margin:
        return "another program is nearly as likely"
    if known < bar.pairs:
        return "its words stand in another order"
    return ""
