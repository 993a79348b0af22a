"""Drivers: the Python code that carries out one tool each, with the CLI's own semantics."""

from __future__ import annotations

from ..tools import Driver
from .files import EditDriver, ReadDriver, WriteDriver
from .search import GlobDriver, GrepDriver
from .shell import BashDriver, comparable

__all__ = ["comparable_output", "standard_drivers"]


def standard_drivers() -> list[Driver]:
    """Return the drivers of Read, Write, Edit, Bash, Glob and Grep."""
    return [
        ReadDriver(),
        WriteDriver(),
        EditDriver(),
        BashDriver(),
        GlobDriver(),
        GrepDriver(),
    ]


def comparable_output(tool: str, text: str) -> str:
    """Return the part of an observation by which two of them are compared.

    Only one thing is left out: the name of the file to which the CLI saves large output, which is
    new each time and which no replay can know.

    Args:
        tool: The tool.
        text: What the model saw.
    """
    return comparable(text) if tool == "Bash" else text
