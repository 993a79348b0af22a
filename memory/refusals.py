"""Why a trace may not be replayed here and now, whatever the goal."""

from __future__ import annotations

from ..kernel.tools import ToolRegistry
from .evidence import TraceEvidence
from .found import Miss, Place, Refusal
from .placement import MARKER, safe_in_shell
from .texts import strings_in
from .traces import Trace


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


def retired(trace_id: str, record: TraceEvidence) -> Refusal | None:
    """Return why a trace answers nothing any more, or None if it may."""
    if record.standing != "retired":
        return None
    return Refusal(
        Miss.RETIRED, trace_id, f"it failed {record.failures} times and is retired; learn it anew"
    )


def bad_record(trace_id: str, record: TraceEvidence) -> Refusal | None:
    """Return why a trace answers only its own goal, or None if it may answer others."""
    if record.may_vary:
        return retired(trace_id, record)
    return Refusal(
        Miss.BAD_RECORD,
        trace_id,
        "it went wrong for another goal than its own, and answers only its own since",
    )
