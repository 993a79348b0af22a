"""May this trace answer this goal? Goal and trace in, match or reason out; nothing else happens.

In this release a trace answers the same goal only (see `goals.difference`).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date

from ..kernel.tools import ToolRegistry
from .goals import difference
from .learning import strings_in
from .placement import MARKER, safe_in_shell
from .traces import Trace


class Miss(enum.Enum):
    """Why a trace cannot answer a goal; the values appear in JSON."""

    NO_TRACE = "no_trace"
    OTHER_WORDS = "other_words"
    OTHER_DAY = "other_day"
    OTHER_PERMISSIONS = "other_permissions"
    OTHER_PLACE = "other_place"
    TOOL_MISSING = "tool_missing"
    TOOL_CHANGED = "tool_changed"
    UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True)
class Match:
    """A trace that may answer a goal.

    Attributes:
        trace_id: Its id.
        trace: The trace.
        confidence: 0 to 1, from its record.
    """

    trace_id: str
    trace: Trace
    confidence: float


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


def refusal(goal: str, trace_id: str, trace: Trace, place: Place) -> Refusal | None:
    """Return why a trace may not answer a goal here and now, or None if it may."""

    def refuse(kind: Miss, reason: str) -> Refusal:
        return Refusal(kind, trace_id, reason)

    inputs = [text for step in trace.steps for text in strings_in(step.input)]
    words = difference(trace.goal, goal, inputs)
    if words is not None:
        return refuse(Miss.OTHER_WORDS, words)
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
