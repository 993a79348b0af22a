"""The working directory inside a trace: lifted to a marker when learned, lowered when replayed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from ..kernel.json_value import JsonValue

MARKER = "${cwd}"
_MARKED = re.compile(r"\$\{cwd(\\*)\}")
_SAFE = re.compile(r"[A-Za-z0-9_./@%+=:,-]+\Z")
_NAME = r"[\w.\-+@%~]"
"""A character of a file name: next to it the path is part of a longer name."""


def lift_cwd(text: str, cwd: str) -> str:
    """Replace the working directory's path by the marker, where it stands as a whole path prefix.

    A marker that is already in the text is escaped, so that `lower_cwd` gives back what was there.

    Args:
        text: Any text.
        cwd: Absolute path of the working directory.
    """

    def lift(found: re.Match[str]) -> str:
        escapes = found.group(1)
        return MARKER if escapes is None else f"${{cwd{escapes}\\}}"

    return _liftable(cwd).sub(lift, text)


@lru_cache(maxsize=8)
def _liftable(cwd: str) -> re.Pattern[str]:
    # Path and markers in one pass: a path may itself hold what looks like a marker.
    if cwd in ("", "/"):
        return _MARKED
    begins = rf"(?:(?<!{_NAME})(?<!/)|(?<=file://))"
    return re.compile(rf"{begins}{re.escape(cwd)}(?!{_NAME})|{_MARKED.pattern}")


def lower_cwd(text: str, cwd: str) -> str:
    """Put a working directory's path where the marker stands.

    Args:
        text: Text that `lift_cwd` gave.
        cwd: Absolute path of the working directory.
    """

    def lower(found: re.Match[str]) -> str:
        escapes = found.group(1)
        return f"${{cwd{escapes[:-1]}}}" if escapes else cwd

    return _MARKED.sub(lower, text)


def marker_spans(text: str) -> list[tuple[int, int]]:
    """Return where markers stand in a lifted text, the escaped ones too: they are no text of it."""
    return [found.span() for found in _MARKED.finditer(text)]


def lift_json(value: Mapping[str, JsonValue], cwd: str) -> dict[str, JsonValue]:
    """Lift the working directory in every string of a JSON object, keys left alone."""
    return {name: _walk(item, lambda text: lift_cwd(text, cwd)) for name, item in value.items()}


def lower_json(value: Mapping[str, JsonValue], cwd: str) -> dict[str, JsonValue]:
    """Lower the working directory in every string of a JSON object, keys left alone."""
    return {name: _walk(item, lambda text: lower_cwd(text, cwd)) for name, item in value.items()}


def safe_in_shell(path: str) -> bool:
    """Return whether a path may stand unquoted in a command without changing its structure."""
    return _SAFE.match(path) is not None


def _walk(value: JsonValue, change: Callable[[str], str]) -> JsonValue:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_walk(item, change) for item in value]
    if isinstance(value, dict):
        return {name: _walk(item, change) for name, item in value.items()}
    return value
