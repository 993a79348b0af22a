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
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

from .fillings import Filling, Span
from .slot_search import END, LONG, START, Search, SlotReading, Values, places_of
from .slot_words import FORMS, Words, carriers_of, form_of

_LONGEST_GOAL = 40
"""Words above which a goal is not read."""
_SHAPES = 3
"""Shapes by which a goal is read, at most."""
_FAR = 8.0
"""Nats by which a shape may lag by its words alone."""


@dataclass(slots=True)
class Shape:
    """The learned goals of one shape: same tools, same inputs but for those that goals fill."""

    tools: str
    fixed: frozenset[str]
    goals: int = 0
    words: Counter[str] = field(default_factory=Counter[str])
    total: int = 0
    pairs: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    first: Counter[str] = field(default_factory=Counter[str])
    labels: set[str] = field(default_factory=set[str])
    orders: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])


@dataclass(slots=True)
class Label:
    """The values that were learned for one input."""

    values: Counter[tuple[str, ...]] = field(default_factory=Counter[tuple[str, ...]])
    count: int = 0
    words: Counter[str] = field(default_factory=Counter[str])
    forms: Counter[str] = field(default_factory=Counter[str])
    total: int = 0
    sizes: Counter[int] = field(default_factory=Counter[int])
    before: Counter[str] = field(default_factory=Counter[str])
    in_lists: bool = False
    begins: set[str] = field(default_factory=set[str])

    def add(self, words: Sequence[str], forms: Sequence[str]) -> None:
        """Count a value."""
        self.values[tuple(words)] += 1
        self.count += 1
        self.begins.update(words[:1])
        self.words.update(words)
        self.forms.update(forms)
        self.total += len(words)
        self.sizes[min(len(words), LONG)] += 1


class SlotModel:
    """Counts over the learned goals; not safe for several threads."""

    def __init__(self) -> None:
        self.goals = 0
        self.shapes: dict[str, Shape] = {}
        self.labels: dict[str, Label] = defaultdict(Label)
        self.filled_by: dict[str, set[str]] = defaultdict(set)
        """By tools: the labels that goals fill."""
        self.words_with: dict[tuple[str, tuple[str, ...]], Counter[str]] = defaultdict(Counter[str])
        """By shape and filled labels: the words that carried the request."""
        self._shapes_with: dict[str, set[str]] = defaultdict(set)
        self._words: Counter[str] = Counter()
        self._forms: Counter[str] = Counter()
        self._total = 0

    def add(self, filling: Filling) -> None:
        """Count a learned goal."""
        self.goals += 1
        shape = self.shapes.get(filling.shape)
        if shape is None:
            shape = Shape(filling.tools, frozenset(filling.fixed))
            self.shapes[filling.shape] = shape
        shape.goals += 1
        carriers = carriers_of(filling.words, filling.literals)
        literals = frozenset(filling.literals)
        forms = [form_of(text, i in literals) for i, text in enumerate(filling.words)]
        self._words.update(carriers)
        self._forms.update(forms)
        self._total += len(carriers)
        items = labelled(carriers, filling.spans)
        labels = [span.label for span in filling.spans]
        for span in filling.spans:
            words = [text.lower() for text in filling.words[span.start : span.end]]
            label = self.labels[span.label]
            label.add(words, forms[span.start : span.end])
            label.in_lists = label.in_lists or labels.count(span.label) > 1
        shape.labels.update(labels)
        self.filled_by[filling.tools].update(labels)
        shape.orders.update(combinations(labels, 2))
        carrying = [item for item in items if item not in self.labels]
        shape.words.update(carrying)
        shape.total += len(carrying)
        self.words_with[filling.shape, filling.labels].update(carrying)
        for word in carrying:
            self._shapes_with[word].add(filling.shape)
        for one, other in zip([START, *items], [*items, END], strict=True):
            shape.pairs[one, other] += 1
            shape.first[one] += 1
            if other in self.labels:
                self.labels[other].before[one] += 1

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
            often = math.log(self._words.get(word, 0) + 0.1) - total
            for name in self._shapes_with.get(word, ()):
                shape = self.shapes[name]
                inside = math.log((shape.words[word] + 0.1) / (shape.goals + 0.2))
                start = scores.get(name)
                if start is None:
                    start = math.log(shape.goals / self.goals)
                scores[name] = start + inside - often
        best = heapq.nsmallest(_SHAPES, ((-round(one, 9), name) for name, one in scores.items()))
        return [name for score, name in best if score < best[0][0] + _FAR]

    def value_word(self, label: Label, word: str, form: str) -> float:
        """Return the log of how likely a word is in a value of an input."""
        by_form = (label.forms.get(form, 0) + 0.1) / (label.total + 0.1 * (FORMS + 1))
        among = self._forms.get(form, 0) + 0.3 * (len(self._words) + 1)
        return math.log(0.5 * label.words.get(word, 0) / label.total + 0.5 * by_form / among)

    def carrier(self, shape: Shape, word: str, before: str) -> float:
        """Return the log of how likely a word carries the request after what stands before it."""
        known = len(self._words) + 50
        anywhere = (self._words.get(word, 0) + 0.5) / (self._total + 0.5 * known)
        here = (shape.words.get(word, 0) + anywhere) / (shape.total + 1)
        return math.log(
            (shape.pairs.get((before, word), 0) + here) / (shape.first.get(before, 0) + 1.0)
        )

    def value_here(self, shape: Shape, name: str, before: str) -> float:
        """Return the log of how likely a value of an input follows what stands before it."""
        count = self.labels[name].count
        here = (count + 0.1) / (shape.total + count + 1)
        return math.log(
            (shape.pairs.get((before, name), 0) + 0.3 * here) / (shape.first.get(before, 0) + 1.0)
        )


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
