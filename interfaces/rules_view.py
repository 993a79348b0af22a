"""What may differ at a replay, as people are shown it."""

from __future__ import annotations

from collections.abc import Sequence

from ..memory.replay_rules import Flowed, ReplayRule
from .plain_text import one_line

_MOST_FLOWS = 6
_WIDTH = 300

MASKED = (
    "masked   what describes a run itself (times, durations, process ids, temporary names), "
    "unless it is used later"
)
"""What holds for every step."""
OTHER_VALUES = (
    "values   with other values, what flows on and the header of a table must stand there again; "
    "the rest may differ"
)
"""What holds where the goal has parameters."""


def describe_rule(rule: ReplayRule) -> list[str]:
    """Describe in a few lines what may differ in a step, and why."""
    lines = [f"  may differ {one_line(rule.may, _WIDTH)}: {one_line(rule.why, _WIDTH)}"]
    if rule.columns:
        lines.append(one_line(f"  same form  {', '.join(rule.columns)}", _WIDTH))
    if rule.afterwards is not None:
        lines.append(f"  not done   once something differed: {rule.afterwards}")
    if rule.flows:
        lines.append(f"  flows on   {_flows(rule.flows)}")
    return lines


def _flows(flows: Sequence[Flowed]) -> str:
    shown = [f"{one_line(repr(one.part), 60)} to {_where(one)}" for one in flows[:_MOST_FLOWS]]
    more = len(flows) - len(shown)
    return "; ".join([*shown, *([f"and {more} more"] if more else [])])


def _where(flowed: Flowed) -> str:
    steps = [f"step {at + 1}" for at in flowed.steps]
    return " and ".join([*steps, *(["the answer"] if flowed.answer else [])])
