"""Finds the parameters of a run: the parts of the goal that flow into what the steps do.

Only what can be shown is believed. A value flows where its very text (or the same in another
case) stands in an input, between word boundaries, at a place where another value could be bound
without changing the input's structure. Longest values come first. Whatever is doubtful stays
fixed: a value that the goal holds twice, a short number that the steps hold twice, a value that
also stands where none can be bound.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .binding import BindingRefused, Placement, bind_command, bind_path
from .flows import Leaf, leaves
from .placement import marker_spans
from .substitution import in_form
from .traces import Flow, Form, Kind, Parameter, Step
from .wording import Token, is_number, split_unit, tokenize

_SHORT = 4
"""Digits of a number below which standing twice in the steps is likely to be chance."""
_FORMS: tuple[Form, ...] = ("same", "lower", "upper", "capital")


def find_parameters(
    goal: str, steps: Sequence[Step], *, whole_first: bool = False
) -> tuple[Parameter, ...]:
    """Find the parameters of a run.

    Args:
        goal: The goal as it was typed.
        steps: The steps, with the working directory lifted.
        whole_first: Whether words that are the whole of an input come before values inside them:
            ``in 5 minutes`` and not ``5``.

    Returns:
        The parameters, in the order of the goal; they overlap neither there nor in the steps.
    """
    search = _Search(goal, leaves(steps), whole_first)
    search.leave_markers()
    if whole_first:
        search.take_phrases()
    for value in search.marked():
        search.take(value)
    search.take_phrases()
    return search.result()


def kind_of(value: str) -> Kind:
    """Return what kind of value a text is, from its form."""
    if is_number(value):
        return "number"
    if "://" in value:
        return "url"
    if any(char.isspace() for char in value):
        return "text"
    if any(char in value for char in "*?["):
        return "glob"
    if "/" in value or value.startswith("~") or _has_extension(value):
        return "path"
    return "word"


def _has_extension(value: str) -> bool:
    stem, dot, extension = value.rpartition(".")
    return bool(dot and stem) and extension.isalnum() and len(extension) <= 8


@dataclass(frozen=True, slots=True)
class _Value:
    """A part of the goal that may be a parameter's value."""

    text: str
    start: int
    unit: str = ""
    marked: bool = True


