"""The one layout of JSON in trace files, which tells a file that llmos wrote from any other.

It is that of ``json.dumps(..., ensure_ascii=False, indent=1)`` with a line end, several times
faster: reading a trace lays it out again, and the standard library indents in plain Python.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring
from typing import cast

MAX_DEPTH = 32


def laid_out(data: object) -> bytes:
    """Return the bytes of a JSON value.

    Raises:
        ValueError: If it holds what JSON readers let pass and no trace holds: a number that is
            not finite, a text that is not Unicode, more than `MAX_DEPTH` levels.
    """
    parts: list[str] = []
    _lay_out(data, 0, parts)
    parts.append("\n")
    try:
        return "".join(parts).encode()
    except UnicodeEncodeError:
        raise ValueError("a text is not Unicode (a lone surrogate)") from None


def _lay_out(value: object, depth: int, parts: list[str]) -> None:
    if isinstance(value, str):
        parts.append(encode_basestring(value))
    elif value is None:
        parts.append("null")
    elif value is True:
        parts.append("true")
    elif value is False:
        parts.append("false")
    elif isinstance(value, int):
        parts.append(int.__repr__(value))
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("a number is not finite")
        parts.append(float.__repr__(value))
    elif isinstance(value, dict):
        _lay_out_object(cast("Mapping[str, object]", value), depth, parts)
    elif isinstance(value, (list, tuple)):
        _lay_out_array(cast("Sequence[object]", value), depth, parts)
    else:
        raise ValueError(f"{type(value).__name__} is not JSON")


def _lay_out_object(value: Mapping[str, object], depth: int, parts: list[str]) -> None:
    if not value:
        parts.append("{}")
        return
    _check_depth(depth + 1)
    line = "\n" + " " * (depth + 1)
    begin = "{" + line
    for name, item in value.items():
        if isinstance(item, str):
            parts.append(f"{begin}{encode_basestring(name)}: {encode_basestring(item)}")
        else:
            parts.append(f"{begin}{encode_basestring(name)}: ")
            _lay_out(item, depth + 1, parts)
        begin = "," + line
    parts.append(line[:-1] + "}")


def _lay_out_array(value: Sequence[object], depth: int, parts: list[str]) -> None:
    if not value:
        parts.append("[]")
        return
    _check_depth(depth + 1)
    line = "\n" + " " * (depth + 1)
    begin = "[" + line
    for item in value:
        parts.append(begin)
        _lay_out(item, depth + 1, parts)
        begin = "," + line
    parts.append(line[:-1] + "]")


def _check_depth(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
