"""May a trace answer this goal? Goal and store in, matches and reasons out; nothing else happens.

In order of cost: the same goal; the same template with other values; the family that a new wording
belongs to. Retrieval proposes and rules decide: no value is bound that could change a step's
structure, traces that would do different things cancel each other, and what has gone wrong before
does not answer again but for the very goal that it was learned from.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

from ..kernel.errors import TraceError
from ..kernel.tools import ToolRegistry
from .evidence import Evidence, TraceEvidence
from .goals import depends_on_now, difference, normal_form
from .placement import MARKER, safe_in_shell
from .texts import strings_in
from .trace_store import TraceStore
from .traces import Step, Trace

if TYPE_CHECKING:
    from .families import Families, Proposal

# What answers other goals than the very same one (templates, families, binding) is imported where
# it is used: to replay a learned goal is faster than to load it.


_OF_ONE_FRAME = 2
"""Traces that would do the same, of which that many are bound: for when the first one drifts."""


class Miss(enum.Enum):
    """Why a trace cannot answer a goal; the values appear in JSON."""

    NO_TRACE = "no_trace"
    OTHER_WORDS = "other_words"
    OTHER_VALUES = "other_values"
    AMBIGUOUS = "ambiguous"
    UNCERTAIN = "uncertain"
    BAD_RECORD = "bad_record"
    OTHER_DAY = "other_day"
    OTHER_PERMISSIONS = "other_permissions"
    OTHER_PLACE = "other_place"
    TOOL_MISSING = "tool_missing"
    TOOL_CHANGED = "tool_changed"
    UNUSABLE = "unusable"


class Way(enum.Enum):
    """How a match was made; the values appear in JSON."""

    GOAL = "same_goal"
    SAID = "said_by_user"
    TEMPLATE = "same_template"
    FAMILY = "family"


@dataclass(frozen=True, slots=True)
class Match:
    """A trace that may answer a goal.

    Attributes:
        trace_id: Its id.
        trace: The trace as it would be replayed, with the goal's values in it.
        confidence: 0 to 1, from its record.
        way: How it was found.
        values: What its parameters are bound to.
        learned: The trace as it was learned; None if the values are the learned ones.
        reason: Why, for people.
    """

    trace_id: str
    trace: Trace
    confidence: float
    way: Way = Way.GOAL
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    learned: Trace | None = None
    reason: str = ""

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps that would be carried out."""
        return self.trace.steps


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a trace may not answer a goal.

    Attributes:
        kind: From the enumerated list.
        trace_id: The trace, or None if there is none at all.
        reason: For people.
    """

    kind: Miss
    trace_id: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where and how a goal would be answered.

    Attributes:
        cwd: Working directory.
        today: Local date.
        permission_mode: Permission mode in force.
        registry: The drivers there are.
    """

    cwd: str
    today: date
    permission_mode: str
    registry: ToolRegistry


