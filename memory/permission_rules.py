"""Permission rules in Claude's grammar: ``Tool`` or ``Tool(specifier)``.

``Bash(npm run test:*)`` is a prefix of words, ``Bash(git * main)`` a pattern. The specifiers of
``Read(./secrets/**)`` and ``Edit(/src/**)`` are patterns of paths as gitignore writes them: ``//``
begins at the root of the file system, ``~/`` at the home folder, ``/`` at the working directory;
one without a slash holds at any depth. ``Edit`` covers Write, ``Read`` covers Glob and Grep.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..kernel.errors import UsageError
from ..kernel.record import Record

_RULE = r"(?P<tool>[A-Za-z][A-Za-z0-9_*-]*)(?:\((?P<spec>.*)\))?\Z"
_HINT = "a rule is written as Bash(npm run test:*), Read(./secrets/**), Edit(/src/**) or Grep"
_COVERS: dict[str, frozenset[str]] = {
    "Bash": frozenset({"Bash"}),
    "Read": frozenset({"Read", "Glob", "Grep"}),
    "Edit": frozenset({"Edit", "Write"}),
    "Write": frozenset({"Write"}),
    "Glob": frozenset({"Glob"}),
    "Grep": frozenset({"Grep"}),
}
_LONGEST = 1000


class Rule(Record):
    """One rule.

    Attributes:
        text: As it was written.
        tool: The tool that it names, ``mcp__SERVER`` and ``*`` included.
        specifier: What stands in its brackets; empty if it is about every call of the tool.
    """

    text: str
    tool: str
    specifier: str = ""

    def covers(self, tool: str) -> bool:
        """Return whether it is about a tool."""
        if self.tool.startswith("mcp__"):
            pattern = self.tool if "__" in self.tool[5:] else f"{self.tool}__*"
            return glob_matches(pattern, tool)
        return tool in _COVERS[self.tool]

    def matches_command(self, command: str) -> bool:
        """Return whether its specifier covers one simple command."""
        return not self.specifier or _command_matches(self.specifier, command)

    def matches_path(self, path: Path, cwd: Path, home: Path) -> bool:
        """Return whether its specifier covers a path or a folder above it.

        Args:
            path: An absolute path.
            cwd: The working directory.
            home: The user's home folder.
        """
        if not self.specifier:
            return True
        return _path_pattern(self.specifier, cwd, home).match(path.as_posix()) is not None


class Rules(Record):
    """Rules by what they say; deny beats ask beats allow."""

    deny: tuple[Rule, ...] = ()
    ask: tuple[Rule, ...] = ()
    allow: tuple[Rule, ...] = ()

    def about(self, tool: str) -> Rules:
        """Return those that are about a tool."""
        return Rules(*(_about(some, tool) for some in (self.deny, self.ask, self.allow)))

    def __bool__(self) -> bool:
        return bool(self.deny or self.ask or self.allow)


def read_rules(
    deny: Iterable[str] = (), ask: Iterable[str] = (), allow: Iterable[str] = ()
) -> Rules:
    """Read rules.

    Args:
        deny: What must not be done; each text may hold several rules, with commas or blanks
            between them.
        ask: What a person must be asked about.
        allow: What may be done without being asked.

    Raises:
        UsageError: If one is wrong: a rule that is never consulted would protect nobody.
    """
    return Rules(*(tuple(_read(some)) for some in (deny, ask, allow)))


def _about(rules: tuple[Rule, ...], tool: str) -> tuple[Rule, ...]:
    return tuple(rule for rule in rules if rule.covers(tool))


def _read(texts: Iterable[str]) -> Iterator[Rule]:
    for text in texts:
        for one in _split(text):
            yield _rule(one)


def _split(text: str) -> Iterator[str]:
    """Yield the rules of a text; commas and blanks within brackets part nothing."""
    depth, start = 0, 0
    for at, char in enumerate(text):
        depth += {"(": 1, ")": -1}.get(char, 0)
        if char in ", \t\n" and depth <= 0:
            if text[start:at]:
                yield text[start:at]
            start = at + 1
    if text[start:]:
        yield text[start:]


def _rule(text: str) -> Rule:
    found = re.match(_RULE, text, re.DOTALL)
    if found is None or len(text) > _LONGEST or "\0" in text:
        raise UsageError(f"{text[:80]!r} is not a permission rule", hint=_HINT)
    tool, spec = found["tool"], found["spec"]
    if tool not in _COVERS and not tool.startswith("mcp__"):
        raise UsageError(f"there is no tool {tool!r} for a permission rule", hint=_HINT)
    if "*" in tool and not tool.startswith("mcp__"):
        raise UsageError(f"{text[:80]!r} is not a permission rule", hint=_HINT)
    if spec is not None and not spec.strip():
        raise UsageError(f"the brackets of {text[:80]!r} are empty", hint=_HINT)
    if spec is not None and tool.startswith("mcp__") and spec.strip() != "*":
        raise UsageError(f"{text[:80]!r}: the rule of a plugin tool takes no brackets", hint=_HINT)
    every = spec is None or spec.strip() in ("*", ":*", "**")
    return Rule(text, tool, "" if every else (spec or "").strip())


def _command_matches(pattern: str, command: str) -> bool:
    if pattern.endswith(":*"):
        pattern = f"{pattern.removesuffix(':*')} *"
    # What ends with " *" covers the command without arguments too, and no longer word.
    if pattern.endswith(" *") and glob_matches(pattern.removesuffix(" *"), command):
        return True
    return glob_matches(pattern, command)


def glob_matches(pattern: str, text: str) -> bool:
    """Return whether a pattern, in which ``*`` stands for any text, is all of a text.

    Takes time in proportion to their lengths, however hostile they are.
    """
    first, *rest = pattern.split("*")
    if not rest:
        return pattern == text
    if not text.startswith(first) or len(text) < len(first) + len(rest[-1]):
        return False
    at, last = len(first), rest.pop()
    for piece in rest:
        found = text.find(piece, at, len(text) - len(last))
        if found < 0:
            return False
        at = found + len(piece)
    return text.endswith(last) and at <= len(text) - len(last)


def _path_pattern(pattern: str, cwd: Path, home: Path) -> re.Pattern[str]:
    if pattern.startswith("//"):
        base, rest = "", pattern[2:]
    elif pattern == "~" or pattern.startswith("~/"):
        base, rest = home.as_posix(), pattern[2:]
    else:
        base, rest = cwd.as_posix(), pattern.removeprefix("./").removeprefix("/")
        if "/" not in pattern.rstrip("/"):
            rest = f"**/{rest}"
    parts = [part for part in rest.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise UsageError(f"{pattern!r} may not hold ..", hint="name the folder from / or ~/")
    body = "".join("(?:/[^/]+)*" if part == "**" else f"/{_segment(part)}" for part in parts)
    # `dir/**` is what is in a folder; `dir` is the folder with all in it.
    return re.compile(rf"{re.escape(base.rstrip('/'))}{body}(?:/.*)?\Z", re.DOTALL)


def _segment(part: str) -> str:
    # Possessive: a text is scanned once.
    return "".join(
        "[^/]*" if piece == "*" else "[^/]" if piece == "?" else re.escape(piece)
        for piece in re.split(r"(\*+|\?)", part.replace("**", "*"))
        if piece
    )
