"""``llmos runs|diff|undo|redo``: what past runs changed, and the way back and forth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..kernel.errors import UsageError
from .plain_text import printable_for_terminal
from .streams import print_data
from .system import OpenSystem, opened
from .undo_view import (
    coloured,
    describe_diff,
    describe_move,
    describe_runs,
    diff_json,
    exit_code_of,
    move_json,
    runs_json,
)
from .undoing import Undoing


async def run_undo_command(
    open_system: OpenSystem,
    given: Mapping[str, Any],
    command: str,
    words: Sequence[str],
    *,
    as_json: bool,
    force: bool,
) -> int:
    """Carry out a command about past runs.

    Args:
        open_system: Makes the system.
        given: The settings that were given.
        command: ``runs``, ``diff``, ``undo`` or ``redo``.
        words: The words after it.
        as_json: JSON instead of text.
        force: Whether what was changed since is replaced as well.

    Returns:
        The exit code.

    Raises:
        UsageError: If the words are wrong.
        ApprovalError: If something was changed since.
    """
    if len(words) > (0 if command == "runs" else 1):
        raise UsageError(f"llmos {command} takes {'nothing' if command == 'runs' else 'one run'}")
    name, code = "".join(words), 0
    async with opened(open_system, given) as system:
        undoing = Undoing(system)
        if command == "runs":
            runs = await undoing.runs()
            text = runs_json(runs) if as_json else describe_runs(runs)
        elif command == "diff":
            run, changes = await undoing.diff(name)
            if as_json:
                text = diff_json(run, changes, undoing.content_of)
            else:
                text = coloured(describe_diff(run, changes, undoing.content_of))
        else:
            move = await undoing.move(name, redo=command == "redo", force=force)
            text = move_json(move) if as_json else describe_move(move)
            code = exit_code_of(move)
    # The lines of a diff are harmless already, and their colours must stay.
    print_data(text if as_json or command == "diff" else printable_for_terminal(text))
    return code
