"""What the words of commands may be, for completion."""

from __future__ import annotations

from collections.abc import Iterator

from ...kernel.errors import LlmosError
from ...memory.past_runs import PastRuns
from ..prices import known_models
from ..system import System
from .completion import Values

_LISTED = 200
"""Traces that are offered."""


def words_of(system: System) -> Values:
    """Return what the words of commands may be, by kind.

    Args:
        system: The booted system.
    """

    def traces() -> Iterator[tuple[str, str]]:
        for row in system.traces.list(limit=_LISTED, offset=0):
            yield row.id, row.goal

    def runs() -> Iterator[tuple[str, str]]:
        for run in PastRuns(system.journal).list(system.cwd):
            yield run.id, run.goal

    def models() -> Iterator[tuple[str, str]]:
        for name in known_models():
            yield name, ""

    return {
        "trace": lambda: _harmless(traces()),
        "run": lambda: _harmless(runs()),
        "model": models,
    }


def _harmless(words: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield words until they cannot be read: then there is nothing to complete."""
    try:
        yield from words
    except LlmosError:
        return
