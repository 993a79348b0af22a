"""The words of a goal whose inputs are to be filled: by what they carry and by their form."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .time_words import belong_together, is_amount, is_of_time
from .wording import Token, canonical, carriers, tokenize

FORMS = 6
"""How many forms of words `form_of` tells apart."""


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
