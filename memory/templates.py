"""The template of a goal: its words in order, with places for values.

Two goals have one template if they say the same words in the same order; articles, case,
punctuation and the ending of the first word do not count, and a value is a value. So the key of a
template is found by hashing, and `unify` then says what each parameter would be bound to.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..kernel.json_value import JsonValue
from .kept import per_object, per_text
from .traces import Parameter, Trace
from .wording import Token, canonical, carriers, is_number, shape_of, split_unit, tokenize

VALUE = "#"
_MOST_KEYS = 64


@dataclass(frozen=True, slots=True)
class Miss:
    """Why a goal does not unify with a template; for people."""

    reason: str


@dataclass(frozen=True, slots=True)
class _Slot:
    parameter: Parameter


_Piece = Token | _Slot


def key_of(goal: str) -> str:
    """Return the key of the template that a goal would have if all its values were parameters."""
    tokens = carriers(tokenize(goal))
    return _joined(_key_part(token, first=not index) for index, token in enumerate(tokens))


def template_keys(goal: str, parameters: Sequence[Parameter]) -> list[str]:
    """Return the keys under which a trace is found: one for each value of its declared domains."""
    options: list[list[list[str]]] = []
    for index, piece in enumerate(_pieces(goal, parameters)):
        if isinstance(piece, Token):
            options.append([[_key_part(piece, first=not index)]])
        elif piece.parameter.domain:
            options.append([_key_parts(value) for value in piece.parameter.domain])
        else:
            options.append([[VALUE]])
    combinations = itertools.islice(itertools.product(*options), _MOST_KEYS)
    keys = (_joined(itertools.chain.from_iterable(parts)) for parts in combinations)
    return list(dict.fromkeys(keys))


def unify(trace: Trace, goal: str) -> dict[str, str] | Miss:
    """Find what each parameter of a trace is in another goal.

    Args:
        trace: The trace.
        goal: The new goal.

    Returns:
        Parameter names to values (units left off), or why the goal is another one.
    """
    pieces = _pieces_of(trace)
    tokens = carriers(tokenize(goal))
    values: dict[str, str] = {}
    position = 0
    flowing = _flowing_words(trace)
    for number, piece in enumerate(pieces):
        rest = tokens[position:]
        if isinstance(piece, _Slot):
            taken = _fill(piece.parameter, rest)
            if isinstance(taken, Miss):
                return taken
            values[piece.parameter.name], size = taken
        else:
            if not rest or not _same(piece, rest[0], flowing, first=number == 0):
                there = repr(rest[0].text) if rest else "the end"
                return Miss(f"{there} stands where {piece.text!r} stood")
            size = 1
        position += size
    if position != len(tokens):
        return Miss(f"{tokens[position].text!r} is more than was asked then")
    return values


def template_frame(trace: Trace) -> list[JsonValue]:
    """Return what `unify` goes by in a trace, but for the learned values."""
    flowing = _flowing_words(trace)
    parts: list[JsonValue] = []
    for number, piece in enumerate(_pieces(trace.goal, trace.parameters)):
        if isinstance(piece, _Slot):
            parts.append(piece.parameter.name)
            continue
        key = _key_part(piece, first=not number)
        forms = {piece.lower} if number else {one for one in flowing if canonical(one) == key}
        parts.append([piece.text, piece.quoted, piece.is_value, *sorted(forms & flowing)])
    return parts


def fixed_values(goal: str, parameters: Sequence[Parameter]) -> str:
    """Return as JSON which values of a goal every goal that unifies with it must hold, and where.

    Of a goal with a declared domain it says nothing: where its words stand depends on the value.
    """
    if any(one.domain for one in parameters):
        return "[]"
    return json.dumps(
        [
            [index, piece.text, piece.quoted]
            for index, piece in enumerate(_pieces(goal, parameters))
            if isinstance(piece, Token) and piece.is_value
        ],
        ensure_ascii=False,
    )


def may_unify(fixed: str, tokens: Sequence[Token]) -> bool:
    """Return whether a goal holds the values that `fixed_values` names; if not, it cannot unify.

    Args:
        fixed: What `fixed_values` gave for a trace.
        tokens: The carriers of the goal.
    """
    return fixed == "[]" or all(
        index < len(tokens) and tokens[index].text == text and tokens[index].quoted == quoted
        for index, text, quoted in _fixed(fixed)
    )


def decided_by_frames(trace: Trace, other: Trace) -> bool:
    """Return whether a trace unifies with all goals of another one's frame or with none of them.

    It does not if it holds a value, a domain or a unit where the other one takes a value freely.
    """
    mine, theirs = _pieces_of(trace), _pieces_of(other)
    if any(isinstance(one, _Slot) and one.parameter.domain for one in (*mine, *theirs)):
        return False
    return not any(
        isinstance(free, _Slot)
        and (
            piece.parameter.unit != free.parameter.unit
            if isinstance(piece, _Slot)
            else piece.is_value
        )
        for piece, free in zip(mine, theirs, strict=False)
    )


def learned_values(trace: Trace) -> dict[str, str]:
    """Return the learned value of each parameter."""
    return {parameter.name: parameter.value for parameter in trace.parameters}


def fits(parameter: Parameter, value: str) -> Miss | None:
    """Return why a value may not stand for a parameter's learned one, or None if it may."""
    if parameter.domain:
        known = {one.casefold() for one in parameter.domain}
        return None if value.casefold() in known else Miss(f"{value!r} is not in its domain")
    if not value or shape_of(value) != shape_of(parameter.value):
        return Miss(f"{value!r} is not of the kind of {parameter.value!r}")
    return None


