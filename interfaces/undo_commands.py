"""``runs|diff|undo|redo``: what past runs changed, and the way back and forth.

Where the command line declines, the shell shows what the user has changed since, and asks.
"""

from __future__ import annotations

import sys

from .command_context import CommandRequest, Context, Grid, Said
from .plain_text import say
from .shell_undo import show_changes
from .undo_view import (
    describe_diff,
    describe_move,
    diff_json,
    exit_code_of,
    move_json,
    row_of,
    run_json,
)
from .undoing import ChangedSinceError, Undoing


async def list_runs(context: Context, _request: CommandRequest) -> Said:
    """List the last runs in the working directory."""
    runs = await Undoing(context.system).runs()
    grid = Grid(("ID", "BEGAN", "MODE", "STATE", "CHANGED", "GOAL"), list(map(row_of, runs)), (4,))
    return Said("" if runs else "nothing yet", grid, [run_json(one) for one in runs])


async def diff(context: Context, request: CommandRequest) -> Said:
    """Show what a run changed."""
    undoing = Undoing(context.system)
    run, changes = await undoing.diff("".join(request.words))
    if request.as_json:
        return Said(json=diff_json(run, changes, undoing.content_of))
    return Said("\n".join(describe_diff(run, changes, undoing.content_of)), style="diff")


async def undo(context: Context, request: CommandRequest) -> Said:
    """Put back what a run changed."""
    return await _move(context, request, redo=False)


async def redo(context: Context, request: CommandRequest) -> Said:
    """Bring again what was undone."""
    return await _move(context, request, redo=True)


async def _move(context: Context, request: CommandRequest, *, redo: bool) -> Said:
    undoing = Undoing(context.system)
    name, force = "".join(request.words), bool(request.options.force)
    try:
        move = await undoing.move(name, redo=redo, force=force)
    except ChangedSinceError as error:
        if not context.in_shell or context.ask is None:
            raise
        say(error.message, sys.stderr)
        await show_changes(undoing, error.move.conflicts)
        what = "redo" if redo else "undo"
        if await context.ask(f"{what} it all the same? [y/n] ") not in ("y", "yes"):
            raise
        move = await undoing.move(error.move.run.id, redo=redo, force=True)
    return Said(describe_move(move), json=move_json(move), exit_code=exit_code_of(move))
