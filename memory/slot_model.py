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
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .fillings import Filling, Span
from .time_words import belong_together, is_amount, is_of_time
from .wording import Token, canonical, carriers, tokenize

_LONGEST_GOAL = 40
"""Words above which a goal is not read."""
_LONGEST_VALUE = 9
_SHAPES = 3
"""Shapes by which a goal is read, at most."""
_FAR = 8.0
"""Nats by which a shape may lag by its words alone."""
_STATES = 6
"""What may have been read last: the likeliest at each word are followed."""
_PATHS = 2
"""Ways to one state that are kept: the second one says how sure the first one is."""
_START, _END = "^", "$"


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
    after: Counter[str] = field(default_factory=Counter[str])
    in_lists: bool = False

    def add(self, words: Sequence[str], forms: Sequence[str]) -> None:
        """Count a value."""
        self.values[tuple(words)] += 1
        self.count += 1
        self.words.update(words)
        self.forms.update(forms)
        self.total += len(words)
        self.sizes[min(len(words), 6)] += 1


@dataclass(frozen=True, slots=True)
class SlotReading:
    """One way to read a goal.

    Attributes:
        score: Log of how likely it is.
        shape: The shape that it reads the goal by.
        spans: What fills an input.
    """

    score: float
    shape: str
    spans: tuple[Span, ...]


class Words:
    """The words of a goal that is read.

    Args:
        goal: The goal.
    """

    def __init__(self, goal: str) -> None:
        tokens = carriers(tokenize(goal))
        self.goal = goal
        self.tokens = tokens
        self.texts = [token.text for token in tokens]
        literals = frozenset(index for index, token in enumerate(tokens) if token.literal)
        self.lower = [text.lower() for text in self.texts]
        self.carriers = carriers_of(self.texts, literals)
        self.forms = [form_of(text, i in literals) for i, text in enumerate(self.texts)]
        # No value begins or ends inside an amount or a moment.
        self.may_cut = [
            index in (0, len(self.lower))
            or not belong_together(self.lower[index - 1], self.lower[index])
            for index in range(len(self.lower) + 1)
        ]

    def __len__(self) -> int:
        return len(self.tokens)

    def between(self, one: Token, other: Token) -> str:
        """Return what stands in the goal between two of its words."""
        return self.goal[one.end : other.start]


def carriers_of(texts: Sequence[str], literals: Iterable[int]) -> list[str]:
    """Return words as they are counted where they carry the request; literals as they are."""
    as_they_are = frozenset(literals)
    return [text if i in as_they_are else canonical(text) for i, text in enumerate(texts)]


def form_of(text: str, literal: bool) -> str:
    """Return the form of a word: digits, a number, a moment, a literal, a capital, none."""
    lower = text.lower()
    if any(char.isdigit() for char in text):
        return "digits"
    if is_amount(lower):
        return "number"
    if is_of_time(lower):
        return "time"
    if literal:
        return "literal"
    return "capital" if text[:1].isupper() else "plain"


_FORMS = 6


class SlotModel:
    """Counts over the learned goals; not safe for several threads."""

    def __init__(self) -> None:
        self.goals = 0
        self.shapes: dict[str, Shape] = {}
        self.labels: dict[str, Label] = defaultdict(Label)
        self.filled_by: dict[str, set[str]] = defaultdict(set)
        """By tools: the labels that goals fill."""
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
        items = self._items(filling, carriers)
        for item in items:
            if item not in self.labels:
                shape.words[item] += 1
                shape.total += 1
                self._shapes_with[item].add(filling.shape)
        for span in filling.spans:
            words = [text.lower() for text in filling.words[span.start : span.end]]
            self.labels[span.label].add(words, forms[span.start : span.end])
            shape.labels.add(span.label)
            self.filled_by[filling.tools].add(span.label)
        for one, other in zip([_START, *items], [*items, _END], strict=True):
            shape.pairs[one, other] += 1
            shape.first[one] += 1
            if other in self.labels:
                self.labels[other].before[one] += 1
            if one in self.labels:
                self.labels[one].after[other] += 1

    def _items(self, filling: Filling, carriers: Sequence[str]) -> list[str]:
        """Return the words of a goal with labels where values stand."""
        items: list[str] = []
        index = 0
        seen: set[str] = set()
        for span in filling.spans:
            items += carriers[index : span.start]
            items.append(span.label)
            index = span.end
            label = self.labels[span.label]  # known from here on
            label.in_lists = label.in_lists or span.label in seen
            seen.add(span.label)
        return [*items, *carriers[index:]]

    def items_of(self, reading: SlotReading, words: Words) -> list[str]:
        """Return the words of a goal with labels where a reading sees values."""
        items: list[str] = []
        index = 0
        for span in reading.spans:
            items += [*words.carriers[index : span.start], span.label]
            index = span.end
        return [*items, *words.carriers[index:]]

    def read(self, words: Words) -> list[SlotReading]:
        """Return the likeliest readings of a goal, the likeliest first.

        Args:
            words: The goal.
        """
        if not 0 < len(words) <= _LONGEST_GOAL:
            return []
        values = _Values(self, words)
        found: list[SlotReading] = []
        for name in self._likely(words):
            found += _Search(self, name, words, values).run()
        # Rounded, and equals by what they say: the order of learning must not decide.
        return sorted(found, key=lambda one: (-one.score, one.shape, _places(one.spans)))

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
        by_form = (label.forms.get(form, 0) + 0.1) / (label.total + 0.1 * (_FORMS + 1))
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


