"""Whether a value may enter a place of a command: the word around it, and what reads that word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .shell_flow import REDIRECTIONS, role_in
from .shell_programs import OPERATORS, Role
from .shell_source import check_source
from .shell_tree import Site
from .shell_words import Token
from .value_rules import (
    BindingRefused,
    Placement,
    check_climb,
    check_kind,
    check_path,
    check_within_component,
)

_FORBIDDEN_NAMES = re.compile(
    r"PATH|IFS|ENV|PROMPT_COMMAND|PS[0-9]|(?:LD|DYLD|BASH)_.*|SHELLOPTS|BASHOPTS|CDPATH"
    r"|GIT_.*(?:COMMAND|EDITOR|PAGER|SSH)|EDITOR|VISUAL|PAGER|PYTHON.*|PERL.*|RUBY.*|NODE_.*"
)
_ASSIGNED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:\[.*\])?\+?=")
_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,-]+")
_DIGITS = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_ENDS = "/=:,@"
"""Where a name in a shell word begins or ends: host:path, --option=path, a,b."""


@dataclass(frozen=True, slots=True)
class Place:
    """One placement, found in the learned command.

    Args:
        place: The placement.
        number: The token in which it lies.
        token: That token.
        site: The word of the tree in which it lies.
        first: The first atom of the token that it replaces.
        last: One past the last of them.
        begin: The character at which its word begins: in an assignment, behind the equals sign.
        before: What stands before it in its word, quotes removed.
        old: The learned value, quotes removed.
        after: What stands behind it in its word, quotes removed.
    """

    place: Placement
    number: int
    token: Token
    site: Site
    first: int
    last: int
    begin: int
    before: str
    old: str
    after: str


def place_in(token: Token, number: int, site: Site, place: Placement, atoms: range) -> Place:
    """Describe a placement.

    Args:
        token: The token in which it lies.
        number: Which token of the command that is.
        site: The word of the tree in which it lies.
        place: The placement.
        atoms: Which atoms of the token it replaces.
    """
    assigned = _ASSIGNED.match(token.text) if site.kind == "assignment" else None
    begin = token.start + (assigned.end() if assigned else 0)
    texts = [atom.text for atom in token.atoms]
    skipped = sum(1 for atom in token.atoms if atom.start < begin)
    before = "".join(texts[skipped : atoms.start])
    old = "".join(texts[atoms.start : atoms.stop])
    after = "".join(texts[atoms.stop :])
    return Place(place, number, token, site, atoms.start, atoms.stop, begin, before, old, after)


def check_place(at: Place) -> None:
    """Check a value against its place in the word around it.

    Raises:
        BindingRefused: It may not enter.
    """
    value, old, kind = at.place.value, at.old, at.place.kind
    check_kind(old, value, kind)
    check_climb(at.before + old + at.after, at.before + value + at.after)
    before = at.before[-1:]
    if kind in ("path", "glob", "word"):
        check_within_component(before, at.after[:1], old, value, _ENDS)
    # Behind an expansion as well: it may be empty.
    begins = kind != "url" and (not before or before in "=:," or _starts(at))
    if begins and value.startswith("/") and not old.startswith("/"):
        raise BindingRefused("the path is absolute and the learned one was not")
    whole = before + value + at.after
    if len(value) > 1 and "|" in (whole[:1], whole[-1:]) and "|" not in (old[:1], old[-1:]):
        # Perl's open, ImageMagick and others run a "file" of such a name.
        raise BindingRefused("the value begins or ends with a bar, which some programs run")
    _check_option(at)
    _check_brackets(at)
    _check_variable(at)


def _starts(at: Place) -> bool:
    """Whether nothing that is surely there stands before the value in its word."""
    atoms = at.token.atoms[: at.first]
    return not at.before or all(atom.role == "opaque" for atom in atoms)


def _check_option(at: Place) -> None:
    value, old = at.place.value, at.old
    if _starts(at) and value.startswith("-") and not old.startswith("-"):
        raise BindingRefused("the value begins with a dash and would be an option")
    if at.before in ("-", "--") and not _DIGITS.fullmatch(value):
        raise BindingRefused("the value would be the name of an option")


def _check_brackets(at: Place) -> None:
    open_before = 0
    for atom in at.token.atoms[: at.first]:
        if atom.context == "bare":
            open_before += atom.text in "[{" and atom.role == "active"
            open_before -= atom.text in "]}" and open_before > 0
    if open_before > 0 and not at.place.value.isalnum():
        raise BindingRefused("the value would stand inside brackets or braces that Bash expands")


def _check_target(at: Place, operator: str) -> None:
    if operator in (">&", "<&"):
        raise BindingRefused("the value would be a file descriptor")
    new = at.before + at.place.value + at.after
    check_path(at.token.text, new)
    if re.match(r"/+dev/+(tcp|udp)/", new):
        raise BindingRefused("Bash would open a network connection for this file name")


def _check_variable(at: Place) -> None:
    word = at.token.text if at.site.name else at.before + at.place.value + at.after
    assigned = _ASSIGNED.match(word)
    name = at.site.name or (assigned[1] if assigned else "")
    if _FORBIDDEN_NAMES.fullmatch(name):
        raise BindingRefused(f"the value would change the variable {name}, which decides what runs")
    if at.site.kind == "array" and at.token.text.startswith("["):
        raise BindingRefused("the value would stand inside the subscript of an array")
    if at.site.kind == "array" and at.place.value.startswith("[") and at.place.kind == "glob":
        raise BindingRefused("the value would be the subscript of an array")


def check_role(found: Sequence[Token], at: Place) -> None:
    """Check a value against what reads the word in this command.

    Args:
        found: The tokens of the command.
        at: Where the value is to enter.

    Raises:
        BindingRefused: It is not harmless to what may read it.
    """
    # The tree takes arguments behind a redirection for its targets; the words know better.
    operator = found[at.number - 1].operator if at.number else ""
    if operator in REDIRECTIONS:
        _check_target(at, operator)
    argument = at.site.kind in ("argument", "redirect")
    role: Role = role_in(found, at.number, at.site.name, argument=argument)
    value = at.place.value
    if role == "name":
        raise BindingRefused("the value would be the name of a command")
    if role == "operand" and (at.before + value + at.after) in OPERATORS:
        raise BindingRefused("the value is an operator of the program that would read it")
    if role == "operand" and "{}" in value:
        raise BindingRefused("the value holds {}, which the program would replace")
    if role == "plain" and not _PLAIN.fullmatch(value):
        raise BindingRefused("the value goes where only plain names are safe")
    if role == "file" and "=" in value and "=" not in at.old:
        raise BindingRefused("the value holds an equals sign and would set a variable")
    if role in ("program", "awk", "sed") and not _DIGITS.fullmatch(value):
        check_source(role, at.token.text, len(at.before), at.old, value)
