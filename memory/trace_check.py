"""What a trace file must hold: the check that makes a `Trace` of JSON; see `kernel.checked`."""

from __future__ import annotations

from typing import get_args

from pydantic_core import SchemaValidator
from pydantic_core.core_schema import (
    CoreSchema,
    any_schema,
    bool_schema,
    date_schema,
    dict_schema,
    float_schema,
    int_schema,
    literal_schema,
    nullable_schema,
    str_schema,
    tuple_schema,
    union_schema,
)

from ..kernel.checked import record
from .traces import (
    SCHEMA_VERSION,
    FileEffect,
    FileState,
    Flow,
    Form,
    Kind,
    Observation,
    Parameter,
    Provenance,
    Step,
    Trace,
)

_TEXT = str_schema()
_NAME = str_schema(min_length=1)
_INDEX = int_schema(ge=0)
_MOMENT = float_schema(allow_inf_nan=False)


def checked_trace(text: str) -> Trace:
    """Return the trace that JSON text holds.

    Args:
        text: The JSON; everything in it was read from JSON before (see `codec`).

    Raises:
        pydantic_core.ValidationError: If it is no trace.
    """
    return _VALIDATOR.validate_json(text, strict=True)


def _many(item: CoreSchema, at_least: int = 0) -> CoreSchema:
    return tuple_schema([item], variadic_item_index=0, min_length=at_least)


_STATE = record(
    FileState, {"sha256": nullable_schema(_TEXT), "mode": nullable_schema(int_schema())}
)
_EFFECT = record(FileEffect, {"path": _TEXT, "before": _STATE, "after": _STATE})
_OBSERVATION = record(
    Observation,
    {
        "text": _TEXT,
        "ok": bool_schema(),
        "exit_code": nullable_schema(int_schema()),
        "at": _MOMENT,
        "duration_s": _MOMENT,
    },
)
_STEP = record(
    Step,
    {
        "tool": _TEXT,
        "input": dict_schema(_TEXT, any_schema()),
        "observation": _OBSERVATION,
        "before": nullable_schema(_STATE),
        "after": nullable_schema(_STATE),
    },
)
_FLOW = record(
    Flow,
    {
        "step": _INDEX,
        "path": _many(union_schema([_TEXT, int_schema()]), at_least=1),
        "start": _INDEX,
        "end": _INDEX,
        "form": literal_schema(list(get_args(Form))),
    },
)
_PARAMETER = record(
    Parameter,
    {
        "name": _NAME,
        "kind": literal_schema(list(get_args(Kind))),
        "value": _NAME,
        "start": _INDEX,
        "end": int_schema(ge=1),
        "unit": _TEXT,
        "marked": bool_schema(),
        "domain": _many(_TEXT),
        "flows": _many(_FLOW, at_least=1),
    },
)
_PROVENANCE = record(
    Provenance,
    {
        "model": _TEXT,
        "session_id": _TEXT,
        "run_id": _TEXT,
        "learned_at": _MOMENT,
        "cost_micros": nullable_schema(int_schema()),
        "duration_s": _MOMENT,
        "llmos_version": _TEXT,
        "cli_version": _TEXT,
        "platform": _TEXT,
    },
)
_VALIDATOR = SchemaValidator(
    record(
        Trace,
        {
            "schema_version": literal_schema([SCHEMA_VERSION]),
            "goal": _TEXT,
            "permission_mode": _TEXT,
            "steps": _many(_STEP, at_least=1),
            "answer": _TEXT,
            "effects": _many(_EFFECT),
            "parameters": _many(_PARAMETER),
            "tools": dict_schema(_TEXT, _TEXT),
            "valid_on": nullable_schema(date_schema()),
            "provenance": _PROVENANCE,
        },
    )
)