@dataclass(slots=True)
class _Search:
    goal: str
    leaves: list[Leaf]
    whole_first: bool = False
    found: list[tuple[_Value, list[Flow]]] = field(default_factory=list[tuple[_Value, list[Flow]]])
    used: dict[int, list[tuple[int, int]]] = field(default_factory=dict[int, list[tuple[int, int]]])

    def leave_markers(self) -> None:
        """Leave the markers of the working directory alone: no goal holds what they stand for."""
        for index, leaf in enumerate(self.leaves):
            if isinstance(leaf.value, str) and (marks := marker_spans(leaf.value)):
                self.used[index] = marks

    def marked(self) -> list[_Value]:
        """Return the values that are such by their own form, longest first."""
        tokens = tokenize(self.goal)
        often = Counter(token.lower for token in tokens)
        values: list[_Value] = []
        for token in tokens:
            if not token.is_value or not token.text or often[token.lower] > 1:
                continue
            values.append(_Value(token.text, token.start))
            if (split := split_unit(token.text)) is not None:
                values.append(_Value(split[0], token.start, split[1]))
        return sorted(values, key=lambda value: -len(value.text))

    def take(self, value: _Value) -> None:
        """Make a value a parameter if it flows, and only to where values can be bound."""
        if self._in_goal(value.start, value.start + len(value.text)):
            return
        places = [
            place for index in range(len(self.leaves)) for place in self._places(index, value)
        ]
        if not places or (_is_short(value.text) and len(places) > 1):
            return
        if all(self._can_hold(index, flow, value.text) for index, flow in places):
            self.found.append((value, [flow for _, flow in places]))
            for index, flow in places:
                self.used.setdefault(index, []).append((flow.start, flow.end))

    def take_phrases(self) -> None:
        """Take plain words that are the whole of an input, as values without a mark."""
        tokens = tokenize(self.goal)
        order = sorted(range(len(self.leaves)), key=lambda i: -len(str(self.leaves[i].value)))
        for index in order:
            leaf = self.leaves[index]
            if index not in self.used and not leaf.is_command and not leaf.is_path:
                self._take_phrase(index, tokens)

    def _take_phrase(self, index: int, tokens: Sequence[Token]) -> None:
        leaf = self.leaves[index]
        words = [token.lower for token in tokenize(str(leaf.value))]
        lower = [token.lower for token in tokens]
        size = len(words)
        places = [i for i in range(len(lower) - size + 1) if words and lower[i : i + size] == words]
        if len(places) != 1:
            return
        start, end = tokens[places[0]].start, tokens[places[0] + size - 1].end
        text = self.goal[start:end]
        form: Form | None = next((one for one in _FORMS if in_form(text, one) == leaf.value), None)
        if self._in_goal(start, end) or not isinstance(leaf.value, str) or form is None:
            return
        flow = Flow(step=leaf.step, path=leaf.path, start=0, end=len(leaf.value), form=form)
        self.found.append((_Value(text, start, marked=False), [flow]))
        self.used.setdefault(index, []).append((0, len(leaf.value)))

    def result(self) -> tuple[Parameter, ...]:
        """Return what was found, in the order of the goal."""
        names: Counter[str] = Counter()
        parameters: list[Parameter] = []
        for value, flows in sorted(self.found, key=lambda one: one[0].start):
            kind = self._kind(value, flows)
            # Values of the two ways to lay out a goal must never be taken for each other.
            base = "words" if self.whole_first and not value.marked else kind
            names[base] += 1
            parameters.append(
                Parameter(
                    name=f"{base}{names[base]}",
                    kind=kind,
                    value=value.text,
                    start=value.start,
                    end=value.start + len(value.text),
                    unit=value.unit,
                    marked=value.marked,
                    flows=tuple(flows),
                )
            )
        return tuple(parameters)

    def _kind(self, value: _Value, flows: Sequence[Flow]) -> Kind:
        """Return a value's kind; a name that is a whole argument may be a path elsewhere."""
        kind = kind_of(value.text)
        if self.whole_first and not value.marked:
            return "text"  # other words may take its place, and more of them
        if kind == "word" and value.marked and all(map(self._is_whole, flows)):
            return "text"
        return kind

    def _is_whole(self, flow: Flow) -> bool:
        """Whether a flow is a whole word of a command, or the whole of another input."""
        leaf = next(one for one in self.leaves if (one.step, one.path) == (flow.step, flow.path))
        text = leaf.value
        if not isinstance(text, str):
            return False
        if not leaf.is_command:
            return flow.start == 0 and flow.end == len(text)
        before, after = text[: flow.start][-1:], text[flow.end :][:1]
        quoted = before == after and before in ("'", '"')
        if quoted:
            before, after = text[: flow.start - 1][-1:], text[flow.end + 1 :][:1]
        return (not before or before.isspace()) and (not after or after.isspace())

    def _in_goal(self, start: int, end: int) -> bool:
        return any(
            value.start < end and start < value.start + len(value.text) for value, _ in self.found
        )

    def _places(self, index: int, value: _Value) -> Iterator[tuple[int, Flow]]:
        leaf = self.leaves[index]
        if not isinstance(leaf.value, str):
            free = index not in self.used  # a number is one value as a whole
            if free and is_number(value.text) and float(value.text) == leaf.value:
                yield index, Flow(step=leaf.step, path=leaf.path, start=0, end=0)
            return
        taken = self.used.get(index, ())
        for start in _occurrences(leaf.value, value.text):
            end = start + len(value.text)
            if not any(a < end and start < b for a, b in taken):
                yield index, Flow(step=leaf.step, path=leaf.path, start=start, end=end)

    def _can_hold(self, index: int, flow: Flow, value: str) -> bool:
        """Whether another value could be bound at this place."""
        leaf = self.leaves[index]
        if not isinstance(leaf.value, str) or not (leaf.is_command or leaf.is_path):
            return True
        if leaf.is_command and value.startswith("-") and not is_number(value):
            return False  # another option is another program
        probe = Placement(flow.start, flow.end, _another(value), kind_of(value))
        try:
            bind = bind_command if leaf.is_command else bind_path
            bind(leaf.value, [probe])
        except BindingRefused:
            return False
        return True


def _another(value: str) -> str:
    """Return another value of the same kind, to ask whether a place could hold one."""
    if is_number(value):
        return value[:-1] + ("2" if value[-1] == "1" else "1")
    last = next((i for i in range(len(value) - 1, -1, -1) if value[i].isalnum()), None)
    if last is None:
        return value + "x"
    return value[:last] + ("y" if value[last] == "x" else "x") + value[last + 1 :]


def _is_short(text: str) -> bool:
    return is_number(text) and len(text) < _SHORT


def _occurrences(text: str, value: str) -> Iterator[int]:
    """Yield where a value stands in a text, not inside a longer word or number."""
    fits = _number_fits if is_number(value) else _word_fits
    start = text.find(value)
    while start >= 0:
        if fits(text, start, start + len(value)):
            yield start
        start = text.find(value, start + 1)


def _word_fits(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    return not (
        (_is_word(text[start]) and _is_word(before))
        or (_is_word(text[end - 1]) and _is_word(after))
    )


def _number_fits(text: str, start: int, end: int) -> bool:
    """A number may have a sign before it and a unit behind it: ``-mtime +7``, ``-size +10M``."""
    before, after = text[start - 1 : start], text[end : end + 1]
    if _is_word(before) or after.isdigit() or after == "_":
        return False
    part_of_decimal = (before == "." and text[start - 2 : start - 1].isdigit()) or (
        after == "." and text[end + 1 : end + 2].isdigit()
    )
    return not part_of_decimal


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"
