"""What learned goals show about how words fill the inputs of tools, and how a new goal reads.

A semi-Markov model of a goal: it is a run of words that carry the request, each likely after the
one before it, and of values, each likely for its input by its words, their form and its length.
Everything is a count over the learned goals, so that the order of learning does not matter and
there is nothing to train. `SlotModel.read` finds the likeliest readings by dynamic programming.

Sources: Sarawagi & Cohen, "Semi-Markov Conditional Random Fields for Information Extraction"
(2004), for segments as states; Witten & Bell, "The Zero-Frequency Problem" (1991), for backing
off by how much was seen.
"""

from __future__ import annotations

import heapq
import json
import math
from collections.abc import Iterable, Sequence, Set

from .counts import Counting, Counts
from .fillings import Span
from .member_counts import (
    ANY_FORM,
    ANY_TOTAL,
    ANY_WORD,
    BEFORE,
    BEGINS,
    CARRYING,
    CARRYING_TOTAL,
    ENDS,
    EXAMPLE,
    FILLED,
    FILLS,
    FIRST,
    IN_LIST,
    IN_ORDER,
    LENGTH,
    PAIR,
    SHAPE,
    SLOT_FORM,
    SLOT_TOTAL,
    SLOT_VALUE,
    SLOT_VALUES,
    SLOT_WORD,
    TOOLS_FILL,
    WITH,
    example_key,
)
from .slot_search import END, Search, SlotReading, Values, places_of
from .slot_words import FORMS, Words

_LONGEST_GOAL = 40
"""Words above which a goal is not read."""
_SHAPES = 3
"""Shapes by which a goal is read, at most."""
_FAR = 8.0
"""Nats by which a shape may lag by its words alone."""


class Shape:
    """The learned goals of one shape: same tools, same inputs but for those that goals fill.

    Args:
        name: The shape.
        counts: The counts of all goals.

    Attributes:
        tools: The tools that are called.
        fixed: Labels of the inputs that the goal does not fill.
        words: How often each word carried the request.
        pairs: How often two items stood beside each other, see `labelled`.
        first: How often an item stood before another one.
        labels: The labels that its goals fill.
        orders: How often a label was filled before another one.
    """

    def __init__(self, name: str, counts: Counts) -> None:
        tools, fixed = json.loads(next(iter(counts.each(SHAPE, name))))
        self.tools: str = tools
        self.fixed: frozenset[str] = frozenset(fixed)
        self.words = counts.within(CARRYING, name)
        self.pairs = counts.within(PAIR, name)
        self.first = counts.within(FIRST, name)
        self.labels = counts.each(FILLS, name).keys()
        self.orders = counts.within(IN_ORDER, name)
        self._totals = counts.over_all(CARRYING_TOTAL)
        self._name = name

    @property
    def total(self) -> int:
        """How many words carried the request, added up over its goals."""
        return self._totals[self._name]


class Label:
    """The values that were learned for one input.

    Args:
        name: The label.
        counts: The counts of all goals.

    Attributes:
        values: How often each value was seen.
        count: How many there are, added up.
        different: How many different ones there are.
        words: How often each word was in one.
        forms: How often each form of word was in one.
        total: How many words they have, added up.
        sizes: How often each number of words was seen, those from `LONG` on as equal.
        before: How often what stood before one.
        in_lists: Whether one goal had several.
        begins: How often each word was the first one of a value.
        ends: How often each word was the last one.
    """

    def __init__(self, name: str, counts: Counts) -> None:
        self.values = counts.within(SLOT_VALUE, name)
        self.count = counts.over_all(SLOT_VALUES)[name]
        self.different = counts.different(SLOT_VALUE, name)
        self.words = counts.within(SLOT_WORD, name)
        self.forms = counts.within(SLOT_FORM, name)
        self.total = counts.over_all(SLOT_TOTAL)[name]
        self.sizes = counts.within(LENGTH, name)
        self.before = counts.within(BEFORE, name)
        self.in_lists = counts.over_all(IN_LIST)[name] > 0
        self.begins = counts.within(BEGINS, name)
        self.ends = counts.within(ENDS, name)


