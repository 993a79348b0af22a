"""One family: the traces that are one program, and what their goals have in common."""

from __future__ import annotations

import json
from collections.abc import Sequence

from .counts import Counts
from .family_parts import labels_of, order_of, said_of
from .member_counts import (
    DIRECTED,
    FEATURE,
    FRAME,
    GOALS,
    ORDER,
    SAID,
    USED,
    frame_key,
    is_plain,
)
from .members import Member
from .rewording import folded


class Family:
    """What the goals of one program have in common.

    Args:
        sample: The member that is replayed: the newest, the one with the largest id among equals.
        counts: The counts of all goals.

    Attributes:
        seen: In how many goals each word is, and each pair of neighbours.
        said: In how many goals each word of a frame is, and each plural.
        labels: The labels of its values.
        runs_commands: Whether the program runs shell commands.
    """

    def __init__(self, sample: Member, counts: Counts) -> None:
        program = sample.program
        self.sample = sample
        self.labels = labels_of(sample)
        self.runs_commands = not is_plain(sample)
        self.seen = counts.within(FEATURE, program)
        self.said = counts.within(SAID, program)
        self._size = counts.within(GOALS, program)
        self._orders = counts.within(ORDER, program)
        self._directed = counts.within(DIRECTED, program)
        self._used = counts.within(USED, program)
        self._counts = counts

    @property
    def size(self) -> int:
        """How many goals it has."""
        return self._size[""]

    @property
    def says_which_way(self) -> bool:
        """Whether in every goal stands a word that has an opposite."""
        return self._directed[""] == self.size

    def has_order(self, words: Sequence[str]) -> bool:
        """Return whether the values stand in the order in which those of one of its goals do."""
        return not self.labels or self._orders[order_of(words, self.labels)] > 0

    def common(self) -> set[str]:
        """Return the words of a frame, and the plurals, that all its goals have."""
        # What is in all of them is in the sample.
        words = said_of(folded(self.sample.words), self.sample.plurals)
        return {word for word in words if self.said[word] == self.size}

    def used(self) -> set[str]:
        """Return the words of every goal that the steps use as they are."""
        return {word for word in self.sample.used if self._used[word] == self.size}

    def exactly(self, frame: Sequence[str], plurals: Sequence[str]) -> list[list[str]]:
        """Return what goals that say something, style apart, have of words that the steps use.

        Args:
            frame: What is said, see `rewording.folded`.
            plurals: What of it is said of many.
        """
        key = frame_key(self.sample.program, frame, plurals)
        return [json.loads(used) for used in self._counts.each(FRAME, key)]
