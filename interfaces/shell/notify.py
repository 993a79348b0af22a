"""Calls the user: when something waits for an answer, and when a long goal has ended."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Protocol

from ..defaults import Notify
from ..plain_text import one_line

LONG_S = 10.0
"""Seconds after which the end of a goal is worth a call."""
_SHOWS_NOTES = frozenset({"iTerm.app", "WezTerm", "ghostty", "rio"})
"""Terminals that show OSC 9 as a notification; others might print it."""


class Alert(Protocol):
    """Rings, or shows a note."""

    def __call__(self, text: str, *, as_text: bool) -> None:
        """Call the user."""
        ...


def caller(how: Notify, alert: Alert) -> Callable[[str], None]:
    """Return what calls the user with one sentence.

    Args:
        how: By a note, by the bell, or not at all.
        alert: Rings, or shows a note.
    """
    notes = how == "osc9" or (how == "auto" and os.environ.get("TERM_PROGRAM") in _SHOWS_NOTES)

    def call(text: str) -> None:
        if how != "off":
            alert(f"llmos: {one_line(text, 100)}", as_text=notes)

    return call
