"""Plugins: tools in Python files. ``@llm_tool`` tags a function; the loader does the rest.

A plugin file says ``from plugins import llm_tool``; while the loader loads it, that name means
this package, whatever else is called ``plugins`` elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ..kernel.record import Record

_F = TypeVar("_F", bound=Callable[..., Any])

TAG = "__llm_tool__"
"""Name of the attribute that marks a tool."""


class ToolTag(Record):
    """What ``@llm_tool`` says of a function.

    Attributes:
        name: The tool's name.
        description: What it does, for the model.
        schema: Types by argument name, or a JSON Schema of an object.
    """

    name: str
    description: str
    schema: Mapping[str, Any]


def llm_tool(name: str, description: str, schema: Mapping[str, Any]) -> Callable[[_F], _F]:
    """Tag a function, async or plain, as a tool of the model.

    Args:
        name: The tool's name: letters, digits, ``_`` and ``-``, 64 at most.
        description: What it does, for the model.
        schema: ``{"text": str, "times": int}`` (all required; str, int, float, bool, list or
            dict), or a JSON Schema with ``"type": "object"`` and ``"properties"``.

    Returns:
        The decorator; it gives back the function itself.
    """

    def tag(function: _F) -> _F:
        setattr(function, TAG, ToolTag(name, description, schema))
        return function

    return tag
