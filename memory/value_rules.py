"""What a value may be, whatever it enters: general limits, kinds, paths.

These rules look at the learned value and the new one only. Where the value goes is
`binding`'s business.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from .traces import Kind

MAX_VALUE = 4096
"""Longest value, in characters; PATH_MAX of Linux."""
MAX_COMPONENT = 255
"""Longest name of one file, in bytes; NAME_MAX of every usual file system."""

# They reorder what a person sees of a command he is asked to allow.
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_NUMBER = re.compile(r"([+-]?)[0-9]+(\.[0-9]+)?")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?=:)")


class BindingRefused(Exception):
    """A value cannot be bound without risk; the goal goes to the Learner.

    Args:
        reason: One sentence for people.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Placement:
    """One value to put into a text.

    Args:
        start: First character of the learned text that it replaces.
        end: One past the last of them.
        value: The new text, in the spelling wanted there but without any shell quoting.
        kind: What the value is.
    """

    start: int
    end: int
    value: str
    kind: Kind


def check_general(value: str, *, lines: bool = False) -> None:
    """Check the limits that hold for any value anywhere.

    Args:
        value: The new value.
        lines: Whether newlines and tabs are allowed (in texts, not in commands and paths).

    Raises:
        BindingRefused: One does not hold.
    """
    if not value:
        raise BindingRefused("the value is empty")
    if len(value) > MAX_VALUE:
        raise BindingRefused(f"the value is longer than {MAX_VALUE} characters")
    if value.isprintable():
        return  # which leaves out every character that the rules below are about
    if any(_is_control(char, lines=lines) for char in value):
        raise BindingRefused("the value holds a control character or a line break")
    if not _BIDI.isdisjoint(value):
        raise BindingRefused("the value holds a character that changes the direction of writing")


def _is_control(char: str, *, lines: bool) -> bool:
    if char.isascii():
        return not (char.isprintable() or (lines and char in "\n\t"))
    return unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")


def check_kind(learned: str, value: str, kind: Kind) -> None:
    """Check that a value is of its kind, in the form in which the learned one was.

    Args:
        learned: The learned value.
        value: The new value.
        kind: What both are to be.

    Raises:
        BindingRefused: It is not.
    """
    if kind == "number":
        _check_number(learned, value)
    elif kind == "url":
        _check_url(learned, value)
    elif kind == "word":
        _check_word(learned, value)
    elif kind in ("path", "glob"):
        check_path(learned, value)


def _check_number(learned: str, value: str) -> None:
    old, new = _NUMBER.fullmatch(learned), _NUMBER.fullmatch(value)
    if not new:
        raise BindingRefused("the value is not a plain number")
    # Programs that count (head -n, sleep in some shells) fail on a decimal or sign they do not
    # expect, or take "+5" for another request than "5": the form is part of the command.
    if new[1] and not (old and old[1]):
        raise BindingRefused("the number has a sign and the learned one had none")
    if new[2] and not (old and old[2]):
        raise BindingRefused("the number has decimals and the learned one had none")


def _check_url(learned: str, value: str) -> None:
    old, new = _SCHEME.match(learned), _SCHEME.match(value)
    if (old and old[0].lower()) != (new and new[0].lower()):
        raise BindingRefused("the URL has another scheme than the learned one")
    if any(char.isspace() for char in value):
        raise BindingRefused("the URL holds white space")


def _check_word(learned: str, value: str) -> None:
    if any(char.isspace() for char in value):
        raise BindingRefused("the value is to be one word and holds white space")
    if "/" in value and "/" not in learned:
        raise BindingRefused("the value holds a slash and the learned word had none")


def check_path(learned: str, value: str) -> None:
    """Check that a path is of the same class as the learned one and does not climb.

    Nothing is normalised: ``dir/`` stays ``dir/``, and ``a//b`` stays as it is.

    Args:
        learned: The learned path.
        value: The new path.

    Raises:
        BindingRefused: One is absolute, relative or under a home and the other is not; it has more
            ``..`` than the learned one; or it is too long for a file system.
    """
    if path_class(learned) != path_class(value):
        raise BindingRefused(
            f"the path is {path_class(value)} and the learned one was {path_class(learned)}"
        )
    check_climb(learned, value)
    if any(len(part.encode("utf-8", "replace")) > MAX_COMPONENT for part in value.split("/")):
        raise BindingRefused(f"a name in the path is longer than {MAX_COMPONENT} bytes")


def path_class(path: str) -> str:
    """Return "absolute", "relative" or, for a home folder, its tilde prefix (``~``, ``~bob``)."""
    if path.startswith("/"):
        return "absolute"
    if path.startswith("~"):
        return "below " + path.partition("/")[0]
    return "relative"


def check_climb(learned: str, value: str) -> None:
    """Check that a text has no more ``..`` components than the learned one.

    Raises:
        BindingRefused: It has more.
    """
    if climbs(value) > climbs(learned):
        raise BindingRefused("the path climbs with .. and the learned one did not")


_PART = re.compile(r"[/=:,]")


def climbs(text: str) -> int:
    """Count the ``..`` components of a path, or of the path in ``--option=path``."""
    return _PART.split(text).count("..")


def check_within_component(before: str, after: str, learned: str, value: str, ends: str) -> None:
    """Check that a value that is only part of a name does not become a folder.

    Args:
        before: The character before the place, or an empty string.
        after: The character after it, or an empty string.
        learned: The learned value.
        value: The new value.
        ends: Characters at which a name begins or ends.

    Raises:
        BindingRefused: It holds a slash and the learned one did not.
    """
    whole = (not before or before in ends) and (not after or after in ends)
    if not whole and "/" in value and "/" not in learned:
        raise BindingRefused("the value is part of a name and holds a slash")


def ordered(text: str, placements: Sequence[Placement]) -> list[Placement]:
    """Return placements in the order of their places.

    Raises:
        BindingRefused: They overlap, are empty, or lie outside of the text.
    """
    places = sorted(placements, key=lambda place: place.start)
    last = 0
    for place in places:
        if not last <= place.start < place.end <= len(text):
            raise BindingRefused("the places overlap or lie outside of the text")
        last = place.end
    return places


def replaced(text: str, changes: Sequence[tuple[int, int, str]]) -> str:
    """Return a text with some spans, in order, replaced."""
    parts: list[str] = []
    last = 0
    for start, end, value in changes:
        parts += [text[last:start], value]
        last = end
    return "".join([*parts, text[last:]])
