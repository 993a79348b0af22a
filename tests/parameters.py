"""Traces with parameters for tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from llmos.memory.bound import verify_parameters
from llmos.memory.flow_text import leaves
from llmos.memory.traces import Flow, Kind, Parameter, Step, Trace


def parameter(goal: str, steps: tuple[Step, ...], value: str, kind: Kind) -> Parameter:
    """Return the parameter of a value: it flows to each place where its text stands."""
    flows = [
        Flow(step=index, path=(name,), start=start, end=start + len(value))
        for index, step in enumerate(steps)
        for name, text in step.input.items()
        if isinstance(text, str)
        for start in range(len(text))
        if text.startswith(value, start)
    ]
    flows += [
        Flow(step=index, path=(name,), start=0, end=0)
        for index, step in enumerate(steps)
        for name, number in step.input.items()
        if isinstance(number, int) and str(number) == value
    ]
    start = goal.index(value)
    return Parameter(
        name=value, kind=kind, value=value, start=start, end=start + len(value), flows=tuple(flows)
    )


def with_parameters(trace: Trace, kinds: Mapping[str, Kind]) -> Trace:
    """Return a trace with parameters, each named as its learned value."""
    found = [parameter(trace.goal, trace.steps, value, kind) for value, kind in kinds.items()]
    ordered = tuple(sorted(found, key=lambda one: one.start))
    changed = replace(trace, parameters=ordered)
    verify_parameters(changed)
    return changed


def texts(trace: Trace) -> list[str]:
    """Return every text in the inputs of a trace."""
    return [text for step in trace.steps for text in leaves(dict(step.input))]
