"""How sure a reading of a goal is: general signs of doubt, weighed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from itertools import combinations, pairwise

from .fillings import Span
from .opposites import turned_round
from .plain_words import FUNCTION_WORDS, POINTING_WORDS
from .slot_model import Label, SlotModel
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
"""Words that turn a request round or limit it; each is the opposite of another one, or of none."""


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
    shape = model.shapes[best.shape]
    others = [one.score for one in readings[1:]]
    other_shapes = [one.score for one in readings if one.shape != best.shape]
    items = model.items_of(best, words)
    pairs = list(zip([START, *items], [*items, END], strict=True))
    inside = {i for span in best.spans for i in range(span.start, span.end)}
    new = [
        (model.labels[span.label], span, tuple(words.lower[span.start : span.end]))
        for span in best.spans
        if tuple(words.lower[span.start : span.end]) not in model.labels[span.label].values
    ]
    filled = model.filled_by[shape.tools]
    # Goals of the shape that fill other inputs may say the reverse.
    labels = tuple(sorted(span.label for span in best.spans))
    alike = model.words_with.get((best.shape, labels), Counter[str]())
    outside = [word for i, word in enumerate(words.carriers) if i not in inside]
    return Doubts(
        margin=best.score - max(others, default=best.score - 20.0),
        shape_margin=best.score - max(other_shapes, default=best.score - 20.0),
        known_words=sum(
            1
            for i, word in enumerate(words.carriers)
            if i not in inside and shape.words.get(word) and words.lower[i] not in FUNCTION_WORDS
        ),
        unknown_words=sum(
            1
            for i, word in enumerate(words.carriers)
            if i not in inside and not shape.words.get(word)
        ),
        unknown_pairs=sum(1 for pair in pairs if not shape.pairs.get(pair)) / len(pairs),
        values=len(best.spans),
        new_values=len(new),
        inner=sum(
            1
            for label, _, value in new
            if any(
                value[:cut] in label.values or value[cut:] in label.values
                for cut in range(1, len(value))
            )
        ),
        elsewhere=sum(
            1
            for _, span, value in new
            if any(value in model.labels[name].values for name in filled if name != span.label)
        ),
        plain=sum(
            1
            for label, span, _ in new
            if label.forms["capital"] > 0.7 * label.total and not _is_name(span, words)
        ),
        openness=min((len(label.values) / label.count for label, _, _ in new), default=1.0),
        capitals=sum(
            1
            for i, form in enumerate(words.forms)
            if i and i not in inside and form == "capital" and len(words.texts[i]) > 1
        ),
        fixed=bool(shape.fixed & filled),
        constants=bool(shape.fixed),
        examples=examples,
        amounts=sum(
            1
            for i, form in enumerate(words.forms)
            if i not in inside and form in ("digits", "number", "time")
        ),
        edges=sum(1 for label, span, _ in new if _has_edge(label, span, words)),
        parts=sum(1 for _, span, _ in new if _has_comma(span, words)),
        torn=sum(1 for _, span, _ in new if _is_torn(span, inside, words)),
        foreign=sum(1 for label, span, _ in new if _is_foreign(label, span, words)),
        exchanged=sum(
            1
            for one, other in combinations(best.spans, 2)
            if (one.label, other.label) not in shape.orders
            and (other.label, one.label) in shape.orders
            and words.forms[one.start] == words.forms[other.start]
        ),
        pointing=sum(1 for span in best.spans if _points(span, words)),
        dangling=sum(
            1
            for one, other in pairs
            if other not in shape.labels
            and 0
            < shape.first.get(one, 0)
            == sum(shape.pairs.get((one, n), 0) for n in shape.labels)
        ),
        turns=sum(
            1
            for i, word in enumerate(words.carriers)
            if i not in inside and words.lower[i] in _TURNS and not alike.get(word)
        )
        + (turned_round(outside, shape.words) is not None),
    )


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
        first in FUNCTION_WORDS
        and words.forms[span.start] != "capital"
        and not any(value[0] == first for value in label.values)
    ) or (last in FUNCTION_WORDS and not any(value[-1] == last for value in label.values))


def _is_foreign(label: Label, span: Span, words: Words) -> bool:
    marked = {"digits", "number", "time", "literal"} - label.forms.keys()
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
    return any(
        0 < i < len(words)
        and i not in inside
        and words.forms[i] == "capital"
        and (len(words.texts[i]) > 1)
        for i in near
    )


_WEIGHTS = (
    -3.44, 1.50, 0.52, -0.57, -0.75, 0.47, -0.63, -0.79, -0.91, -1.33, 1.95, -0.55, -0.65, -0.89,
    0.38, -0.55, -2.32, -0.32, -1.65,
)  # fmt: skip
"""Logistic regression of whether a reading is right, on three public sets of goals; fitted on any
two of them it ranks the readings of the third one nearly as well."""


def certainty(doubts: Doubts) -> float:
    """Return how likely a reading is right, from 0 to 1; 0 if it must not be believed.

    A word that turns the request round must have been learned, one that led to a value must lead to
    one, and a goal that fills nothing, or only that, says too little.
    """
    if any((doubts.turns, doubts.dangling, doubts.exchanged, doubts.pointing, doubts.foreign)):
        return 0.0
    if not (doubts.values and doubts.known_words):
        return 0.0
    total = sum(w * x for w, x in zip(_WEIGHTS, features(doubts), strict=True))
    return 1 / (1 + math.exp(-total))


def features(doubts: Doubts) -> list[float]:
    """Return the doubts as numbers of one size."""
    return [
        1.0,
        min(doubts.margin, 12.0) / 5,
        min(doubts.shape_margin, 15.0) / 5,
        min(doubts.unknown_words, 3),
        doubts.unknown_pairs,
        doubts.values,
        doubts.new_values,
        doubts.inner,
        doubts.elsewhere,
        doubts.plain,
        doubts.openness,
        min(doubts.capitals, 2),
        doubts.fixed,
        doubts.constants,
        math.log(doubts.examples) if doubts.examples else 0.0,
        doubts.amounts > 0,
        doubts.edges,
        doubts.parts,
        doubts.torn,
    ]
