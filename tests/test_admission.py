"""Which traces answer, how far they are trusted, and how strict their guards are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from llmos.interfaces.scripted_model import Conversation, ScriptedModel, Text, ToolUse, Turn
from llmos.memory.evidence import Evidence
from support import Place, Taught, conversation

GOAL = "show the sales"
SALES = "id,amount\n1,2\n"


@pytest.fixture
def place(tmp_path: Path, taught: Taught) -> Iterator[Place]:
    with ScriptedModel([conversation(GOAL, "cat sales.csv", answer="shown")]) as model:
        place = Place(tmp_path, model)
        (place.cwd / "sales.csv").write_text(SALES)
        taught.teach(place, "sales are shown", GOAL)
        yield place


def listed(place: Place) -> dict[str, Any]:
    rows: list[dict[str, Any]] = json.loads(place.llmos("trace", "list", "--json").out)
    assert len(rows) == 1
    return rows[0]


def test_a_trace_is_proven_by_a_clean_replay_and_demoted_by_a_failed_one(place: Place) -> None:
    assert listed(place)["standing"] == "candidate"
    assert place.llmos("--replay-only", GOAL).code == 0
    assert listed(place)["standing"] == "proven"
    (place.cwd / "sales.csv").unlink()
    stopped = place.llmos("--replay-only", "--json", GOAL)
    assert (stopped.code, stopped.json["drift"]["kind"]) == (7, "other_outcome")
    assert "FOLLOWER steps 0/1, drift 1, model calls 0, $0.0000" in stopped.err
    assert listed(place) | {"standing": "candidate", "failures": 1} == listed(place)
    shown = place.llmos("trace", "show", place.traces[0].stem).out
    assert "standing candidate: 1 clean replay, 1 failed" in shown


def test_a_trace_below_the_floor_answers_nothing_any_more(place: Place) -> None:
    evidence = Evidence(place.cwd / "workspace/memory/ledger.sqlite")
    for _ in range(6):
        evidence.record(place.traces[0].stem, "drifted", 1.0, "")
    evidence.close()
    assert listed(place)["standing"] == "retired"
    decision = place.llmos("--dry-run", "--json", GOAL).json
    assert decision["mode"] == "LEARNER"
    assert [one["kind"] for one in decision["refusals"]] == ["retired"]
    assert place.llmos("--replay-only", GOAL).code == 6


def test_strict_guards_let_nothing_differ(place: Place) -> None:
    (place.cwd / "sales.csv").write_text(SALES + "2,3\n")
    assert place.llmos("--replay-only", "--guards", "strict", GOAL).code == 7
    assert place.llmos("--replay-only", GOAL, LLMOS_GUARDS="strict").code == 7
    assert place.llmos("--replay-only", "--guards", "normal", GOAL).out == "shown\n"
    assert place.llmos("--replay-only", "--guards", "lax", GOAL).code == 2


def test_a_trace_is_kept_without_the_steps_that_tell_nothing(place: Place) -> None:
    note = str(place.cwd / "note.txt")
    place.model.add(
        Conversation(
            "leave a note",
            [
                Turn(ToolUse("Read", {"file_path": note})),
                Turn(ToolUse("Write", {"file_path": note, "content": "hello\n"})),
                Turn(ToolUse("Read", {"file_path": note})),
                Turn(ToolUse("Bash", {"command": "wc -l note.txt"})),
                Turn(Text("It has a line.")),
            ],
        )
    )
    learned = place.llmos("--json", "leave a note")
    assert learned.code == 0, learned.err
    assert "2 of 4 steps need not be replayed" in learned.err
    assert learned.json["trace_id"] in [path.stem for path in place.traces]
    assert len(place.traces) == 2  # that of the other goal, and this one
    # The full trace would find a file where it had found none.
    again = place.llmos("--json", "--replay-only", "leave a note")
    assert again.code == 0, again.err
    assert "FOLLOWER steps 2/2, drift 0" in again.err
    assert again.json["result"] == "It has a line."
