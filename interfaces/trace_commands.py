"""``trace list|show|allow|rm``: look at what was learned, and decide what may run."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import anyio

from ..kernel.errors import UsageError
from ..kernel.json_value import JsonValue
from ..kernel.money import format_usd
from ..memory.effects import effect_of_step
from ..memory.evidence import TraceEvidence
from ..memory.index_tables import TraceRow
from ..memory.replay_rules import rules_of
from ..memory.trace_store import TraceStore
from ..memory.traces import Parameter, Trace
from .allowing import allow_traces
from .command_context import CommandRequest, Context, Grid, Said
from .effects_view import describe_effect
from .plain_text import one_line, printable, say
from .render import describe_call
from .rules_view import MASKED, OTHER_VALUES, describe_rule
from .system import System

_READ = 1000
"""Traces that are looked through at once."""


async def list_traces(context: Context, request: CommandRequest) -> Said:
    """List what has been learned."""
    options = request.options
    limit, offset = _number("limit", options.limit, 100), _number("offset", options.offset, 0)
    wanted = options.search or ""
    return await anyio.to_thread.run_sync(_list, context.system, wanted, limit, offset)


async def show_trace(context: Context, request: CommandRequest) -> Said:
    """Show one trace."""
    return await anyio.to_thread.run_sync(_show, context.system, request.words[0])


async def remove_trace(context: Context, request: CommandRequest) -> Said:
    """Remove a trace."""
    store = context.system.traces
    trace_id = await anyio.to_thread.run_sync(store.resolve, request.words[0])
    await anyio.to_thread.run_sync(store.delete, trace_id)
    return Said(f"removed {trace_id}", json={"removed": trace_id})


async def allow_trace(context: Context, request: CommandRequest) -> Said:
    """Let traces run after a look at what they may do."""
    yes = bool(request.options.yes)
    return await allow_traces(context, request.words, yes=yes, quiet=request.as_json)


def _list(system: System, wanted: str, limit: int, offset: int) -> Said:
    store = system.traces
    rows, more = _page(store, wanted.casefold(), limit, offset)
    records = [system.evidence.of(row.id) for row in rows]
    grid = Grid(
        ("ID", "LEARNED", "STANDING", "GOAL"),
        [
            (r.id, day(r.learned_at), record.standing, one_line(r.goal, 300))
            for r, record in zip(rows, records, strict=True)
        ],
    )
    if more:
        say(f"llmos: there are more; --offset {offset + limit} shows them", sys.stderr)
    problems = [f"left out: {one.path}: {one.reason}" for one in store.problems]
    text = "\n".join(problems) or ("" if rows else "nothing yet")
    return Said(
        text,
        grid,
        [
            {"trace_id": r.id, "goal": r.goal, "learned_at": r.learned_at} | _record_json(record)
            for r, record in zip(rows, records, strict=True)
        ],
    )


def _page(store: TraceStore, wanted: str, limit: int, offset: int) -> tuple[list[TraceRow], bool]:
    """Return a page of the traces whose goal holds a text, and whether more follow."""
    if not wanted:
        rows = store.list(limit + 1, offset)
        return rows[:limit], len(rows) > limit
    found: list[TraceRow] = []
    start = 0
    while len(found) <= offset + limit and (rows := store.list(_READ, start)):
        found += [row for row in rows if wanted in row.goal.casefold()]
        start += _READ
    return found[offset : offset + limit], len(found) > offset + limit


def _number(name: str, text: str | None, default: int) -> int:
    if text is None:
        return default
    if not text.isdecimal() or int(text) > 10**9 or (name == "limit" and int(text) == 0):
        raise UsageError(f"--{name} cannot be {text!r}", hint="it is a number, as in 50")
    return int(text)


def _show(system: System, prefix: str) -> Said:
    store = system.traces
    trace_id = store.resolve(prefix)
    signed = store.read_signed(trace_id)
    record = system.evidence.of(trace_id)
    rules: list[JsonValue] = [one.to_json() for one in rules_of(signed.trace)]
    trust = f"trust    {system.trust.standing(signed).value}"
    return Said(
        f"{describe_trace(trace_id, signed.trace)}\n{trust}\n{_describe_record(record)}",
        json={
            **signed.trace.to_json(),
            "replay": rules,
            "record": _record_json(record),
        },
    )


def describe_trace(trace_id: str, trace: Trace) -> str:
    """Describe a trace for people: goal, where it came from, its steps, what may differ."""
    origin = trace.provenance
    lines = [
        f"{trace_id}",
        f"goal     {printable(trace.goal)}",
        f"learned  {day(origin.learned_at)} by {origin.model}, {format_usd(origin.cost_micros)}",
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


def day(moment: float) -> str:
    """Return a moment for people: day, hour and minute, here."""
    return datetime.fromtimestamp(moment, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
