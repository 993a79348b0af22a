"""Families of traces: many goals, in whatever words, that one program answers.

Traces whose steps are the same program but for their parameters form a family. What the goals of
a family have in common, and in what they differ from all other goals of this workspace, is
evidence: with enough of it a new wording is known to belong to the family. The words are counted
(naive Bayes over words and pairs of neighbours, and a vote of the nearest goals); a family answers
only if it leads all others by a margin, has several members, and leaves no word unexplained where
such a word could be a value. Values are taken only where they are marked as such, or were seen
before as values of the same input. What is asked of a family differs by what its program takes:
`value_families`, `plain_families`, `command_families`. What these cannot tell is read by
`slot_families`.

Sources: McCallum & Nigam, "A Comparison of Event Models for Naive Bayes Text Classification"
(1998); Chow, "On Optimum Recognition Error and Reject Tradeoff" (1970) for deciding to abstain.
"""

from __future__ import annotations

import heapq
import math
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache

from . import command_families, value_families
from .family import Family
from .family_parts import (
    Asked,
    Proposal,
    Reading,
    bound_values,
    features_of,
    may_fill,
    may_stand_for,
)
from .learned_goals import LearnedGoals
from .member_counts import FEATURE, GOALS, SIZE, TAKES, VALUE, is_plain
from .members import Member, SlotValue
from .plain_families import PlainFamilies
from .slot_families import SlotFamilies
from .wording import tokenize

_SMOOTHING = 0.1
_CANDIDATES = 20
_LOOKED_AT = 1500
"""Families that are looked at to find the candidates."""
_MOST_READINGS = 12
_SEVERAL = "goals that say the same did different things"
_UNSEEN_WORD = 1.0
_UNSEEN_PAIR = 0.3


@lru_cache(maxsize=4096)
def _inside(often: int, size: int) -> float:
    """Return the log of how likely a feature is in a goal of a family."""
    return math.log((often + _SMOOTHING) / (size + 2 * _SMOOTHING))


