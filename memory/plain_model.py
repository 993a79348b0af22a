"""How likely is each program the one that a goal asks for? A conditional logit model.

Source: McFadden, "Conditional Logit Analysis of Qualitative Choice Behavior" (1974).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Weights:
    """What each sign counts for. Fitted by maximum likelihood, see `benchmarks/fit_plain.py`.

    Attributes:
        words: Log odds of the goal's words, by the root of their number.
        overlap: Cosine of words to the nearest goal.
        middle: Cosine of vectors to the mean of the program's goals.
        nearest: Cosine of vectors to its nearest goal.
        share: What a linear model of all vectors gives to it.
        size: Log of how many goals it has.
        new: For a program that was never learned.
        singles: For it, log of the share of goals that are the only one of their program.
        goals: For it, log of how many goals were learned.
    """

    words: float
    overlap: float
    middle: float
    nearest: float
    share: float
    size: float
    new: float
    singles: float
    goals: float


WEIGHTS = Weights(
    words=0.32,
    overlap=3.06,
    middle=4.47,
    nearest=3.87,
    share=10.84,
    size=-1.57,
    new=9.21,
    singles=1.34,
    goals=-0.95,
)


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks for one program; see `Weights`."""

    words: float
    overlap: float
    middle: float
    nearest: float
    share: float
    size: float


def chances(
    signs: Mapping[str, Signs], singles: float, goals: float, weights: Weights
) -> dict[str, float]:
    """Return how likely each program is; what is missing to 1 is a program never learned.

    Args:
        signs: What speaks for each program.
        singles: What speaks for a new one, see `Weights`.
        goals: Likewise.
        weights: What the signs count for.
    """
    scores = {name: _weighed(one, weights) for name, one in signs.items()}
    new = weights.new + weights.singles * singles + weights.goals * goals
    most = max(new, *scores.values())
    total = math.fsum(math.exp(score - most) for score in (new, *scores.values()))
    return {name: math.exp(score - most) / total for name, score in scores.items()}


def _weighed(signs: Signs, weights: Weights) -> float:
    return (
        weights.words * signs.words
        + weights.overlap * signs.overlap
        + weights.middle * signs.middle
        + weights.nearest * signs.nearest
        + weights.share * signs.share
        + weights.size * signs.size
    )