class SlotModel:
    """What the counts of learned goals say; for as long as they do not change.

    Args:
        counts: The counts of all goals.
    """

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self.goals = counts.over_all(FILLED)[""]
        self._shapes: dict[str, Shape] = {}
        self._labels: dict[str, Label] = {}
        self._goals_of = counts.over_all(SHAPE)
        self._values = counts.over_all(SLOT_VALUES)
        self._words = counts.over_all(ANY_WORD)
        self._forms = counts.over_all(ANY_FORM)
        self._total = counts.over_all(ANY_TOTAL)[""]
        self._different = counts.different(ANY_WORD)

    def shape(self, name: str) -> Shape:
        """Return a shape that was learned."""
        found = self._shapes.get(name)
        if found is None:
            found = self._shapes[name] = Shape(name, self._counts)
        return found

    def goals_of(self, shape: str) -> int:
        """Return how many goals of a shape were learned."""
        return self._goals_of[shape]

    def label(self, name: str) -> Label:
        """Return what was learned of a label."""
        found = self._labels.get(name)
        if found is None:
            found = self._labels[name] = Label(name, self._counts)
        return found

    def is_label(self, item: str) -> bool:
        """Return whether an item is a label, not a word."""
        return self._values[item] > 0

    def filled_by(self, tools: str) -> Set[str]:
        """Return the labels that goals fill, of tools."""
        return self._counts.each(TOOLS_FILL, tools).keys()

    def words_with(self, shape: str, labels: Iterable[str]) -> Counting:
        """Return how often words carried the request in goals of a shape that fill the same."""
        return self._counts.within(WITH, example_key(shape, labels))

    def examples(self, shape: str, labels: Iterable[str]) -> int:
        """Return how many goals of a shape fill the same."""
        return self._counts.over_all(EXAMPLE)[example_key(shape, labels)]

    def read(self, words: Words) -> list[SlotReading]:
        """Return the likeliest readings of a goal, the likeliest first.

        Args:
            words: The goal.
        """
        if not 0 < len(words) <= _LONGEST_GOAL:
            return []
        values = Values(self, words)
        found: list[SlotReading] = []
        for name in self._likely(words):
            found += Search(self, name, words, values).run()
        # Rounded, and equals by what they say: the order of learning must not decide.
        return sorted(found, key=lambda one: (-one.score, one.shape, places_of(one.spans)))

    def _likely(self, words: Words) -> list[str]:
        """Return the shapes that a goal is likely of by its words alone."""
        scores: dict[str, float] = {}
        total = math.log(self.goals + 1)
        for word in dict.fromkeys(words.carriers):
            often = math.log(self._words[word] + 0.1) - total
            for name, inside_it in self._counts.each(CARRYING, word).items():
                goals = self._goals_of[name]
                inside = math.log((inside_it + 0.1) / (goals + 0.2))
                start = scores.get(name)
                if start is None:
                    start = math.log(goals / self.goals)
                scores[name] = start + inside - often
        best = heapq.nsmallest(_SHAPES, ((-round(one, 9), name) for name, one in scores.items()))
        return [name for score, name in best if score < best[0][0] + _FAR]

    def value_word(self, label: Label, word: str, form: str) -> float:
        """Return the log of how likely a word is in a value of an input."""
        by_form = (label.forms[form] + 0.1) / (label.total + 0.1 * (FORMS + 1))
        among = self._forms[form] + 0.3 * (self._different + 1)
        return math.log(0.5 * label.words[word] / label.total + 0.5 * by_form / among)

    def carrier(self, shape: Shape, word: str, before: str) -> float:
        """Return the log of how likely a word carries the request after what stands before it."""
        known = self._different + 50
        anywhere = (self._words[word] + 0.5) / (self._total + 0.5 * known)
        inside, first = shape.words[word], shape.first[before]
        here = (inside + anywhere) / (shape.total + 1)
        # Looked up only where it may be there: most words never stood beside most others.
        may_be = first and (inside or word == END or self.is_label(word))
        pairs = shape.pairs[before, word] if may_be else 0
        return math.log((pairs + here) / (first + 1.0))

    def value_here(self, shape: Shape, name: str, before: str) -> float:
        """Return the log of how likely a value of an input follows what stands before it."""
        count = self.label(name).count
        here = (count + 0.1) / (shape.total + count + 1)
        first = shape.first[before]
        pairs = shape.pairs[before, name] if first else 0
        return math.log((pairs + 0.3 * here) / (first + 1.0))


def labelled(carriers: Sequence[str], spans: Sequence[Span]) -> list[str]:
    """Return the words of a goal with labels where values stand.

    Args:
        carriers: Its words, see `slot_words.carriers_of`.
        spans: Where its values stand, in order.
    """
    items: list[str] = []
    index = 0
    for span in spans:
        items += [*carriers[index : span.start], span.label]
        index = span.end
    return [*items, *carriers[index:]]
