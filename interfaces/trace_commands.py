"""``llmos trace list|show|allow|rm``: look at what was learned, and decide what may run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import anyio

from ..kernel.errors import UsageError
from ..kernel.money import format_usd
from ..memory.traces import Parameter, Trace
from .plain_text import one_line, printable, printable_for_terminal
from .render import describe_call
from .streams import print_data
from .system import OpenSystem, System, opened

_ACTIONS = ("list", "show", "allow", "rm")


async def run_trace_command(
    open_system: OpenSystem, given: Mapping[str, Any], words: Sequence[str], *, as_json: bool
) -> int:
    """Carry out a trace command.

    Args:
        open_system: Makes the system.
        given: The settings that were given.
        words: The words after ``trace``.
        as_json: JSON instead of text.

    Returns:
        The exit code.

    Raises:
        UsageError: If the words are wrong.
        TraceError: If the trace cannot be used.
    """
    action, arguments = (words[0], words[1:]) if words else ("list", ())
    if action not in _ACTIONS:
        raise UsageError(
            f"there is no trace command {action!r}", hint=f"there is: {', '.join(_ACTIONS)}"
        )
    if len(arguments) != (0 if action == "list" else 1):
        raise UsageError(f"llmos trace {action} takes {'no' if action == 'list' else 'one'} id")
    async with opened(open_system, given) as system:
        text = await anyio.to_thread.run_sync(_carry_out, system, action, arguments, as_json)
    print_data(text if as_json else printable_for_terminal(text))
    return 0


def _carry_out(system: System, action: str, arguments: Sequence[str], as_json: bool) -> str:
    store = system.traces
    if action == "list":
        rows = list(store.list(limit=1000, offset=0))
        if as_json:
            return json.dumps(
                [{"trace_id": r.id, "goal": r.goal, "learned_at": r.learned_at} for r in rows]
            )
        problems = [f"left out: {one.path}: {one.reason}" for one in store.problems]
        return "\n".join(
            [f"{r.id}  {_day(r.learned_at)}  {one_line(r.goal)}" for r in rows] + problems
        )
    trace_id = store.resolve(arguments[0])
    if action == "rm":
        store.delete(trace_id)
        return json.dumps({"removed": trace_id}) if as_json else f"removed {trace_id}"
    trace = store.read(trace_id)
    if action == "allow":
        system.trust.allow(trace)
        return (
            json.dumps({"allowed": trace_id})
            if as_json
            else f"{describe_trace(trace_id, trace)}\nallowed {trace_id}; a change revokes this"
        )
    return (
        json.dumps(trace.to_json(), ensure_ascii=False)
        if as_json
        else describe_trace(trace_id, trace)
    )


def describe_trace(trace_id: str, trace: Trace) -> str:
    """Describe a trace for people: goal, where it came from, its steps, what it changes."""
    origin = trace.provenance
    lines = [
        f"{trace_id}",
        f"goal     {printable(trace.goal)}",
        f"learned  {_day(origin.learned_at)} by {origin.model}, {format_usd(origin.cost_micros)}",
    ]
    if trace.valid_on is not None:
        lines.append(f"valid on {trace.valid_on} only")
    lines += [f"varies   {_varies(one)}" for one in trace.parameters]
    lines += [
        f"step {number:<3} {describe_call(step.tool, step.input)}"
        for number, step in enumerate(trace.steps, start=1)
    ]
    lines += [f"changes  {printable(effect.path)}" for effect in trace.effects]
    lines.append(f"answer   {one_line(trace.answer)}")
    return "\n".join(lines)


def _varies(parameter: Parameter) -> str:
    steps = sorted({flow.step + 1 for flow in parameter.flows})
    where = f"step{'s' if len(steps) > 1 else ''} {', '.join(map(str, steps))}"
    values = f", one of: {', '.join(parameter.domain)}" if parameter.domain else ""
    said = f"{parameter.name} ({parameter.kind}) = {parameter.value!r} in {where}{values}"
    return one_line(said, 200)


def _day(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
