"""What the words of commands may be, for completion."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from ...kernel.errors import LlmosError
from ...memory.past_runs import PastRuns
from ..commands import names
from ..help_topics import topics
from ..prices import known_models
from ..schedule_running import schedules_of
from ..settings import KEYS
from ..system import System
from .completion import Values

_LISTED = 200
"""Traces, or sessions, that are offered."""


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

    def sessions() -> Iterator[tuple[str, str]]:
        for row in system.sessions.rows(_LISTED, cwd=system.cwd):
            # A name with spaces would be several words: its id stands for it, and is found by it.
            plain = row.name and " " not in row.name
            yield (row.name, row.goal) if plain else (row.id, f"{row.name} {row.goal}".strip())

    def schedules() -> Iterator[tuple[str, str]]:
        from ...memory.schedules import FILE  # what has no schedule starts without it

        if (system.memory / FILE).exists():
            with closing(schedules_of(system.memory)) as found:
                for one in found.all():
                    yield one.name, one.goal

    def models() -> Iterator[tuple[str, str]]:
        for name in known_models():
            yield name, ""

    def keys() -> Iterator[tuple[str, str]]:
        for key in KEYS:
            yield key.name, key.help

    def subjects() -> Iterator[tuple[str, str]]:
        for name in dict.fromkeys(one.removeprefix("/") for one in names()):
            yield name, ""
        for topic in topics():
            yield topic, ""

    return {
        "trace": lambda: _harmless(traces()),
        "run": lambda: _harmless(runs()),
        "session": lambda: _harmless(sessions()),
        "schedule": lambda: _harmless(schedules()),
        "model": models,
        "key": keys,
        "command": subjects,
    }


def _harmless(words: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield words until they cannot be read: then there is nothing to complete."""
    try:
        yield from words
    except LlmosError:
        return
