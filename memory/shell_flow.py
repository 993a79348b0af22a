"""Where a word's value goes inside one command line: its program, a pipe, a variable, a file.

A value that is data to ``echo`` is program text all the same in ``echo VALUE | bash`` or
``x=VALUE; eval "$x"``. This module follows the ways that can be seen in the command itself and
takes the strictest role on any of them. What happens in other commands, or in scripts, it cannot
see (see `shell_programs`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from .kept import per_object
from .shell_programs import (
    Role,
    is_interpreter,
    role_of,
    runs_its_input,
    splits_its_input,
    without_prefix,
)
from .shell_words import Atom, Token

REDIRECTIONS = frozenset({"<", ">", ">>", ">&", "<&", "<>", ">|", "&>", "&>>", "<<", "<<-", "<<<"})
_WRITING = frozenset({">", ">>", ">|", "&>", "&>>"})
_DESCRIPTOR = re.compile(r"[0-9]+|\{[A-Za-z_][A-Za-z0-9_]*\}")
_ASSIGNED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\+?=")
_DECLARATIONS = frozenset({"declare", "typeset", "local", "export", "readonly"})
_SEVERITY: tuple[Role, ...] = (
    "data", "operand", "file", "plain", "awk", "sed", "name", "program",
)  # fmt: skip

_AS_DATA = ("data", "operand", "file")


def _strictest(roles: Iterable[Role]) -> Role:
    return max(roles, key=_SEVERITY.index)


@dataclass(slots=True)
class _Command:
    """One simple command: which tokens are its words, what feeds it, which files it writes."""

    words: list[int] = field(default_factory=list[int])
    targets: list[int] = field(default_factory=list[int])
    fed: bool = False
    owned: list[int] = field(default_factory=list[int])


@per_object
def role_in(found: Sequence[Token], number: int, variable: str, *, argument: bool) -> Role:
    """Return the strictest role that the value of a word has on its visible ways.

    Args:
        found: The tokens of the command, which must not change after.
        number: Which of them is the word.
        variable: The variable that the value is assigned to, or an empty string.
        argument: Whether the word is an argument of a simple command.
    """
    commands = list(_commands(found))
    mine = next(i for i, command in enumerate(commands) if number in command.owned)
    roles: list[Role] = [_output_role(found, commands, mine)]
    if argument:
        roles.append(_word_role(found, commands[mine], number))
        roles.append(_function_role(found, commands[mine]))
    if variable:
        roles.append(_Variables(found, commands).role(variable))
    return _strictest(roles)


def _commands(found: Sequence[Token]) -> Iterator[_Command]:
    current = _Command()
    redirection = ""
    for index, token in enumerate(found):
        if not token.operator:
            current.owned.append(index)
            if redirection in _WRITING:
                current.targets.append(index)
            if not redirection:
                current.words.append(index)
            redirection = ""
        elif token.operator in REDIRECTIONS:
            _drop_descriptor(found, current, token)
            redirection = token.operator
        else:
            yield current
            redirection = ""
            current = _Command(fed=token.operator in ("|", "|&"))
    yield current


def _drop_descriptor(found: Sequence[Token], command: _Command, operator: Token) -> None:
    if command.words:
        last = found[command.words[-1]]
        if last.end == operator.start and _DESCRIPTOR.fullmatch(last.text):
            command.words.pop()


def _literals(found: Sequence[Token], command: _Command) -> list[str | None]:
    words = [found[index].literal for index in command.words]
    return words[without_prefix(words) :]


def _word_role(found: Sequence[Token], command: _Command, number: int) -> Role:
    words = _literals(found, command)
    skipped = len(command.words) - len(words)
    if number not in command.words or command.words.index(number) < skipped:
        return "data"
    return role_of(words, command.words.index(number) - skipped)


def _function_role(found: Sequence[Token], command: _Command) -> Role:
    # In the body of a function the value is $1, and how it is used there is not followed.
    words = _literals(found, command)
    defined = {
        found[i].literal
        for i in range(len(found) - 2)
        if found[i + 1].operator == "(" and found[i + 2].operator == ")"
    }
    defined |= {found[i + 1].literal for i in range(len(found) - 1) if found[i].text == "function"}
    return "program" if words and words[0] in defined - {None} else "data"


def _output_role(found: Sequence[Token], commands: Sequence[_Command], mine: int) -> Role:
    role: Role = "data"
    fed = False
    files = {found[i].text.removeprefix("./") for i in commands[mine].targets}
    for command in commands[mine + 1 :]:
        words = _literals(found, command)
        fed = fed or command.fed
        if not words:
            continue
        interprets = any(is_interpreter(word) for word in words)
        if fed and "tee" in words:
            files |= {word.removeprefix("./") for word in words if word}
        if fed and (runs_its_input(words) or (interprets and splits_its_input(words))):
            return "program"
        known = [(word or "").removeprefix("./") in files for word in words]
        if any(known) and (interprets or known[0]):
            return "program"
        if fed and splits_its_input(words):
            role = "plain"
        files |= {found[i].text.removeprefix("./") for i in command.targets} if fed else set()
    return role


@dataclass(slots=True)
class _Variables:
    """Follows a value through the variables of one command line."""

    found: Sequence[Token]
    commands: Sequence[_Command]

    def role(self, name: str) -> Role:
        """Return the strictest role of a variable's value, its copies included."""
        if self._typed():
            return "program"
        role: Role = "data"
        seen: set[str] = set()
        waiting = [name]
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                for here, copy in self._uses(name):
                    role = _strictest((role, here))
                    waiting += [copy] if copy else []
        return role

    def _typed(self) -> bool:
        # An integer variable evaluates what it is given; a reference writes to another one.
        return any(
            (token.literal or "").startswith("-") and set("in") & set(token.text)
            for command in self.commands
            if any(self.found[i].literal in _DECLARATIONS for i in command.words)
            for token in (self.found[i] for i in command.words)
        )

    def _uses(self, name: str) -> Iterator[tuple[Role, str]]:
        word = re.compile(rf"(?<![A-Za-z0-9_]){name}(?![A-Za-z0-9_])")
        for number, token in enumerate(self.found):
            for index, atom in enumerate(token.atoms):
                if atom.role == "opaque" and word.search(atom.text):
                    yield self._expanded(number, token, atom, name)
                elif index == 0 and atom.role != "opaque" and word.search(token.text):
                    yield self._mentioned(number, token, name), ""

    def _expanded(self, number: int, token: Token, atom: Atom, name: str) -> tuple[Role, str]:
        command = self._command_of(number)
        copy = self._copy(command, number, token)
        if not _is_quiet(atom.text, name):
            words = re.split(r"[\s\"'`();|&<>]+", atom.text)
            closed = atom.text.startswith(("${", "$((", "$[")) or any(map(is_interpreter, words))
            return ("program" if closed else "plain"), copy
        role = "data" if copy else self._role_of(command, number)
        if role in _AS_DATA and atom.context == "double":
            return role, copy
        # Unquoted, the value is split into words and expanded as a glob.
        return ("plain" if role in (*_AS_DATA, "plain") else "program"), copy

    def _mentioned(self, number: int, token: Token, name: str) -> Role:
        if _ASSIGNED.match(token.text) and token.text.startswith(name):
            return "data"
        if number and self.found[number - 1].literal in ("for", "select"):
            return "data"
        role = self._role_of(self._command_of(number), number)
        return "data" if role in (*_AS_DATA, "plain") else "program"

    def _role_of(self, command: _Command, number: int) -> Role:
        return _word_role(self.found, command, number)

    def _command_of(self, number: int) -> _Command:
        return next(command for command in self.commands if number in command.owned)

    def _copy(self, command: _Command, number: int, token: Token) -> str:
        assigned = _ASSIGNED.match(token.text)
        if assigned:
            return assigned[1]
        words = command.words
        if words and self.found[words[0]].literal in ("for", "select") and number in words[2:]:
            return self.found[words[1]].text
        return ""


def _is_quiet(source: str, name: str) -> bool:
    """Whether an expansion gives the variable's value or a part of it and does nothing else."""
    if source in (f"${name}", f"${{{name}}}", f"${{{name}[@]}}"):
        return True
    return bool(re.fullmatch(rf"\$\{{{name}(?:\[[@*]\])?(?:##?|%%?|:-)[^$`]*\}}", source))
