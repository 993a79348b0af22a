"""The likeliest readings of a goal by one shape: dynamic programming over words and values."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from .fillings import Span
from .slot_words import Words

if TYPE_CHECKING:
    from .slot_model import SlotModel

START, END = "^", "$"
"""What stands before the first word of a goal, and behind the last one."""
_LONGEST_VALUE = 9
LONG = 6
"""Words from which on values are counted as equally long."""
_NEW = math.log(0.5)
"""What a value that was never seen counts for."""
_STATES = 6
"""What may have been read last: the likeliest at each word are followed."""
_PATHS = 2
"""Ways to one state that are kept: the second one says how sure the first one is."""


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


class _Option(NamedTuple):
    """A run of words that may be a value: where it ends, how likely, whether it was learned."""

    end: int
    score: float
    known: bool


class Values:
    """Where values of each input could stand in a goal, and how likely they are there."""

    def __init__(self, model: SlotModel, words: Words) -> None:
        self._model = model
        self._words = words
        self._sums: dict[str, list[float]] = {}
        self._sizes: dict[str, list[float]] = {}
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
        label = self._model.label(name)
        sums = self._sums.get(name)
        if sums is None:
            sums = self._sums[name] = [0.0]
            for word, form in zip(words.lower, words.forms, strict=True):
                sums.append(sums[-1] + self._model.value_word(label, word, form))
        sizes = self._sizes.get(name)
        if sizes is None:
            sizes = self._sizes[name] = [
                math.log((label.sizes[str(min(size, LONG))] + 0.3) / (label.count + 2))
                for size in range(_LONGEST_VALUE + 1)
            ]
        known = label.begins[words.lower[start]] > 0
        found: list[_Option] = []
        for end in range(start + 1, min(len(words), start + _LONGEST_VALUE) + 1):
            if not words.may_cut[end]:
                continue
            often = label.values[tuple(words.lower[start:end])] if known else 0
            score = sums[end] - sums[start] + sizes[end - start]
            if often:
                score = max(score, math.log(0.5 * often / label.count))
            else:
                score += _NEW
            found.append(_Option(end, score, often > 0))
        return found


_Path = tuple[float, tuple[tuple[int, int, str], ...]]


class Search:
    """The likeliest readings of a goal by one shape."""

    def __init__(self, model: SlotModel, name: str, words: Words, values: Values) -> None:
        self._model = model
        self._name = name
        self._shape = model.shape(name)
        self._words = words
        self._values = values
        self._labels = sorted(self._shape.labels)
        self._steps: dict[tuple[str, str], float] = {}

    def run(self) -> list[SlotReading]:
        """Return the likeliest readings."""
        model, shape, size = self._model, self._shape, len(self._words)
        # By how many words are read, and by what was read last.
        states: list[dict[str, list[_Path]]] = [{} for _ in range(size + 1)]
        states[0][START] = [(math.log(model.goals_of(self._name) / model.goals), ())]
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
            seen = shape.first[before]
            step = math.log((shape.pairs[before, END] + 0.3) / (seen + 1))
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
            label = self._model.label(name)
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
                if label.before[before] or self._model.is_label(before):
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


def places_of(spans: Sequence[Span]) -> list[tuple[int, int, str]]:
    """Return spans so that they can be put in order."""
    return [(one.start, one.end, one.label) for one in spans]