class Families:
    """The families of one workspace; not safe for several threads.

    Args:
        learned: What was learned.
        plain: Judges the families whose programs take no values.
    """

    def __init__(self, learned: LearnedGoals, plain: PlainFamilies | None = None) -> None:
        self._learned = learned
        self._counts = learned.counts
        self._plain = plain or PlainFamilies(learned)
        self._slots = SlotFamilies(learned)
        self._goals = 0
        # What is worked out from the counts, until they change.
        self._rarity: dict[str, float] = {}

    def propose(self, connection: sqlite3.Connection, goal: str) -> Proposal | None:
        """Return the family that a goal most likely belongs to, and whether that is certain enough.

        Args:
            connection: The index's database, in a transaction.
            goal: The goal.
        """
        self._follow(connection)
        if not self._goals:
            return None
        proposal = self._by_words(goal)
        if proposal is not None and proposal.accepted:
            return proposal
        filled = self._slots.propose(goal)
        if filled is not None and (filled.accepted or proposal is None):
            return filled
        return proposal

    def _follow(self, connection: sqlite3.Connection) -> None:
        """Bring what is kept up to what an index holds."""
        new = self._learned.follow(connection)
        if new is None:
            self._plain.forget()
        for member in new or ():
            if is_plain(member):
                self._plain.add(member)
        if new is None or new:
            self._rarity.clear()
            self._goals = self._counts.over_all(GOALS)[""]

    def _by_words(self, goal: str) -> Proposal | None:
        asked = Asked(tokenize(goal))
        tokens = asked.tokens
        readings = self._readings(asked, self._candidates(asked))
        if not readings:
            return None
        readings.sort(key=lambda one: (-one.score, one.family, one.spans))
        said = command_families.said_before(asked, readings, self._learned.family)
        best = said[0] if said else readings[0]
        rivals = (one.score for one in readings if one.key != best.key)
        margin = best.score - next(rivals, best.score - 50.0)
        family = self._learned.family(best.family)
        if self._is_plain(family):
            return self._without_values(goal, best, readings)
        if family.runs_commands:
            lack = (
                _SEVERAL
                if len(said) > 1
                else ""
                if said
                else command_families.lacks(asked, family, best, margin)
            )
        else:
            lack = value_families.lacks(family, best, margin)
        values = bound_values(family.sample, best.spans, tokens, goal)
        if values is None:
            return None
        return Proposal(family.sample.trace_id, values, family.size, margin, not lack, lack)

    def _without_values(self, goal: str, best: Reading, readings: Sequence[Reading]) -> Proposal:
        words: dict[str, Sequence[str]] = {}
        for reading in readings:
            words.setdefault(reading.family, reading.words)
        verdict = self._plain.judge(goal, best.family, words)
        family, lack = self._learned.family(verdict.program), verdict.lacks
        if not self._is_plain(family):
            family, lack = self._learned.family(best.family), "another program is nearly as likely"
        size = family.size
        return Proposal(family.sample.trace_id, {}, size, verdict.margin, not lack, lack)

    def _candidates(self, asked: Asked) -> list[str]:
        """Return the families that share telling words with a goal, the most telling first."""
        total, counts = self._goals, self._counts
        seen = counts.over_all(FEATURE)
        features = [
            (seen[feature], feature)
            for feature in features_of(asked.all_words)
            if 0 < seen[feature] < 0.5 * total + 10
        ]
        weight: dict[str, float] = defaultdict(float)
        left = _LOOKED_AT
        for often, feature in sorted(features):
            if counts.in_more_than(left, FEATURE, feature):
                if not weight:
                    # All of them weigh the same, and no other feature is looked at.
                    return counts.first(_CANDIDATES, FEATURE, feature)
                break  # what is more common tells little
            having = counts.each(FEATURE, feature)
            left -= len(having)
            idf = math.log((total + 1) / often)
            for program in having:
                weight[program] += idf
        if len(weight) <= _CANDIDATES:
            return sorted(weight, key=lambda one: (-weight[one], one))
        least = heapq.nlargest(_CANDIDATES, weight.values())[-1]
        heavy = [program for program, one in weight.items() if one >= least]
        return sorted(heavy, key=lambda one: (-weight[one], one))[:_CANDIDATES]

    def _readings(self, asked: Asked, programs: Iterable[str]) -> list[Reading]:
        found: list[Reading] = []
        for program in programs:
            family = self._learned.family(program)
            slots = family.sample.slots
            for spans in self._assignments(family.sample, asked):
                labels = {
                    span[0]: (span[1], slot.label) for span, slot in zip(spans, slots, strict=True)
                }
                words = asked.masked(labels)
                if not family.has_order(words):
                    continue  # two values that change places ask for the reverse
                features = features_of(words)
                # Rounded: a sum over a set depends in its last digits on the order of the set.
                score = round(self._score(family, features), 9)
                found.append(Reading(score, program, spans, words, features))
        return found

    def _score(self, family: Family, features: frozenset[str]) -> float:
        size = family.size
        score = math.log(size / self._goals)
        for feature in features:
            outside = self._outside(feature)
            if outside is None:
                score -= _UNSEEN_PAIR if " " in feature else _UNSEEN_WORD
            else:
                score += _inside(family.seen[feature], size) - outside
        return score

    def _outside(self, feature: str) -> float | None:
        """Return the log of how likely a feature is in any goal; None if it was never seen."""
        known = self._rarity.get(feature)
        if known is None and (often := self._counts.over_all(FEATURE)[feature]):
            known = math.log((often + _SMOOTHING) / (self._goals + 1))
            self._rarity[feature] = known
        return known

    def _is_plain(self, family: Family) -> bool:
        """Whether it takes no value, and no other program of its tools does either."""
        takes = self._counts.over_all(TAKES)
        return not family.runs_commands and not any(takes[tool] for tool in family.sample.tools)

    def _assignments(self, sample: Member, asked: Asked) -> list[tuple[tuple[int, int], ...]]:
        """Return the ways in which a goal's tokens can fill a program's slots; at most a few."""
        options: list[list[tuple[int, int]]] = []
        for slot in sample.slots:
            options.append(self._options(slot, asked))
            if not options[-1]:
                return []
        found: list[tuple[tuple[int, int], ...]] = []

        def fill(number: int, chosen: tuple[tuple[int, int], ...]) -> None:
            if len(found) >= _MOST_READINGS:
                return
            if number == len(options):
                found.append(chosen)
                return
            for span in options[number]:
                if any(span[0] < end and start < span[1] for start, end in chosen):
                    continue
                # Values of the same input keep their order.
                same = number and sample.slots[number - 1].label == sample.slots[number].label
                if same and chosen[-1][0] > span[0]:
                    continue
                fill(number + 1, (*chosen, span))

        fill(0, ())
        return found

    def _options(self, slot: SlotValue, asked: Asked) -> list[tuple[int, int]]:
        spans: set[tuple[int, int]] = set()
        if not slot.in_command and not slot.unit:
            spans.update(
                span
                for span, value in self._known_in(slot.label, asked)
                if may_stand_for(slot.value, value)
            )
        if slot.marked:
            spans.update(
                (index, index + 1)
                for index in asked.literals
                if may_fill(slot, asked.tokens[index])
            )
        if len(spans) < 2:
            return list(spans)
        longest = {
            one
            for one in spans
            if not any(o != one and o[0] <= one[0] and one[1] <= o[1] for o in spans)
        }
        return sorted(longest)

    def _known_in(self, label: str, asked: Asked) -> list[tuple[tuple[int, int], str]]:
        """Return where a goal holds values that were seen for an input."""
        found = asked.known.get(label)
        if found is None:
            known = self._counts.within(VALUE, label)
            found = asked.known[label] = [
                (span, " ".join(words))
                for size in map(int, self._counts.each(SIZE, label))
                for span, words in asked.runs(size)
                if known[words]
            ]
        return found
