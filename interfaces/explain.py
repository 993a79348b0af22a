"""Says why a goal would be answered as it would: `llmos why`, `--dry-run`, `/why`, near misses."""

from __future__ import annotations

from ..memory.found import Match
from .decision import Decision
from .plain_text import one_line
from .render import describe_call


def explained(decision: Decision) -> str:
    """Return a decision in full: the price, the candidates, what bound to what, what stopped it."""
    lines = [decision.describe(), *(f"  {reason}" for reason in decision.reasons)]
    for match in decision.matches[:1]:
        lines += _bindings(match) + _steps(match)
    if decision.near is not None:
        lines.append(f"  nearest: {near_question(decision.near)}")
        lines += _steps(decision.near)
    return "\n".join(lines)


def near_question(near: Match) -> str:
    """Return a near miss as what would be replayed: the learned goal and the values."""
    learned = near.learned or near.trace
    values = ", ".join(f"{name}={one_line(value, 40)}" for name, value in near.values.items())
    return f"`{one_line(learned.goal)}`{f' with {values}' if values else ''}"


def _bindings(match: Match) -> list[str]:
    learned = match.learned
    if learned is None:
        return []
    return [
        f"  {one.name} = {match.values[one.name]!r} (was {one.value!r})"
        for one in learned.parameters
    ]


def _steps(match: Match) -> list[str]:
    # The parser of commands, which a replay does not need.
    from ..memory.effects import effect_of_step
    from .effects_view import describe_effect

    return [
        f"  {number} {describe_call(step.tool, step.input)}  "
        f"[{one_line(describe_effect(effect_of_step(step)))}]"
        for number, step in enumerate(match.steps, start=1)
    ]
