"""Checks data that crosses a boundary, by pydantic's engine, into frozen dataclasses.

Such a check is usually derived from a model's annotations, which takes longer than a whole replay
does. On the way of a replay it is written out instead; a test derives it as well and holds the two
against each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from pydantic_core import CoreSchema, core_schema


def record(
    kind: type[Any],
    checks: Mapping[str, CoreSchema],
    *,
    aliases: Mapping[str, str] | None = None,
) -> CoreSchema:
    """Return the check of a JSON object that becomes a dataclass. Nothing else may be in it.

    Args:
        kind: The dataclass; what is missing takes its default, if it has one.
        checks: The check of each of its fields.
        aliases: The names that fields have in the object, where they differ.
    """
    known = {one.name: one for one in fields(kind)}
    if known.keys() != checks.keys():
        raise TypeError(f"{kind.__name__} has other fields: {known.keys() ^ checks.keys()}")
    checked = {
        name: core_schema.typed_dict_field(
            check,
            required=known[name].default is MISSING and known[name].default_factory is MISSING,
            validation_alias=(aliases or {}).get(name),
        )
        for name, check in checks.items()
    }

    def made(values: dict[str, Any]) -> Any:
        return kind(**values)

    return core_schema.no_info_after_validator_function(
        made, core_schema.typed_dict_schema(checked, extra_behavior="forbid")
    )
