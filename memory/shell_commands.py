"""The simple commands that a command line would run, wherever they stand in it.

``a && b; c | d``, ``$(...)``, subshells, loops and functions are taken apart by the real parser;
what wrappers (``env``, ``xargs``, ``find -exec``) and ``sh -c '...'`` run is taken apart as well. A
second reader has to agree on every word. Where they do not, or where what runs is not on the line
at all, it is said that not all is known: a permission must never rest on half of a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from .shell_expansions import UnreadableError
from .shell_parts import Commands, Part, Redirect, Word
from .shell_programs import runs_its_input
from .shell_runners import Runners
from .shell_tree import Tree, parse
from .shell_words import Token, tokens

if TYPE_CHECKING:
    from tree_sitter import Node

_MOST_DEPTH = 8
_LONGEST = 200_000
"""Characters of a command line that is taken apart; a longer one is not known."""

_ELSEWHERE = frozenset({"command_substitution", "process_substitution"})
_ARITHMETIC = frozenset({"arithmetic_expansion", "c_style_for_statement", "subscript"})
_COMPARES = re.compile(r"\A\[\[.*\s-(?:eq|ne|lt|le|gt|ge|v)\s", re.DOTALL)
"""Tests whose operands Bash evaluates, subscripts with commands in them included."""
_PREFIXES = frozenset({"!", "time", "coproc", "then", "do", "else", "{"})


def commands_of(line: str) -> Commands:
    """Take a command line apart.

    Args:
        line: The command line.

    Returns:
        Its commands; never an error: what cannot be read is `Commands.unknown`.
    """
    found = Commands()
    _take(line, found, 0)
    return found


def _take(line: str, found: Commands, depth: int) -> None:
    if "\0" in line:
        found.doubt("it holds a NUL character")
        return
    if depth > _MOST_DEPTH or len(line) > _LONGEST:
        found.doubt("it is nested too deep, or too long, to be taken apart")
        return
    try:
        tree = parse(line)
        words = _words_of(line, tree) if tree else {}
    except (UnreadableError, UnicodeEncodeError, RecursionError):
        tree, words = None, {}
    if tree is None:
        found.doubt("it cannot be parsed")
        return
    _Reader(tree, words, found, depth).read(tree.root)


def _words_of(line: str, tree: Tree) -> dict[tuple[int, int], Token]:
    """Return the words that the second reader finds, by the bytes at which they begin and end."""
    result: dict[tuple[int, int], Token] = {}
    start = 0
    while start < len(line):
        read = tokens(line[start:])
        for token in read:
            begin, end = tree.byte(start + token.start), tree.byte(start + token.end)
            result[begin, end] = token
        after = _after_heredocs(tree, line, start, read)
        if after is None:
            break
        start = after
    return result


def _after_heredocs(tree: Tree, line: str, start: int, read: tuple[Token, ...]) -> int | None:
    """Return where words begin again behind the bodies of here-documents; None if they do not."""
    if not any(token.operator in ("<<", "<<-") for token in read):
        return None
    stopped = tree.byte(start + read[-1].end)
    ends = [
        node.end_byte
        for node in _all_nodes(tree.root)
        if node.type == "heredoc_end" and node.start_byte >= stopped
    ]
    opened = sum(token.operator in ("<<", "<<-") for token in read)
    if len(ends) < opened:
        return None
    byte = sorted(ends)[opened - 1]
    return next((at for at in range(start, len(line)) if tree.byte(at) >= byte), None)


def _all_nodes(node: Node) -> Iterator[Node]:
    waiting = [node]
    while waiting:
        one = waiting.pop()
        yield one
        waiting.extend(one.children)


class _Reader:
    def __init__(
        self, tree: Tree, words: dict[tuple[int, int], Token], found: Commands, depth: int
    ) -> None:
        self._words = words
        self._found = found
        self._take = partial(_take, found=found, depth=depth + 1)
        self._runners = Runners(found, self._take)

    def read(self, root: Node) -> None:
        waiting = [root]
        while waiting:
            node = waiting.pop()
            waiting.extend(reversed(self._one(node)))

    def _one(self, node: Node) -> list[Node]:
        """Take one node; return those of its children that are still to be taken."""
        kind = node.type
        if kind in _ELSEWHERE:
            self._substituted(node)
            return []
        if kind in _ARITHMETIC or (kind == "compound_statement" and _text(node)[:2] == "(("):
            if any(one.type in _ELSEWHERE or "expansion" in one.type for one in _inside(node)):
                self._found.doubt("it evaluates arithmetic over what is not known")
        elif kind == "test_command" and _COMPARES.search(_text(node)) and "$" in _text(node):
            self._found.doubt("it evaluates arithmetic over what is not known")
        elif kind == "command":
            self._command(node)
        elif kind in ("declaration_command", "unset_command"):
            names = self._assigned(node)
            self._part((Word(_text(node.children[0]), _text(node.children[0])),), names, ())
        elif kind == "variable_assignment" and node.parent is not None:
            if node.parent.type not in ("command", "declaration_command"):
                self._part((), (_name_of(node),), ())
        elif kind == "for_statement":
            variable = node.child_by_field_name("variable")
            self._part((), (_text(variable),) if variable else (), ())
        elif kind == "redirected_statement":
            self._part((), (), self._redirects(node))
        return list(node.children)

    def _substituted(self, node: Node) -> None:
        text = _text(node)
        if text.startswith("`"):
            inner = text[1:-1]
            if "\\" in inner:
                self._found.doubt("it holds a command in backquotes that cannot be read for sure")
        else:
            inner = text[2:-1]
            if inner.lstrip().startswith("<"):
                return  # $(< file) reads a file
        self._take(inner)

    def _command(self, node: Node) -> None:
        assigned: list[str] = []
        words: list[Word] = []
        for child in node.children:
            if child.type == "variable_assignment":
                assigned.append(_name_of(child))
            elif child.type in ("file_redirect", "herestring_redirect", "heredoc_redirect"):
                continue
            else:
                words.append(self._word(child))
        if words and words[0].literal in _PREFIXES:
            words = words[1:]
        self._part(tuple(words), tuple(assigned), self._redirects(node))
        self._check_input(node, words)

    def _check_input(self, node: Node, words: list[Word]) -> None:
        """Doubt a shell or its like that runs what it is fed."""
        above = node.parent
        fed = any(one.type.startswith("here") for one in node.children) or (
            above is not None
            and (
                (above.type == "pipeline" and above.children[0] != node)
                or above.type == "redirected_statement"
            )
        )
        if fed and runs_its_input([word.literal for word in words]):
            self._found.doubt("what it feeds to a program would be run")

    def _redirects(self, node: Node) -> tuple[Redirect, ...]:
        result: list[Redirect] = []
        waiting = [
            one for one in node.children if one.type in ("file_redirect", "heredoc_redirect")
        ]
        while waiting:
            one = waiting.pop()
            waiting += [inner for inner in one.children if inner.type == "file_redirect"]
            if one.type == "file_redirect":
                result += self._file_redirect(one)
        return tuple(result)

    def _file_redirect(self, node: Node) -> list[Redirect]:
        targets = node.children_by_field_name("destination")
        if len(targets) > 1:
            self._found.doubt("words stand behind a redirection")
        operator = "".join(_text(one) for one in node.children if not one.is_named)
        if operator in (">&", "<&") and _text(targets[0] if targets else None).strip("-").isdigit():
            return []
        return [Redirect(operator, self._word(one)) for one in targets]

    def _word(self, node: Node) -> Word:
        token = self._words.get((node.start_byte, node.end_byte))
        if token is None:
            self._found.doubt("it is not certain where its words begin and end")
            return Word(_text(node), None)
        fixed = all(atom.role == "literal" for atom in token.atoms)
        dollar = any(f"${quote}" in _text(node) for quote in "'\"")
        return Word(_text(node), token.text if fixed and not dollar else None)

    def _part(
        self, words: tuple[Word, ...], assigned: tuple[str, ...], redirects: tuple[Redirect, ...]
    ) -> None:
        if words or assigned or redirects:
            self._runners.add(Part(words, assigned, redirects))

    def _assigned(self, node: Node) -> tuple[str, ...]:
        named = [one for one in node.children if one.is_named]
        return tuple(
            _name_of(one) if one.type == "variable_assignment" else _text(one) for one in named
        )


def _name_of(assignment: Node) -> str:
    name = assignment.child_by_field_name("name")
    return _text(name).partition("[")[0]


def _inside(node: Node) -> Iterator[Node]:
    nodes = _all_nodes(node)
    next(nodes)
    return nodes


def _text(node: Node | None) -> str:
    return "" if node is None or node.text is None else node.text.decode()
