"""The form of an answer: a JSON schema that it must fit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ..kernel.errors import ModelError, UsageError
from ..kernel.json_value import JsonValue

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

    from .model_run import ModelRun

_LARGEST = 2**20
_STRUCTURED = "StructuredOutput"
"""The CLI's tool by which a model gives an answer of a form."""


def read_schema(given: str) -> dict[str, JsonValue]:
    """Return the schema of a flag's value.

    Args:
        given: The schema itself, or the path of a file that holds it.

    Raises:
        UsageError: If it is no schema of a JSON object.
    """
    return checked_schema(_parsed(given))


def checked_schema(schema: object) -> dict[str, JsonValue]:
    """Return a schema if it is one that describes a JSON object.

    Raises:
        UsageError: If it is not.
    """
    from jsonschema import SchemaError, validators

    if not isinstance(schema, Mapping):
        raise UsageError("the JSON schema is no object", hint='as in {"type": "object", ...}')
    fields = cast("dict[str, JsonValue]", dict(cast("Mapping[str, Any]", schema)))
    try:
        _class_of(validators, fields).check_schema(fields)
    except SchemaError as error:
        raise UsageError(f"the JSON schema is wrong: {error.message}") from None
    if any(not one.startswith("#") for one in _references(fields)):
        raise UsageError("the JSON schema refers to another document ($ref), which is not loaded")
    if fields.get("type") != "object":
        raise UsageError(
            "the JSON schema must describe an object",
            hint='put the value into one, as in {"type": "object", "properties": {"lines": '
            '{"type": "integer"}}, "required": ["lines"]}',
        )
    return fields


def misfit(schema: Mapping[str, JsonValue], value: JsonValue) -> str | None:
    """Say in what a value does not fit a schema, or return None if it does."""
    from jsonschema import exceptions, validators
    from referencing.exceptions import Unresolvable

    validator: Any = cast("Any", _class_of(validators, schema))(schema)
    try:
        found: Any = cast("Any", exceptions).best_match(validator.iter_errors(value))
    except Unresolvable as error:
        return f"its schema refers to what is not there ({error})"
    if found is None:
        return None
    where = "/".join(map(str, found.absolute_path))
    return f"{found.message}{f' (at {where})' if where else ''}"


def parsed_answer(schema: Mapping[str, JsonValue], answer: str) -> tuple[JsonValue, str | None]:
    """Read an answer as JSON of a form.

    Returns:
        The value, and in what it does not fit, or None.
    """
    try:
        value = cast("JsonValue", json.loads(answer))
    except (ValueError, RecursionError):
        return None, "it is no JSON"
    return value, misfit(schema, value)


def _parsed(given: str) -> object:
    text, where = given, "the JSON schema"
    if not given.lstrip().startswith("{"):
        where = f"the JSON schema {given}"
        try:
            path = Path(given)
            if path.stat().st_size > _LARGEST:
                raise UsageError(f"{where} is larger than 1 MB")
            text = path.read_text("utf-8")
        except (OSError, ValueError) as error:
            said = (error.strerror if isinstance(error, OSError) else None) or "it is no text"
            raise UsageError(
                f"{where} cannot be read: {said}",
                hint="give a file, or the schema itself, which begins with {",
            ) from None
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where} is no JSON: {error}") from None


def _class_of(validators: Any, schema: Mapping[str, JsonValue]) -> type[Validator]:
    return validators.validator_for(schema, default=validators.Draft202012Validator)


def _references(schema: JsonValue) -> Iterator[str]:
    if isinstance(schema, list):
        for one in schema:
            yield from _references(one)
    elif isinstance(schema, dict):
        for name, one in schema.items():
            if name in ("$ref", "$dynamicRef") and isinstance(one, str):
                yield one
            yield from _references(one)


def take_structured(run: ModelRun, schema: Mapping[str, JsonValue]) -> None:
    """Hold a finished run to the form of its answer; to give it is no step.

    Args:
        run: The run; its answer is then the JSON text, or its error says why there is none.
        schema: The form.
    """
    run.calls = tuple(one for one in run.calls if one.call.name != _STRUCTURED)
    if run.error is not None:
        return
    # The CLI lets a model pass that answers in words only.
    why = "it answered in words" if run.structured is None else misfit(schema, run.structured)
    if why is not None:
        run.error = ModelError(
            f"the model gave no answer of the form asked for: {why}",
            hint="say in the goal what each field is to hold",
        )
        return
    run.answer = json.dumps(run.structured, ensure_ascii=False)
