"""What may differ when a trace is replayed, step by step, and why: for people to read.

None of this is stored. It follows from the signed steps by the very functions that judge a replay
(`implicit`, `flow_guard`); a copy in the file could only say something else than what they do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..kernel.json_value import JsonValue
from .flow_guard import new_parts
from .flow_text import Vocabulary, leaves
from .implicit import forms_of, may_follow, shows, table_of
from .traces import Step, Trace

Compared = Literal["file", "equal", "rows", "derived", "caused"]
"""What is held against what was learned: the file that the step writes; the whole observation; the
header of a table; nothing, since only the answer depends on it; the whole observation unless what
it was made from was seen to differ."""


@dataclass(frozen=True, slots=True)
class Flowed:
    """A part of an observation that was used.

    Attributes:
        part: The part.
        steps: Indexes of the later steps in whose inputs it stands.
        answer: Whether it stands in the answer.
    """

    part: str
    steps: tuple[int, ...]
    answer: bool


@dataclass(frozen=True, slots=True)
class ReplayRule:
    """What may differ in one step of a replay.

    Attributes:
        compared: What is compared.
        may: What may differ, for people.
        why: Why no more, and no less.
        columns: Of a table: the columns whose values must have the form that they had.
        afterwards: Why the step is not carried out once something differed before, or None.
        flows: What of its observation was used. With other values of the goal, this and the header
            of a table must stand there again, and the rest may differ.
    """

    compared: Compared
    may: str
    why: str
    columns: tuple[str, ...]
    afterwards: str | None
    flows: tuple[Flowed, ...]

    def to_json(self) -> dict[str, JsonValue]:
        """Return the rule as JSON; steps are counted from 1, as people are shown them."""
        return {
            "compared": self.compared,
            "may_differ": self.may,
            "why": self.why,
            "columns": list(self.columns),
            "after_a_difference": self.afterwards,
            "flows": [
                {"part": one.part, "steps": [at + 1 for at in one.steps], "answer": one.answer}
                for one in self.flows
            ],
        }


def rules_of(trace: Trace) -> list[ReplayRule]:
    """Return what may differ in each step of a replay with the learned values."""
    rules: list[ReplayRule] = []
    for index, step in enumerate(trace.steps):
        compared = _compared(trace, index, rules)
        table = table_of(step.observation.text) if compared == "rows" else None
        may, why = _said(step, compared)
        rules.append(
            ReplayRule(
                compared,
                may,
                why,
                () if table is None else _fixed(table),
                may_follow(step) if any(one.compared == "rows" for one in rules) else None,
                flows_of(trace, index),
            )
        )
    return rules


def flows_of(trace: Trace, index: int) -> tuple[Flowed, ...]:
    """Return what of a step's observation stands again later, and was not known before."""
    later = [
        (at, Vocabulary(leaves(step.input), loose=True))
        for at, step in enumerate(trace.steps[index + 1 :], start=index + 1)
    ]
    answer = Vocabulary((trace.answer,))
    found = (
        Flowed(part, tuple(at for at, words in later if part in words), part in answer)
        for part in new_parts(trace, index)
    )
    return tuple(one for one in found if one.steps or one.answer)


def _compared(trace: Trace, index: int, before: Sequence[ReplayRule]) -> Compared:
    step = trace.steps[index]
    if step.after is not None:
        return "file"
    if index + 1 == len(trace.steps):
        if shows(step):
            return "derived"
        return "caused" if any(one.compared == "rows" for one in before) else "equal"
    return "equal" if table_of(step.observation.text) is None else "rows"


def _said(step: Step, compared: Compared) -> tuple[str, str]:
    match compared:
        case "file":
            found = step.before is not None and step.before.sha256 is not None
            was = "as the model found it" if found else "absent, as the model found it"
            said = f"its file must be {was}, or hold already what the step makes of it"
            return "nothing", f"{said}; it must come out as learned"
        case "equal":
            return "nothing", "what is seen here could have led the model to do something else"
        case "rows":
            why = "what was made for a table is made for its columns"
            return "the rows under the same header", why
        case "derived":
            why = "only the answer depends on it, and that is derived anew, or not given"
            return "what it shows", why
        case "caused":
            why = "a result that changed without a cause that was seen is not explained"
            return "what it shows, if a table before it differed", why


def _fixed(table: Sequence[Sequence[str]]) -> tuple[str, ...]:
    forms = zip(table[0], forms_of(table), strict=True)
    return tuple(name for name, form in forms if form is not None)
