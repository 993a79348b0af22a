"""``session list|show|export|rename|rm|path|prune``, and in the shell ``/resume /fork /rename``."""

from __future__ import annotations

import argparse
import math
import os
from pathlib import Path

import anyio

from ..kernel.errors import UsageError
from ..kernel.json_value import JsonValue
from ..kernel.money import format_usd, to_usd
from ..kernel.redaction import Redactor
from ..memory.session_files import KEPT_DAYS, SessionRow, check_name
from .command_context import CommandRequest, Context, Grid, Said
from .plain_text import one_line
from .session_export import FORMATS, export, summary, when
from .system import System

_MOST = 100


async def begin_session(system: System, options: argparse.Namespace) -> None:
    """Open the session that the flags of a goal or of the shell ask for.

    Raises:
        UsageError: If there is none, or they exclude each other.
    """
    resume, goes_on = options.resume, options.continue_session or options.resume is not None
    if options.fork_session and not goes_on:
        raise UsageError("--fork-session goes with --continue or --resume")
    if options.no_log and (goes_on or options.name is not None):
        raise UsageError("--no-log keeps nothing that could be named or gone on from")
    if goes_on:
        await system.continue_session(resume, fork=options.fork_session)
    if options.name is not None:
        system.name_session(options.name)


async def list_sessions(context: Context, request: CommandRequest) -> Said:
    """List the sessions of this directory, or all."""
    system = context.system
    cwd = None if request.options.all else system.cwd
    rows = await anyio.to_thread.run_sync(lambda: system.sessions.rows(_MOST + 1, cwd=cwd))
    shown = rows[:_MOST]
    more = f"only the last {_MOST} are shown" if len(rows) > _MOST else ""
    return Said(more if rows else "nothing yet", _grid(shown), list(map(summary, shown)))


async def show_session(context: Context, request: CommandRequest) -> Said:
    """Show what was asked and answered in a session."""
    row = await _row(context, request)
    turns = await anyio.to_thread.run_sync(context.system.sessions.turns, row.id)
    value: JsonValue = {**summary(row), "turns": [_outline(one.goal, one.answer, one.mode, one.ok,
                                                         one.cost) for one in turns]}  # fmt: skip
    return Said(export(row, turns, "md", steps=False), json=value)


async def export_session(context: Context, request: CommandRequest) -> Said:
    """Write a session as Markdown, JSON or HTML."""
    target = request.options.output
    form = request.options.format or _form_of(target)
    if form not in FORMATS:
        raise UsageError(f"--format cannot be {form!r}", hint=f"there is: {', '.join(FORMATS)}")
    row = await _row(context, request)
    turns = await anyio.to_thread.run_sync(context.system.sessions.turns, row.id)
    text = export(row, turns, form)
    if target is None:
        return Said(text, json={"session_id": row.id, "format": form, "text": text})
    from .output import Output

    output = Output(target)
    output.text(text)
    output.close()
    return Said(f"saved {one_line(target)}", json={"session_id": row.id, "saved": target})


async def rename_session(context: Context, request: CommandRequest) -> Said:
    """Name a session."""
    wanted, *words = request.words
    name = check_name(" ".join(words))
    system = context.system
    row = await anyio.to_thread.run_sync(system.sessions.find, wanted)
    redactor = Redactor(os.environ)
    await anyio.to_thread.run_sync(system.sessions.rename, row.id, name, redactor)
    return Said(f"{row.id} is named {name}", json={"session_id": row.id, "name": name})


async def remove_session(context: Context, request: CommandRequest) -> Said:
    """Remove a session."""
    row = await _row(context, request)
    if row.id == context.system.session_id:
        raise UsageError("the session that is open cannot be removed", hint="/clear begins another")
    await anyio.to_thread.run_sync(context.system.sessions.remove, row.id)
    return Said(f"removed {row.id}", json={"removed": row.id})


async def session_path(context: Context, request: CommandRequest) -> Said:
    """Say where sessions are, or where one is."""
    path = context.system.sessions.folder
    if request.words:
        row = await _row(context, request)
        path = context.system.sessions.log_of(row.id)
    return Said(str(path), json={"path": str(path)})


