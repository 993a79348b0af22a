"""Turns a finished model run into a trace, or says why it must not become one.

Only what can be checked later is kept. A run without a tool call has nothing to check; a call in
the background or an image cannot be compared; a goal or an input that speaks of the present is
good for the day on which it was learned.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from ..kernel.tools import ToolCall, ToolRegistry, ToolResult
from .binding import BindingRefused
from .bound import verify_parameters
from .goals import depends_on_now
from .parameters import find_parameters
from .placement import lift_cwd, lift_json
from .texts import strings_in
from .traces import FileEffect, FileState, Observation, Parameter, Provenance, Step, Trace

if TYPE_CHECKING:
    from .declaration import Declaration


@dataclass(frozen=True, slots=True)
class LearnedCall:
    """One tool call of a run that is to become a step.

    Attributes:
        call: The call.
        result: What the model saw.
        at: UTC epoch seconds at which it began.
        textual: Whether the result was text and nothing else.
        before: State of the file that a Write or Edit names, before it.
        after: The same, after it.
    """

    call: ToolCall
    result: ToolResult
    at: float
    textual: bool = True
    before: FileState | None = None
    after: FileState | None = None


@dataclass(frozen=True, slots=True)
class NotKept:
    """Why a run leaves no trace, for people."""

    reason: str


def build_trace(
    goal: str,
    calls: Sequence[LearnedCall],
    answer: str,
    effects: Sequence[FileEffect],
    provenance: Provenance,
    *,
    cwd: str,
    permission_mode: str,
    registry: ToolRegistry,
    declared: Declaration | None = None,
) -> Trace | NotKept:
    """Build the trace of a successful run.

    Args:
        goal: The goal as the user typed it.
        calls: Every call of the run, in order.
        answer: The model's final text.
        effects: What the run changed in the working directory.
        provenance: Where and how it was learned.
        cwd: The working directory; its path becomes a marker.
        permission_mode: The mode under which the calls were allowed.
        registry: The drivers that a replay would use.
        declared: What the model declared to vary.

    Returns:
        The trace, or the reason why there is none.

    Raises:
        DeclarationRefused: If what was declared does not hold.
    """
    obstacle = _obstacle(calls, registry)
    if obstacle is not None:
        return NotKept(obstacle)
    steps = tuple(_step(call, cwd) for call in calls)
    parameters = _parameters(goal, steps, declared)
    trace = Trace(
        goal=goal,
        permission_mode=permission_mode,
        steps=steps,
        answer=lift_cwd(answer, cwd),
        effects=tuple(effects),
        parameters=parameters,
        tools=_fingerprints(calls, registry),
        valid_on=_valid_on(goal, parameters, calls, provenance.learned_at),
        provenance=provenance,
    )
    return trace if _gives_itself_back(trace) else replace(trace, parameters=())


def _gives_itself_back(trace: Trace) -> bool:
    """Whether the learned values give back the recorded steps; what does not, does not vary."""
    try:
        verify_parameters(trace)
    except BindingRefused:
        return False
    return True


def _obstacle(calls: Sequence[LearnedCall], registry: ToolRegistry) -> str | None:
    if not calls:
        return "it used no tool, so there is nothing that a replay could check"
    for call in calls:
        name = call.call.name
        if name not in registry:
            return f"it used {name}, which no driver carries out"
        if not call.textual:
            return f"it looked at something that is not text ({name})"
        if call.call.input.get("run_in_background"):
            return "it left a command running in the background"
        if name in ("Write", "Edit") and call.result.ok and call.after is None:
            return f"what {name} did to its file was not seen"
    return None


def _step(call: LearnedCall, cwd: str) -> Step:
    return Step(
        tool=call.call.name,
        input=lift_json(dict(call.call.input), cwd),
        observation=Observation(
            text=lift_cwd(call.result.output, cwd),
            ok=call.result.ok,
            exit_code=call.result.exit_code,
            at=call.at,
            duration_s=call.result.duration_s,
        ),
        before=call.before,
        after=call.after,
    )


def _parameters(
    goal: str, steps: Sequence[Step], declared: Declaration | None
) -> tuple[Parameter, ...]:
    found = find_parameters(goal, steps)
    if declared is None:
        return found
    # Only here: matching needs this module, and not the declaration's models.
    from .declaration import declared_parameters, merged

    return merged(found, declared_parameters(goal, [one.input for one in steps], declared))


def _fingerprints(calls: Iterable[LearnedCall], registry: ToolRegistry) -> dict[str, str]:
    drivers = {call.call.name: registry.get(call.call.name) for call in calls}
    return {name: driver.fingerprint for name, driver in drivers.items() if driver.fingerprint}


def _words_of(goal: str, parameters: Sequence[Parameter]) -> str:
    """Return a goal without its values: a date that flows into the steps is a value, not a word."""
    for one in sorted(parameters, key=lambda one: one.start, reverse=True):
        goal = goal[: one.start] + " " + goal[one.end :]
    return goal


_MONTH = (
    "January|February|March|April|May|June|July|August|September|October|November|December"
    "|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec"
)
_DATE = re.compile(
    r"\b\d{4}[-/.]\d\d?[-/.]\d\d?\b|\b\d\d?[-/.]\d\d?[-/.]\d{4}\b|\b20\d{6}\b"
    rf"|\b(?:{_MONTH})\.? \d\d?(?:st|nd|rd|th)?(?:,? \d{{4}})?\b"
    rf"|\b\d\d?\.? (?:{_MONTH})(?:,? \d{{4}})?\b"
)


def _valid_on(
    goal: str, parameters: Sequence[Parameter], calls: Sequence[LearnedCall], learned_at: float
) -> date | None:
    """Return the one local day on which a replay is right, or None if any day is."""
    today = datetime.fromtimestamp(learned_at, UTC).astimezone().date()
    if depends_on_now(_words_of(goal, parameters)) is not None:
        return today
    known = goal
    for call in calls:
        for text in strings_in(call.call.input):
            if any(found not in known for found in _DATE.findall(text)):
                return today
        known += "\n" + call.result.output
    return None
