"""Checks data that crosses a boundary, by pydantic's engine, into records.

Such a check is usually derived from a model's annotations, which takes longer than a whole replay
does. On the way of a replay it is written out instead; a test derives it as well and holds the two
against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from .record import Record

if TYPE_CHECKING:
    from pydantic_core import CoreSchema


def check(kind: str, **rules: object) -> CoreSchema:
    """Return a check in the engine's own words.

    Args:
        kind: The type of a core schema (``str``, ``int``, ``nullable``, ...).
        rules: Its keys: https://docs.pydantic.dev/latest/api/pydantic_core_schema
    """
    return cast("CoreSchema", {"type": kind, **rules})


def optional(check_of: CoreSchema) -> CoreSchema:
    """Return the check of what may be null."""
    return check("nullable", schema=check_of)


def one_of(values: Sequence[object]) -> CoreSchema:
    """Return the check of what must be one of some values."""
    return check("literal", expected=list(values))


def many(item: CoreSchema, at_least: int = 0) -> CoreSchema:
    """Return the check of a list, which becomes a tuple."""
    return check("tuple", items_schema=[item], variadic_item_index=0, min_length=at_least)


def turned(function: Callable[[Any], Any], check_of: CoreSchema, *, before: bool) -> CoreSchema:
    """Return a check that calls a function with the value before it, or with what it gave."""
    when = "function-before" if before else "function-after"
    return check(when, function={"type": "no-info", "function": function}, schema=check_of)


def record(
    kind: type[Record],
    checks: Mapping[str, CoreSchema],
    *,
    aliases: Mapping[str, str] | None = None,
) -> CoreSchema:
    """Return the check of a JSON object that becomes a record. Nothing else may be in it.

    Args:
        kind: The record; what is missing takes its default, if it has one.
        checks: The check of each of its fields.
        aliases: The names that fields have in the object, where they differ.
    """
    known, needed = set(kind.field_names()), kind.needed_names()
    if known != set(checks):
        raise TypeError(f"{kind.__name__} has other fields: {known ^ set(checks)}")
    checked: dict[str, object] = {}
    for name, of_field in checks.items():
        field = {"type": "typed-dict-field", "schema": of_field, "required": name in needed}
        alias = (aliases or {}).get(name)
        checked[name] = field if alias is None else {**field, "validation_alias": alias}

    def made(values: dict[str, Any]) -> Any:
        return kind(**values)

    return turned(made, check("typed-dict", fields=checked, extra_behavior="forbid"), before=False)
