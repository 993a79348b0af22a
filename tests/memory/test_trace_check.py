"""The check of a trace that is written out is the one that pydantic would derive from `Trace`."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pydantic
import pytest
from pydantic import ConfigDict, TypeAdapter, ValidationError

from factory import make_trace
from llmos.memory import traces
from llmos.memory.trace_check import checked_trace
from llmos.memory.traces import (
    FileEffect,
    FileState,
    Flow,
    Observation,
    Parameter,
    Provenance,
    Step,
    Trace,
)
from parameters import with_parameters

STATE = FileState(sha256="0" * 64, mode=0o644)
ONE = make_trace("copy a.txt to b.txt", given={"command": "cp a.txt b.txt", "more": [{"x": 1.5}]})
FULL = replace(
    with_parameters(ONE, {"a.txt": "path", "b.txt": "path"}),
    steps=(replace(ONE.steps[0], before=STATE, after=STATE),),
    effects=(FileEffect(path="b.txt", before=STATE, after=STATE),),
    tools={"hello": "fingerprint"},
    valid_on=date(2026, 1, 2),
)
OTHERS: list[Any] = [
    None, True, 0, 1, -1, 2, 1.0, 1.5, "", "1", "same", "2026-01-02", [], ["a"], [1], {}, {"a": 1},
]  # fmt: skip
BOUNDS = {"greater_than_equal", "too_short", "string_too_short", "finite_number"}
"""What a trace's annotations do not say, and its check does."""
MISSING = object()


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    elif isinstance(value, list):
        items = enumerate(value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    for key, item in items:
        yield from places(item, (*path, key))


def changed(path: tuple[str | int, ...], value: Any) -> str:
    data: Any = copy.deepcopy(FULL.to_json())
    holder = data
    for key in path[:-1]:
        holder = holder[key]
    if value is MISSING:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return json.dumps(data)


def outcome(check: Callable[[str], Trace], text: str) -> Trace | set[str]:
    """Return the trace, or the kinds of what is wrong."""
    try:
        return check(text)
    except ValidationError as error:
        return {one["type"] for one in error.errors()}


@pytest.fixture(scope="module")
def derived() -> Iterator[Callable[[str], Trace]]:
    with pytest.MonkeyPatch.context() as patch:
        # The name in the annotations; ours is the same type, spelled so that it loads nothing.
        patch.setattr(traces, "JsonValue", pydantic.JsonValue)
        config = ConfigDict(strict=True, extra="forbid")
        for kind in (
            FileEffect, FileState, Flow, Observation, Parameter, Provenance, Step, Trace,
        ):  # fmt: skip
            patch.setattr(kind, "__pydantic_config__", config, raising=False)
        yield TypeAdapter(Trace).validate_json


def test_whatever_is_changed_in_a_trace_both_checks_say_the_same(
    derived: Callable[[str], Trace],
) -> None:
    paths = [path for path in places(FULL.to_json()) if path]
    changes = [(path, value) for path in paths for value in [MISSING, *OTHERS]]
    changes += [((*path, "surprise"), 1) for path in places(FULL.to_json()) if of_record(path)]
    for path, value in changes:
        text = changed(path, value)
        ours, theirs = outcome(checked_trace, text), outcome(derived, text)
        refused = isinstance(ours, set)
        if not (refused and ours <= BOUNDS):
            assert refused == isinstance(theirs, set), (path, value, ours, theirs)
            assert refused or ours == theirs, (path, value)


def of_record(path: tuple[str | int, ...]) -> bool:
    found: Any = FULL.to_json()
    for key in path:
        found = found[key]
    return isinstance(found, dict)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("steps",), []),
        (("parameters", 0, "name"), ""),
        (("parameters", 0, "value"), ""),
        (("parameters", 0, "start"), -1),
        (("parameters", 0, "end"), 0),
        (("parameters", 0, "flows"), []),
        (("parameters", 0, "flows", 0, "step"), -1),
        (("parameters", 0, "flows", 0, "path"), []),
        (("parameters", 0, "flows", 0, "start"), -1),
        (("parameters", 0, "flows", 0, "end"), -1),
        (("steps", 0, "observation", "at"), float("inf")),
        (("steps", 0, "observation", "duration_s"), float("nan")),
        (("provenance", "learned_at"), float("inf")),
        (("provenance", "duration_s"), float("inf")),
    ],
    ids=lambda one: ".".join(map(str, one)) if isinstance(one, tuple) else "",  # pyright: ignore[reportUnknownArgumentType, reportUnknownLambdaType]
)
def test_a_bound_holds(path: tuple[str | int, ...], value: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        checked_trace(changed(path, value))
    issue = caught.value.errors()[0]
    assert (issue["loc"], issue["type"] in BOUNDS) == (path, True)
