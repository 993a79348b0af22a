"""Learned values and the new ones that stand for them, in texts that no grammar describes.

A step's input says exactly where a value is in it. An observation, an answer or the path of a
changed file does not: there a value is replaced where it stands as a whole word, and only if it is
distinct enough that nothing else is likely to be spelled like it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .plain_words import FUNCTION_WORDS
from .traces import Form, Parameter

_MARKED = r"\$\{cwd\\*\}"
_LONG_NUMBER = 4
"""Digits from which on a number that stands twice is hardly there by chance."""
_LONG_WORD = 3
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?\Z")
_WORD = r"[^\W_]"


def in_form(value: str, form: Form) -> str:
    """Return a value in the spelling in which it stands in a step."""
    match form:
        case "same":
            return value
        case "lower":
            return value.lower()
        case "upper":
            return value.upper()
        case "capital":
            return value[:1].upper() + value[1:]


@dataclass(frozen=True, slots=True)
class Change:
    """One spelling of a learned value, and what stands for it now.

    Attributes:
        old: The learned value in that spelling.
        new: The new one.
        unit: What may follow it in the same word.
    """

    old: str
    new: str
    unit: str = ""

    @property
    def distinct(self) -> bool:
        """Whether a text that is spelled like the learned value is likely to be it."""
        if _NUMBER.match(self.old):
            return len(self.old.strip("+-")) >= _LONG_NUMBER or "." in self.old
        return len(self.old) >= _LONG_WORD and self.old.lower() not in FUNCTION_WORDS


class Substitution:
    """Replaces learned values by the new ones.

    Args:
        changes: What to replace. A value for which there are several new ones is left alone.
    """

    def __init__(self, changes: Iterable[Change]) -> None:
        told: dict[str, set[Change]] = {}
        for change in changes:
            told.setdefault(change.old, set()).add(change)
        self.unclear = frozenset(old for old, several in told.items() if len(several) > 1)
        alone = [several for several in told.values() if len(several) == 1]
        self.changes = tuple(change for several in alone for change in several)
        self._by_old = {change.old: change for change in self.changes}
        self._pattern = _pattern(self.changes)

    def whole(self, text: str) -> str:
        """Return a text with every learned value that stands in it as a whole word replaced."""
        return self._replaced(text, self._by_old)

    def distinct(self, text: str) -> str:
        """Return a text with those values replaced that nothing else is likely to be spelled as."""
        return self._replaced(text, {o: c for o, c in self._by_old.items() if c.distinct})

    def only(self, text: str, wanted: Sequence[Change]) -> str:
        """Return a text with some of the values replaced."""
        return self._replaced(text, {change.old: change for change in wanted})

    def held(self, text: str) -> set[str]:
        """Return the learned values that a text holds as whole words."""
        return {found.group() for found in self._pattern.finditer(text) if found.lastgroup}

    def _replaced(self, text: str, wanted: Mapping[str, Change]) -> str:
        def replace(found: re.Match[str]) -> str:
            old = found.group()
            return wanted[old].new if found.lastgroup and old in wanted else old

        return self._pattern.sub(replace, text)


def changes_of(parameters: Iterable[Parameter], values: Mapping[str, str]) -> Iterator[Change]:
    """Yield what changes, in every spelling in which the steps use it.

    Args:
        parameters: The parameters of the trace.
        values: The new value of each, by name.
    """
    for parameter in parameters:
        new = values[parameter.name]
        forms: dict[Form, None] = {"same": None, **{flow.form: None for flow in parameter.flows}}
        told: set[str] = set()
        for form in forms if new != parameter.value else ():
            old = in_form(parameter.value, form)
            if old not in told:
                told.add(old)
                yield Change(old, in_form(new, form), parameter.unit)


def _pattern(changes: Iterable[Change]) -> re.Pattern[str]:
    """Return what finds a value as a whole word, and markers, in which there is no value."""
    longest = sorted(changes, key=lambda change: -len(change.old))
    values = "|".join(_whole(change) for change in longest)
    return re.compile(f"{_MARKED}|(?P<value>{values})" if values else _MARKED)


def _whole(change: Change) -> str:
    old = re.escape(change.old)
    # A dash or full stop between two word characters joins them to one name; at the end of a
    # sentence, before a flag or after `=` it does not.
    before = rf"(?<!{_WORD})(?<!_)(?<!{_WORD}[-.])" if _starts_in_word(change.old) else ""
    if _NUMBER.match(change.old):
        before += r"(?<!\d,)"
    if not _starts_in_word(change.old[-1]):
        return f"{before}{old}"
    joined = r",\d" if _NUMBER.match(change.old) else r"(?!)"
    after = rf"(?!{_WORD}|_|[-.]{_WORD}|{joined})"
    unit = re.escape(change.unit)
    return f"{before}{old}(?:{after}|(?={unit}{after}))" if unit else f"{before}{old}{after}"


def _starts_in_word(text: str) -> bool:
    return text[0].isalnum() or text[0] == "_"
