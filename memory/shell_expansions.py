"""Where an expansion in a shell word ends: ``$x``, ``${x}``, ``$(...)``, ``<(...)``, backquotes."""

from __future__ import annotations

import re

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]")


class UnreadableError(Exception):
    """The text is not a command whose words can be told (an open quote or bracket)."""


def expansion_end(text: str, at: int, *, in_double: bool) -> int | None:
    """Return where the expansion that begins at a place ends, or None if none begins there.

    Args:
        text: The command.
        at: The place.
        in_double: Whether it is inside double quotes, where fewer expansions exist.

    Raises:
        UnreadableError: It does not end.
    """
    if text[at] == "`":
        return _past_escaped(text, at + 1)
    if not in_double and text.startswith(("<(", ">("), at):
        return _past_group(text, at + 2, ")")
    if text[at] != "$":
        return None
    follower = text[at + 1 : at + 2]
    if follower == "{":
        return _past_group(text, at + 2, "}")
    if follower == "(":
        return _past_group(text, at + 2, ")")
    if follower == "[":
        return _past_group(text, at + 2, "]")
    if not in_double and follower == "'":
        return _past_escaped(text, at + 2, "'")
    if not in_double and follower == '"':
        return _past_double(text, at + 2)
    name = _NAME.match(text, at + 1)
    return name.end() if name else None


def _past_escaped(text: str, at: int, close: str = "`") -> int:
    while at < len(text) and text[at] != close:
        at += 2 if text[at] == "\\" else 1
    return _closed(text, at)


def _past_double(text: str, at: int) -> int:
    while at < len(text) and text[at] != '"':
        end = None if text[at] == "\\" else expansion_end(text, at, in_double=True)
        at = end if end is not None else at + (2 if text[at] == "\\" else 1)
    return _closed(text, at)


def _past_group(text: str, at: int, close: str) -> int:
    opening = {")": "(", "}": "{", "]": "["}[close]
    while at < len(text) and text[at] != close:
        char = text[at]
        if char == "\\":
            at += 2
        elif char == "'":
            at = _past_single(text, at + 1)
        elif char == '"':
            at = _past_double(text, at + 1)
        elif char == opening:
            at = _past_group(text, at + 1, close)
        else:
            end = expansion_end(text, at, in_double=False)
            at = at + 1 if end is None else end
    return _closed(text, at)


def _past_single(text: str, at: int) -> int:
    end = text.find("'", at)
    return _closed(text, len(text) if end < 0 else end)


def _closed(text: str, at: int) -> int:
    if at >= len(text):
        raise UnreadableError
    return at + 1
