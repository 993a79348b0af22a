"""Text for a terminal: one line of it, and nothing in it that commands the terminal."""

from __future__ import annotations

import re
import sys
from typing import TextIO

from .streams import silence

_UNUSUAL = re.compile(r"[^\t\n\x20-\x7e]")
_JOINERS = frozenset("\u200c\u200d")
"""Invisible, and needed to write some languages and pictures."""
_WIDTH = 100


def printable(text: str) -> str:
    """Return text that cannot command a terminal: what is not seen becomes an escape."""
    return _UNUSUAL.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    char = found.group()
    if char.isprintable() or char in _JOINERS:
        return char
    return f"\\x{ord(char):02x}" if ord(char) < 256 else f"\\u{ord(char):04x}"


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
