"""A trace on its way to be a match: read, allowed here and now, and bound to the goal's values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..kernel.errors import TraceError, UntrustedTraceError
from .evidence import Evidence
from .found import Match, Miss, Place, Refusal, Way
from .refusals import bad_record, refusal
from .trace_store import TraceStore
from .traces import Trace

if TYPE_CHECKING:
    from .families import Proposal


class Candidates:
    """Reads and binds traces, and says why one cannot be used.

    Args:
        store: The traces.
        evidence: Their record.
    """

    def __init__(self, store: TraceStore, evidence: Evidence) -> None:
        self._store = store
        self._evidence = evidence

    def bound(
        self,
        trace_id: str,
        trace: Trace,
        values: Mapping[str, str],
        way: Way,
        place: Place,
        refusals: list[Refusal],
        proposal: Proposal | None = None,
    ) -> Match | None:
        """Return a trace bound to a goal's values, or None and why not among the refusals.

        Args:
            trace_id: Its id.
            trace: The trace.
            values: The value of each of its parameters.
            way: How it was found.
            place: Where and how the goal would be answered.
            refusals: Takes the reason.
            proposal: What its family says, if it was found by that.
        """
        # To replay a learned goal is faster than to load what binds values.
        from .binding import BindingRefused
        from .bound import bind_trace
        from .templates import substitution

        record = self._evidence.of(trace_id)
        refused = refusal(trace_id, trace, place) or bad_record(trace_id, record)
        if refused is not None:
            refusals.append(refused)
            return None
        try:
            bound = bind_trace(trace, values)
        except BindingRefused as error:
            refusals.append(Refusal(Miss.OTHER_VALUES, trace_id, error.reason))
            return None
        changed = substitution(trace, values)
        said = f"with {changed}" if changed else "with the same values"
        if way is Way.SAID:
            reason = f"means the same, as you have said, {said}"
        elif proposal is None:
            reason = f"has the wording of this goal, {said}"
        else:
            reason = f"is one of {proposal.members} of a kind with this goal, {said}"
        learned = None if bound is trace else trace
        return Match(trace_id, bound, record.confidence, way, values, learned, reason)

    def load(self, trace_id: str, refusals: list[Refusal]) -> Trace | None:
        """Return a trace that may run, or None and why not among the refusals.

        Args:
            trace_id: Its id.
            refusals: Takes the reason.
        """
        try:
            return self._store.get(trace_id)
        except TraceError as error:
            said = f"{error.message}; {error.hint}" if error.hint else error.message
            untrusted = isinstance(error, UntrustedTraceError)
            kind = Miss.UNTRUSTED if untrusted else Miss.UNUSABLE
            refusals.append(Refusal(kind, trace_id, said))
            return None
