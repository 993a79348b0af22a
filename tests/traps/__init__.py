"""600 goals that look like a learned one and want something else, and 60 that should be answered.

They are made from pairs written by hand, each with the calls that are right for either goal, in
both directions and with several values; always the same ones in the same order. A replay of a trap
is right only if it makes exactly the calls of the goal that was asked, with the asked values.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from . import arguments, conditions, hits, moments, reach, words
from .values import fill

Call = dict[str, Any]

PER_KIND = 50
LATER = 3
"""Days after which a goal of the present is asked again."""

_BOTH_WAYS = {
    "one value changed": words.VALUE,
    "reversed": arguments.REVERSED,
    "negated": words.NEGATED,
    "opposite": words.OPPOSITE,
    "other unit": arguments.UNIT,
    "other scope": reach.SCOPE,
    "now or a date": moments.NOW,
    "swapped roles": arguments.ROLES,
    "other object": reach.OBJECT,
    "quantity": reach.QUANTITY,
}
KINDS = (*_BOTH_WAYS, "extra condition", "dropped condition")
# The values of the learned goal and those of the asked one: the same, others, the same again.
_VARIANTS = ((0, 0), (1, 2), (2, 2))
_TOOL = re.compile(r"([a-z_]+) (\{.*\})")


@dataclass(frozen=True, slots=True)
class Trap:
    """A learned goal, and another one that its trace must not answer as it stands.

    Attributes:
        kind: In what they differ.
        learned: The learned goal.
        calls: What was learned for it.
        asked: The goal that is asked.
        right: What would be right for that.
        days_later: Days after the learning on which it is asked.
    """

    kind: str
    learned: str
    calls: list[Call]
    asked: str
    right: list[Call]
    days_later: int = 0


@dataclass(frozen=True, slots=True)
class Hit:
    """A learned goal, and one that its trace should answer.

    Attributes:
        form: How the asked goal differs: ``exact``, ``style``, ``polite``, ``value``.
        learned: The learned goal.
        calls: What was learned for it.
        asked: The goal that is asked.
        right: What is right for that.
    """

    form: str
    learned: str
    calls: list[Call]
    asked: str
    right: list[Call]


@dataclass(frozen=True, slots=True)
class _Side:
    goal: str
    call: str

    def at(self, variant: int, today: date) -> tuple[str, list[Call]]:
        return fill(self.goal, variant, today), [_call(fill(self.call, variant, today))]


def traps(today: date) -> list[Trap]:
    """Return all traps.

    Args:
        today: The day on which goals are learned.
    """
    found: list[Trap] = []
    for kind in KINDS:
        found += itertools.islice(_distinct(_of_kind(kind, today)), PER_KIND)
    return found


def should_hit(today: date) -> list[Hit]:
    """Return the goals that should be answered."""
    return [hit for side in _sides(hits.HITS) for hit in _forms(side, today)]


def _of_kind(kind: str, today: date) -> Iterator[Trap]:
    pairs = _pairs(_BOTH_WAYS.get(kind, conditions.EXTRA))
    # The way back has other values, so that it is no mirror image.
    back = [(right, left, 1) for left, right in pairs]
    ways = [(left, right, 0) for left, right in pairs]
    if kind in _BOTH_WAYS:
        ways = [way for both in zip(ways, back, strict=True) for way in both]
    elif kind == "dropped condition":
        ways = back
    if kind == "now or a date":
        yield from _asked_later(kind, pairs[::2], today)
    for before, after in _VARIANTS:
        for known, asked, shift in ways:
            learned, calls = known.at(before + shift, today)
            yield Trap(kind, learned, calls, *asked.at(after + shift, today))


def _asked_later(kind: str, pairs: list[tuple[_Side, _Side]], today: date) -> Iterator[Trap]:
    """Yield goals of the present that are asked again, word for word, on another day."""
    later = date.fromordinal(today.toordinal() + LATER)
    for side, _ in pairs:
        learned, calls = side.at(0, today)
        yield Trap(kind, learned, calls, *side.at(0, later), LATER)


def _forms(side: _Side, today: date) -> Iterator[Hit]:
    goal, calls = side.at(0, today)
    yield Hit("exact", goal, calls, goal, calls)
    first, *rest = goal.split(" ")
    # White space inside quotes belongs to the value.
    space = " " if '"' in goal else "  "
    yield Hit("style", goal, calls, space.join([first.capitalize(), *rest]), calls)
    yield Hit("polite", goal, calls, f"Please {goal}", calls)
    yield Hit("value", goal, calls, *side.at(1, today))


def _pairs(text: str) -> list[tuple[_Side, _Side]]:
    sides = _sides(text)
    return list(zip(sides[::2], sides[1::2], strict=True))


def _sides(text: str) -> list[_Side]:
    lines = [line.split(" => ") for line in text.splitlines() if line]
    return [_Side(goal, call) for goal, call in lines]


def _call(text: str) -> Call:
    tool = _TOOL.fullmatch(text)
    if tool is None:
        return {"tool": "Bash", "input": {"command": text}}
    return {"tool": tool.group(1), "input": json.loads(tool.group(2))}


def _distinct(found: Iterator[Trap]) -> Iterator[Trap]:
    seen: set[tuple[str, str, int]] = set()
    for trap in found:
        key = trap.learned, trap.asked, trap.days_later
        if key not in seen:
            seen.add(key)
            yield trap
