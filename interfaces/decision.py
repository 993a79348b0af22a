"""The decision how to answer a goal, taken without any side effect."""

from __future__ import annotations

from ..kernel.json_value import JsonValue
from ..kernel.money import Micros, format_usd, to_usd
from ..kernel.record import Record
from ..memory.found import Match, Miss, Refusal
from ..memory.traces import Step
from .result import FOLLOWER, LEARNER

_MOST_REASONS = 8


class Decision(Record):
    """How a goal will be answered.

    Attributes:
        goal: The goal.
        matches: The traces that may answer it, best first.
        refusals: The traces that might have, and why they may not.
        estimate: What it will cost, micro-dollars (0 for a replay).
        near: What could be replayed if the user says that the goal means the same, or None.
    """

    goal: str
    matches: tuple[Match, ...]
    refusals: tuple[Refusal, ...]
    estimate: Micros
    near: Match | None = None

    @property
    def mode(self) -> str:
        """``FOLLOWER`` if a trace may answer, else ``LEARNER``."""
        return FOLLOWER if self.matches else LEARNER

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why, for people."""
        found = tuple(
            f"trace {match.trace_id} {match.reason} ({_steps(match)})" for match in self.matches
        )
        refused = [
            f"{refused.trace_id}: {refused.reason}" if refused.trace_id else refused.reason
            for refused in self.refusals[:_MOST_REASONS]
        ]
        more = len(self.refusals) - len(refused)
        return (*found, *refused, *([f"and {more} more"] if more else []))

    @property
    def denied(self) -> bool:
        """Whether a permission rule, or that nobody can be asked, is why no trace answers."""
        denied = (Miss.DENIED, Miss.NEEDS_APPROVAL)
        return not self.matches and any(one.kind in denied for one in self.refusals)

    def to_json(self) -> dict[str, JsonValue]:
        """Return the decision as JSON, steps of the trace included."""
        best = self.matches[0] if self.matches else None
        steps: list[JsonValue] = [_step_json(step) for step in best.trace.steps] if best else []
        return {
            "type": "decision",
            "goal": self.goal,
            "mode": self.mode,
            "trace_id": best.trace_id if best else None,
            "way": best.way.value if best else None,
            "values": dict(best.values) if best else {},
            "near": None if self.near is None else _match_json(self.near),
            "confidence": best.confidence if best else None,
            "estimated_cost_usd": to_usd(self.estimate),
            "reasons": list(self.reasons),
            "refusals": [
                {"kind": one.kind.value, "trace_id": one.trace_id, "reason": one.reason}
                for one in self.refusals
            ],
            "steps": steps,
        }

    def describe(self) -> str:
        """Describe the decision in one line, for people."""
        price = format_usd(self.estimate)
        if self.matches:
            return f"{self.mode} {self.matches[0].trace_id} {price}"
        return f"{self.mode} ~{price}"


def _match_json(match: Match) -> JsonValue:
    return {
        "trace_id": match.trace_id,
        "goal": (match.learned or match.trace).goal,
        "values": dict(match.values),
        "steps": [_step_json(step) for step in match.steps],
    }


def _step_json(step: Step) -> JsonValue:
    # The parser of commands, which a replay does not need.
    from ..memory.effects import effect_of_step

    effect = effect_of_step(step)
    return {
        "tool": step.tool,
        "input": dict(step.input),
        "effect": effect.kind,
        "effect_why": effect.why,
        "inverse": effect.inverse,
    }


def _steps(match: Match) -> str:
    count = len(match.trace.steps)
    return f"{count} step{'' if count == 1 else 's'}"
