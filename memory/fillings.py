"""A trace as an example of slot filling: which words of its goal are the whole of which input.

Where a tool is called with words of the goal (``{"movie": "The Marine 2"}``), the learned goals
show which words carry the request and which ones fill an input. Here one goal is laid out so;
`slot_model` counts over all of them. Shell commands are no part of this: their structure is not
that of their inputs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..kernel.json_value import JsonValue
from .flows import leaves
from .parameters import find_parameters
from .traces import Flow, Parameter, Step, Trace
from .wording import carriers, tokenize

_HOLE = "\0"


@dataclass(frozen=True, slots=True)
class Span:
    """Words of a goal that fill an input.

    Attributes:
        start: Index of the first word.
        end: Index after the last one.
        label: The tool and its input, ``<tool.input>``; with ``~`` where the words are only a part
            of what stands there.
    """

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class Filling:
    """A goal as words and the inputs that they fill.

    Attributes:
        shape: Hash of what the steps do apart from the inputs that are filled as a whole.
        tools: The tools, in the order in which they are called.
        words: Text of each word of the goal that carries something.
        literals: Indexes of those that are values by their own form.
        spans: What fills an input, in the order of the goal.
        names: Name of the parameter of each, see `with_whole_values`.
        fixed: Labels of the inputs that the goal does not fill.
    """

    shape: str
    tools: str
    words: tuple[str, ...]
    literals: tuple[int, ...]
    spans: tuple[Span, ...]
    names: tuple[str, ...]
    fixed: tuple[str, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of its spans, sorted."""
        return tuple(sorted(span.label for span in self.spans))

    def to_json(self) -> list[Any]:
        """Return it as JSON data."""
        spans = [[one.start, one.end, one.label] for one in self.spans]
        return [
            self.shape,
            self.tools,
            self.words,
            self.literals,
            spans,
            self.names,
            self.fixed,
        ]

    @classmethod
    def from_json(cls, data: Sequence[Any]) -> Filling:
        """Read what `to_json` gave."""
        shape, tools, words, literals, spans, names, fixed = data
        return cls(
            shape,
            tools,
            tuple(words),
            tuple(literals),
            tuple(Span(*one) for one in spans),
            tuple(names),
            tuple(fixed),
        )


def with_whole_values(trace: Trace) -> Trace:
    """Return a trace with the parameters by which `filling_of` lays out its goal."""
    found = find_parameters(trace.goal, trace.steps, whole_first=True)
    return replace(trace, parameters=found)


def filling_of(trace: Trace) -> Filling | None:
    """Lay out the goal of a trace; None if it runs shell commands."""
    if any(step.tool == "Bash" for step in trace.steps):
        return None
    parameters = find_parameters(trace.goal, trace.steps, whole_first=True)
    texts = {(leaf.step, leaf.path): leaf.value for leaf in leaves(trace.steps)}
    tokens = carriers(tokenize(trace.goal))
    spans: list[Span] = []
    for one in parameters:
        inside = [
            index
            for index, token in enumerate(tokens)
            if token.start < one.end and one.start < token.end
        ]
        if not inside:
            return None
        flow = one.flows[0]
        part = "" if _is_whole(flow, texts[flow.step, flow.path]) else "~"
        label = f"<{trace.steps[flow.step].tool}.{_input(flow.path)}{part}>"
        spans.append(Span(inside[0], inside[-1] + 1, label))
    fixed = list(_fixed(trace.steps, parameters))
    tools = "+".join(step.tool for step in trace.steps)
    known = json.dumps([tools, fixed, trace.permission_mode], sort_keys=True)
    return Filling(
        hashlib.blake2b(known.encode(), digest_size=12).hexdigest(),
        tools,
        tuple(token.text for token in tokens),
        tuple(index for index, token in enumerate(tokens) if token.literal),
        tuple(spans),
        tuple(one.name for one in parameters),
        tuple(sorted({f"<{tool}.{name}>" for tool, name, _ in fixed})),
    )


def _fixed(
    steps: Sequence[Step], parameters: Sequence[Parameter]
) -> Iterator[tuple[str, str, JsonValue]]:
    """Yield what stands in the inputs beside whole values: tool, input, and what is there."""
    flows = [flow for one in parameters for flow in one.flows]
    for index, step in enumerate(steps):
        found: list[tuple[str, JsonValue]] = []
        for path, value in _leaves(dict(step.input), ()):
            entering = [flow for flow in flows if (flow.step, flow.path) == (index, path)]
            if not any(_is_whole(flow, value) for flow in entering):
                found.append((_input(path), _with_holes(value, entering)))
        for name, value in sorted(found, key=lambda one: (one[0], str(one[1]))):
            yield step.tool, name, value


def _is_whole(flow: Flow, value: JsonValue) -> bool:
    return not isinstance(value, str) or (flow.start, flow.end) == (0, len(value))


def _with_holes(value: JsonValue, entering: Sequence[Flow]) -> JsonValue:
    if isinstance(value, str):
        for flow in sorted(entering, key=lambda one: one.start, reverse=True):
            value = value[: flow.start] + _HOLE + value[flow.end :]
    return value


def _input(path: Sequence[str | int]) -> str:
    return ".".join(part for part in path if isinstance(part, str))


def _leaves(
    value: JsonValue, path: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], JsonValue]]:
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from _leaves(item, (*path, name))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))
    elif path:
        yield path, value
