"""A goal as words and values: where its literals are, and which words carry the request.

A *literal* is a part that by its own form is a value and not a word of English: what stands in
quotes, what holds a digit or a sign (``data.csv``, ``*.py``, ``10MB``, ``$HOME``), and the items
of a short list in brackets that ends the goal: ``copy a file (a.txt, backup)``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from .kept import per_text

_QUOTE = (
    r"\"[^\"\n]*\"|(?<![\w)\]])'[^'\n]*'(?!\w)|`[^`\n]*`"
    r"|\u201c[^\u201c\u201d\n]*\u201d|(?<!\w)\u2018[^\u2018\u2019\n]*\u2019(?!\w)"
)
_SPELLED = r"(?<!\S)(?:[^\W\d_]\.\s)+[^\W\d_]\.(?!\w)"
"""An abbreviation that is spelled out, as speech recognisers write them: ``u. s. d.``."""
_TOKEN = re.compile(rf"(?P<quote>{_QUOTE})|(?P<spelled>{_SPELLED})|(?P<chunk>\S+)")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*\Z")
_POSSESSIVE = re.compile(r"['\u2019]s\Z", re.IGNORECASE)
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_BRACKETS = frozenset("()[]{}")
_LONGEST_ITEM = 3
"""Words that an item of a list of values may have."""

# Words that carry no request of their own: they may come and go between two spellings of one goal.
_EMPTY = frozenset({"the", "a", "an", "please", "kindly"})
# Words that make a bracket a remark in English and not a list of values.
_GRAMMAR = frozenset(
    (
        "the a an of to for in on at by with from into and or not is are be been was were it this "
        "that these those all any only when if as which whose who will would can could should do "
        "does did has have had than then use using i you me my your we our"
    ).split()
)


@dataclass(frozen=True, slots=True)
class Token:
    """One word or literal of a goal.

    Attributes:
        text: Its text, without quotes.
        start: Where it begins in the goal, in characters.
        end: Where it ends.
        literal: Whether it is a literal.
        quoted: Whether quotes stood around it.
        listed: Whether it is an item of a list of values in brackets.
    """

    text: str
    start: int
    end: int
    literal: bool
    quoted: bool = False
    listed: bool = False

    @property
    def is_value(self) -> bool:
        """Whether its own form says that it is a value."""
        return self.literal or self.listed

    @property
    def lower(self) -> str:
        """Its text in lower case, with plain apostrophes."""
        return self.text.lower().replace("\u2019", "'")


def tokenize(goal: str) -> list[Token]:
    """Cut a goal into its words and literals; punctuation between them is left out.

    Args:
        goal: The goal as it was typed.

    Returns:
        The tokens, in order.
    """
    return list(_tokens(goal))


@per_text
def _tokens(goal: str) -> Sequence[Token]:
    pieces: list[Token | _Mark] = []
    for found in _TOKEN.finditer(goal):
        if found["quote"]:
            inner = found["quote"][1:-1]
            start = found.start() + 1
            pieces.append(Token(inner, start, start + len(inner), literal=True, quoted=True))
        elif found["spelled"]:
            pieces.append(Token(found["spelled"], found.start(), found.end(), literal=False))
        else:
            pieces += _chunk(found["chunk"], found.start())
    return _with_list(pieces)


def carriers(tokens: Iterable[Token]) -> list[Token]:
    """Return the tokens without the words that carry no request."""
    return [token for token in tokens if token.is_value or token.lower not in _EMPTY]


def canonical(word: str) -> str:
    """Return the form under which two forms of an English word are one.

    So are ``print`` and ``prints``, ``colour`` and ``colors``, ``initialise`` and ``initializing``.
    """
    return _stemmer()(word.lower().replace("\u2019", "'"))


@lru_cache(maxsize=1)
def _stemmer() -> Callable[[str], str]:
    import Stemmer  # pyright: ignore[reportMissingTypeStubs]

    stem = cast("Callable[[str], str]", Stemmer.Stemmer("english").stemWord)  # pyright: ignore

    def spelled_alike(word: str) -> str:
        return stem(_BRITISH.sub(_american, word))

    return lru_cache(maxsize=50_000)(spelled_alike)


# Not after other letters: in "precise", "revise", "raise" and "likewise" it is no ending.
_BRITISH = re.compile(
    r"(?<=[bdfghklmnprst]i)s(?=(?:e[drs]?|ers|ing|ations?)\Z)"
    r"|(?<=[lr]y)s(?=(?:e[drs]?|ers|ing)\Z)"
    r"|(?<=col)ou(?=r)|(?<=behavi)ou(?=r)|(?<=fav)ou(?=r)|(?<=neighb)ou(?=r)"
)


def _american(found: re.Match[str]) -> str:
    return "z" if found.group() == "s" else "o"


_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?\Z")
_WITH_UNIT = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>%|[A-Za-z]{1,7})\Z")


def is_number(text: str) -> bool:
    """Return whether a text is a plain number."""
    return _NUMBER.match(text) is not None


def split_unit(text: str) -> tuple[str, str] | None:
    """Split ``10MB`` into number and unit; None if it is not of that form."""
    found = _WITH_UNIT.match(text)
    return (found["number"], found["unit"]) if found else None


@per_text
def shape_of(value: str) -> tuple[object, ...]:
    """Return what two values must have in common to stand for each other.

    Numbers: sign and fraction. URLs: the scheme. Else: the signs they hold (but for those of
    plain names: ``. _ - /``), an absolute or hidden beginning, a ``/`` at the end, letters at all.
    """
    if is_number(value):
        return ("number", value[0] in "+-", "." in value)
    if "://" in value:
        return ("url", value.split("://", 1)[0].lower())
    signs = frozenset(
        char for char in value if char.isascii() and not char.isalnum() and char not in "._-/"
    )
    first = value[:1] if value[:1] in ("/", "~", ".", "-") else ""
    return (signs, first, value.endswith("/"), any(char.isalpha() for char in value))


@dataclass(frozen=True, slots=True)
class _Mark:
    """A sign of punctuation between tokens."""

    sign: str


def _chunk(text: str, start: int) -> Sequence[Token | _Mark]:
    """Cut a run of characters without white space into a token and the punctuation around it."""
    first, last = _trimmed(text)
    inner = text[first:last]
    tokens = [Token(inner, start + first, start + last, not _is_word(inner))] if inner else []
    ending = _POSSESSIVE.search(inner)
    if ending is not None and (not ending.start() or _is_word(inner[: ending.start()])):
        # ``john's``: the name alone may be a value.
        cut = start + first + ending.start()
        owner = Token(inner[: ending.start()], start + first, cut, literal=False)
        tokens = [owner] if owner.text else []
        tokens.append(Token(ending.group(), cut, start + last, literal=False))
    return [*map(_Mark, text[:first]), *tokens, *map(_Mark, text[last:])]


def _trimmed(text: str) -> tuple[int, int]:
    """Return where a text begins and ends without the punctuation around it."""
    partners = _partners(text)
    first, last = 0, len(text)
    odd = sum(1 for i, char in enumerate(text) if char in _BRACKETS and i not in partners)
    """How many brackets of what is left have their partner elsewhere, or nowhere."""

    def leaves_partner(index: int) -> int:
        return 1 if first <= partners.get(index, -1) < last else -1

    while first < last:
        if (
            text[last - 1] in ",;:!?"
            or (text[last - 1] == "." and last - first > 1)
            or (text[last - 1] in ")]}" and odd)
        ):
            last -= 1
            odd += leaves_partner(last) if text[last] in _BRACKETS else 0
        elif text[first] in _PAIRS and (
            odd
            or (
                partners[first] == last - 1
                and (text[first] == "(" or _is_word(text[first + 1 : last - 1]))
            )
        ):
            # Brackets around the whole: ``(a.txt)``; but ``{a,b}`` is a value itself.
            first += 1
            odd += leaves_partner(first - 1)
        else:
            break
    return first, last


def _partners(text: str) -> dict[int, int]:
    """Return for each bracket where the one is that it closes or that closes it."""
    partners: dict[int, int] = {}
    opened: list[int] = []
    for index, char in enumerate(text):
        if char in _PAIRS:
            opened.append(index)
        elif char in ")]}":
            if opened and _PAIRS[text[opened[-1]]] == char:
                partners[index] = opened.pop()
                partners[partners[index]] = index
            else:
                opened.clear()  # nothing can close what stands before it
    return partners


def _is_word(text: str) -> bool:
    if not text.isascii():
        # A vowel sign or an accent belongs to its letter, in whatever form it is typed.
        text = "".join(char for char in text if not unicodedata.category(char).startswith("M"))
    return _WORD.match(text) is not None


def _with_list(pieces: Sequence[Token | _Mark]) -> list[Token]:
    """Return the tokens, with the items of a list of values at the end marked as such."""
    opening, closing = _last_bracket(pieces)
    items: list[list[Token]] = [[]]
    for piece in pieces[opening + 1 : closing]:
        if isinstance(piece, Token):
            items[-1].append(piece)
        elif piece.sign == ",":
            items.append([])
    listed = all(map(_may_be_item, items))
    return [
        Token(piece.text, piece.start, piece.end, piece.literal, piece.quoted, listed=True)
        if listed and opening < index < closing
        else piece
        for index, piece in enumerate(pieces)
        if isinstance(piece, Token)
    ]


def _last_bracket(pieces: Sequence[Token | _Mark]) -> tuple[int, int]:
    closing = len(pieces) - 1
    while closing >= 0 and pieces[closing] in (_Mark("."), _Mark("!"), _Mark("?")):
        closing -= 1
    if closing < 0 or pieces[closing] != _Mark(")"):
        return len(pieces), len(pieces)
    for opening in range(closing - 1, -1, -1):
        if pieces[opening] in (_Mark("("), _Mark(")")):
            return opening, closing
    return len(pieces), len(pieces)


def _may_be_item(item: Sequence[Token]) -> bool:
    return 1 <= len(item) <= _LONGEST_ITEM and not any(
        not token.literal and token.lower in _GRAMMAR for token in item
    )


def folded(text: str) -> str:
    """Return a text in the one Unicode form in which texts are compared."""
    return unicodedata.normalize("NFC", text)
