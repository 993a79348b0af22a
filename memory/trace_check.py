"""What a trace file must hold: the check that makes a `Trace` of JSON; see `kernel.checked`."""

from __future__ import annotations

from typing import get_args

from ..kernel.checked import check, many, one_of, optional, record
from ..kernel.engine import SchemaValidator
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

_TEXT = check("str")
_NAME = check("str", min_length=1)
_INDEX = check("int", ge=0)
_MOMENT = check("float", allow_inf_nan=False)


def checked_trace(text: str) -> Trace:
    """Return the trace that JSON text holds.

    Args:
        text: The JSON; everything in it was read from JSON before (see `codec`).

    Raises:
        pydantic_core.ValidationError: If it is no trace.
    """
    return _VALIDATOR.validate_json(text, strict=True)


_STATE = record(FileState, {"sha256": optional(_TEXT), "mode": optional(check("int"))})
_EFFECT = record(FileEffect, {"path": _TEXT, "before": _STATE, "after": _STATE})
_OBSERVATION = record(
    Observation,
    {
        "text": _TEXT,
        "ok": check("bool"),
        "exit_code": optional(check("int")),
        "at": _MOMENT,
        "duration_s": _MOMENT,
    },
)
_STEP = record(
    Step,
    {
        "tool": _TEXT,
        "input": check("dict", keys_schema=_TEXT, values_schema=check("any")),
        "observation": _OBSERVATION,
        "before": optional(_STATE),
        "after": optional(_STATE),
    },
)
_FLOW = record(
    Flow,
    {
        "step": _INDEX,
        "path": many(check("union", choices=[_TEXT, check("int")]), at_least=1),
        "start": _INDEX,
        "end": _INDEX,
        "form": one_of(get_args(Form)),
    },
)
_PARAMETER = record(
    Parameter,
    {
        "name": _NAME,
        "kind": one_of(get_args(Kind)),
        "value": _NAME,
        "start": _INDEX,
        "end": check("int", ge=1),
        "unit": _TEXT,
        "marked": check("bool"),
        "domain": many(_TEXT),
        "flows": many(_FLOW, at_least=1),
    },
)
_PROVENANCE = record(
    Provenance,
    {
        "model": _TEXT,
        "session_id": _TEXT,
        "run_id": _TEXT,
        "learned_at": _MOMENT,
        "cost_micros": optional(check("int")),
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
            "schema_version": one_of([SCHEMA_VERSION]),
            "goal": _TEXT,
            "permission_mode": _TEXT,
            "steps": many(_STEP, at_least=1),
            "answer": _TEXT,
            "effects": many(_EFFECT),
            "parameters": many(_PARAMETER),
            "tools": check("dict", keys_schema=_TEXT, values_schema=_TEXT),
            "valid_on": optional(check("date")),
            "provenance": _PROVENANCE,
        },
    )
)
