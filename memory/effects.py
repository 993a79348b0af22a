"""What a step may do to the world, told from its input alone.

Four classes: ``none`` (it only looks), ``files`` (it changes files in the working directory, which
the journal puts back), ``reversible`` (it acts outside, and a command is known that takes it back),
``outside`` (it acts outside, or may: what it does there stays). What is in doubt is ``outside``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..kernel.drivers.plugin import tool_name
from ..kernel.json_value import JsonValue
from .effect_tables import (
    FILES,
    GIT_FILES,
    GIT_LOOKS,
    INVERSES,
    LAST_IS_TARGET,
    LOOK,
    LOOK_UNLESS,
    NETWORK,
)
from .placement import lower_json
from .shell_tables import WRAPPERS
from .shell_tree import parse
from .traces import Step

if TYPE_CHECKING:
    from tree_sitter import Node

EffectClass = Literal["none", "files", "reversible", "outside"]
_ORDER: tuple[EffectClass, ...] = ("none", "files", "reversible", "outside")
_HARMLESS = frozenset({"/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty"})
_LITERAL = frozenset({"word", "number", "raw_string", "string"})
_TOLD = 60
_LONGEST = 4000
_ANYWHERE = "/the/directory"


@dataclass(frozen=True, slots=True)
class StepEffect:
    """What a step may do.

    Attributes:
        kind: Its class.
        why: What makes it so, for people; empty for ``none`` and ``files``.
        inverse: The command that takes it back, where one is known.
    """

    kind: EffectClass
    why: str = ""
    inverse: str = ""


_RECALL = tool_name("recall")
_NONE, _FILES = StepEffect("none"), StepEffect("files")


def effect_of(tool: str, given: Mapping[str, JsonValue], cwd: str) -> StepEffect:
    """Return what a step may do.

    Args:
        tool: Its tool.
        given: Its input, with the working directory lowered.
        cwd: The working directory.
    """
    if tool in ("Read", "Glob", "Grep", _RECALL):
        return _NONE
    if tool in ("Write", "Edit"):
        return _target(str(given.get("file_path", "")), cwd)
    if tool != "Bash":
        return StepEffect("outside", "a plugin's tool may do anything")
    tree = parse(str(given.get("command", "")))
    if tree is None:
        return StepEffect("outside", "the command cannot be read")
    return _worst(_parts(tree.root, cwd))


def effect_of_step(step: Step) -> StepEffect:
    """Return what a step of a trace may do, wherever it is carried out."""
    return effect_of(step.tool, lower_json(step.input, _ANYWHERE), _ANYWHERE)


def told(tool: str, given: Mapping[str, JsonValue]) -> str:
    """Return what `effect_of` goes by in a step's input, cut where it is very long."""
    text = str(given.get("command" if tool == "Bash" else "file_path", ""))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ("  # no command that can be read


def _worst(effects: Iterable[StepEffect]) -> StepEffect:
    return max(effects, key=lambda one: _ORDER.index(one.kind), default=_NONE)


def _parts(root: Node, cwd: str) -> Iterator[StepEffect]:
    moved = False
    waiting = [root]
    while waiting:
        node = waiting.pop()
        waiting += node.children
        if node.type == "command":
            words = list(_words(node))
            moved = moved or _leaves(words, cwd)
            yield _command(words, cwd)
        elif node.type == "file_redirect":
            yield _redirect(node, cwd)
        elif node.type == "function_definition":
            yield StepEffect("outside", "a function may do anything")
    if moved:
        # Names are relative to another place then.
        yield from (
            StepEffect("outside", "it changes the directory and writes")
            for node in _all(root)
            if node.type == "command" and _command(list(_words(node)), cwd).kind == "files"
        )


def _leaves(words: list[str | None], cwd: str) -> bool:
    """Whether a command may leave the working directory for another one."""
    if not words or words[0] not in ("cd", "pushd", "popd"):
        return False
    return len(words) != 2 or _target(words[1], cwd).kind != "files"


def _all(root: Node) -> Iterator[Node]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        waiting += node.children
        yield node


def _words(command: Node) -> Iterator[str | None]:
    """Yield the words of a command; None for one whose value is not plain."""
    for child in command.children:
        if child.type == "command_name":
            yield _literal(child.children[0]) if child.children else None
        elif child.type not in ("variable_assignment", "file_redirect", "herestring_redirect"):
            yield _literal(child)


def _literal(node: Node) -> str | None:
    if node.type not in _LITERAL or node.text is None:
        return None
    text = node.text.decode()
    if node.type == "string":
        plain = all(one.type in ('"', "string_content") for one in node.children)
        return text[1:-1] if plain else None
    return text[1:-1] if node.type == "raw_string" else text.replace("\\", "")


def _command(words: list[str | None], cwd: str) -> StepEffect:
    fed = "xargs" in words
    words = _unwrapped(words)
    if not words:
        return _NONE
    program = words[0]
    if program is None:
        return StepEffect("outside", "which program it runs is not plain")
    name = os.path.basename(program)  # noqa: PTH119 - a word of a command
    rest = words[1:]
    options = [one for one in rest if one is not None and one.startswith("-")]
    operands = [one for one in rest if one is None or not one.startswith("-")]
    unless = LOOK_UNLESS.get(name)
    if unless is not None:
        worse = [one for one in options if one.startswith(unless)]
        return StepEffect("outside", f"{name} {worse[0]} may do more") if worse else _NONE
    if name == "sed" and not any(one.startswith(("-i", "--in-place")) for one in options):
        return _NONE
    if name in LOOK or (name == "uniq" and len(operands) <= 1):
        return _NONE
    if name == "git":
        return _git(operands)
    inverse = INVERSES.get((name, str(operands[0]) if operands else "")) or INVERSES.get((name, ""))
    if name in FILES:
        named = any(one.startswith(("-t", "--target")) for one in options)
        targets = operands[-1:] if name in LAST_IS_TARGET and not named else operands
        targets = targets + [one.partition("=")[2] for one in options if "=" in one]
        if fed:
            targets = [*targets, None]
        found = _worst(_target(one, cwd) for one in targets)
        found = found if found.kind != "none" else _FILES
        if found.kind == "outside" and inverse and None not in targets:
            return StepEffect("reversible", found.why, f"{inverse} {_plain(targets)}".strip())
        return found
    if inverse:
        return StepEffect("reversible", f"{name} acts outside", f"{inverse} {_plain(operands[1:])}")
    if name in NETWORK:
        return StepEffect("outside", f"{name} reaches other machines")
    return StepEffect("outside", f"{name} may do anything that a program can")


def _unwrapped(words: list[str | None]) -> list[str | None]:
    while words and words[0] in WRAPPERS and words[0] != "sudo":
        wrapper = WRAPPERS[str(words[0])]
        at = 1
        while at < len(words) and (word := words[at]) is not None and word.startswith("-"):
            at += 2 if word[-1:] in wrapper.valued and len(word) == 2 else 1
        while at < len(words) and "=" in (words[at] or ""):
            at += 1
        words = words[at + wrapper.skipped :]
    return words


def _git(operands: list[str | None]) -> StepEffect:
    verb = operands[0] if operands else "status"
    if verb in GIT_LOOKS and len(operands) == 1:
        return _NONE
    if verb in GIT_LOOKS | GIT_FILES:
        # Hooks run with some of these; they belong to the repository, not to the step.
        return _FILES
    return StepEffect("outside", f"git {verb} may reach other machines")


def _redirect(node: Node, cwd: str) -> StepEffect:
    if any(child.type in ("<", "<&") for child in node.children):
        return _NONE
    target = node.child_by_field_name("destination")
    if target is None or target.type == "number":
        return _NONE
    return _target(_literal(target), cwd)


def _target(path: str | None, cwd: str) -> StepEffect:
    """Return the effect of writing to a path."""
    if path is None or "$" in path:
        return StepEffect("outside", "where it writes is not plain")
    if path in _HARMLESS:
        return _NONE
    full = os.path.normpath(os.path.join(cwd, path))  # noqa: PTH118 - as a command would read it
    if path.startswith("~") or not (full == cwd or full.startswith(f"{cwd}/")):
        return StepEffect("outside", f"it writes {path[:_TOLD]}")
    return _FILES


def _plain(words: Iterable[str | None]) -> str:
    return " ".join(one for one in words if one is not None)[:_TOLD]
