"""``@trace:ID key=value ...``: a line that pins a trace replays that one, or nothing."""

from __future__ import annotations

from ..kernel.errors import UsageError

PIN = "@trace:"
"""What such a line begins with."""


def pinned(text: str) -> str:
    """Return the entry that a line stands for: one that pins a trace is a ``/trace run``.

    Args:
        text: The line, without white space around it.

    Raises:
        UsageError: If no trace is named.
    """
    if not text.startswith(PIN):
        return text
    name, _, values = text.removeprefix(PIN).partition(" ")
    if not name:
        raise UsageError(f"{PIN} wants the id of a trace", hint="Tab completes it; /traces lists")
    return f"/trace run {name} {values.strip()}".rstrip()
