"""What families are weighed by: their bars, one reading of a goal, the goal asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import chain

from .members import Member, SlotValue, masked, plain_words
from .wording import Token, is_number, shape_of, split_unit


@dataclass(frozen=True, slots=True)
class Bar:
    """What a family must show before it answers.

    Attributes:
        members: Goals that it must have.
        margin: By how much it must lead the next one, in nats of log odds (for a family without
            values: all others, and what was never learned).
        pairs: Share of the goal's pairs of neighbours that it must have seen.
    """

    members: int
    margin: float
    pairs: float


PLAIN_BAR = Bar(members=4, margin=4.0, pairs=0.0)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A family's answer to a goal.

    Attributes:
        trace_id: The trace of the family to replay.
        values: What the trace's parameters are bound to (units left off).
        members: Goals that the family has.
        margin: By how much it leads.
        accepted: Whether it reaches the bar.
        reason: What it lacks, for people; empty if accepted.
        whole: Whether the values are those of the trace `with_whole_values`.
    """

    trace_id: str
    values: dict[str, str]
    members: int
    margin: float
    accepted: bool
    reason: str
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a goal as one of a family's."""

    score: float
    family: str
    spans: tuple[tuple[int, int], ...]
    words: tuple[str, ...]
    features: frozenset[str]

    @property
    def key(self) -> tuple[str, tuple[tuple[int, int], ...]]:
        """What it does: another reading of the same key does the same."""
        return self.family, self.spans


class Asked:
    """A goal that is asked, with what is needed of it again and again."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.lower = [token.lower for token in tokens]
        self.having = frozenset(self.lower)
        self.words = [plain_words([token]) for token in tokens]
        self.all_words = list(chain.from_iterable(self.words))
        self.literals = [index for index, token in enumerate(tokens) if token.is_value]
        self.known: dict[str, list[tuple[tuple[int, int], str]]] = {}
        self._runs: dict[int, list[tuple[tuple[int, int], tuple[str, ...]]]] = {}

    def runs(self, size: int) -> list[tuple[tuple[int, int], tuple[str, ...]]]:
        """Return every run of so many words, in lower case, with where it stands."""
        if size not in self._runs:
            starts = range(len(self.lower) - size + 1)
            self._runs[size] = [
                ((start, start + size), tuple(self.lower[start : start + size])) for start in starts
            ]
        return self._runs[size]

    def masked(self, labels: Mapping[int, tuple[int, str]]) -> tuple[str, ...]:
        """Return the words, with labels where values stand; see `members.masked`."""
        if not labels:
            return tuple(self.all_words)
        return masked(self.words, labels)


def may_stand_for(learned: str, value: str) -> bool:
    """Whether a known value is a number just where the learned one is, and of the same form."""
    if is_number(learned) or is_number(value):
        return shape_of(learned) == shape_of(value)
    return True


def may_fill(slot: SlotValue, token: Token) -> bool:
    """Return whether a literal of a goal may be the value of a slot: its form says so."""
    if not token.is_value or not token.text:
        return False
    value = token.text
    if slot.unit:
        split = split_unit(value)
        if split is None or split[1] != slot.unit:
            return False
        value = split[0]
    return shape_of(value) == shape_of(slot.value)


def bound_values(
    sample: Member, spans: Sequence[tuple[int, int]], tokens: Sequence[Token], goal: str
) -> dict[str, str] | None:
    """Return what the parameters are bound to, units left off; None if one is missing."""
    values: dict[str, str] = {}
    for slot, (start, end) in zip(sample.slots, spans, strict=True):
        text = goal[tokens[start].start : tokens[end - 1].end]
        if slot.unit:
            split = split_unit(text)
            if split is None:
                return None
            text = split[0]
        values[slot.name] = text
    return values


def labels_of(member: Member) -> frozenset[str]:
    """Return the labels of a member's values; they are the same for all of its family."""
    return frozenset(slot.label for slot in member.slots)


def said_of(frame: Iterable[str], plurals: Iterable[str]) -> set[str]:
    """Return the words of a frame, and its plurals as words of their own."""
    return {*frame, *(f"{word}s" for word in plurals)}


def order_of(words: Sequence[str], labels: Set[str]) -> tuple[str, ...]:
    """Return in what order the values stand in a goal."""
    return tuple(word for word in words if word in labels) if labels else ()


def features_of(words: Sequence[str]) -> frozenset[str]:
    """Return what is counted of a goal: its words, and each pair of neighbours."""
    pairs = zip(["^", *words], [*words, "$"], strict=True)
    return frozenset(words) | {f"{one} {other}" for one, other in pairs}
