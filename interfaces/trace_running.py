"""``trace run`` and ``trace diff``: one trace, with values for its parameters; two of them."""

from __future__ import annotations

import difflib
import json
import sys

import anyio.to_thread

from ..kernel.errors import UsageError
from ..memory.templates import fits
from ..memory.traces import Trace
from .command_context import CommandRequest, Context, Said
from .commands import nearest
from .plain_text import printable, say
from .system import System


async def run_trace(context: Context, request: CommandRequest) -> Said:
    """Replay a trace, with other values if some are given."""
    name, *given = request.words
    system = context.system

    def find() -> tuple[str, Trace]:
        trace_id = system.traces.resolve(name)
        # `get` refuses what may not run; the way through the goal would only pass it over.
        return trace_id, system.traces.get(trace_id)

    trace_id, trace = await anyio.to_thread.run_sync(find)
    goal = goal_with(trace, given)
    assert context.execute is not None
    result = await context.execute(goal, replay_only=True, force=bool(request.options.force))
    if result.success and result.trace_id != trace_id:
        say(f"llmos: {result.trace_id} was replayed, which does the same", sys.stderr)
    return Said(result=result)


async def diff_traces(context: Context, request: CommandRequest) -> Said:
    """Show how two traces differ."""
    one, other = request.words
    return await anyio.to_thread.run_sync(_diff, context.system, one, other)


def goal_with(trace: Trace, given: list[str]) -> str:
    """Return the goal of a trace with other values in it.

    Args:
        trace: The trace.
        given: ``key=value`` for each parameter that takes another value than the learned one.

    Raises:
        UsageError: If there is no such parameter, or a value is not of its kind.
    """
    known = {one.name: one for one in trace.parameters}
    values: dict[str, str] = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"{text!r} is no key=value", hint=_takes(trace))
        if key not in known:
            near = nearest(key, [*known])
            hint = f"did you mean {near}?" if near else _takes(trace)
            raise UsageError(f"the trace has no parameter {key!r}", hint=hint)
        if key in values:
            raise UsageError(f"{key} is given twice", hint=_takes(trace))
        if (wrong := fits(known[key], value)) is not None:
            raise UsageError(f"{key}: {wrong.reason}", hint=_takes(trace))
        values[key] = value
    goal = trace.goal
    for one in sorted(trace.parameters, key=lambda one: one.start, reverse=True):
        goal = goal[: one.start] + values.get(one.name, one.value) + goal[one.end :]
    return goal


def _takes(trace: Trace) -> str:
    if not trace.parameters:
        return "it takes no parameter"
    return "it takes " + ", ".join(
        f"{one.name}={one.value} ({'|'.join(one.domain) or one.kind})" for one in trace.parameters
    )


def _diff(system: System, one: str, other: str) -> Said:
    store = system.traces
    ids = [store.resolve(one), store.resolve(other)]
    texts = [_lines(store.read_signed(name).trace) for name in ids]
    found = difflib.unified_diff(texts[0], texts[1], ids[0], ids[1], lineterm="")
    lines = [printable(line) for line in found]
    return Said("\n".join(lines) or "they are the same", style="diff", json={
        "from": ids[0], "to": ids[1], "diff": "\n".join(lines),
    })  # fmt: skip


def _lines(trace: Trace) -> list[str]:
    return json.dumps(trace.to_json(), indent=2, ensure_ascii=False).splitlines()
