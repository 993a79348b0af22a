"""``llmos trace list|show|allow|rm``: look at what was learned, and decide what may run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import anyio

from ..kernel.errors import UsageError
from ..kernel.json_value import JsonValue
from ..kernel.money import format_usd
from ..memory.effects import effect_of_step
from ..memory.evidence import TraceEvidence
from ..memory.replay_rules import rules_of
from ..memory.traces import Parameter, Trace
from .allowing import allow_traces
from .effects_view import describe_effect
from .plain_text import one_line, printable, printable_for_terminal
from .render import describe_call
from .rules_view import MASKED, OTHER_VALUES, describe_rule
from .streams import print_data
from .system import OpenSystem, System, opened

_ACTIONS = ("list", "show", "allow", "rm")


async def run_trace_command(
    open_system: OpenSystem,
    given: Mapping[str, Any],
    words: Sequence[str],
    *,
    as_json: bool,
    yes: bool = False,
) -> int:
    """Carry out a trace command.

    Args:
        open_system: Makes the system.
        given: The settings that were given.
        words: The words after ``trace``.
        as_json: JSON instead of text.
        yes: What would be asked is answered with yes.

    Returns:
        The exit code.

    Raises:
        UsageError: If the words are wrong.
        TraceError: If the trace cannot be used.
        ApprovalError: If nobody said yes to what was asked.
    """
    action, arguments = (words[0], words[1:]) if words else ("list", ())
    if action not in _ACTIONS:
        raise UsageError(
            f"there is no trace command {action!r}", hint=f"there is: {', '.join(_ACTIONS)}"
        )
    if action != "allow" and len(arguments) != (0 if action == "list" else 1):
        raise UsageError(f"llmos trace {action} takes {'no' if action == 'list' else 'one'} id")
    async with opened(open_system, given) as system:
        if action == "allow":
            text = await allow_traces(system, arguments, as_json=as_json, yes=yes)
        else:
            text = await anyio.to_thread.run_sync(_carry_out, system, action, arguments, as_json)
    print_data(text if as_json else printable_for_terminal(text))
    return 0


def _carry_out(system: System, action: str, arguments: Sequence[str], as_json: bool) -> str:
    store = system.traces
    if action == "list":
        rows = list(store.list(limit=1000, offset=0))
        records = [system.evidence.of(row.id) for row in rows]
        if as_json:
            return json.dumps(
                [
                    {"trace_id": r.id, "goal": r.goal, "learned_at": r.learned_at}
                    | _record_json(record)
                    for r, record in zip(rows, records, strict=True)
                ]
            )
        problems = [f"left out: {one.path}: {one.reason}" for one in store.problems]
        return "\n".join(
            [
                f"{r.id}  {_day(r.learned_at)}  {record.standing:<9}  {one_line(r.goal)}"
                for r, record in zip(rows, records, strict=True)
            ]
            + problems
        )
    trace_id = store.resolve(arguments[0])
    if action == "rm":
        store.delete(trace_id)
        return json.dumps({"removed": trace_id}) if as_json else f"removed {trace_id}"
    signed = store.read_signed(trace_id)
    record = system.evidence.of(trace_id)
    if as_json:
        rules: list[JsonValue] = [one.to_json() for one in rules_of(signed.trace)]
        shown = signed.trace.to_json() | {"replay": rules, "record": _record_json(record)}
        return json.dumps(shown, ensure_ascii=False)
    trust = f"trust    {system.trust.standing(signed).value}"
    return f"{describe_trace(trace_id, signed.trace)}\n{trust}\n{_describe_record(record)}"


def describe_trace(trace_id: str, trace: Trace) -> str:
    """Describe a trace for people: goal, where it came from, its steps, what may differ."""
    origin = trace.provenance
    lines = [
        f"{trace_id}",
        f"goal     {printable(trace.goal)}",
        f"learned  {_day(origin.learned_at)} by {origin.model}, {format_usd(origin.cost_micros)}",
    ]
    if trace.valid_on is not None:
        lines.append(f"valid on {trace.valid_on} only")
    lines += [f"varies   {_varies(one)}" for one in trace.parameters]
    for number, (step, rule) in enumerate(zip(trace.steps, rules_of(trace), strict=True), start=1):
        lines.append(f"step {number:<3} {describe_call(step.tool, step.input)}")
        lines.append(f"  effect {one_line(describe_effect(effect_of_step(step)), 200)}")
        lines += describe_rule(rule)
    lines += [MASKED, *([OTHER_VALUES] if trace.parameters else [])]
    lines += [f"changes  {printable(effect.path)}" for effect in trace.effects]
    lines.append(f"answer   {one_line(trace.answer)}")
    return "\n".join(lines)


def _record_json(record: TraceEvidence) -> dict[str, JsonValue]:
    return {
        "standing": record.standing,
        "confidence": record.confidence,
        "successes": record.successes,
        "failures": record.failures,
        "last_used_at": record.last_used_at,
    }


def _describe_record(record: TraceEvidence) -> str:
    clean = f"{record.successes} clean replay{'' if record.successes == 1 else 's'}"
    return f"standing {record.standing}: {clean}, {record.failures} failed"


def _varies(parameter: Parameter) -> str:
    steps = sorted({flow.step + 1 for flow in parameter.flows})
    where = f"step{'s' if len(steps) > 1 else ''} {', '.join(map(str, steps))}"
    values = f", one of: {', '.join(parameter.domain)}" if parameter.domain else ""
    said = f"{parameter.name} ({parameter.kind}) = {parameter.value!r} in {where}{values}"
    return one_line(said, 200)


def _day(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
