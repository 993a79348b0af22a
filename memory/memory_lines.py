"""Memories as JSON lines: one object a line, for copies and for other programs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import cast

from ..kernel.checked import check, optional, record
from ..kernel.engine import SchemaValidator, ValidationError
from ..kernel.errors import UsageError
from ..kernel.json_value import JsonValue
from .semantic_tables import Memory

_MOMENT = check("float", ge=0, allow_inf_nan=False)
_VALIDATOR = SchemaValidator(
    record(
        Memory,
        {
            "id": check("str", min_length=1, max_length=200),
            "kind": check("str", min_length=1, max_length=40),
            "text": check("str", min_length=1),
            "metadata": check("dict", keys_schema=check("str"), values_schema=check("any")),
            "created_at": _MOMENT,
            "expires_at": optional(_MOMENT),
        },
    )
)
_DEFAULTS: dict[str, JsonValue] = {"kind": "note", "metadata": {}, "expires_at": None}


def to_lines(memories: Iterable[Memory]) -> Iterable[str]:
    """Yield a line for each memory, without its end."""
    for one in memories:
        yield json.dumps(one.to_json(), ensure_ascii=False)


def from_lines(lines: Iterable[str], now: float) -> list[Memory]:
    """Return the memories of lines; empty lines do not count.

    Args:
        lines: The lines.
        now: UTC epoch seconds, for those that do not say when they were made.

    Raises:
        UsageError: If a line is none; it says which, and what is wrong with it.
    """
    found: list[Memory] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            given = cast("JsonValue", json.loads(line))
            if isinstance(given, dict):
                # What a search says beside these (a score) is of no use here.
                known = {**_DEFAULTS, "created_at": now, **given}
                given = {name: known[name] for name in _FIELDS if name in known}
            found.append(_VALIDATOR.validate_python(given))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise UsageError(
                f"line {number} is no memory: {where}: {first['msg'].lower()}",
                hint='a line is like {"id": "m-1", "text": "the release branch is trunk"}',
            ) from None
        except (ValueError, RecursionError) as error:
            raise UsageError(f"line {number} is no JSON: {error}") from None
    return found


_FIELDS = ("id", "kind", "text", "metadata", "created_at", "expires_at")
