"""Where values flow to: the strings and numbers inside the inputs of steps."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..kernel.json_value import JsonValue
from .substitution import in_form
from .traces import Parameter, Step

PATH_INPUTS = frozenset({"file_path", "path", "notebook_path"})


@dataclass(frozen=True, slots=True)
class Leaf:
    """One string or number inside a step's input.

    Attributes:
        step: Index of the step.
        tool: Its tool.
        path: Where in the input.
        value: What is there.
    """

    step: int
    tool: str
    path: tuple[str | int, ...]
    value: str | int | float

    @property
    def is_command(self) -> bool:
        """Whether it is a shell command."""
        return self.tool == "Bash" and self.path == ("command",)

    @property
    def is_path(self) -> bool:
        """Whether it names a file or folder."""
        return self.path[-1] in PATH_INPUTS or (self.tool == "Glob" and self.path == ("pattern",))


def leaves(steps: Sequence[Step]) -> list[Leaf]:
    """Return every string and number of the steps' inputs, in order."""
    return [
        Leaf(index, step.tool, path, value)
        for index, step in enumerate(steps)
        for path, value in _walk(dict(step.input), ())
    ]


def filled(
    steps: Sequence[Step], parameters: Sequence[Parameter], values: Mapping[str, str]
) -> list[dict[str, JsonValue]]:
    """Return the inputs of steps with other text where parameters flow; nothing is checked.

    Args:
        steps: The steps.
        parameters: Their parameters.
        values: Text for each parameter, by its name.
    """
    inputs: list[dict[str, Any]] = [copy.deepcopy(dict(step.input)) for step in steps]
    places: dict[tuple[int, tuple[str | int, ...]], list[tuple[int, int, str]]] = defaultdict(list)
    for parameter in parameters:
        for flow in parameter.flows:
            text = in_form(values[parameter.name], flow.form)
            places[flow.step, flow.path].append((flow.start, flow.end, text))
    for (step, path), changes in places.items():
        holder: Any = inputs[step]
        for part in path[:-1]:
            holder = holder[part]
        old = holder[path[-1]]
        text = changes[0][2]
        holder[path[-1]] = _replaced(old, changes) if isinstance(old, str) else _number(old, text)
    return inputs


def _replaced(text: str, changes: Sequence[tuple[int, int, str]]) -> str:
    for start, end, new in sorted(changes, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _number(learned: float, text: str) -> float | str:
    """Return a text as a JSON number of the learned one's kind, or as it is if it is none."""
    try:
        if float(text) == learned:
            return learned
        return int(text) if isinstance(learned, int) else float(text)
    except ValueError:
        return text


def _walk(
    value: JsonValue, path: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], str | int | float]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _walk(item, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(item, (*path, index))
    elif isinstance(value, str) or (
        isinstance(value, (int, float)) and not isinstance(value, bool)
    ):
        yield path, value
