"""How sure a reading of a goal is: its signs of doubt, weighed."""

from __future__ import annotations

import math

from .slot_doubts import Doubts

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