@per_text
def _fixed(text: str) -> Sequence[tuple[int, str, bool]]:
    return json.loads(text)


@per_object
def _pieces_of(trace: Trace) -> Sequence[_Piece]:
    return _pieces(trace.goal, trace.parameters)


def _pieces(goal: str, parameters: Sequence[Parameter]) -> list[_Piece]:
    slots = [one for one in parameters if one.marked or one.domain]
    pieces: list[_Piece] = []
    for token in carriers(tokenize(goal)):
        slot = next((one for one in slots if token.start < one.end and one.start < token.end), None)
        if slot is None:
            pieces.append(token)
        elif not (pieces and pieces[-1] == _Slot(slot)):
            pieces.append(_Slot(slot))
    return pieces


def _fill(parameter: Parameter, rest: Sequence[Token]) -> tuple[str, int] | Miss:
    """Return the value that a slot takes from the tokens ahead, and how many tokens that is."""
    if not rest:
        return Miss(f"nothing stands where {parameter.value!r} stood")
    if parameter.domain:
        for value in sorted(parameter.domain, key=len, reverse=True):
            words = [token.lower for token in tokenize(value)]
            if [token.lower for token in rest[: len(words)]] == words:
                return value, len(words)  # in the spelling of the domain
        return Miss(f"{rest[0].text!r} is not one of: {', '.join(parameter.domain[:8])}")
    token = rest[0]
    if not token.is_value:
        return Miss(f"{token.text!r} stands where the value {parameter.value!r} stood")
    value = token.text
    if parameter.unit:
        split = split_unit(value)
        if split is None or split[1] != parameter.unit:
            return Miss(f"{value!r} is not in the unit {parameter.unit!r}")
        value = split[0]
    unfit = fits(parameter, value)
    return (value, 1) if unfit is None else unfit


def _same(learned: Token, asked: Token, flowing: frozenset[str], *, first: bool) -> bool:
    if learned.text == asked.text and learned.quoted == asked.quoted:
        return True
    if learned.is_value or asked.is_value:
        return False
    if _key_part(learned, first=first) != _key_part(asked, first=first):
        return False
    if learned.lower not in flowing and asked.lower not in flowing:
        return True
    # A word that the steps use must be that very word; only the capital of the first may differ.
    return first and learned.text[1:] == asked.text[1:] and learned.lower == asked.lower


_COMMANDS = re.compile(r"(?:^|[|;&(`\n])\s*(?:sudo\s+|xargs\s+)?(?=[\w./-])[\w./-]+")


@per_object
def _flowing_words(trace: Trace) -> frozenset[str]:
    return words_used((step.tool, step.input) for step in trace.steps)


def words_used(inputs: Iterable[tuple[str, Mapping[str, JsonValue]]]) -> frozenset[str]:
    """Return the words of inputs, but for the names of the programs that commands run.

    Args:
        inputs: Tool and input of each step.
    """
    words: set[str] = set()
    for tool, given in inputs:
        for name, value in given.items():
            if isinstance(value, str):
                is_command = tool == "Bash" and name == "command"
                text = _COMMANDS.sub(" ", value) if is_command else value
                words.update(word.lower() for word in re.findall(r"[^\W_]+", text))
    return frozenset(words)


def _key_part(token: Token, *, first: bool = False) -> str:
    if token.is_value:
        return VALUE
    # The first word is a verb, and "print" and "prints" ask the same. In any other word the
    # ending may be all that tells one thing from many: "the line", "the lines".
    return canonical(token.text) if first else token.lower


def _key_parts(text: str) -> list[str]:
    return [_key_part(token) for token in carriers(tokenize(text))]


def _joined(parts: Iterator[str] | Sequence[str]) -> str:
    return " ".join(parts)


def substitution(trace: Trace, values: Mapping[str, str]) -> str:
    """Say what is bound to what, for people: ``path1=b.csv``; empty if all is as learned."""
    changed = [
        f"{one.name}={values[one.name]}"
        for one in trace.parameters
        if one.name in values and values[one.name] != one.value
    ]
    return ", ".join(changed)


__all__ = [
    "Miss",
    "decided_by_frames",
    "fits",
    "fixed_values",
    "is_number",
    "key_of",
    "learned_values",
    "may_unify",
    "substitution",
    "template_frame",
    "template_keys",
    "unify",
    "words_used",
]
