"""What is remembered reaches the request of the next goal like it, and what is not does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from llmos.interfaces.scripted_model import (
    Conversation,
    Request,
    ScriptedModel,
    Text,
    ToolUse,
    Turn,
)
from support import Place, conversation

COUNT = "count the lines of data.csv"
LIKE = "count all the lines of other.csv"
UNRELATED = "what is the weather like in Rome"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with ScriptedModel([]) as model:
        place = Place(tmp_path, model)
        (place.cwd / "data.csv").write_text("a\nb\n")
        (place.cwd / "other.csv").write_text("a\n")
        yield place


def session(place: Place, *entries: str) -> list[str]:
    """Type entries into one shell; return what the first request of each goal said."""
    before = len(place.model.requests)
    done = place.llmos("interactive", stdin="".join(f"{one}\n" for one in entries))
    assert done.code == 0, done.err
    asked = [one for one in place.model.requests[before:] if one.answers == 0]
    return [json.dumps(one.body["messages"]) for one in asked]


def steps(trace: Path) -> list[dict[str, Any]]:
    return json.loads(trace.read_text())["trace"]["steps"]


def remember(place: Place, text: str) -> str:
    done = place.llmos("memory", "add", "--json", text)
    assert done.code == 0, done.err
    return done.json["id"]


def test_how_a_goal_was_reached_helps_the_next_one_like_it_and_no_other(place: Place) -> None:
    place.model.add(conversation(COUNT, "wc -l data.csv", answer="2 lines"))
    place.model.add(conversation(LIKE, "wc -l other.csv"))
    place.model.add(conversation(UNRELATED, "echo sunny"))
    note = "/memory add lines of a csv are counted with care"
    first, like, unrelated = session(place, COUNT, note, f"/learn {LIKE}", UNRELATED)
    assert "wc -l" not in first
    assert "wc -l" in like
    assert "2 lines" not in like, "what came of it is no method"
    assert "wc -l" not in unrelated
    assert "with care" in like
    tools = [one["tool"] for path in place.traces for one in steps(path)]
    assert set(tools) == {"Bash"}, "nothing of what they were told was used"


def test_a_failed_run_leaves_a_lesson_for_the_next_try_until_one_succeeds(place: Place) -> None:
    def tries(request: Request) -> Turn:
        if request.answers == 0:
            return Turn(ToolUse("Bash", {"command": "python2 count.py other.csv"}))
        return Turn(status=400, error_type="invalid_request_error")

    place.model.add(Conversation(LIKE, [tries, tries]))
    session(place, LIKE)
    for goal in (COUNT, UNRELATED, LIKE):
        place.model.add(conversation(goal, "wc -l other.csv"))
    near, unrelated, again, after = session(place, COUNT, UNRELATED, LIKE, f"/learn {LIKE}")
    assert "python2 count.py other.csv" in near
    assert "failed" in near
    assert "python2" not in unrelated
    assert "python2" in again
    assert "python2" not in after


def test_why_shows_the_context_with_its_cost_and_calls_no_model(place: Place) -> None:
    kept = remember(place, "the lines of a csv are counted without its header")
    shown = place.llmos("why", "--context", "--json", LIKE)
    assert shown.code == 0, shown.err
    (item,) = shown.json["context"]["items"]
    assert (item["kind"], item["source"]) == ("memory", kept)
    assert 0 < item["tokens"] <= shown.json["context"]["tokens"] <= shown.json["context"]["budget"]
    said = place.llmos(
        "interactive", stdin=f"/why --context {LIKE}\n/why --context {UNRELATED}\n"
    ).out
    assert said.count("without its header") == 1
    assert place.model.requests == []


def test_a_trace_that_used_a_memory_replays_until_that_memory_changes(place: Place) -> None:
    kept = remember(place, "the release branch is called trunk")
    goal = "name the release branch"
    place.model.add(conversation(goal, "echo trunk", answer="trunk"))
    assert place.llmos(goal).code == 0
    (trace,) = place.traces
    assert [one["tool"] for one in steps(trace)] == ["mcp__llmos__recall", "Bash"]
    assert place.llmos("--replay-only", goal).out == "trunk\n"
    assert place.llmos("memory", "rm", kept).code == 0
    drifted = place.llmos("--replay-only", "--json", goal)
    assert (drifted.code, drifted.json["drift"]["step"]) == (7, 0)


def test_the_model_remembers_and_recalls_and_what_it_keeps_holds_no_secret(place: Place) -> None:
    place.env["SERVICE_TOKEN"] = "tok-3f9a8b7c6d5e4f3a2b1c"
    fact = "the staging server is blue-7, its token is tok-3f9a8b7c6d5e4f3a2b1c"
    uses = {
        "note where staging is": ToolUse("mcp__llmos__remember", {"text": fact}),
        "recall staging": ToolUse("mcp__llmos__recall", {"query": "where is the staging server"}),
    }
    for goal, use in uses.items():
        place.model.add(Conversation(goal, [Turn(use), Turn(Text("blue-7"))]))
    session(place, *uses)
    ((_, told, failed),) = place.model.requests[-1].tool_results()
    assert "blue-7" in told
    assert not failed
    assert "tok-3f9a" not in told
    assert place.llmos("--replay-only", "recall staging").out == "blue-7\n"
