"""``/runs``, ``/diff``, ``/undo``, ``/redo`` of the shell, and its questions about the user's work.

What they do is `undoing`'s; here are only the questions: where the command line declines, the shell
shows what the user has changed since, and asks.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Sequence

from .plain_text import say
from .system import System
from .undo_view import coloured, describe_diff, describe_move, describe_runs, diff_of
from .undoing import ChangedSinceError, Undoing

_YES = frozenset({"y", "yes"})


async def shell_command(
    system: System, ask: Callable[[str], Awaitable[str]], command: str, name: str
) -> str:
    """Carry out a command about past runs; return what it has to say.

    Args:
        system: The booted system.
        ask: Asks the user one question and returns the answer.
        command: ``runs``, ``diff``, ``undo`` or ``redo``.
        name: The run; empty for the last one.

    Raises:
        LlmosError: If it cannot be done, or the user did not want it.
    """
    undoing = Undoing(system)
    if command == "runs":
        return describe_runs(await undoing.runs()) or "nothing yet"
    if command == "diff":
        run, changes = await undoing.diff(name)
        return "\n".join(describe_diff(run, changes, undoing.content_of))
    try:
        move = await undoing.move(name, redo=command == "redo", force=False)
    except ChangedSinceError as error:
        say(error.message, sys.stderr)
        await _show(undoing, error.move.conflicts)
        if await ask(f"{command} it all the same? [y/n] ") not in _YES:
            raise
        move = await undoing.move(error.move.run.id, redo=command == "redo", force=True)
    return describe_move(move)


async def may_replace(
    system: System, ask: Callable[[str], Awaitable[str]], paths: Sequence[str]
) -> bool:
    """Show what the user has changed since, and ask whether a replay may replace it.

    Args:
        system: The booted system.
        ask: Asks the user one question and returns the answer.
        paths: What would be replaced, relative to the working directory.
    """
    say("this replay would replace what was changed since:", sys.stderr)
    await _show(Undoing(system), paths)
    return await ask("replace it? /undo brings it back [y/n] ") in _YES


async def _show(undoing: Undoing, paths: Sequence[str]) -> None:
    for change in await undoing.changed_since(paths):
        say(coloured(diff_of(change, undoing.content_of)), sys.stderr)
