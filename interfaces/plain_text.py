"""Text for a terminal: one line of it, and nothing in it that commands the terminal."""

from __future__ import annotations

import re
import sys
from typing import TextIO

from .streams import silence

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_WIDTH = 100


def printable(text: str) -> str:
    """Return text that cannot command a terminal: control characters become visible escapes."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found.group(0)):02x}", text)


def printable_for_terminal(text: str) -> str:
    """Return text as it is for a pipe, harmless for a terminal."""
    return printable(text) if sys.stdout.isatty() else text


def one_line(text: str, width: int = _WIDTH) -> str:
    """Return the printable first line of a text, cut to a width."""
    line = printable(text.strip().split("\n", 1)[0])
    cut = len(line) > width or "\n" in text.strip()
    return line[: width - 1] + "…" if cut else line


def say(line: str, stream: TextIO) -> None:
    """Write one line to a stream; that nobody reads it any more is no error."""
    try:
        stream.write(line + "\n")
        stream.flush()
    except OSError:
        silence(stream)
