"""Steps as a program: two runs that do the same, in whatever spelling, have the same one."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from ..kernel.json_value import JsonValue
from .kept import per_text
from .traces import Step

_QUIET = frozenset({"description", "timeout"})
"""Inputs of Bash that change nothing of what is done."""


def canonical_input(tool: str, given: Mapping[str, JsonValue]) -> JsonValue:
    """Return an input so that two spellings of one command are equal."""
    if tool != "Bash":
        return dict(given)
    kept = {name: value for name, value in given.items() if name not in _QUIET}
    command = kept.get("command")
    if isinstance(command, str):
        kept["command"] = list(_words(command))
    return kept


def same_program(one: Sequence[Step], other: Sequence[Step]) -> bool:
    """Return whether two sequences of steps do the same."""
    return [(step.tool, canonical_input(step.tool, step.input)) for step in one] == [
        (step.tool, canonical_input(step.tool, step.input)) for step in other
    ]


@per_text
def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return [command]
