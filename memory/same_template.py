"""The traces that have the wording of a goal, and whether they all mean the same by it.

Of the many traces that a template may have, those of one frame do the same (see `frames`): the
newest is bound, and stands for all where only what it does is asked. Frames that hold
another value than the goal, in a place where they take none, are passed over unread.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence, Set
from dataclasses import replace

from .candidates import Candidates
from .flows import filled
from .found import Match, Miss, Place, Refusal, Way
from .index_tables import Frame
from .program import same_program
from .templates import Miss as Other
from .templates import (
    decided_by_frames,
    key_of,
    learned_values,
    may_unify,
    unify,
)
from .trace_store import TraceStore
from .traces import Trace
from .wording import carriers, tokenize

_FIRST_PART = 2
"""Traces of a frame that are looked up at once; mostly the first one will do."""
_NAMED = 3
"""Frames with other values that a miss names."""
_MORE = 8
"""How much larger each next part of a frame is, when none of the one before could be used."""
_MOST_KNOWN = 100_000


class SameTemplate:
    """Finds the traces of a goal's template. For one thread at a time.

    Args:
        store: The traces.
        candidates: Reads and binds them.
    """

    def __init__(self, store: TraceStore, candidates: Candidates) -> None:
        self._store = store
        self._candidates = candidates
        # What a frame explains follows from hashes of content, so it stays true.
        self._explained: set[tuple[str, str]] = set()

    def find(
        self, goal: str, place: Place, refusals: list[Refusal], without: Set[str] = frozenset()
    ) -> list[Match]:
        """Return traces that have the wording of a goal, all of which would do the same.

        Args:
            goal: The goal.
            place: Where and how it would be answered.
            refusals: Takes why others may not answer.
            without: Ids of traces to pass over.

        Returns:
            The matches, one of each frame, best first; none if traces of this wording would do
            different things.
        """
        frames = self._store.frames(key_of(goal))
        tokens = carriers(tokenize(goal))
        able = [one for one in frames if may_unify(one.fixed, tokens)]
        found = self._bound(goal, able, place, refusals, without)
        if not found:
            unable = [one for one in frames if one not in able]
            self._name(goal, unable, refusals)
            return []
        if not self._agree(found, frames):
            reason = "traces of this wording would do different things"
            refusals.append(Refusal(Miss.AMBIGUOUS, found[0][0].trace_id, reason))
            return []
        return sorted((match for match, _ in found), key=lambda one: -one.confidence)

    def _bound(
        self,
        goal: str,
        frames: Sequence[Frame],
        place: Place,
        refusals: list[Refusal],
        without: Set[str],
    ) -> list[tuple[Match, Frame]]:
        """Return the newest trace of each frame that can be bound to a goal, newest first."""
        found: list[tuple[Match, Frame]] = []
        told: set[str] = set()
        parts = [self._newest_first(frame, told) for frame in frames]
        for _, trace_id, frame in heapq.merge(*parts, key=lambda one: one[:2]):
            if trace_id in without or frame.name in told:
                continue
            trace = self._candidates.load(trace_id, refusals)
            if trace is None:
                continue
            values = unify(trace, goal)
            if isinstance(values, Other):
                refusals.append(Refusal(Miss.OTHER_VALUES, trace_id, values.reason))
                told.add(frame.name)
                continue
            match = self._candidates.bound(trace_id, trace, values, Way.TEMPLATE, place, refusals)
            # A bad record is one trace's own; all else is that of its frame.
            if match is not None or refusals[-1].kind is not Miss.BAD_RECORD:
                told.add(frame.name)
            if match is not None:
                found.append((match, frame))
        return found

    def _newest_first(self, frame: Frame, told: Set[str]) -> Iterator[tuple[float, str, Frame]]:
        """Yield age, id and frame of a frame's traces until it is among those that have told."""
        start, size = 0, _FIRST_PART
        while True:
            rows = self._store.of_frame(frame, start, size)
            for learned_at, trace_id in rows:
                if frame.name in told:
                    return
                yield -learned_at, trace_id, frame
            if len(rows) < size or frame.name in told:
                return
            start, size = start + size, size * _MORE

    def _name(self, goal: str, frames: Sequence[Frame], refusals: list[Refusal]) -> None:
        """Say of some frames in what their goals differ from this one."""
        for frame in sorted(frames, key=lambda one: one.name)[:_NAMED]:
            for _, trace_id in self._store.of_frame(frame, 0, 1):
                trace = self._candidates.load(trace_id, refusals)
                differs = unify(trace, goal) if trace is not None else None
                if isinstance(differs, Other):
                    refusals.append(Refusal(Miss.OTHER_VALUES, trace_id, differs.reason))

    def _agree(self, found: Sequence[tuple[Match, Frame]], frames: Sequence[Frame]) -> bool:
        """Whether all matches do the same, and the first explains every trace of its template."""
        first, own = found[0]
        if not all(same_program(first.steps, other.steps) for other, _ in found[1:]):
            return False
        learned = first.learned or first.trace
        return all(self._explains(learned, own, one) for one in frames if one.name != own.name)

    def _explains(self, trace: Trace, own: Frame, frame: Frame) -> bool:
        """Whether a trace, with the values of those of a frame, does what they did."""
        if len(self._explained) > _MOST_KNOWN:
            self._explained.clear()
        if (own.name, frame.name) in self._explained:
            return True
        for _, trace_id, _ in self._newest_first(frame, frozenset()):
            if (own.name, trace_id) in self._explained:
                continue
            other = self._candidates.load(trace_id, [])
            if other is None:
                continue
            if not _explains(trace, other):
                return False
            if decided_by_frames(trace, other):
                self._explained.add((own.name, frame.name))
                return True
            self._explained.add((own.name, trace_id))
        return True


def _explains(trace: Trace, other: Trace) -> bool:
    """Whether a trace, with the values of another one of its template, does what that one did."""
    values = unify(trace, other.goal)
    if isinstance(values, Other):
        return True  # it would not have been asked
    inputs = filled(trace.steps, trace.parameters, {**learned_values(trace), **values})
    steps = tuple(
        replace(step, input=given) for step, given in zip(trace.steps, inputs, strict=True)
    )
    return same_program(steps, other.steps)
