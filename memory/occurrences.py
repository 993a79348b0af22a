"""Where a value stands in the inputs of steps, as a word of its own, in any of four spellings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ..kernel.json_value import JsonValue
from .substitution import in_form
from .traces import Form

FORMS: tuple[Form, ...] = ("same", "lower", "upper", "capital")


@dataclass(frozen=True, slots=True)
class Leaf:
    """One string or number in the input of a step.

    Attributes:
        step: Index of the step.
        path: Where in its input: keys and indexes.
        value: The string or number.
    """

    step: int
    path: tuple[str | int, ...]
    value: str | int | float


@dataclass(frozen=True, slots=True)
class Found:
    """One place at which a value stands: characters ``start`` to ``end``, spelled in ``form``."""

    start: int
    end: int
    form: Form


def leaves(inputs: Sequence[Mapping[str, JsonValue]]) -> list[Leaf]:
    """Return every string and number in the inputs of steps; truth values are neither."""
    return [
        Leaf(step, path, value)
        for step, given in enumerate(inputs)
        for name, item in given.items()
        for path, value in _below((name,), item)
    ]


def _below(
    path: tuple[str | int, ...], value: JsonValue
) -> Iterator[tuple[tuple[str | int, ...], str | int | float]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _below((*path, name), item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _below((*path, index), item)
    elif value is not None and not isinstance(value, bool):
        yield path, value


def occurrences(leaf: Leaf, value: str, *, number: bool, loose: bool) -> list[Found]:
    """Return where a value stands in a leaf, never inside a longer word.

    Args:
        leaf: Where to look.
        value: The value.
        number: Whether it is a number: then it may be the whole of a JSON number, and is never
            part of a longer one (``10`` in ``10.5``).
        loose: Whether ``_``, ``-`` and ``.`` end a word: ``primes`` in ``primes_list.py``.
    """
    if not isinstance(leaf.value, str):
        return [Found(0, 0, "same")] if number and json.dumps(leaf.value) == value else []
    spellings = _spellings(value)
    if not any(one in leaf.value for one in spellings):
        return []
    pattern = _pattern(value, number, loose)
    return [
        Found(found.start(), found.end(), spellings[found.group()])
        for found in pattern.finditer(leaf.value)
    ]


def _spellings(value: str) -> dict[str, Form]:
    """Return each spelling with its form; the earlier form where two are spelled alike."""
    return {in_form(value, form): form for form in reversed(FORMS)}


@lru_cache(maxsize=1024)
def _pattern(value: str, number: bool, loose: bool) -> re.Pattern[str]:
    longest_first = sorted(_spellings(value), key=len, reverse=True)
    return re.compile(
        "|".join(
            _left(one, number, loose) + re.escape(one) + _right(one, number, loose)
            for one in longest_first
        )
    )


def _left(value: str, number: bool, loose: bool) -> str:
    if not _wordlike(value[0]):
        # `/etc` is another path in `${cwd}/etc`, and `./a` in `../a`.
        return r"(?<![\w.~}])"
    if number:
        return r"(?<!\w)(?<!\d\.)"
    return r"(?<![^\W_])" if loose else r"(?<!\w)(?<!\w[.-])"


def _right(value: str, number: bool, loose: bool) -> str:
    if value[-1] == "/":
        return ""
    if not _wordlike(value[-1]):
        return r"(?!\w)"
    if number:
        return r"(?!\w)(?!\.\d)"
    # An accent that follows its letter as a character of its own belongs to the word.
    return r"(?![^\W_]|[\u0300-\u036f])" if loose else r"(?![\w\u0300-\u036f])(?![.-]\w)"


def _wordlike(char: str) -> bool:
    return char == "_" or char.isalnum()
