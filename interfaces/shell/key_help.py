"""What the keys do, as text: ``?`` on an empty line, F1, ``/keys``."""

from __future__ import annotations

import os

from ..command_context import CommandRequest, Context, Said
from .options import ShellOptions, options_of

_KEYS = (
    ("Enter", "send"),
    ("Alt-Enter, Ctrl-J, \\ Enter", "begin a new line"),
    ("Tab", "complete a command, a path, a trace"),
    ("Up, Down, Ctrl-P, Ctrl-N", "lines, then history"),
    ("Right, End; Alt-F", "take the suggestion; one word of it"),
    ("Ctrl-R", "search history; again: older; Ctrl-S: where"),
    ("Ctrl-C", "stop what runs, clear the line, leave (twice)"),
    ("Ctrl-D", "leave"),
    ("Esc", "close the menu, else stop what runs"),
    ("Esc Esc", "clear the line; if empty: undo the last runs"),
    ("Shift-Tab", "permission mode: default, acceptEdits, plan"),
    ("Ctrl-X Ctrl-E, Ctrl-G, F2", "write the line in $VISUAL or $EDITOR"),
    ("Ctrl-O", "the status line and the last turn in full"),
    ("Ctrl-L, Ctrl-Z", "clear the screen; suspend"),
    ("?, F1", "this help"),
)
_PREFIXES = (
    ("/command", "a command; /help lists them"),
    ("!command", "your shell, no model, $0; @! attaches its output"),
    ("@file", "attaches a file's text to the goal"),
    ("@trace:ID key=value", "replays this trace with these values, or nothing"),
    (" goal", "a line that begins with a space is not stored"),
)


async def show_keys(context: Context, _request: CommandRequest) -> Said:
    """Say what the keys do."""
    return Said(key_help(options_of(context.system.settings, os.environ)))


def key_help(options: ShellOptions) -> str:
    """Return what the keys do, one line each."""
    rows = [row for row in _KEYS if not (options.dumb and row[0] not in ("Enter", "Ctrl-D"))]
    if options.ctrl_j_sends:
        rows = [(names.replace(", Ctrl-J", ""), what) for names, what in rows]
    if options.vi_mode:
        rows.append(("vi", "vi_mode is on: Esc leaves the insert mode first"))
    return "\n".join(f"  {names:<28}{what}" for names, what in [*rows, *_PREFIXES])
