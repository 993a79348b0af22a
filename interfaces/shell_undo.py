"""The shell's questions about the user's work: what would be replaced is shown first."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Sequence

from .plain_text import say
from .system import System
from .undo_view import coloured, diff_of
from .undoing import Undoing

_YES = frozenset({"y", "yes"})


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
    await show_changes(Undoing(system), paths)
    return await ask("replace it? /undo brings it back [y/n] ") in _YES


async def show_changes(undoing: Undoing, paths: Sequence[str]) -> None:
    """Show what the user has changed since.

    Args:
        undoing: Knows it.
        paths: Relative to the working directory.
    """
    for change in await undoing.changed_since(paths):
        say(coloured(diff_of(change, undoing.content_of)), sys.stderr)
