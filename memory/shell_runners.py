"""What a simple command runs besides itself: by ``eval``, ``sh -c``, a wrapper, ``find -exec``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from .shell_parts import Commands, Part, Word
from .shell_tables import ALL_ARGUMENTS, FIND, FIND_RUNS, SHELLS, WRAPPERS

_EVALUATES = frozenset({"eval", "source", ".", "trap", "alias", "enable", "bind", "complete"})
"""Builtins that run, or make a later word run, what their arguments say."""
_MOST_WORDS = 200
"""Words of a wrapper of which each is looked at as the beginning of a command."""


class Runners:
    """Notes simple commands, and those that they run.

    Args:
        found: Where they are noted.
        take: Takes apart a command line that one of them runs.
    """

    def __init__(self, found: Commands, take: Callable[[str], None]) -> None:
        self._found = found
        self._take = take

    def add(self, part: Part) -> None:
        """Take note of a simple command and of what it runs."""
        self._found.parts.append(part)
        name = part.name
        if name is None:
            self._found.doubt("the name of a command is not known before it runs")
        elif name in _EVALUATES:
            self._evaluated(part)
        elif name in SHELLS:
            self._shell(part)
        elif name in WRAPPERS or name in ALL_ARGUMENTS:
            self._wrapped(part, name)
        elif name in FIND:
            self._found_and_run(part)

    def _evaluated(self, part: Part) -> None:
        if part.name != "eval" or any(word.literal is None for word in part.words):
            self._found.doubt(f"it runs what {part.name} is given")
            return
        line = " ".join(word.literal or "" for word in part.words[1:])
        self._take(line)

    def _shell(self, part: Part) -> None:
        """Take apart what ``sh -c`` is given."""
        for at, word in enumerate(part.words[1:], start=1):
            if word.literal is None:
                self._found.doubt("what a shell is given is not known before it runs")
                return
            if word.literal.startswith("-") and "c" in word.literal.strip("-")[:4]:
                given = part.words[at + 1] if at + 1 < len(part.words) else Word("", "")
                if given.literal is None:
                    self._found.doubt("what a shell is given is not known before it runs")
                else:
                    self._take(given.literal)
                return

    def _wrapped(self, part: Part, name: str) -> None:
        """Note what a wrapper runs, and what it might run if its options were read otherwise."""
        if len(part.words) > _MOST_WORDS:
            self._found.doubt(f"what {name} would run is not known for sure")
            return
        command = _wrapped_at(part, name)
        for at, word in enumerate(part.words[1:], start=1):
            literal = word.literal
            if literal is None:
                if command is None or at <= command:
                    self._found.doubt(f"what {name} would run is not known for sure")
                continue
            if name in ALL_ARGUMENTS and " " in literal:
                self._take(literal)
            elif not literal.startswith("-") and "=" not in literal:
                self._inner(part, at, "run" if at == command else "maybe")

    def _found_and_run(self, part: Part) -> None:
        for at, word in enumerate(part.words):
            if word.literal in FIND_RUNS and at + 1 < len(part.words):
                self._inner(part, at + 1, "run")

    def _inner(self, part: Part, at: int, role: Literal["run", "maybe"]) -> None:
        before = (word.literal or "" for word in part.words[1:at])
        assigned = tuple(name for name, equals, _ in (w.partition("=") for w in before) if equals)
        inner = Part(part.words[at:], (*part.assigned, *assigned), role=role)
        self._found.parts.append(inner)
        name = inner.name
        if name is None:
            self._found.doubt("the name of a command is not known before it runs")
        elif name in SHELLS:
            self._shell(inner)
        elif name in _EVALUATES and role == "run":
            self._evaluated(inner)
        elif name in FIND:
            self._found_and_run(inner)


def _wrapped_at(part: Part, name: str) -> int | None:
    """Return which word of a wrapper is the name of what it runs."""
    wrapper = WRAPPERS.get(name)
    if wrapper is None:
        return None
    skipped, at = wrapper.skipped, 1
    while at < len(part.words):
        literal = part.words[at].literal
        if literal is None:
            return at if not skipped else None
        if literal.startswith("-") and len(literal) > 1:
            at += 2 if literal[-1] in wrapper.valued and not literal.startswith("--") else 1
        elif "=" in literal:
            at += 1
        elif skipped:
            skipped, at = skipped - 1, at + 1
        else:
            return at
    return None
