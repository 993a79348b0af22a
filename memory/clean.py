"""Keeps secrets out of traces."""

from __future__ import annotations

from typing import cast

from ..kernel.errors import TraceError
from ..kernel.json_value import JsonValue
from ..kernel.redaction import Redactor
from .traces import Observation, Step, Trace

_SECRET = "it holds a secret and could not be replayed without it"


def without_secrets(trace: Trace, redactor: Redactor) -> Trace:
    """Return a trace whose observations hold no secret.

    Args:
        trace: The trace.
        redactor: Knows secrets.

    Raises:
        TraceError: If a secret stands where a replay would need it: in the goal, an input, the
            name of a file or the answer.
    """
    declared = (text for one in trace.parameters for text in (one.name, *one.domain))
    changed = (effect.path for effect in trace.effects)
    for text in (trace.goal, trace.answer, *declared, *changed):
        if redactor.contains_secret(text):
            raise TraceError(_SECRET)
    for step in trace.steps:
        given = cast("JsonValue", step.input)
        if redactor.redact_json(given) != given:
            raise TraceError(_SECRET)
    steps = tuple(_clean(step, redactor) for step in trace.steps)
    return trace.replaced(steps=steps)


def _clean(step: Step, redactor: Redactor) -> Step:
    seen = step.observation
    clean = redactor.redact(seen.text)
    if clean == seen.text:
        return step
    observation: Observation = seen.replaced(text=clean)
    return step.replaced(observation=observation)
