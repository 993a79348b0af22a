"""What standard input is to a goal: the goal itself, or a text that goes with it.

A pipe that somebody forgot to close must not hold a goal up: it has a moment to give its first
byte. What has begun is read to its end.
"""

from __future__ import annotations

import os
import select
import stat
import sys
from collections.abc import Sequence
from typing import NamedTuple

from ..kernel.errors import UsageError
from .plain_text import say

LARGEST = 10 * 2**20
"""Bytes of standard input that are taken."""
FIRST_BYTE_S = 1.0
"""Seconds within which a pipe beside a goal must begin to speak."""
_CHUNK = 1 << 16
_STDIN = "-"


class GivenGoal(NamedTuple):
    """What was asked for.

    Attributes:
        goal: The goal.
        stdin: The text that goes with it, or None.
    """

    goal: str
    stdin: str | None


def given_goal(words: Sequence[str], *, quiet: bool, asked: bool) -> GivenGoal:
    """Return the goal of a command line, and the text that goes with it.

    Args:
        words: The words of the goal; ``-`` alone is a goal from standard input, and a ``-`` at the
            end waits for standard input however long it takes.
        quiet: Whether nothing is said of what was taken.
        asked: Whether a goal was asked for by a flag, so that even a terminal is read.

    Raises:
        UsageError: If standard input is too large, or is no text.
    """
    if not words:
        read = asked or not sys.stdin.isatty()
        return GivenGoal(_text(_all(), "the goal") if read else "", None)
    if tuple(words) == (_STDIN,):
        return GivenGoal(_text(_all(), "the goal"), None)
    waits = words[-1] == _STDIN
    goal = _text(os.fsencode(" ".join(words[:-1] if waits else words)), "the goal")
    data = _all() if waits else _beside(quiet)
    if not data:
        return GivenGoal(goal, None)
    text = _text(data, "standard input")
    if not quiet:
        replaced = f", of which {text.count(chr(0xFFFD))} no text" if "\ufffd" in text else ""
        say(f"stdin: {len(data):,} bytes go with the goal{replaced}", sys.stderr)
    return GivenGoal(goal, text)


def _beside(quiet: bool) -> bytes:
    """Return what stands on standard input beside a goal; nothing if it stays silent."""
    mode = os.fstat(0).st_mode
    if stat.S_ISCHR(mode):  # a terminal, or /dev/null
        return b""
    if stat.S_ISREG(mode) or select.select([0], [], [], FIRST_BYTE_S)[0]:
        return _all()
    if not quiet:
        say(
            f"llmos: stdin gave nothing within {FIRST_BYTE_S:g} s and was left out; "
            "a last word - waits for it, </dev/null says that there is none",
            sys.stderr,
        )
    return b""


def _all() -> bytes:
    parts: list[bytes] = []
    size = 0
    while size <= LARGEST:
        try:
            part = os.read(0, _CHUNK)
        except BlockingIOError:  # whoever gave it to us does not wait on it
            select.select([0], [], [])
            continue
        except OSError as error:
            raise UsageError(f"standard input cannot be read: {error.strerror}") from None
        if not part:
            return b"".join(parts)
        parts.append(part)
        size += len(part)
    raise UsageError(
        "standard input is larger than 10 MB",
        hint="save it to a file and name the file in the goal",
    )


def _text(data: bytes, what: str) -> str:
    if len(data) > LARGEST:
        raise UsageError(f"{what} is larger than 10 MB")
    if b"\0" in data:
        raise UsageError(
            f"{what} holds NUL characters, so it is no text",
            hint="save it to a file and name the file in the goal",
        )
    return data.decode("utf-8", "replace")
