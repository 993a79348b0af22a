"""The result of a goal: one object for the library, the command line and JSON."""

from __future__ import annotations

from ..kernel.errors import LlmosError
from ..kernel.json_value import JsonValue
from ..kernel.money import Micros, to_usd
from ..kernel.record import Record, field

FOLLOWER = "FOLLOWER"
LEARNER = "LEARNER"


class Drift(Record):
    """A guard that failed.

    Attributes:
        trace_id: The trace whose replay stopped.
        step: Index of the step, 0-based; -1 before the first.
        tool: The step's tool, empty before the first.
        reason: What is not as it was, for people.
        restored: Paths put back, relative to the working directory.
        lost: Paths that could not be put back.
        overwrites: Paths that somebody else has changed and that going on would replace.
        outside: What steps that ran may have done outside the directory, which stays.
        kind: Which guard failed, from the list of `DriftKind`.
        steps: Steps that the trace has.
    """

    trace_id: str
    step: int
    tool: str
    reason: str
    restored: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    overwrites: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    kind: str = ""
    steps: int = 0

    def to_json(self) -> dict[str, JsonValue]:
        """Return the drift as JSON."""
        return {
            "trace_id": self.trace_id,
            "step": self.step,
            "tool": self.tool,
            "kind": self.kind,
            "reason": self.reason,
            "restored": list(self.restored),
            "lost": list(self.lost),
            "overwrites": list(self.overwrites),
            "outside": list(self.outside),
        }


class Result(Record):
    """What came of a goal.

    Attributes:
        success: Whether the goal was reached.
        mode: ``FOLLOWER`` or ``LEARNER``.
        answer: The answer; empty if there is none.
        cost: Micro-dollars; None if the model's price is unknown.
        saved: Micro-dollars that learning this trace had cost, saved by a replay.
        duration_s: Seconds from goal to result.
        trace_id: The trace replayed or kept, or None.
        confidence: 0 to 1: the trace's record; None for a model run.
        steps: Steps carried out.
        of_steps: Steps that the replayed trace has; None for a model run.
        structured_output: The answer as JSON, if a JSON schema was asked for; else None.
        drift: The first guard that failed on the way, or None.
        reasons: Why it went this way, for people.
        run_id: Id of the run.
        session_id: Id of the session.
        error: What went wrong, or None.
        num_turns: API calls made.
        usage: Token counts as the API names them.
        permission_denials: Tools that were denied.
    """

    success: bool
    mode: str
    answer: str
    cost: Micros | None
    saved: Micros
    duration_s: float
    trace_id: str | None
    confidence: float | None
    steps: int
    drift: Drift | None
    reasons: tuple[str, ...]
    run_id: str
    session_id: str
    error: LlmosError | None = None
    num_turns: int = 0
    usage: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    permission_denials: tuple[str, ...] = ()
    of_steps: int | None = None
    structured_output: JsonValue = None

    @property
    def cost_usd(self) -> float | None:
        """Dollars that it cost; None if the model's price is unknown."""
        return None if self.cost is None else to_usd(self.cost)

    @property
    def saved_usd(self) -> float:
        """Dollars saved by a replay."""
        return to_usd(self.saved)

    @property
    def exit_code(self) -> int:
        """The exit code that a one-shot run ends with."""
        if self.success:
            return 0
        return 1 if self.error is None else self.error.exit_code

    @property
    def subtype(self) -> str:
        """``success`` or the kind of error, as in the JSON result."""
        if self.success:
            return "success"
        return "error" if self.error is None else self.error.subtype

    def receipt(self) -> dict[str, JsonValue]:
        """Return what was done and what it cost, as the receipt line says it."""
        return {
            "steps": self.steps,
            "of_steps": self.of_steps,
            "drift": 0 if self.drift is None else 1,
            "model_calls": self.num_turns,
            "cost_usd": self.cost_usd,
            "saved_usd": self.saved_usd,
            "duration_s": round(self.duration_s, 3),
        }

    def to_json(self) -> dict[str, JsonValue]:
        """Return the result with Claude's field names, and llmos's own beside them."""
        return {
            "type": "result",
            "subtype": self.subtype,
            "is_error": not self.success,
            "result": self.answer if self.error is None else self.error.message,
            "hint": "" if self.error is None else self.error.hint,
            "mode": self.mode,
            "trace_id": self.trace_id,
            "confidence": self.confidence,
            "total_cost_usd": self.cost_usd,
            "saved_usd": self.saved_usd,
            "duration_ms": round(self.duration_s * 1000),
            "steps": self.steps,
            "drift": None if self.drift is None else self.drift.to_json(),
            "receipt": self.receipt(),
            "reasons": list(self.reasons),
            "run_id": self.run_id,
            "session_id": self.session_id,
            "num_turns": self.num_turns,
            "usage": dict(self.usage),
            "permission_denials": list(self.permission_denials),
            "structured_output": self.structured_output,
            "exit_code": self.exit_code,
        }


def failure(
    error: LlmosError,
    mode: str,
    *,
    run_id: str = "",
    session_id: str = "",
    duration_s: float = 0.0,
    cost: Micros | None = 0,
) -> Result:
    """Return the result of a goal that failed before any trace or step ran."""
    return Result(
        success=False,
        mode=mode,
        answer="",
        cost=cost,
        saved=0,
        duration_s=duration_s,
        trace_id=None,
        confidence=None,
        steps=0,
        drift=None,
        reasons=(),
        run_id=run_id,
        session_id=session_id,
        error=error,
    )
