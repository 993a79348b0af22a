"""The frame of a trace: all that decides which goals of its template it answers, and how.

Of the many traces that one template may have, those of one frame do the same for the same goal, so
a few of them stand for all. What is left out of a frame is only what binding replaces: the learned
values, of which their form stays, and where exactly they stand.
"""

from __future__ import annotations

import hashlib
import json
import re

from ..kernel.json_value import JsonValue
from .flows import filled
from .templates import template_frame
from .traces import Parameter, Trace

_LETTERS = re.compile(r"[^\W\d_]+")
_DIGITS = re.compile(r"\d+")


def frame_of(trace: Trace) -> str:
    """Return the hash of a trace's frame."""
    holes = {one.name: f"\0{index}\0" for index, one in enumerate(trace.parameters)}
    steps: list[JsonValue] = [
        [step.tool, given]
        for step, given in zip(
            trace.steps, filled(trace.steps, trace.parameters, holes), strict=True
        )
    ]
    parts = [
        steps,
        [_parameter(one) for one in trace.parameters],
        template_frame(trace),
        _equal_ones(trace),
        trace.permission_mode,
        trace.tools,
        str(trace.valid_on),
    ]
    return hashlib.blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=12).hexdigest()


def _parameter(one: Parameter) -> list[JsonValue]:
    flows: list[JsonValue] = [
        [flow.step, list(flow.path), flow.form, bool(flow.end)] for flow in one.flows
    ]
    return [one.name, one.kind, one.unit, one.marked, list(one.domain), _form(one.value), flows]


def _equal_ones(trace: Trace) -> list[JsonValue]:
    """Return for each value which one it is equal to first: then either of both may have flowed."""
    values = [one.value for one in trace.parameters]
    folded = [value.casefold() for value in values]
    return [
        [values.index(value), folded.index(fold)]
        for value, fold in zip(values, folded, strict=True)
    ]


def _form(value: str) -> str:
    """Return a value with what it says taken out, and what kind of value it is left in."""
    scheme, mark, rest = value.rpartition("://")
    if not mark and value.startswith("~"):
        scheme, mark, rest = value.partition("/")
    # Whose home a path is under, and which scheme a URL has, are part of what they are.
    return scheme + mark + _DIGITS.sub("0", _LETTERS.sub("a", rest))
