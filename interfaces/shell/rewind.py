"""Esc Esc on an empty line: undo the last runs, back to the one that is chosen."""

from __future__ import annotations

import sys

from ...memory.past_runs import MAY_UNDO, Move
from ..plain_text import one_line, say
from ..undo_view import coloured, describe_move, diff_of
from ..undoing import ChangedSinceError, Undoing
from .line_editor import Editor

_SHOWN = 10


async def rewind(undoing: Undoing, editor: Editor) -> str:
    """Let the user choose a run, and undo it and all that came after it; return what was done.

    Raises:
        LlmosError: If one cannot be undone; those after it stay undone.
    """
    runs = [run for run in await undoing.runs() if run.state in MAY_UNDO][:_SHOWN]
    if not runs:
        return "there is no run to undo"
    choices = [f"{run.mode:<8} {one_line(run.goal, 50)} ({run.paths} paths)" for run in runs]
    chosen = await editor.choose("undo back to before which run?", choices)
    if chosen is None:
        return "nothing was undone"
    moves = [await _undo(undoing, editor, run.id) for run in runs[: chosen + 1]]
    return "\n".join(map(describe_move, moves))


async def _undo(undoing: Undoing, editor: Editor, run_id: str) -> Move:
    try:
        return await undoing.move(run_id, redo=False, force=False)
    except ChangedSinceError as error:
        say(error.message, sys.stderr)
        for change in await undoing.changed_since(error.move.conflicts):
            say(coloured(diff_of(change, undoing.content_of)), sys.stderr)
        said = await editor.ask("undo it all the same? redo brings your change back [y/n] ")
        if said.lower() not in ("y", "yes"):
            raise
        return await undoing.move(run_id, redo=False, force=True)
