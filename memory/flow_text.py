"""The parts of a text that can flow from what was observed into what was done with it.

A part is a name (``data/a.csv``), a number with its sign, or a word. The last component of a path
and the words of a name are parts too, since a model rarely repeats a name whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from ..kernel.json_value import JsonValue
from .plain_words import FUNCTION_WORDS, NUMBER_WORDS

_MARKED = re.compile(r"\$\{cwd\\*\}")
_NAME = re.compile(r"(?:(?<![\w+-])[+-](?=\d))?\w(?:[\w.\-/~@+]*\w)?")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)*\Z")
_WORD = re.compile(r"\d+(?:\.\d+)+|[^\W_]+")
_PIECE = re.compile(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+|\A\d+|(?<=\A[^\W\d_])\d+\Z")


def names(text: str) -> Iterator[tuple[int, int]]:
    """Yield where names, numbers and words stand in a text, markers left out."""
    masked = _MARKED.sub(lambda found: " " * len(found.group()), text)
    for found in _NAME.finditer(masked):
        yield found.span()


def parts(text: str) -> set[str]:
    """Return every part of a text."""
    found: set[str] = set()
    for start, end in names(text):
        name = text[start:end]
        found |= {name} if is_number(name) else {name, name.rsplit("/", 1)[-1], *words(name)}
    return found


def words(text: str) -> list[str]:
    """Return the words of a text; a number with decimals is one."""
    return _WORD.findall(text)


def count(text: str, part: str) -> int:
    """Return how often a part stands in a text, not inside a longer word or number."""
    return len(_finder(part).findall(text))


@lru_cache(maxsize=4096)
def _finder(part: str) -> re.Pattern[str]:
    before = r"(?<![^\W_])" if part[:1].isalnum() else ""
    after = r"(?![^\W_])" if part[-1:].isalnum() else ""
    if is_number(part):
        # 5 is neither in -5 nor in 5.2; in 3-5 it is.
        before += r"(?<!\d\.)" + ("" if part[0] in "+-" else r"(?<!(?<![\w+-])[+-])")
        after += r"(?!\.\d)"
    return re.compile(before + re.escape(part) + after)


def is_number(part: str) -> bool:
    """Return whether a part is a number in digits."""
    return _NUMBER.match(part) is not None


def is_count(part: str) -> bool:
    """Return whether a part counts or measures: ``12``, ``12ms``, ``twelve``."""
    return part[0].isdigit() or is_number(part) or part.casefold() in NUMBER_WORDS


def is_empty(part: str) -> bool:
    """Return whether a part stands in a text for its grammar only."""
    return part.casefold() in FUNCTION_WORDS


class Vocabulary:
    """The parts of some texts, case left out of account.

    Args:
        texts: The texts.
        loose: Whether the pieces of a word are parts as well: ``amount`` of ``totalAmount``, 12 of
            ``12d`` and ``n12``; but not 3 of ``python3``.
    """

    def __init__(self, texts: Iterable[str], *, loose: bool = False) -> None:
        self._text = "\n".join(texts)
        found = words(self._text)
        if loose:
            found += [piece for word in found for piece in _PIECE.findall(word)]
        self._words = {word.casefold() for word in found}
        self._text = self._text.casefold()

    def __contains__(self, part: str) -> bool:
        lower = part.casefold()
        pieces = words(lower)
        if any(piece not in self._words for piece in pieces):
            return False
        return pieces == [lower] or _finder(lower).search(self._text) is not None


def leaves(value: JsonValue) -> Iterator[str]:
    """Yield every string and number inside a JSON value, as texts."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value)
