"""Learned values and the new ones that stand for them, in texts that no grammar describes.

A step's input says exactly where a value is in it. An observation, an answer or the path of a
changed file does not: there a value is replaced where it stands as a whole word, and only if it is
distinct enough that nothing else is likely to be spelled like it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..kernel.json_value import JsonValue
from .plain_words import FUNCTION_WORDS
from .traces import Form, Trace
from .value_rules import replaced

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
        told: dict[str, Change] = {}
        unclear: set[str] = set()
        for change in changes:
            if told.setdefault(change.old, change).new != change.new:
                unclear.add(change.old)
        self.unclear = frozenset(unclear)
        self.changes = tuple(one for one in told.values() if one.old not in unclear)
        self._by_old = {change.old: change for change in self.changes}

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
        if not any(old in text for old in self._by_old):
            return set()
        return {found.group() for found in self._pattern.finditer(text) if found.lastgroup}

    def blanked(self, text: str) -> str:
        """Return a text without the learned values that stand in it as whole words."""
        return self._pattern.sub(" ", text)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        # Making it takes longer than all else here, and most texts hold none of the values.
        return _pattern(self.changes)

    def _replaced(self, text: str, wanted: Mapping[str, Change]) -> str:
        def replace(found: re.Match[str]) -> str:
            old = found.group()
            return wanted[old].new if found.lastgroup and old in wanted else old

        if not any(old in text for old in wanted):
            return text
        return self._pattern.sub(replace, text)


def changes_of(trace: Trace, values: Mapping[str, str]) -> Iterator[Change]:
    """Yield what changes: each value in every spelling, and the names of which it is a part.

    Args:
        trace: The learned trace.
        values: The new value of each parameter, by name.
    """
    for parameter in trace.parameters:
        new = values[parameter.name]
        forms: dict[Form, None] = {"same": None, **{flow.form: None for flow in parameter.flows}}
        for form in forms if new != parameter.value else ():
            yield Change(in_form(parameter.value, form), in_form(new, form), parameter.unit)
    for text, spans in _flowing(trace, values):
        for start, end in {_name_around(text, start, end) for start, end, _ in spans}:
            inner = [(a - start, b - start, v) for a, b, v in spans if start <= a and b <= end]
            yield Change(text[start:end], replaced(text[start:end], inner))


def clear_in_answer(trace: Trace, swap: Substitution) -> list[Change]:
    """Return the changes whose learned values an answer can only have from the goal.

    A short number in it may as well be what was observed; if no observation holds it, it is not.

    Args:
        trace: The learned trace.
        swap: All changes.
    """
    observed = {old for step in trace.steps for old in swap.held(step.observation.text)}
    return [one for one in swap.changes if one.distinct or one.old not in observed]


def _flowing(
    trace: Trace, values: Mapping[str, str]
) -> Iterator[tuple[str, list[tuple[int, int, str]]]]:
    """Yield every text of an input into which values flow, with where and what."""
    entering: dict[tuple[int, tuple[str | int, ...]], list[tuple[int, int, str]]] = {}
    for one in trace.parameters:
        for flow in one.flows if values[one.name] != one.value else ():
            value = in_form(values[one.name], flow.form)
            entering.setdefault((flow.step, flow.path), []).append((flow.start, flow.end, value))
    for (index, path), spans in entering.items():
        text = value_at(trace.steps[index].input, path)
        if isinstance(text, str):
            yield text, sorted(spans)


def value_at(value: JsonValue, path: Sequence[str | int]) -> JsonValue:
    """Return what stands at a path inside a step's input, or None."""
    for key in path:
        if isinstance(value, dict) and isinstance(key, str):
            value = value.get(key)
        elif isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value):
            value = value[key]
        else:
            return None
    return value


def _name_around(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the span of the name (``report-5.txt``) of which a span is a part."""
    first, last = start, end
    while first and (_is_word(text[first - 1]) or text[first - 1] in "-."):
        first -= 1
    while last < len(text) and (_is_word(text[last]) or text[last] in "-."):
        last += 1
    # A dash before the name makes it a flag, a full stop after it ends the sentence.
    while first < start and not _is_word(text[first]):
        first += 1
    while last > end and not _is_word(text[last - 1]):
        last -= 1
    return first, last


def _pattern(changes: Iterable[Change]) -> re.Pattern[str]:
    """Return what finds a value as a whole word, and markers, in which there is no value."""
    longest = sorted(changes, key=lambda change: -len(change.old))
    values = "|".join(_whole(change) for change in longest)
    return re.compile(f"{_MARKED}|(?P<value>{values})" if values else _MARKED)


def _whole(change: Change) -> str:
    old = re.escape(change.old)
    # A dash or full stop between two word characters joins them to one name; at the end of a
    # sentence, before a flag or after `=` it does not.
    before = rf"(?<!{_WORD})(?<!_)(?<!{_WORD}[-.])" if _is_word(change.old[0]) else ""
    if _NUMBER.match(change.old):
        before += r"(?<!\d,)"
    if not _is_word(change.old[-1]):
        return f"{before}{old}"
    joined = r",\d" if _NUMBER.match(change.old) else r"(?!)"
    after = rf"(?!{_WORD}|_|[-.]{_WORD}|{joined})"
    unit = re.escape(change.unit)
    return f"{before}{old}(?:{after}|(?={unit}{after}))" if unit else f"{before}{old}{after}"


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"
