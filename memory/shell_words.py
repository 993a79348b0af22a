"""The words of a shell command, read without running it: where they stand, what they mean.

A second reader beside tree-sitter. Both have to agree on where a word begins and ends before a
value may enter it: tree-sitter knows the grammar but is lenient about words (it splits at a line
continuation, and takes arguments after a redirection for its targets); this one knows nothing but
words, and follows Bash's manual, "Shell Operation" and "Quoting"
(https://www.gnu.org/software/bash/manual/bash.html).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from .shell_expansions import UnreadableError, expansion_end

Context = Literal["bare", "single", "double"]
Role = Literal["literal", "active", "opaque"]

_OPERATOR = re.compile(r"&>>|<<<|<<-|;;&|&&|\|\||\|&|;;|;&|<<|>>|<&|>&|<>|>\||&>|[;&|()<>\n]")
_RUN = re.compile(r"[A-Za-z0-9_./:@%+,=-]+")
"""Characters that mean nothing to Bash within a word, whatever stands around them."""
_GLOB_PARTS = re.compile(r"\[[!^]?|[*?\]]|[^*?\[\]]+")
_ACTIVE = frozenset("*?[{}")
_BLANK = " \t"
_META = frozenset(" \t\n;&|()<>")
_ESCAPED_IN_DOUBLE = frozenset('$`"\\')


class Atom(NamedTuple):
    """One unit of a word.

    Args:
        start: First character in the command.
        end: One past its last character in the command.
        text: The character it stands for, or the source of an expansion.
        role: Literal data; active (an unquoted glob, brace or leading tilde); or opaque (an
            expansion, whose text is not known before it runs).
        context: The quotes around it.
    """

    start: int
    end: int
    text: str
    role: Role
    context: Context

    @property
    def meaning(self) -> tuple[str, Role]:
        """What Bash takes it for, whatever its spelling."""
        return self.text, self.role


@dataclass(frozen=True, slots=True)
class Token:
    """One word or operator of a command.

    Args:
        start: First character in the command.
        end: One past its last character.
        operator: The operator, or an empty string for a word.
        atoms: What the word consists of.
        quoted: Its quoted parts: from the opening quote to past the closing one, and which.
    """

    start: int
    end: int
    operator: str = ""
    atoms: tuple[Atom, ...] = ()
    quoted: tuple[tuple[int, int, Context], ...] = ()

    @property
    def text(self) -> str:
        """The word after quote removal, expansions as their source."""
        return "".join(atom.text for atom in self.atoms)

    def quotes_at(self, place: int) -> tuple[int, int, Context]:
        """Return the quoted part around a place between two characters, or the bare word."""
        for part in self.quoted:
            if part[0] < place < part[1]:
                return part
        return self.start, self.end, "bare"

    @property
    def literal(self) -> str | None:
        """The word after quote removal, or None if it holds an expansion."""
        if any(atom.role == "opaque" for atom in self.atoms):
            return None
        return self.text


def tokens(command: str) -> tuple[Token, ...]:
    """Return the words and operators of a command, as far as they can be told.

    What is inside of an expansion belongs to one opaque atom. Nothing is returned after the line
    on which a here-document begins: its body is no words.

    Raises:
        UnreadableError: A quote or bracket stays open.
    """
    return tuple(_Reader(command).read())


def spell(value: str, context: Context, *, glob: bool = False) -> str:
    """Write a value as literal data.

    Args:
        value: The text that Bash is to see.
        context: The quotes around the place.
        glob: Whether ``* ? [ ]`` keep their power, in an unquoted place.
    """
    if context == "single":
        return value.replace("'", "'\\''")
    if context == "double":
        return "".join("\\" + c if c in _ESCAPED_IN_DOUBLE else c for c in value)
    if _RUN.fullmatch(value):
        return value
    if not glob:
        return _quoted(value)
    parts = _GLOB_PARTS.findall(value)
    return "".join(
        part if part[0] in "*?[]" or _RUN.fullmatch(part) else _quoted(part) for part in parts
    )


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "'\\''") + "'"


@dataclass(slots=True)
class _Reader:
    text: str
    at: int = 0
    heredoc: bool = False
    found: list[Token] = field(default_factory=list[Token])

    def read(self) -> list[Token]:
        while self.at < len(self.text):
            if not self._blank() and not self._operator():
                self._word()
            if self.heredoc and self.found and self.found[-1].operator == "\n":
                break
        return self.found

    def _blank(self) -> bool:
        rest = self.text[self.at]
        if rest in _BLANK:
            self.at += 1
            return True
        if self.text.startswith("\\\n", self.at):
            # Bash takes a continued line for one line: only beside a blank does it part words.
            self.at += 2
            return True
        if rest == "#":
            end = self.text.find("\n", self.at)
            self.at = len(self.text) if end < 0 else end
            return True
        return False

    def _operator(self) -> bool:
        if self.text.startswith(("<(", ">("), self.at):
            return False
        found = _OPERATOR.match(self.text, self.at)
        if not found:
            return False
        self.found.append(Token(self.at, found.end(), found.group()))
        self.heredoc = self.heredoc or found.group() in ("<<", "<<-")
        self.at = found.end()
        return True

    def _word(self) -> None:
        start = self.at
        atoms: list[Atom] = []
        quoted: list[tuple[int, int, Context]] = []
        while self.at < len(self.text):
            char, begin = self.text[self.at], self.at
            if char in _META and not self.text.startswith(("<(", ">("), self.at):
                break
            if char == "'":
                self._single(atoms)
                quoted.append((begin, self.at, "single"))
            elif char == '"':
                self._double(atoms)
                quoted.append((begin, self.at, "double"))
            else:
                self._bare(atoms, start)
        self.found.append(Token(start, self.at, "", tuple(atoms), tuple(quoted)))

    def _single(self, atoms: list[Atom]) -> None:
        end = self._find("'", self.at + 1)
        atoms.extend(
            Atom(i, i + 1, self.text[i], "literal", "single") for i in range(self.at + 1, end)
        )
        self.at = end + 1

    def _double(self, atoms: list[Atom]) -> None:
        at = self.at + 1
        while self._char(at) != '"':
            end, text, role = self._in_double(at)
            atoms.append(Atom(at, end, text, role, "double"))
            at = end
        self.at = at + 1

    def _in_double(self, at: int) -> tuple[int, str, Role]:
        char = self.text[at]
        follower = self.text[at + 1 : at + 2]
        if char == "\\" and follower in _ESCAPED_IN_DOUBLE and follower:
            return at + 2, follower, "literal"
        if char == "\\" and follower == "\n":
            return at + 2, "\\\n", "opaque"
        end = expansion_end(self.text, at, in_double=True)
        return (at + 1, char, "literal") if end is None else (end, self.text[at:end], "opaque")

    def _bare(self, atoms: list[Atom], word: int) -> None:
        run = _RUN.match(self.text, self.at)
        if run:  # most of most words, read at once
            atoms.extend(
                Atom(i, i + 1, self.text[i], "literal", "bare") for i in range(self.at, run.end())
            )
            self.at = run.end()
            return
        at, char = self.at, self.text[self.at]
        end = expansion_end(self.text, at, in_double=False)
        if end is not None:
            atoms.append(Atom(at, end, self.text[at:end], "opaque", "bare"))
        elif char == "\\":
            end = at + 2
            follower = self._char(at + 1)
            role: Role = "opaque" if follower == "\n" else "literal"
            atoms.append(Atom(at, end, follower, role, "bare"))
        else:
            end = at + 1
            active = char in _ACTIVE or (char == "~" and self._may_expand(at, word))
            atoms.append(Atom(at, end, char, "active" if active else "literal", "bare"))
        self.at = end

    def _may_expand(self, at: int, word: int) -> bool:
        return at == word or self.text[at - 1] in "=:"

    def _find(self, what: str, start: int) -> int:
        end = self.text.find(what, start)
        if end < 0:
            raise UnreadableError
        return end

    def _char(self, at: int) -> str:
        if at >= len(self.text):
            raise UnreadableError
        return self.text[at]
