"""After each goal one line says what was done and what it cost; JSON says the same."""

from __future__ import annotations

import enum
import re
from typing import Any

import pytest

from llmos.interfaces.drift_kinds import DriftKind
from llmos.interfaces.render import receipt
from llmos.interfaces.result import FOLLOWER, LEARNER, Drift, Result
from llmos.memory.found import Miss
from support import ROOT


def result(**given: Any) -> Result:
    usual: dict[str, Any] = {
        "success": True,
        "mode": FOLLOWER,
        "answer": "done",
        "cost": 0,
        "saved": 410_000,
        "duration_s": 0.2134,
        "trace_id": None,
        "confidence": 0.9,
        "steps": 6,
        "of_steps": 6,
        "drift": None,
        "reasons": (),
        "run_id": "r",
        "session_id": "s",
    }
    return Result(**(usual | given))


def test_the_receipt_of_a_replay() -> None:
    said = "FOLLOWER steps 6/6, drift 0, model calls 0, $0.0000, saved $0.41, 0.21 s"
    assert receipt(result()) == said


def test_the_receipt_of_a_replay_that_drifted() -> None:
    drift = Drift("t-1", 2, "Bash", "it failed now", kind="other_outcome", steps=6)
    stopped = result(success=False, steps=2, drift=drift, saved=0)
    said = "FOLLOWER steps 2/6, drift 1, model calls 0, $0.0000, saved $0.00, 0.21 s"
    assert receipt(stopped) == said


def test_the_receipt_of_a_model_run() -> None:
    learned = result(mode=LEARNER, cost=30_000, saved=0, num_turns=7, of_steps=None)
    assert receipt(learned) == "LEARNER steps 6, drift 0, model calls 7, $0.03, 0.21 s"


def test_a_cost_that_is_not_known_is_not_nothing() -> None:
    assert ", ?, " in receipt(result(mode=LEARNER, cost=None))


def test_json_holds_what_the_line_says() -> None:
    assert result().to_json()["receipt"] == {
        "steps": 6,
        "of_steps": 6,
        "drift": 0,
        "model_calls": 0,
        "cost_usd": 0.0,
        "saved_usd": 0.41,
        "duration_s": 0.213,
    }


@pytest.mark.parametrize(
    ("kinds", "heading"), [(DriftKind, "drift.kind"), (Miss, "refusals[].kind")]
)
def test_the_readme_lists_the_reasons_that_there_are(kinds: type[enum.Enum], heading: str) -> None:
    readme = (ROOT / "README.md").read_text()
    table = readme.split(f"| `{heading}` |", 1)[1].split("\n\n", 1)[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == [one.value for one in kinds]
