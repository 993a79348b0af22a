"""The schema of a tool's input: from the short form to JSON Schema, and its check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from ..kernel.json_value import JsonValue

_TYPES: dict[type, str] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    list: "array",
    dict: "object",
}


def json_schema(schema: Mapping[str, Any]) -> dict[str, JsonValue]:
    """Return the JSON Schema of a tool's input.

    Args:
        schema: Types by argument name, or a JSON Schema of an object.

    Raises:
        ValueError: If it is neither.
    """
    if not isinstance(schema, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ValueError("its schema is no mapping of argument names to types")
    if schema.get("type") == "object" and isinstance(schema.get("properties"), Mapping):
        _check_schema(dict(schema))
        return cast("dict[str, JsonValue]", dict(schema))
    unknown = [name for name, kind in schema.items() if not _is_type(kind)]
    if unknown:
        raise ValueError(f"the type of {unknown[0]!r} is none of str, int, float, bool, list, dict")
    properties: dict[str, JsonValue] = {
        name: {"type": _TYPES[kind]} for name, kind in schema.items()
    }
    return {"type": "object", "properties": properties, "required": list(schema)}


def _is_type(kind: object) -> bool:
    return isinstance(kind, type) and kind in _TYPES


def problem_of(given: Mapping[str, JsonValue], schema: Mapping[str, JsonValue]) -> str | None:
    """Return what is wrong with an input, or None.

    The short form is checked here; a full JSON Schema by the jsonschema package.
    """
    properties = cast("Mapping[str, Mapping[str, JsonValue]]", schema["properties"])
    required = cast("list[str]", schema.get("required", []))
    for name in required:
        if name not in given:
            return f"{name!r} is a required property"
    if set(schema) - {"type", "properties", "required"} or any(
        set(one) != {"type"} or one["type"] not in _TYPES.values() for one in properties.values()
    ):
        return _problem_by_jsonschema(given, schema)
    for name, value in given.items():
        kind = str(properties.get(name, {}).get("type", ""))
        if kind and not _is_of(value, kind):
            return f"{value!r} is not of type {kind!r}"
    return None


def _is_of(value: JsonValue, kind: str) -> bool:
    match kind:
        case "integer":
            number = isinstance(value, int) and not isinstance(value, bool)
            return number or (isinstance(value, float) and value.is_integer())
        case "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "array":
            return isinstance(value, list)
        case _:
            return isinstance(value, dict)


def _check_schema(schema: dict[str, Any]) -> None:
    import jsonschema

    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        raise ValueError(f"its schema is no JSON Schema: {error.message}") from None


def _problem_by_jsonschema(
    given: Mapping[str, JsonValue], schema: Mapping[str, JsonValue]
) -> str | None:
    import jsonschema

    try:
        jsonschema.validate(dict(given), dict(schema))
    except jsonschema.ValidationError as error:
        return error.message
    return None