@dataclass(frozen=True, slots=True)
class Found:
    """What the store has for a goal.

    Attributes:
        matches: The traces that may answer, best first.
        refusals: The traces that might have, and why they may not.
        near: What would be replayed if the user said that it means the same; or None.
    """

    matches: tuple[Match, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    near: Match | None = None


class Matcher:
    """Finds the traces that may answer a goal. Its calls block; for one thread at a time.

    Args:
        store: The traces.
        evidence: Their record.
    """

    def __init__(self, store: TraceStore, evidence: Evidence) -> None:
        self._store = store
        self._evidence = evidence
        self._families: Families | None = None
        self._last = 0
        self._removals = 0

    def match(self, goal: str, place: Place) -> Found:
        """Find what may answer a goal.

        Args:
            goal: The goal.
            place: Where and how it would be answered.

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
        answers = self._evidence.answers(normal_form(goal))
        said = self._said(answers, place, refusals)
        if said is not None:
            return Found((said,), tuple(refusals))
        found = self._same_template(goal, place, refusals)
        if not found and not any(one.kind is Miss.AMBIGUOUS for one in refusals):
            denied = {trace_id for trace_id, _, means_the_same in answers if not means_the_same}
            return self._family(goal, place, refusals, denied)
        return Found(tuple(found), tuple(refusals))

    def _same_goal(self, goal: str, place: Place, refusals: list[Refusal]) -> list[Match]:
        matches: list[Match] = []
        for trace_id in self._store.candidates(normal_form(goal)):
            trace = self._load(trace_id, refusals)
            if trace is None:
                continue
            words = difference(trace.goal, goal, _strings(trace))
            refused = (
                Refusal(Miss.OTHER_WORDS, trace_id, words)
                if words is not None
                else refusal(trace_id, trace, place)
            )
            if refused is not None:
                refusals.append(refused)
                continue
            confidence = self._evidence.of(trace_id).confidence
            matches.append(Match(trace_id, trace, confidence, reason="was learned from this goal"))
        return matches

    def _same_template(self, goal: str, place: Place, refusals: list[Refusal]) -> list[Match]:
        """Return traces of the goal's template, all of which would do the same.

        Of those of one frame the newest few stand for all: the others would do the same, or would
        be refused for the same reason.
        """
        from .templates import Miss as Other
        from .templates import key_of, unify

        matches: list[Match] = []
        family: list[Trace] = []
        told: Counter[str] = Counter()
        for trace_id, frame in self._store.of_template(key_of(goal)):
            if told[frame] >= _OF_ONE_FRAME:
                continue
            trace = self._load(trace_id, refusals)
            if trace is None:
                continue
            family.append(trace)
            values = unify(trace, goal)
            if isinstance(values, Other):
                refusals.append(Refusal(Miss.OTHER_VALUES, trace_id, values.reason))
                told[frame] += 1
                continue
            match = self._bound(trace_id, trace, values, Way.TEMPLATE, place, refusals)
            # A bad record is one trace's own; all else is that of its frame.
            told[frame] += match is not None or refusals[-1].kind is not Miss.BAD_RECORD
            if match is not None:
                matches.append(match)
        if not _agree(matches, family):
            reason = "traces of this wording would do different things"
            refusals.append(Refusal(Miss.AMBIGUOUS, matches[0].trace_id, reason))
            return []
        return sorted(matches, key=lambda one: -one.confidence)

    def _said(
        self,
        answers: Sequence[tuple[str, dict[str, str], bool]],
        place: Place,
        refusals: list[Refusal],
    ) -> Match | None:
        """Return the trace of which the user has said that this goal means what it does."""
        from .templates import learned_values

        for trace_id, values, means_the_same in answers:
            trace = self._load(trace_id, refusals) if means_the_same else None
            if trace is not None and values.keys() == learned_values(trace).keys():
                return self._bound(trace_id, trace, values, Way.SAID, place, refusals)
        return None

    def _family(self, goal: str, place: Place, refusals: list[Refusal], denied: Set[str]) -> Found:
        families = self._up_to_date()
        proposal = families.propose(goal) if len(families) else None
        if proposal is None or proposal.trace_id in denied:
            return Found((), tuple(refusals))
        trace = self._load(proposal.trace_id, refusals)
        if trace is None:
            return Found((), tuple(refusals))
        if proposal.whole:
            from .fillings import with_whole_values

            trace = with_whole_values(trace)
        match = self._bound(
            proposal.trace_id, trace, proposal.values, Way.FAMILY, place, refusals, proposal
        )
        if match is None or depends_on_now(_without(goal, match)) is not None:
            return Found((), tuple(refusals))
        if proposal.accepted:
            return Found((match,), tuple(refusals))
        refusals.append(Refusal(Miss.UNCERTAIN, proposal.trace_id, proposal.reason))
        return Found((), tuple(refusals), near=match)

    def _bound(
        self,
        trace_id: str,
        trace: Trace,
        values: Mapping[str, str],
        way: Way,
        place: Place,
        refusals: list[Refusal],
        proposal: Proposal | None = None,
    ) -> Match | None:
        record = self._evidence.of(trace_id)
        from .binding import BindingRefused
        from .bound import bind_trace
        from .templates import substitution

        refused = refusal(trace_id, trace, place) or _record(trace_id, record)
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

    def _load(self, trace_id: str, refusals: list[Refusal]) -> Trace | None:
        try:
            return self._store.get(trace_id)
        except TraceError as error:
            said = f"{error.message}; {error.hint}" if error.hint else error.message
            refusals.append(Refusal(Miss.UNUSABLE, trace_id, said))
            return None

    def _up_to_date(self) -> Families:
        """Return the families with all that came into the store and without what left it."""
        from .families import Families

        removals, members = self._store.members(self._last)
        if self._families is None or removals != self._removals:
            self._families = Families()
            self._removals, members = self._store.members(0)
        for number, member in members:
            self._families.add(member)
            self._last = number
        return self._families


def _record(trace_id: str, record: TraceEvidence) -> Refusal | None:
    if record.may_vary:
        return None
    return Refusal(
        Miss.BAD_RECORD,
        trace_id,
        "it went wrong for another goal than its own, and answers only its own since",
    )


def _agree(matches: Sequence[Match], family: Sequence[Trace]) -> bool:
    """Whether all matches do the same, and the first explains every trace of its template."""
    from .program import same_program

    if not matches:
        return True
    first = matches[0]
    if not all(same_program(first.trace.steps, other.trace.steps) for other in matches[1:]):
        return False
    learned = first.learned or first.trace
    return all(_explains(learned, other) for other in family if other is not learned)


def _explains(trace: Trace, other: Trace) -> bool:
    """Whether a trace, with the values of another one of its template, does what that one did."""
    from .flows import filled
    from .program import same_program
    from .templates import Miss as Other
    from .templates import learned_values, unify

    values = unify(trace, other.goal)
    if isinstance(values, Other):
        return True  # it would not have been asked
    inputs = filled(trace.steps, trace.parameters, {**learned_values(trace), **values})
    steps = tuple(
        replace(step, input=given) for step, given in zip(trace.steps, inputs, strict=True)
    )
    return same_program(steps, other.steps)


def _strings(trace: Trace) -> Iterator[str]:
    return (text for step in trace.steps for text in strings_in(step.input))


def _without(goal: str, match: Match) -> str:
    """Return a goal without the values that are bound: a date among them is a value, not a word."""
    for value in sorted(match.values.values(), key=len, reverse=True):
        goal = goal.replace(value, " ")
    return goal


def refusal(trace_id: str, trace: Trace, place: Place) -> Refusal | None:
    """Return why a trace may not be replayed here and now, or None if it may."""

    def refuse(kind: Miss, reason: str) -> Refusal:
        return Refusal(kind, trace_id, reason)

    if trace.valid_on is not None and trace.valid_on != place.today:
        return refuse(Miss.OTHER_DAY, f"it depends on the day and was learned on {trace.valid_on}")
    if trace.permission_mode != place.permission_mode:
        return refuse(
            Miss.OTHER_PERMISSIONS,
            f"it was learned under --permission-mode {trace.permission_mode}",
        )
    changed = _changed_tool(trace, place.registry)
    if changed is not None:
        return refuse(*changed)
    if not safe_in_shell(place.cwd) and _enters_shell(trace):
        return refuse(
            Miss.OTHER_PLACE,
            "the path of this directory has characters that could change a command",
        )
    return None


def _changed_tool(trace: Trace, registry: ToolRegistry) -> tuple[Miss, str] | None:
    for tool in {step.tool for step in trace.steps}:
        if tool not in registry:
            return Miss.TOOL_MISSING, f"no driver carries out its tool {tool}"
        if registry.get(tool).fingerprint != trace.tools.get(tool, ""):
            return Miss.TOOL_CHANGED, f"the plugin tool {tool} has changed since"
    return None


def _enters_shell(trace: Trace) -> bool:
    return any(
        MARKER in text
        for step in trace.steps
        if step.tool == "Bash"
        for text in strings_in(step.input)
    )
