"""A trace with other values than the learned ones.

The inputs of the steps hold the new values exactly where the learned ones flowed, by the rules of
`binding`. What the model saw and said is rewritten as far as that is clear, and is only what a
replay compares with: its guards judge what is really seen. What can no longer be known about files
is `UNKNOWN`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import cast

from ..kernel.json_value import JsonValue
from .binding import BindingRefused, Placement, bind_command, bind_path, bind_text
from .bound_files import bound_effects, bound_states
from .flows import PATH_INPUTS
from .substitution import Substitution, changes_of, clear_in_answer, in_form
from .traces import Flow, Kind, Parameter, Step, Trace
from .value_rules import check_general, check_kind

_MARKED = re.compile(r"\$\{cwd\\*\}")
_GLOB_SIGNS = frozenset("*?[]{}!\\")
_REGEX_SIGNS = frozenset("\\^$.|?*+()[]{}")

_GLOB_INPUTS = frozenset({("Glob", "pattern"), ("Grep", "glob")})

_Entering = tuple[Flow, str, Kind]
"""A flow, the value in its spelling there, and what the value is."""
_At = tuple[int, tuple[str | int, ...]]
"""Index of a step, and where in its input."""


def bind_trace(trace: Trace, values: Mapping[str, str]) -> Trace:
    """Return a trace with other values.

    Args:
        trace: The learned trace.
        values: The value of every parameter, by its name, as it stands in the new goal, without
            its unit.

    Returns:
        The very same trace if all values are the learned ones. Else one for a replay only: its
        parameters hold the new values, but their flows are still those of the learned steps.

    Raises:
        BindingRefused: A value is not of its parameter's kind, could change more of a step than
            itself, or there is not one for every parameter.
    """
    _check_names(trace.parameters, values)
    if all(values[one.name] == one.value for one in trace.parameters):
        return trace
    for parameter in trace.parameters:
        if values[parameter.name] != parameter.value:
            _check_value(parameter, values[parameter.name])
    bare = [
        _with_input(step, given)
        for step, given in zip(trace.steps, _bound_inputs(trace, values), strict=True)
    ]
    swap = Substitution(changes_of(trace, values))
    steps = bound_states(trace.steps, [_seen(step, swap) for step in bare], trace.effects)
    return replace(
        trace,
        goal=_bound_goal(trace, values),
        steps=tuple(steps),
        answer=swap.only(trace.answer, clear_in_answer(trace, swap)),
        effects=bound_effects(trace, steps, swap),
        parameters=_bound_parameters(trace.parameters, values),
    )


def verify_parameters(trace: Trace) -> None:
    """Check by re-substitution that the parameters of a trace are what they say.

    Args:
        trace: The trace, with parameters that were found or declared.

    Raises:
        BindingRefused: A parameter's value is not where it is said to be, in the goal or in a
            step, or two of them overlap, or another value could not stand there at all.
    """
    for parameter in trace.parameters:
        if trace.goal[parameter.start : parameter.end] != parameter.value:
            raise BindingRefused(f"{parameter.name} is not in the goal where it is said to be")
    spans = sorted((one.start, one.end) for one in trace.parameters)
    if any(end > start for (_, end), (start, _) in pairwise(spans)):
        raise BindingRefused("two parameters overlap in the goal")
    values = {one.name: one.value for one in trace.parameters}
    if len(values) != len(trace.parameters):
        raise BindingRefused("two parameters have the same name")
    for step, given in zip(trace.steps, _bound_inputs(trace, values), strict=True):
        # Not `==`, to which 1 and 1.0 are equal.
        if repr(given) != repr(step.input):
            raise BindingRefused("the learned values do not give back the recorded steps")


def substitution_of(trace: Trace, bound: Trace) -> Substitution:
    """Return what changed from a learned trace to a bound one.

    Args:
        trace: The learned trace.
        bound: What `bind_trace` gave for it.
    """
    values = {one.name: one.value for one in bound.parameters}
    return Substitution(changes_of(trace, values))


def _check_names(parameters: Sequence[Parameter], values: Mapping[str, str]) -> None:
    names = {one.name for one in parameters}
    for name in sorted(names ^ values.keys()):
        missing = name in names
        raise BindingRefused(f"{name} has no value" if missing else f"there is no {name}")


def _check_value(parameter: Parameter, value: str) -> None:
    check_general(value, lines=parameter.kind == "text")
    check_kind(parameter.value, value, parameter.kind)
    if "${cwd" in value:
        # The marker of the working directory, which only the Learner may put into a step.
        raise BindingRefused("the value holds ${cwd")
    allowed = {one.casefold() for one in parameter.domain}
    if allowed and value.casefold() not in allowed:
        raise BindingRefused(f"{value!r} is none of the values that {parameter.name} may have")


def _bound_goal(trace: Trace, values: Mapping[str, str]) -> str:
    goal = trace.goal
    for one in sorted(trace.parameters, key=lambda one: -one.start):
        goal = goal[: one.start] + values[one.name] + goal[one.end :]
    return goal


def _bound_parameters(
    parameters: Sequence[Parameter], values: Mapping[str, str]
) -> tuple[Parameter, ...]:
    shift = 0
    bound: dict[str, Parameter] = {}
    for one in sorted(parameters, key=lambda one: one.start):
        value = values[one.name]
        start = one.start + shift
        place = {"value": value, "start": start, "end": start + len(value)}
        bound[one.name] = replace(one, **place)
        shift += len(value) - len(one.value)
    return tuple(bound[one.name] for one in parameters)


def _seen(step: Step, swap: Substitution) -> Step:
    text = swap.distinct(step.observation.text)
    if text == step.observation.text:
        return step
    return replace(step, observation=replace(step.observation, text=text))


def _with_input(step: Step, given: dict[str, JsonValue]) -> Step:
    return replace(step, input=given)


def _bound_inputs(trace: Trace, values: Mapping[str, str]) -> list[dict[str, JsonValue]]:
    """Return the inputs of all steps with the values at their flows."""
    flows: dict[_At, list[_Entering]] = {}
    for one in trace.parameters:
        for flow in one.flows:
            value = in_form(values[one.name], flow.form)
            flows.setdefault((flow.step, flow.path), []).append((flow, value, one.kind))
    inputs: list[JsonValue] = [dict(step.input) for step in trace.steps]
    for (index, path), entering in flows.items():
        if index >= len(inputs):
            raise BindingRefused(f"there is no step {index + 1}")
        change = partial(_bound_leaf, trace.steps[index].tool, path, entering)
        inputs[index] = _changed_at(inputs[index], path, change)
    return cast("list[dict[str, JsonValue]]", inputs)


def _changed_at(
    value: JsonValue, path: Sequence[str | int], change: Callable[[JsonValue], JsonValue]
) -> JsonValue:
    """Return a JSON value with what stands at a path in it changed."""
    if not path:
        return change(value)
    key, rest = path[0], path[1:]
    if isinstance(value, dict) and isinstance(key, str) and key in value:
        return {**value, key: _changed_at(value[key], rest, change)}
    if isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value):
        changed = _changed_at(value[key], rest, change)
        return [*value[:key], changed, *value[key + 1 :]]
    raise BindingRefused(f"nothing stands at {key!r} in the step's input")


def _bound_leaf(
    tool: str, path: Sequence[str | int], entering: Sequence[_Entering], learned: JsonValue
) -> JsonValue:
    if isinstance(learned, str):
        return _bound_string(tool, path, entering, learned)
    if isinstance(learned, (int, float)) and not isinstance(learned, bool):
        return _bound_number(entering, learned)
    raise BindingRefused("the place is neither a text nor a number")


def _bound_string(
    tool: str, path: Sequence[str | int], entering: Sequence[_Entering], learned: str
) -> str:
    places = [Placement(flow.start, flow.end, value, kind) for flow, value, kind in entering]
    markers = list(_MARKED.finditer(learned))
    for place in places:
        if any(mark.start() < place.end and place.start < mark.end() for mark in markers):
            raise BindingRefused("the place is inside the marker of the working directory")
        _check_pattern(tool, path[-1], learned[place.start : place.end], place)
    if tool == "Bash" and tuple(path) == ("command",):
        bound = bind_command(learned, places)
    elif path[-1] in PATH_INPUTS or (tool, path[-1]) in _GLOB_INPUTS:
        bound = bind_path(learned, places)
    else:
        bound = bind_text(learned, places)
    if _MARKED.findall(bound) != _MARKED.findall(learned):
        raise BindingRefused("the value would make a marker of the working directory")
    return bound


def _check_pattern(tool: str, name: str | int, old: str, place: Placement) -> None:
    """Check that a value does not bring signs of its own into a pattern."""
    if (tool, name) in _GLOB_INPUTS:
        signs = _GLOB_SIGNS - (frozenset("*?[]") if place.kind == "glob" else frozenset())
    elif (tool, name) == ("Grep", "pattern"):
        signs = _REGEX_SIGNS
    else:
        return
    if signs & (set(place.value) - set(old)):
        raise BindingRefused("the value holds a sign that means something in a pattern")


def _bound_number(entering: Sequence[_Entering], learned: float) -> int | float:
    if len(entering) != 1 or (entering[0][0].start, entering[0][0].end) != (0, 0):
        raise BindingRefused("a number in a step's input is one value as a whole")
    try:
        value = entering[0][1]
        number = float(value)
        if number == learned:
            return learned
        number = int(value) if isinstance(learned, int) else number
    except ValueError:
        raise BindingRefused("the value is not a number of the learned one's kind") from None
    if not math.isfinite(number):
        raise BindingRefused("the number is too large")
    return number
