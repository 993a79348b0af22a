"""``llmos history search|prune``: what was done in past sessions."""

from __future__ import annotations

import time
from itertools import islice

import anyio.to_thread

from ..kernel.errors import UsageError, WorkspaceError
from ..memory.history import Past, day_start, prune_history, search_history
from .command_context import CommandRequest, Context, Grid, Said
from .plain_text import one_line
from .trace_commands import day

_MOST = 50
_DAY_S = 24 * 3600
_DAYS = 90


async def search(context: Context, request: CommandRequest) -> Said:
    """Search in the logs of past sessions."""
    options = request.options
    folder = context.system.memory / "sessions"
    since, until = moment(options.since), moment(options.until)
    most = count(options.limit, _MOST)

    def found() -> list[Past]:
        hits = search_history(folder, request.words, since=since, until=until)
        return list(islice(hits, most))

    hits = await anyio.to_thread.run_sync(found)
    rows = [(day(one.at), one.session, one.type, one_line(one.text)) for one in hits]
    return Said(
        "" if hits else "nothing was found",
        Grid(("when", "session", "what", "text"), rows) if hits else None,
        json=[one.to_json() for one in hits],
    )


async def prune(context: Context, request: CommandRequest) -> Said:
    """Remove the logs of old sessions."""
    days = count(request.options.days, _DAYS)
    system = context.system
    before = time.time() - days * _DAY_S

    def pruned() -> list[str]:
        folder = system.memory / "sessions"
        return prune_history(folder, before=before, keep=system.session_id)

    try:
        removed = await anyio.to_thread.run_sync(pruned)
    except OSError as error:
        raise WorkspaceError(f"a log cannot be removed: {error}") from None
    logs = f"{len(removed)} log{'' if len(removed) == 1 else 's'}"
    return Said(f"removed {logs} of sessions older than {days} days", json={"removed": [*removed]})


def moment(text: str | None) -> float | None:
    """Return the moment of an option.

    Raises:
        UsageError: If it is none.
    """
    try:
        return day_start(text) if text else None
    except ValueError:
        raise UsageError(f"{text!r} is no day", hint="a day is like 2026-03-01") from None


def count(text: str | None, default: int) -> int:
    """Return the number of an option.

    Raises:
        UsageError: If it is none.
    """
    if text is None:
        return default
    if not text.isascii() or not text.isdigit():
        raise UsageError(f"{text!r} is no number", hint="it is a whole number, 0 or more")
    return int(text)