async def prune_sessions(context: Context, request: CommandRequest) -> Said:
    """Remove sessions that were not used for some days."""
    days = _days(request.words[0]) if request.words else float(KEPT_DAYS)
    removed = await anyio.to_thread.run_sync(context.system.sessions.prune, days)
    return Said(f"removed {removed}", json={"removed": removed})


async def resume(context: Context, request: CommandRequest) -> Said:
    """Go on from a session; without a word ask which."""
    wanted = " ".join(request.words)
    if not wanted:
        rows = context.system.sessions.rows(_MOST, cwd=context.system.cwd)
        if not rows:
            raise UsageError("there is no session to go on from in this directory")
        if context.ask is None:
            wanted = rows[0].id
        else:
            listed = "\n".join(f"{n:>3} {_named(row)}" for n, row in enumerate(rows, start=1))
            said = await context.ask(f"{listed}\nwhich? [1-{len(rows)}] ")
            if not said.isdecimal() or not 1 <= int(said) <= len(rows):
                return Said("nothing was changed")
            wanted = rows[int(said) - 1].id
    return await _opened(context, wanted, fork=False)


async def fork(context: Context, request: CommandRequest) -> Said:
    """Go on in a copy of this session, or of another one."""
    return await _opened(context, " ".join(request.words) or context.system.session_id, fork=True)


async def rename_open(context: Context, request: CommandRequest) -> Said:
    """Name the session that is open."""
    name = check_name(" ".join(request.words))
    context.system.name_session(name)
    return Said(f"this session is named {name}", json={"name": name})


async def clear(context: Context, _request: CommandRequest) -> Said:
    """Begin a new session."""
    session_id = await context.system.new_session()
    return Said("a new session; each goal stands alone", json={"session_id": session_id})


async def _opened(context: Context, wanted: str, *, fork: bool) -> Said:
    session_id = await context.system.continue_session(wanted, fork=fork)
    row = await anyio.to_thread.run_sync(context.system.sessions.find, session_id)
    text = f"going on from {_named(row)}; /clear leaves it"
    return Said(text, json={"session_id": session_id})


async def _row(context: Context, request: CommandRequest) -> SessionRow:
    """Return the session that is named, or the last one here."""
    system = context.system
    if request.words:
        return await anyio.to_thread.run_sync(system.sessions.find, request.words[0])
    if context.in_shell:
        return await anyio.to_thread.run_sync(system.sessions.find, system.session_id)
    rows = await anyio.to_thread.run_sync(lambda: system.sessions.rows(1, cwd=system.cwd))
    if not rows:
        raise UsageError("there is no session in this directory", hint="llmos session list --all")
    return rows[0]


def _grid(rows: list[SessionRow]) -> Grid:
    cells = [
        (row.id, row.name, when(row.used_at), str(row.turns), format_usd(row.cost), row.goal)
        for row in rows
    ]
    return Grid(("ID", "NAME", "USED", "GOALS", "COST", "FIRST GOAL"), cells, (3, 4))


def _named(row: SessionRow) -> str:
    name = f"{row.name} " if row.name else ""
    return f"{name}{row.id} ({row.turns} goals: {one_line(row.goal, 50)})"


def _outline(goal: str, answer: str, mode: str, ok: bool, cost: int | None) -> JsonValue:
    return {
        "goal": goal,
        "answer": answer,
        "mode": mode,
        "is_error": not ok,
        "total_cost_usd": None if cost is None else to_usd(cost),
    }


def _form_of(target: str | None) -> str:
    ending = "" if target is None else Path(target).suffix.removeprefix(".").lower()
    return {"htm": "html", "markdown": "md"}.get(ending, ending if ending in FORMATS else "md")


def _days(word: str) -> float:
    try:
        days = float(word)
    except ValueError:
        days = math.nan
    if not 0 <= days < math.inf:
        raise UsageError(f"{word!r} is no number of days")
    return days
