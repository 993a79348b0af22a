"""The effects of steps, as people are shown them."""

from __future__ import annotations

from collections.abc import Iterable

from ..memory.effects import StepEffect, effect_of_step
from ..memory.traces import Step
from .render import describe_call


def describe_effect(effect: StepEffect) -> str:
    """Describe what a step may do, in a few words."""
    if effect.kind in ("none", "files"):
        return effect.kind
    back = f"; `{effect.inverse}` takes it back" if effect.inverse else ""
    return f"{effect.kind}: {effect.why}{back}"


def what_stays(steps: Iterable[Step]) -> tuple[str, ...]:
    """Say of each step that may have acted outside the directory what it was."""
    found = ((step, effect_of_step(step)) for step in steps)
    return tuple(
        f"{describe_call(step.tool, step.input)} ({describe_effect(effect)})"
        for step, effect in found
        if effect.kind in ("reversible", "outside")
    )
