"""The floor that matching is measured against: a trace answers the very same goal and no other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from llmos.memory.evidence import Evidence
from llmos.memory.found import Miss, Place, Refusal
from llmos.memory.goals import difference, normal_form
from llmos.memory.learning import strings_in
from llmos.memory.refusals import refusal
from llmos.memory.trace_store import TraceStore
from llmos.memory.traces import Step, Trace


class MatchLike(Protocol):
    """What is measured of a match: the trace, and its steps bound to the new goal."""

    @property
    def trace_id(self) -> str:
        """Its id."""
        ...

    @property
    def trace(self) -> Trace:
        """The trace."""
        ...

    @property
    def confidence(self) -> float:
        """0 to 1."""
        ...

    @property
    def steps(self) -> Sequence[Step]:
        """The steps that would run."""
        ...


class FoundLike(Protocol):
    """What a matcher found."""

    @property
    def matches(self) -> Sequence[MatchLike]:
        """The traces that may answer, best first."""
        ...

    @property
    def refusals(self) -> Sequence[Refusal]:
        """The traces that may not, and why."""
        ...


class MatcherLike(Protocol):
    """Goal and place in, matches or reasons out."""

    def match(self, goal: str, place: Place) -> FoundLike:
        """Match one goal."""
        ...


@dataclass(frozen=True, slots=True)
class ExactMatch:
    """A trace that was learned from the very same goal."""

    trace_id: str
    trace: Trace
    confidence: float

    @property
    def steps(self) -> tuple[Step, ...]:
        """Its steps as they are."""
        return self.trace.steps


@dataclass(frozen=True, slots=True)
class ExactFound:
    """What the exact matcher found."""

    matches: tuple[ExactMatch, ...]
    refusals: tuple[Refusal, ...]


class ExactMatcher:
    """Matches the same goal only.

    Args:
        store: The traces.
        evidence: Their record.
    """

    def __init__(self, store: TraceStore, evidence: Evidence) -> None:
        self._store = store
        self._evidence = evidence

    def match(self, goal: str, place: Place) -> ExactFound:
        """Match one goal."""
        matches: list[ExactMatch] = []
        refusals: list[Refusal] = []
        for trace_id in self._store.candidates(normal_form(goal)):
            trace = self._store.get(trace_id)
            inputs = [text for step in trace.steps for text in strings_in(step.input)]
            words = difference(trace.goal, goal, inputs)
            refused = (
                refusal(trace_id, trace, place)
                if words is None
                else Refusal(Miss.OTHER_WORDS, trace_id, words)
            )
            if refused is None:
                matches.append(ExactMatch(trace_id, trace, self._evidence.of(trace_id).confidence))
            else:
                refusals.append(refused)
        if not matches and not refusals:
            refusals.append(Refusal(Miss.NO_TRACE, None, "no trace was learned from this goal"))
        return ExactFound(tuple(matches), tuple(refusals))