@dataclass(frozen=True, slots=True)
class _Option:
    """A run of words that may be a value: where it ends, how likely, whether it was learned."""

    end: int
    score: float
    known: bool


class _Values:
    """Where values of each input could stand in a goal, and how likely they are there."""

    def __init__(self, model: SlotModel, words: Words) -> None:
        self._model = model
        self._words = words
        self._sums: dict[str, list[float]] = {}
        self._from: dict[tuple[str, int], list[_Option]] = {}

    def starting(self, name: str, start: int) -> list[_Option]:
        """Return the values of an input that could start at a word."""
        found = self._from.get((name, start))
        if found is None:
            found = self._from[name, start] = self._find(name, start)
        return found

    def _find(self, name: str, start: int) -> list[_Option]:
        words = self._words
        if not words.may_cut[start]:
            return []
        label = self._model.labels[name]
        sums = self._sums.get(name)
        if sums is None:
            sums = self._sums[name] = [0.0]
            for word, form in zip(words.lower, words.forms, strict=True):
                sums.append(sums[-1] + self._model.value_word(label, word, form))
        found: list[_Option] = []
        for end in range(start + 1, min(len(words), start + _LONGEST_VALUE) + 1):
            if not words.may_cut[end]:
                continue
            often = label.values.get(tuple(words.lower[start:end]), 0)
            size = math.log((label.sizes.get(min(end - start, 6), 0) + 0.3) / (label.count + 2))
            score = sums[end] - sums[start] + size
            if often:
                score = max(score, math.log(0.5 * often / label.count))
            else:
                score += math.log(0.5)
            found.append(_Option(end, score, often > 0))
        return found


_Path = tuple[float, tuple[tuple[int, int, str], ...]]


class _Search:
    """The likeliest readings of a goal by one shape."""

    def __init__(self, model: SlotModel, name: str, words: Words, values: _Values) -> None:
        self._model = model
        self._name = name
        self._shape = model.shapes[name]
        self._words = words
        self._values = values
        self._labels = sorted(self._shape.labels)
        self._steps: dict[tuple[str, str], float] = {}

    def run(self) -> list[SlotReading]:
        """Return the likeliest readings."""
        model, shape, size = self._model, self._shape, len(self._words)
        # By how many words are read, and by what was read last.
        states: list[dict[str, list[_Path]]] = [{} for _ in range(size + 1)]
        states[0][_START] = [(math.log(shape.goals / model.goals), ())]
        for index, word in enumerate(self._words.carriers):
            reached = {
                before: heapq.nlargest(_PATHS, paths) for before, paths in states[index].items()
            }
            if len(reached) > _STATES:
                likely = heapq.nlargest(
                    _STATES, reached.items(), key=lambda one: (one[1][0], one[0])
                )
                reached = dict(likely)
            following = states[index + 1].setdefault(word, [])
            for before, best in reached.items():
                step = model.carrier(shape, word, before)
                following += [(score + step, path) for score, path in best]
            if self._words.may_cut[index]:
                self._values_from(index, reached, states)
        ends: list[_Path] = []
        for before, paths in states[size].items():
            seen = shape.first.get(before, 0)
            step = math.log((shape.pairs.get((before, _END), 0) + 0.3) / (seen + 1))
            ends += [(score + step, path) for score, path in heapq.nlargest(_PATHS, paths)]
        return [
            SlotReading(round(score, 9), self._name, tuple(Span(*one) for one in path))
            for score, path in heapq.nlargest(_PATHS + 1, ends)
        ]

    def _values_from(
        self,
        index: int,
        reached: dict[str, list[_Path]],
        states: Sequence[dict[str, list[_Path]]],
    ) -> None:
        for name in self._labels:
            options = self._values.starting(name, index)
            if not options:
                continue
            label = self._model.labels[name]
            anywhere: list[_Path] = []
            fitting: list[_Path] = []
            for before, best in reached.items():
                step = self._steps.get((name, before))
                if step is None:
                    step = self._model.value_here(self._shape, name, before)
                    self._steps[name, before] = step
                paths = [
                    (score + step, path)
                    for score, path in best
                    if label.in_lists or all(one[2] != name for one in path)
                ]
                anywhere += paths
                # A value that was never seen is taken only where values of its input were seen.
                if before in label.before or before in self._model.labels:
                    fitting += paths
            anywhere = heapq.nlargest(_PATHS, anywhere)
            fitting = heapq.nlargest(_PATHS, fitting)
            for option in options:
                paths = anywhere if option.known else fitting
                if paths:
                    states[option.end].setdefault(name, []).extend(
                        (score + option.score, (*path, (index, option.end, name)))
                        for score, path in paths
                    )


def _places(spans: Sequence[Span]) -> list[tuple[int, int, str]]:
    return [(one.start, one.end, one.label) for one in spans]
