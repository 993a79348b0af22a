"""Whether a stream shows colours: the flag, then NO_COLOR, FORCE_COLOR, the terminal."""

from __future__ import annotations

import os
from typing import TextIO

_asked = "auto"


def ask_for_colour(choice: str) -> None:
    """Take what ``--color`` says: ``auto``, ``always`` or ``never``."""
    global _asked
    _asked = choice


def shows_colour(stream: TextIO) -> bool:
    """Return whether what is written to a stream may be coloured.

    The flag decides; else a ``NO_COLOR`` that is not empty forbids it, before ``FORCE_COLOR`` asks
    for it; else it is for a terminal that is not dumb.
    """
    if _asked != "auto":
        return _asked == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"
