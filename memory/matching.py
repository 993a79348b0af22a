"""May a trace answer this goal? Goal and store in, matches and reasons out; nothing else happens.

In order of cost: the same goal; the same template with other values; the family that a new wording
belongs to. Retrieval proposes and rules decide: no value is bound that could change a step's
structure, traces that would do different things cancel each other, and what has gone wrong before
does not answer again but for the very goal that it was learned from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from typing import TYPE_CHECKING

from .attached import has_text, is_attached
from .candidates import Candidates
from .evidence import Evidence
from .found import Found, Match, Miss, Place, Refusal, Way
from .goals import depends_on_now, difference, normal_form
from .refusals import refusal, retired
from .texts import strings_in
from .trace_store import TraceStore
from .traces import Trace

if TYPE_CHECKING:
    from .families import Families
    from .same_template import SameTemplate

# What answers other goals than the very same one (templates, families, binding) is imported where
# it is used: to replay a learned goal is faster than to load it.


class Matcher:
    """Finds the traces that may answer a goal. Its calls block; for one thread at a time.

    Args:
        store: The traces.
        evidence: Their record.
    """

    def __init__(self, store: TraceStore, evidence: Evidence) -> None:
        self._store = store
        self._evidence = evidence
        self._candidates = Candidates(store, evidence)
        self._templates: SameTemplate | None = None
        self._families: Families | None = None

    def match(self, goal: str, place: Place, without: Set[str] = frozenset()) -> Found:
        """Find what may answer a goal.

        Args:
            goal: The goal.
            place: Where and how it would be answered.
            without: Ids of traces of its template that are to be passed over: they were tried.

        Returns:
            What was found; its order does not depend on the order in which traces were learned,
            but that of the same goal the newest comes first.

        Raises:
            WorkspaceError: If the store cannot be used.
        """
        refusals: list[Refusal] = []
        same = self._same_goal(goal, place, refusals)
        if same:
            return Found(tuple(same), tuple(refusals))
        if has_text(goal):
            return Found((), tuple(refusals))
        answers = self._evidence.answers(normal_form(goal))
        said = self._said(answers, place, refusals)
        if said is not None:
            return Found((said,), tuple(refusals))
        found = self._of_templates().find(goal, place, refusals, without)
        clear = not without and not any(one.kind is Miss.AMBIGUOUS for one in refusals)
        if not found and clear and not is_attached(goal):
            denied = {trace_id for trace_id, _, means_the_same in answers if not means_the_same}
            return self._family(goal, place, refusals, denied)
        return Found(tuple(found), tuple(refusals))

    def _same_goal(self, goal: str, place: Place, refusals: list[Refusal]) -> list[Match]:
        matches: list[Match] = []
        for trace_id in self._store.candidates(normal_form(goal)):
            trace = self._candidates.load(trace_id, refusals)
            if trace is None:
                continue
            record = self._evidence.of(trace_id)
            words = difference(trace.goal, goal, _strings(trace))
            refused = (
                Refusal(Miss.OTHER_WORDS, trace_id, words)
                if words is not None
                else refusal(trace_id, trace, place) or retired(trace_id, record)
            )
            if refused is not None:
                refusals.append(refused)
                continue
            reason = "was learned from this goal"
            matches.append(Match(trace_id, trace, record.confidence, reason=reason))
        return matches

    def _said(
        self,
        answers: Sequence[tuple[str, dict[str, str], bool]],
        place: Place,
        refusals: list[Refusal],
    ) -> Match | None:
        """Return the trace of which the user has said that this goal means what it does."""
        from .templates import learned_values

        for trace_id, values, means_the_same in answers:
            trace = self._candidates.load(trace_id, refusals) if means_the_same else None
            if trace is not None and values.keys() != learned_values(trace).keys():
                from .fillings import with_whole_values

                trace = with_whole_values(trace)
            if trace is not None and values.keys() == learned_values(trace).keys():
                return self._candidates.bound(trace_id, trace, values, Way.SAID, place, refusals)
        return None

    def _family(self, goal: str, place: Place, refusals: list[Refusal], denied: Set[str]) -> Found:
        families = self._of_words()
        proposal = self._store.at_once(lambda index: families.propose(index, goal))
        if proposal is None or proposal.trace_id in denied:
            return Found((), tuple(refusals))
        trace = self._candidates.load(proposal.trace_id, refusals)
        if trace is None:
            return Found((), tuple(refusals))
        if proposal.whole:
            from .fillings import with_whole_values

            trace = with_whole_values(trace)
        match = self._candidates.bound(
            proposal.trace_id, trace, proposal.values, Way.FAMILY, place, refusals, proposal
        )
        if match is None or depends_on_now(_without(goal, match)) is not None:
            return Found((), tuple(refusals))
        if proposal.accepted:
            return Found((match,), tuple(refusals))
        refusals.append(Refusal(Miss.UNCERTAIN, proposal.trace_id, proposal.reason))
        return Found((), tuple(refusals), near=match)

    def _of_templates(self) -> SameTemplate:
        if self._templates is None:
            from .same_template import SameTemplate

            self._templates = SameTemplate(self._store, self._candidates)
        return self._templates

    def _of_words(self) -> Families:
        if self._families is None:
            from .families import Families
            from .learned_goals import LearnedGoals

            self._families = Families(LearnedGoals())
        return self._families


def _strings(trace: Trace) -> Iterator[str]:
    return (text for step in trace.steps for text in strings_in(step.input))


def _without(goal: str, match: Match) -> str:
    """Return a goal without the values that are bound: a date among them is a value, not a word."""
    for value in sorted(match.values.values(), key=len, reverse=True):
        goal = goal.replace(value, " ")
    return goal
