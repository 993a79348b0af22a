"""Traces for tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmos.memory.traces import Observation, Provenance, Step, Trace

LEARNED_AT = 1_790_000_000.0


def make_trace(
    goal: str,
    *,
    tool: str = "Bash",
    given: Mapping[str, Any] | None = None,
    output: str = "hello",
    ok: bool = True,
    answer: str = "done",
    learned_at: float = LEARNED_AT,
    **more: Any,
) -> Trace:
    """Return a trace of one step."""
    seen = Observation(text=output, ok=ok, exit_code=0, at=learned_at, duration_s=0.1)
    step = Step(tool=tool, input=dict(given or {"command": "echo hello"}), observation=seen)
    provenance = Provenance(
        model="claude-sonnet-5-5",
        session_id="s",
        run_id="r",
        learned_at=learned_at,
        cost_micros=7500,
        duration_s=1.0,
        llmos_version="0",
        cli_version="0",
        platform="linux",
    )
    return Trace(
        goal=goal,
        permission_mode="acceptEdits",
        steps=(step,),
        answer=answer,
        provenance=provenance,
        **more,
    )
