"""What a store has for a goal: the traces that may answer it, and why others may not."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import date

from ..kernel.record import Record, field
from ..kernel.tools import ToolRegistry
from .traces import Step, Trace


class Miss(enum.Enum):
    """Why a trace cannot answer a goal; the values appear in JSON."""

    NO_TRACE = "no_trace"
    CONVERSATION = "conversation"
    OTHER_WORDS = "other_words"
    OTHER_VALUES = "other_values"
    AMBIGUOUS = "ambiguous"
    UNCERTAIN = "uncertain"
    BAD_RECORD = "bad_record"
    RETIRED = "retired"
    OTHER_DAY = "other_day"
    OTHER_PERMISSIONS = "other_permissions"
    OTHER_PLACE = "other_place"
    TOOL_MISSING = "tool_missing"
    TOOL_CHANGED = "tool_changed"
    UNUSABLE = "unusable"
    UNTRUSTED = "untrusted"
    DENIED = "denied"
    NEEDS_APPROVAL = "needs_approval"


class Way(enum.Enum):
    """How a match was made; the values appear in JSON."""

    GOAL = "same_goal"
    SAID = "said_by_user"
    TEMPLATE = "same_template"
    FAMILY = "family"


class Match(Record):
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


class Refusal(Record):
    """Why a trace may not answer a goal.

    Attributes:
        kind: From the enumerated list.
        trace_id: The trace, or None if there is none at all.
        reason: For people.
    """

    kind: Miss
    trace_id: str | None
    reason: str


class Place(Record):
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


class Found(Record):
    """What the store has for a goal.

    Attributes:
        matches: The traces that may answer, best first.
        refusals: The traces that might have, and why they may not.
        near: What would be replayed if the user said that it means the same; or None.
    """

    matches: tuple[Match, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    near: Match | None = None
