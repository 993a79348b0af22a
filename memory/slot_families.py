"""Traces that call tools with words of the goal: which one answers a new goal, with which words."""

from __future__ import annotations

import math
from collections import defaultdict

from .family_parts import Proposal
from .goals import depends_on_now
from .learned_goals import LearnedGoals
from .member_counts import example_key
from .members import Member
from .slot_doubts import doubts_of
from .slot_judge import certainty
from .slot_model import SlotModel
from .slot_search import SlotReading
from .slot_words import Words

_BAR = 0.94
"""How sure a reading must be to answer."""
_NEAR = 0.3
"""How sure it must be to be shown as near."""
_FEWEST = 5
"""Learned goals below which nothing is known of how goals fill inputs."""


class SlotFamilies:
    """What was learned of filling inputs; not safe for several threads.

    Args:
        learned: What was learned.
    """

    def __init__(self, learned: LearnedGoals) -> None:
        self._learned = learned

    def propose(self, goal: str) -> Proposal | None:
        """Return what a goal most likely asks for, and whether that is certain enough.

        Args:
            goal: The goal.
        """
        model = SlotModel(self._learned.counts)
        if model.goals < _FEWEST:
            return None
        words = Words(goal)
        readings = model.read(words)
        if not readings or not model.filled_by(model.shape(readings[0].shape).tools):
            return None  # of tools that no goal fills, `Families` knows more
        best = readings[0]
        labels = [span.label for span in best.spans]
        sample = self._learned.example(example_key(best.shape, labels))
        if sample is None:
            return None
        examples = model.examples(best.shape, labels)
        sure = certainty(doubts_of(model, words, readings, examples))
        if sure < _NEAR:
            return None
        rest, values = _taken(goal, words, best, sample)
        if depends_on_now(rest) is not None:
            return None
        odds = math.log(sure / (1 - sure))
        lacks = "" if sure >= _BAR else "it could be read in another way"
        return Proposal(sample.trace_id, values, examples, odds, not lacks, lacks, whole=True)


def _taken(
    goal: str, words: Words, reading: SlotReading, sample: Member
) -> tuple[str, dict[str, str]]:
    """Return what a goal says beside the values, and the values by the names of the parameters."""
    assert sample.filling is not None
    found: dict[str, list[str]] = defaultdict(list)
    rest: list[str] = []
    done = 0
    for span in reading.spans:
        start, end = words.tokens[span.start].start, words.tokens[span.end - 1].end
        found[span.label].append(goal[start:end])
        rest.append(goal[done:start])
        done = end
    # Several values of one input keep their order.
    values = {
        name: found[span.label].pop(0)
        for span, name in zip(sample.filling.spans, sample.filling.names, strict=True)
    }
    return " ".join([*rest, goal[done:]]), values
