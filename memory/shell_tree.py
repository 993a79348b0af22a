"""The parse tree of a command (tree-sitter-bash): where a value may enter, what must not change.

tree-sitter is imported when the first command is parsed, not before: most starts of llmos never
bind anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

WORD_TYPES = frozenset({"word", "number", "string", "raw_string", "concatenation"})

_SITES: dict[tuple[str, str | None], str] = {
    ("command", "argument"): "argument",
    ("file_redirect", "destination"): "redirect",
    ("variable_assignment", "value"): "assignment",
    ("array", None): "array",
    ("for_statement", "value"): "loop",
    ("unary_expression", None): "argument",
    ("binary_expression", "left"): "argument",
    ("binary_expression", "right"): "argument",
}
_TESTS = frozenset({"unary_expression", "binary_expression", "parenthesized_expression"})
_OPEN = frozenset({
    "program", "list", "pipeline", "command", "redirected_statement", "file_redirect",
    "variable_assignment", "variable_assignments", "array", "for_statement", "while_statement",
    "do_group", "if_statement", "elif_clause", "else_clause", "compound_statement", "subshell",
    "negated_command", "case_statement", "case_item", "function_definition", "declaration_command",
    "heredoc_redirect", "test_command",
}) | WORD_TYPES  # fmt: skip
_CLOSED = {
    "command_name": "the value would be the name of a command",
    "command_substitution": "the value would stand inside a command substitution",
    "process_substitution": "the value would stand inside a process substitution",
    "expansion": "the value would stand inside a parameter expansion",
    "simple_expansion": "the value would stand inside a parameter expansion",
    "arithmetic_expansion": "the value would stand inside arithmetic",
    "c_style_for_statement": "the value would stand inside arithmetic",
    "subscript": "the value would stand inside arithmetic",
    "heredoc_body": "the value would stand inside a here-document",
    "heredoc_start": "the value would stand inside a here-document",
    "heredoc_end": "the value would stand inside a here-document",
    "herestring_redirect": "the value would stand inside a here-string",
    "comment": "the value would stand inside a comment",
    "ansi_c_string": "the value would stand inside a $'...' string",
    "translated_string": 'the value would stand inside a $"..." string',
}


@dataclass(frozen=True, slots=True)
class Tree:
    """A parsed command.

    Args:
        text: The command.
        root: The root of its tree.
        offsets: For each character the byte at which it begins, or None where they are equal.
    """

    text: str
    root: Node
    offsets: tuple[int, ...] | None

    def byte(self, character: int) -> int:
        """Return the byte offset of a character offset."""
        return self.offsets[character] if self.offsets else character


@dataclass(frozen=True, slots=True)
class Site:
    """The word of the tree in which a placement lies.

    Args:
        node: The word.
        kind: "argument", "redirect", "assignment", "array" or "loop".
        name: The variable that the value goes into, or an empty string.
    """

    node: Node
    kind: str
    name: str


class NoSiteError(Exception):
    """There is no word at the place that a value may enter. The message says why."""


_LAST_READ = "\U0002ffff"
"""The grammar's scanner looks characters up in a table of C's `ctype.h` that is far shorter than
Unicode: behind a brace, one of the private planes can end the whole process."""


def parse(text: str) -> Tree | None:
    """Return the tree of a command, or None if it has an error anywhere.

    Args:
        text: The command; it must be encodable as UTF-8.
    """
    if not text.isascii() and max(text) > _LAST_READ:
        return None
    root = _parser().parse(text.encode()).root_node
    if root.has_error:
        return None
    return Tree(text, root, None if text.isascii() else _offsets(text))


@cache
def _parser() -> Parser:
    import tree_sitter
    import tree_sitter_bash

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))


def _offsets(text: str) -> tuple[int, ...]:
    result = [0]
    for char in text:
        result.append(result[-1] + len(char.encode()))
    return tuple(result)


def site_at(tree: Tree, start: int, end: int) -> Site:
    """Find the word in which some characters of a command lie.

    Args:
        tree: The command.
        start: First character.
        end: One past the last.

    Raises:
        NoSiteError: They do not lie in one word that a value may enter.
    """
    node = tree.root.descendant_for_byte_range(tree.byte(start), tree.byte(end))
    chain = list(_upwards(node))
    for above in chain:
        if above.type in _CLOSED:
            raise NoSiteError(_CLOSED[above.type])
    for at, above in enumerate(chain[:-1]):
        kind = _site_kind(chain[at + 1], above)
        if kind and above.type in WORD_TYPES:
            _check_chain(chain[at + 1 :], kind)
            return Site(above, kind, _variable(chain[at + 1 :]))
    raise NoSiteError("the value would not be a word or part of a word")


def _upwards(node: Node | None) -> Iterator[Node]:
    while node is not None:
        yield node
        node = node.parent


def _site_kind(parent: Node, node: Node) -> str | None:
    for index, child in enumerate(parent.children):
        if child == node:
            name = parent.field_name_for_child(index)
            return _SITES.get((parent.type, name)) or _SITES.get((parent.type, None))
    return None


def _check_chain(above: Sequence[Node], kind: str) -> None:
    for node in above:
        if node.type in _TESTS or node.type == "test_command":
            # Only [ ... ]: what stands between [[ and ]] is patterns and arithmetic.
            test = next((n for n in above if n.type == "test_command"), None)
            if test is None or test.children[0].type != "[":
                raise NoSiteError("the value would stand inside a [[ ]] test or arithmetic")
        elif node.type not in _OPEN:
            raise NoSiteError(f"a value may not enter a {node.type.replace('_', ' ')}")


def _variable(above: Sequence[Node]) -> str:
    for node in above:
        field = {"variable_assignment": "name", "for_statement": "variable"}.get(node.type)
        if node.type in ("command", "do_group", "file_redirect"):
            return ""
        named = node.child_by_field_name(field) if field else None
        if named is not None and named.text is not None:
            return named.text.decode()
    return ""


def same_but_for(learned: Tree, bound: Tree, words: Sequence[tuple[Node, int, int]]) -> bool:
    """Whether two commands have the same tree but for some words.

    Args:
        learned: The first command.
        bound: The second.
        words: Words of the first, and the bytes at which each must begin and end in the second.
    """
    at = {node.id: (start, end) for node, start, end in words}
    return _same(learned.root, bound.root, at)


def _same(old: Node, new: Node, words: dict[int, tuple[int, int]]) -> bool:
    span = words.get(old.id)
    if span is not None:
        return new.type in WORD_TYPES and (new.start_byte, new.end_byte) == span
    if old.type != new.type or old.child_count != new.child_count:
        return False
    if old.child_count == 0:
        return old.text == new.text
    return all(map(_same, old.children, new.children, [words] * old.child_count))
