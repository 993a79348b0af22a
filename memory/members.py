"""A trace as a member of its family: the program that it is, and the words of its goal."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import zip_longest
from typing import Any

from ..kernel.json_value import JsonValue
from .fillings import Filling, filling_of
from .flows import filled
from .program import canonical_input
from .templates import words_used
from .traces import Parameter, Step, Trace
from .wording import Token, canonical, carriers, tokenize

_PLURAL = re.compile(r"[^\W\d_]{2}(?:(?<![sui])s|\(s\))\Z")
_ARTICLES = frozenset({"a", "an", "the"})


@dataclass(frozen=True, slots=True)
class SlotValue:
    """A parameter as its family sees it.

    Attributes:
        name: Name of the parameter in its trace.
        label: What the value is for: the tool's input that it flows into.
        words: The learned value, in words of lower case.
        value: The learned value.
        unit: What must follow it in the same word.
        marked: Whether its own form says that it is a value.
        in_command: Whether it flows into a shell command.
    """

    name: str
    label: str
    words: tuple[str, ...]
    value: str
    unit: str
    marked: bool
    in_command: bool


@dataclass(frozen=True, slots=True)
class Member:
    """A trace as a member of its family.

    Attributes:
        trace_id: The trace.
        program: Hash of its steps without the values; the same for all of a family.
        tools: The tools it uses.
        words: The canonical words of its goal, with labels where values stand.
        slots: Its parameters, in the order of the goal.
        learned_at: UTC epoch seconds.
        goal: The goal as it was typed.
        filling: Its goal laid out by the inputs that it fills; None if it runs commands.
        used: Words of its goal that the steps use as they are, though they are no parameters.
        plurals: Words of its goal that are many by their ending.
    """

    trace_id: str
    program: str
    tools: tuple[str, ...]
    words: tuple[str, ...]
    slots: tuple[SlotValue, ...]
    learned_at: float
    goal: str
    filling: Filling | None = None
    used: tuple[str, ...] = ()
    plurals: tuple[str, ...] = ()

    def to_json(self) -> str:
        """Return it as the index keeps it, without the id."""
        # By name: `asdict` copies everything deeply, a fifth of the time that the index takes.
        data = {name: getattr(self, name) for name in _NAMES}
        data["slots"] = [{name: getattr(one, name) for name in _SLOT} for one in self.slots]
        data["filling"] = self.filling.to_json() if self.filling else None
        return json.dumps({**data, "trace_id": ""}, ensure_ascii=False)

    @classmethod
    def from_json(cls, trace_id: str, text: str) -> Member:
        """Read what `to_json` gave."""
        data: dict[str, Any] = json.loads(text)
        given: list[dict[str, Any]] = data["slots"]
        slots = tuple(
            SlotValue(
                one["name"],
                one["label"],
                tuple(one["words"]),
                one["value"],
                one["unit"],
                one["marked"],
                one["in_command"],
            )
            for one in given
        )
        words, tools, used, many = (
            tuple(data[name]) for name in ("words", "tools", "used", "plurals")
        )
        learned_at, goal, filling = data["learned_at"], data["goal"], data["filling"]
        laid_out = Filling.from_json(filling) if filling else None
        program = data["program"]
        return cls(trace_id, program, tools, words, slots, learned_at, goal, laid_out, used, many)


_NAMES = tuple(one.name for one in fields(Member))
_SLOT = tuple(one.name for one in fields(SlotValue))


def member_of(trace_id: str, trace: Trace) -> Member:
    """Return a trace as a member of its family."""
    tokens = tokenize(trace.goal)
    slots = [_slot(one, trace.steps) for one in trace.parameters]
    labels: dict[int, tuple[int, str]] = {}
    for parameter, slot in zip(trace.parameters, slots, strict=True):
        inside = [
            index
            for index, token in enumerate(tokens)
            if token.start < parameter.end and parameter.start < token.end
        ]
        if inside:
            labels[inside[0]] = (inside[-1] + 1, slot.label)
    tools = tuple(sorted({step.tool for step in trace.steps}))
    words = [plain_words([token]) for token in tokens]
    learned_at = trace.provenance.learned_at
    program = _program(trace, [slot.label for slot in slots])
    values = {index for start, (end, _) in labels.items() for index in range(start, end)}
    fixed = [token for index, token in enumerate(tokens) if index not in values]
    used = {token.lower for token in carriers(fixed)} & words_used(_without_values(trace))
    return Member(
        trace_id,
        program,
        tools,
        masked(words, labels),
        tuple(slots),
        learned_at,
        trace.goal,
        filling_of(trace),
        tuple(sorted(used)),
        plurals(fixed),
    )


def plurals(tokens: Sequence[Token]) -> tuple[str, ...]:
    """Return the words that are many by their ending; no verbs (first, or before an article)."""
    followed = zip_longest(tokens[1:], tokens[2:])
    return tuple(
        sorted(
            canonical(token.text.removesuffix("(s)"))
            for token, after in followed
            if _PLURAL.search(token.lower)
            and not (token.is_value and token.text.isalpha())
            and (after is None or after.lower not in _ARTICLES)
        )
    )


def masked(
    words: Sequence[Sequence[str]], labels: Mapping[int, tuple[int, str]]
) -> tuple[str, ...]:
    """Return the canonical words of a goal, with the label of a slot where its value stands.

    Args:
        words: The words of each token, see `plain_words`.
        labels: From the first token of a value to the index after its last one, and the label.
    """
    found: list[str] = []
    index = 0
    while index < len(words):
        if index in labels:
            index, label = labels[index]
            found.append(label)
            continue
        found += words[index]
        index += 1
    return tuple(found)


def plain_words(tokens: Sequence[Token]) -> list[str]:
    """Return the canonical words of tokens; literals as they are."""
    return [token.text if token.literal else canonical(token.text) for token in carriers(tokens)]


def _slot(parameter: Parameter, steps: Sequence[Step]) -> SlotValue:
    flow = parameter.flows[0]
    tool = steps[flow.step].tool
    in_command = tool == "Bash"
    where = (
        f"{parameter.kind}*{len(parameter.flows)}"
        if in_command
        else ".".join(part for part in flow.path if isinstance(part, str))
    )
    words = tuple(token.lower for token in tokenize(parameter.value)) or (parameter.value.lower(),)
    return SlotValue(
        parameter.name,
        f"<{tool}.{where}>",
        words,
        parameter.value,
        parameter.unit,
        parameter.marked,
        in_command,
    )


def _without_values(trace: Trace) -> Iterator[tuple[str, dict[str, JsonValue]]]:
    holes = {one.name: "\0" for one in trace.parameters}
    inputs = filled(trace.steps, trace.parameters, holes)
    return ((step.tool, given) for step, given in zip(trace.steps, inputs, strict=True))


def _program(trace: Trace, labels: Sequence[str]) -> str:
    """Return the hash of what the steps do, whatever the values are."""
    steps: list[JsonValue] = [
        [tool, canonical_input(tool, given)] for tool, given in _without_values(trace)
    ]
    text = json.dumps([steps, list(labels), trace.permission_mode], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
