"""What speaks for and against a reading of a goal: general signs, of no tool in particular."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from itertools import combinations, pairwise

from .fillings import Span
from .opposites import has_direction, turned_round
from .plain_words import FUNCTION_WORDS, POINTING_WORDS
from .slot_model import Label, Shape, SlotModel, labelled
from .slot_search import END, START, SlotReading
from .slot_words import Words

_TURNS = frozenset(
    (
        "no not none never neither nor nothing anything everything all any every other another "
        "without except but only instead don't doesn't isn't can't "
        "won't on off up down in out over under before after above below from to into "
        "more less least most first last oldest newest next previous"
    ).split()
)
"""Words that turn a request round or limit it. Unlike `opposites`, they need no learned partner."""
_MARKED = ("digits", "number", "time", "literal")
_New = tuple[Label, Span, tuple[str, ...]]
"""A value that was never seen for its input: the input, where it stands, its words."""


@dataclass(frozen=True, slots=True)
class Doubts:
    """What speaks for and against a reading.

    Attributes:
        margin: By how much it leads the next reading, in nats.
        shape_margin: By how much it leads the next reading of another shape, in nats.
        known_words: Telling words that carry the request and were in goals of its shape.
        unknown_words: Words that carry the request and were not in goals of its shape.
        unknown_pairs: Share of neighbours that were not neighbours in goals of its shape.
        values: Values that it sees.
        new_values: Those that were never seen for their input.
        inner: New values of which a part was seen for their input: there may be two.
        elsewhere: New values that were seen for another input.
        plain: New values without a capital, for an input whose values have one.
        openness: Share of different values among those seen for the least open input of a new one.
        capitals: Words with a capital that carry the request.
        fixed: Whether an input is fixed that other goals fill.
        constants: Whether any input is fixed.
        examples: Learned goals of its shape that fill the same inputs.
        amounts: Numbers and moments that fill nothing.
        edges: New values that begin or end with a word of grammar, as none for their input did.
        parts: New values with a comma inside.
        torn: New values beside a word with a capital that they leave out.
        foreign: New values with a form of word (digits, a path) that no value of their input had.
        exchanged: Pairs of like values in an order in which their inputs never stood.
        pointing: Values that are said by pointing: ``this room``.
        dangling: Words that always stood before a value, and stand before none.
        turns: Words that turn a request round: unknown ones, and opposites of learned ones.
    """

    margin: float
    shape_margin: float
    known_words: int
    unknown_words: int
    unknown_pairs: float
    values: int
    new_values: int
    inner: int
    elsewhere: int
    plain: int
    openness: float
    capitals: int
    fixed: bool
    constants: bool
    examples: int
    amounts: int
    edges: int
    parts: int
    torn: int
    foreign: int
    exchanged: int
    pointing: int
    dangling: int
    turns: int


@dataclass(frozen=True, slots=True)
class _Case:
    """A goal, its likeliest reading, and what of it the signs of doubt look at."""

    model: SlotModel
    words: Words
    best: SlotReading
    shape: Shape
    inside: frozenset[int]
    new: list[_New]

    @classmethod
    def of(cls, model: SlotModel, words: Words, best: SlotReading) -> _Case:
        """Lay out a reading."""
        new: list[_New] = []
        for span in best.spans:
            value = tuple(words.lower[span.start : span.end])
            if not model.label(span.label).values[value]:
                new.append((model.label(span.label), span, value))
        inside = frozenset(i for span in best.spans for i in range(span.start, span.end))
        return cls(model, words, best, model.shape(best.shape), inside, new)

    @property
    def outside(self) -> list[int]:
        """The words that carry the request."""
        return [i for i in range(len(self.words)) if i not in self.inside]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """What stands beside what, labels in the place of values."""
        items = labelled(self.words.carriers, self.best.spans)
        return list(zip([START, *items], [*items, END], strict=True))


def doubts_of(
    model: SlotModel, words: Words, readings: Sequence[SlotReading], examples: int
) -> Doubts:
    """Return what speaks for and against the likeliest reading.

    Args:
        model: What was learned.
        words: The goal.
        readings: Its readings, the likeliest first.
        examples: Learned goals of the same shape that fill the same inputs.
    """
    best = readings[0]
    case = _Case.of(model, words, best)
    shape, outside, pairs, new = case.shape, case.outside, case.pairs, case.new
    others = [one.score for one in readings[1:]]
    other_shapes = [one.score for one in readings if one.shape != best.shape]
    filled = model.filled_by(shape.tools)
    carriers, forms = words.carriers, words.forms
    known = [i for i in outside if shape.words[carriers[i]]]
    return Doubts(
        margin=best.score - max(others, default=best.score - 20.0),
        shape_margin=best.score - max(other_shapes, default=best.score - 20.0),
        known_words=sum(words.lower[i] not in FUNCTION_WORDS for i in known),
        unknown_words=len(outside) - len(known),
        unknown_pairs=sum(not shape.pairs[pair] for pair in pairs) / len(pairs),
        values=len(best.spans),
        new_values=len(new),
        inner=sum(_holds_known(label, value) for label, _, value in new),
        elsewhere=sum(_is_of_another(model, filled, span, value) for _, span, value in new),
        plain=sum(
            label.forms["capital"] > 0.7 * label.total and not _is_name(span, words)
            for label, span, _ in new
        ),
        openness=min((label.different / label.count for label, _, _ in new), default=1.0),
        capitals=sum(i > 0 and _is_capital(words, i) for i in outside),
        fixed=bool(shape.fixed & filled),
        constants=bool(shape.fixed),
        examples=examples,
        amounts=sum(forms[i] in ("digits", "number", "time") for i in outside),
        edges=sum(_has_edge(label, span, words) for label, span, _ in new),
        parts=sum(_has_comma(span, words) for _, span, _ in new),
        torn=sum(_is_torn(span, case.inside, words) for _, span, _ in new),
        foreign=sum(_is_foreign(label, span, words) for label, span, _ in new),
        exchanged=_exchanged(case),
        pointing=sum(_points(span, words) for span in best.spans),
        dangling=sum(_dangles(shape, one, other) for one, other in pairs),
        turns=_turns(case),
    )


def _holds_known(label: Label, value: tuple[str, ...]) -> bool:
    """Whether a part of a value was seen for its input."""
    return any(
        label.values[value[:cut]] or label.values[value[cut:]] for cut in range(1, len(value))
    )


def _is_of_another(model: SlotModel, filled: Set[str], span: Span, value: tuple[str, ...]) -> bool:
    """Whether a value was seen for another input of the tools."""
    return any(model.label(name).values[value] for name in filled if name != span.label)


def _exchanged(case: _Case) -> int:
    """Count pairs of like values in an order in which their inputs never stood."""
    orders, forms = case.shape.orders, case.words.forms
    return sum(
        not orders[one.label, other.label]
        and orders[other.label, one.label]
        and forms[one.start] == forms[other.start]
        for one, other in combinations(case.best.spans, 2)
    )


def _dangles(shape: Shape, word: str, following: str) -> bool:
    """Whether a word always stood before a value, and stands before none."""
    seen = shape.first[word]
    led = sum(shape.pairs[word, name] for name in shape.labels)
    return following not in shape.labels and 0 < seen == led


def _turns(case: _Case) -> int:
    """Count words that turn the request round."""
    # Goals of the shape that fill other inputs may say the reverse.
    alike = case.model.words_with(case.best.shape, [span.label for span in case.best.spans])
    carriers = case.words.carriers
    unknown = sum(
        (case.words.lower[i] in _TURNS and not alike[carriers[i]])
        or (has_direction([carriers[i]]) and not case.shape.words[carriers[i]])
        for i in case.outside
    )
    reverse = turned_round([carriers[i] for i in case.outside], case.shape.words)
    return unknown + (reverse is not None)


def _is_capital(words: Words, index: int) -> bool:
    return words.forms[index] == "capital" and len(words.texts[index]) > 1


def _is_name(span: Span, words: Words) -> bool:
    """Whether a value is written with capitals; that of the first word of a goal says nothing."""
    telling = [i for i in range(span.start, span.end) if i and words.lower[i] not in FUNCTION_WORDS]
    capitals = sum(1 for i in telling if words.forms[i] == "capital")
    return 2 * capitals > len(telling) or (not telling and words.forms[span.start] == "capital")


def _points(span: Span, words: Words) -> bool:
    """Whether a value is said by pointing: what ``this`` is, no learned goal can tell."""
    return bool(POINTING_WORDS & set(words.lower[max(0, span.start - 1) : span.start + 1]))


def _has_edge(label: Label, span: Span, words: Words) -> bool:
    first, last = words.lower[span.start], words.lower[span.end - 1]
    return (
        first in FUNCTION_WORDS and words.forms[span.start] != "capital" and not label.begins[first]
    ) or (last in FUNCTION_WORDS and not label.ends[last])


def _is_foreign(label: Label, span: Span, words: Words) -> bool:
    marked = {one for one in _MARKED if not label.forms[one]}
    return any(form in marked for form in words.forms[span.start : span.end])


def _has_comma(span: Span, words: Words) -> bool:
    inner = words.tokens[span.start : span.end]
    # Between two words of a goal stands what is neither; more than a blank is punctuation.
    return any("," in words.between(one, other) for one, other in pairwise(inner))


def _is_torn(span: Span, inside: Set[int], words: Words) -> bool:
    """Whether a word with a capital stands one or two words before or behind a value."""
    if words.forms[span.start] != "capital":
        return False
    near = [span.start - 1, span.start - 2, span.end, span.end + 1]
    return any(0 < i < len(words) and i not in inside and _is_capital(words, i) for i in near)
