"""``llmos trace allow``: shows what a foreign trace may do, and asks whether it may run."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import anyio

from ..kernel.errors import ApprovalError, TraceError, UsageError
from ..kernel.json_value import JsonValue
from ..memory.capabilities import Capabilities, capabilities_of
from ..memory.codec import SignedTrace
from ..memory.trust import Standing
from .command_context import Context, Said
from .plain_text import one_line, printable, say
from .system import System

MINE = "mine"
"""Stands for all traces that the user once signed or allowed, elsewhere or under an older llmos."""
_LISTED = 100_000


async def allow_traces(
    context: Context, names: Sequence[str], *, quiet: bool = False, yes: bool = False
) -> Said:
    """Allow traces to run here, after the user has seen what they may do.

    Args:
        context: What a command works with.
        names: Ids, or beginnings of ids; or the word ``mine``.
        quiet: Do not show the sheets, they are asked for as JSON.
        yes: Do not ask.

    Returns:
        What was allowed.

    Raises:
        UsageError: If an id is wrong, or none is given.
        ApprovalError: If the user says no, or cannot be asked.
    """
    if not names:
        raise UsageError(
            "trace allow takes ids, or the word mine",
            hint="mine: every trace here that you learned elsewhere or under an earlier llmos",
        )
    system = context.system
    found = await anyio.to_thread.run_sync(_chosen, system, names)
    sheets = [(one, *await anyio.to_thread.run_sync(_looked_at, system, one)) for one in found]
    if not quiet:
        for signed, standing, can in sheets:
            say(sheet_of(signed, standing, can), sys.stderr)
    if not sheets:
        say("there is no trace of yours that is not allowed already", sys.stderr)
        return Said(json=[])
    if not yes:
        await _agreed(context, len(sheets))
    for signed in found:
        await anyio.to_thread.run_sync(system.trust.allow, signed)
    return Said(
        "\n".join(
            f"allowed {signed.trace_id} here; an edit or a copy needs a new look"
            for signed in found
        ),
        json=[_json(*sheet) for sheet in sheets],
    )


def sheet_of(signed: SignedTrace, standing: Standing, can: Capabilities) -> str:
    """Return what a trace may do, for people; harmless for a terminal."""
    lines = [
        f"{signed.trace_id}",
        f"goal     {one_line(signed.trace.goal, 300)}",
        f"trust    {standing.value}",
        *(f"command  {printable(one)}" for one in can.commands),
        *(f"writes   {printable(one)}" for one in can.writes),
        *(f"tool     {printable(one)}" for one in can.tools),
        *(f"host     {printable(one)}" for one in can.hosts),
        *(f"unclear  {one}" for one in can.unknown),
        f"worst    {can.worst.value}: {can.worst.meaning}",
    ]
    return "\n".join(lines)


def _chosen(system: System, names: Sequence[str]) -> list[SignedTrace]:
    store, trust = system.traces, system.trust
    if tuple(names) != (MINE,):
        return [store.read_signed(store.resolve(name)) for name in dict.fromkeys(names)]
    found: list[SignedTrace] = []
    for row in store.list(_LISTED):
        try:
            signed = store.read_signed(row.id)
        except TraceError:
            continue  # `llmos trace list` names it
        if trust.standing(signed).is_mine:
            found.append(signed)
    return found


def _looked_at(system: System, signed: SignedTrace) -> tuple[Standing, Capabilities]:
    return system.trust.standing(signed), capabilities_of(signed.trace)


def _json(signed: SignedTrace, standing: Standing, can: Capabilities) -> JsonValue:
    return {
        "trace_id": signed.trace_id,
        "goal": signed.trace.goal,
        "standing": standing.name.lower(),
        **can.to_json(),
    }


async def _agreed(context: Context, count: int) -> None:
    if context.ask is None:
        raise ApprovalError(
            "nothing was allowed: nobody can be asked here",
            hint="look at what is shown above, then say it again with --yes",
        )
    what = "this trace" if count == 1 else f"these {count} traces"
    if await context.ask(f"may {what} run here? [y/n] ") not in ("y", "yes"):
        raise ApprovalError("nothing was allowed: you did not say yes")
