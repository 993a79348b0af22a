"""What a command line is taken apart into: simple commands, words, redirections."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a command.

    Attributes:
        source: As it is written.
        literal: What Bash takes it for; None if that depends on an expansion or on files.
    """

    source: str
    literal: str | None


@dataclass(frozen=True, slots=True)
class Redirect:
    """One redirection to or from a file.

    Attributes:
        operator: As it is written (``>``, ``>>``, ``<``, ...).
        target: The file.
    """

    operator: str
    target: Word

    @property
    def writes(self) -> bool:
        """Whether the file is written."""
        return ">" in self.operator


@dataclass(frozen=True, slots=True)
class Part:
    """One simple command.

    Attributes:
        words: Its words, without assignments and redirections; empty for assignments alone.
        assigned: Names of the variables that are assigned before it or by it.
        redirects: Its redirections.
        role: ``own`` if it stands on the line; ``run`` if a wrapper in another part runs it;
            ``maybe`` if a wrapper could be read so that it runs it.
    """

    words: tuple[Word, ...]
    assigned: tuple[str, ...] = ()
    redirects: tuple[Redirect, ...] = ()
    role: Literal["own", "run", "maybe"] = "own"

    @property
    def name(self) -> str | None:
        """Name of the program without its folder; None if it is not known."""
        literal = self.words[0].literal if self.words else ""
        return None if literal is None else literal.rpartition("/")[2]


@dataclass(slots=True)
class Commands:
    """What a command line would run.

    Attributes:
        parts: Its simple commands.
        unknown: Why that is not all, for people; empty if it is.
    """

    parts: list[Part] = field(default_factory=list[Part])
    unknown: str = ""

    def doubt(self, reason: str) -> None:
        """Note that not all is known; the first reason stays."""
        self.unknown = self.unknown or reason
