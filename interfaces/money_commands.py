"""``usage``, ``savings``, ``budget``: what was spent and saved, and what may still be spent."""

from __future__ import annotations

import anyio.to_thread

from ..kernel.caps import Cap
from ..kernel.errors import UsageError
from ..kernel.json_value import JsonValue
from ..kernel.money import format_usd, to_micros, to_usd
from .command_context import CommandRequest, Context, Grid, Said
from .plain_text import one_line
from .spending import grouped, paybacks
from .system import System

_BY = ("day", "model", "trace", "project")
_ALL = 100_000


async def usage(context: Context, request: CommandRequest) -> Said:
    """Say what was spent, saved and is left; or where it went."""
    by, days = request.options.by, request.options.days
    if by is not None and by not in _BY:
        raise UsageError(f"--by cannot be {by!r}", hint=f"it is one of {', '.join(_BY)}")
    since = 0.0
    if days is not None:
        import time

        if not days.isdecimal() or not 0 < int(days) <= 36_500:
            raise UsageError(f"--days cannot be {days!r}", hint="it is a number of days, as in 7")
        since = time.time() - int(days) * 86_400
    if by is None and days is None:
        return await anyio.to_thread.run_sync(_usage, context.system)
    return await anyio.to_thread.run_sync(_usage_by, context.system, by or "day", since)


async def savings(context: Context, _request: CommandRequest) -> Said:
    """Say what each trace saved, against what learning it cost."""
    return await anyio.to_thread.run_sync(_savings, context.system)


async def budget(context: Context, request: CommandRequest) -> Said:
    """Show the caps, or in the shell allow more."""
    caps = context.system.economy.caps
    if request.words:
        wanted = request.words[0]
        if not context.in_shell:
            raise UsageError(
                "a budget is raised for a session in the shell, or for good in the settings",
                hint="say /budget +1 there, or here: llmos config set budget.daily_usd USD",
            )
        try:
            amount = to_micros(wanted.removeprefix("+"))
        except ValueError:
            amount = 0
        if amount <= 0 or not wanted.startswith("+"):
            raise UsageError(f"/budget cannot be {wanted!r}", hint="say how much more, as in +1")
        await anyio.to_thread.run_sync(caps.raise_by, amount)
    return _caps(await anyio.to_thread.run_sync(caps.all))


def _usage(system: System) -> Said:
    economy = system.economy
    caps = economy.caps.all()
    spent, left, saved = economy.spent, caps[0].left, economy.saved
    return Said(
        f"spent {format_usd(spent)}, left {format_usd(left)}, saved {format_usd(saved)}"
        + "".join(f"\n{one.said}: {format_usd(one.spent)} spent" for one in caps[:1])
        + "\nall amounts are estimates at list prices; --by day|model|trace|project says more",
        json={
            "spent_usd": to_usd(spent),
            "held_usd": to_usd(economy.held),
            "left_usd": to_usd(left),
            "saved_usd": to_usd(saved),
            "caps": [_cap_json(one) for one in caps],
        },
    )


def _usage_by(system: System, by: str, since: float) -> Said:
    rows = system.traces.list(_ALL) if by == "trace" else []
    found = grouped(system.economy.ledger.lines(since), by, rows)
    goals = {row.id: row.goal for row in rows}
    grid = Grid(
        (by.upper(), "MODEL RUNS", "REPLAYS", "COST", "SAVED", *(["GOAL"] if goals else [])),
        [
            (
                one.name,
                str(one.runs),
                str(one.replays),
                format_usd(one.cost) + (" + ?" if one.unknown else ""),
                format_usd(one.saved),
                *([one_line(goals.get(one.name, ""), 300)] if goals else []),
            )
            for one in found
        ],
        (1, 2, 3, 4),
    )
    return Said("" if found else "nothing yet", grid, [one.to_json(by) for one in found])


def _savings(system: System) -> Said:
    found = paybacks(system.economy.ledger.lines(0.0), system.traces.list(_ALL))
    found.sort(key=lambda one: one.group.saved, reverse=True)
    grid = Grid(
        ("ID", "COST", "REPLAYS", "SAVED", "PAID BACK", "GOAL"),
        [
            (
                one.trace_id,
                "?" if one.group.unknown else format_usd(one.group.cost),
                str(one.group.replays),
                format_usd(one.group.saved),
                f"after run {one.paid_after}" if one.paid_after else "not yet",
                one_line(one.goal, 300),
            )
            for one in found
        ],
        (1, 2, 3),
    )
    total = system.economy.saved
    rows: list[JsonValue] = [
        {
            "trace_id": one.trace_id,
            "goal": one.goal,
            "cost_usd": None if one.group.unknown else to_usd(one.group.cost),
            "replays": one.group.replays,
            "saved_usd": to_usd(one.group.saved),
            "paid_back_after_run": one.paid_after,
        }
        for one in found
    ]
    text = f"saved {format_usd(total)} in all, against what learning really cost"
    return Said(text, grid, {"saved_usd": to_usd(total), "traces": rows})


def _caps(caps: list[Cap]) -> Said:
    grid = Grid(
        ("CAP", "LIMIT", "SPENT", "HELD", "LEFT"),
        [(one.name, *map(format_usd, (one.limit, one.spent, one.held, one.left))) for one in caps],
        (1, 2, 3, 4),
    )
    return Said("", grid, [_cap_json(one) for one in caps])


def _cap_json(cap: Cap) -> JsonValue:
    return {
        "cap": cap.name,
        "limit_usd": to_usd(cap.limit),
        "spent_usd": to_usd(cap.spent),
        "held_usd": to_usd(cap.held),
        "left_usd": to_usd(cap.left),
    }
