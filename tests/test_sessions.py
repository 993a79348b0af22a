"""Sessions: to go on from what was said, by name or id, in a copy, after a stop; to look at it."""

from __future__ import annotations

import io
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from llmos.__main__ import main
from llmos.interfaces.scripted_model import Conversation, ScriptedModel, ToolUse, Turn, Usage
from support import TURN_COST_USD, Place, bash, conversation

MAKE = "make a list"
SORT = "now sort it"
SECRET = "sk-ant-api03-" + "a1B2" * 10


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with ScriptedModel([]) as model:
        yield Place(tmp_path, model)


def two_goals(place: Place) -> None:
    """Script a conversation of two goals, of which the second goes on from the first."""
    first = bash("printf 'b\\na\\n' > list; cat list", answer="made")
    place.model.add(Conversation(MAKE, [*first, *bash("sort list", answer="sorted")]))


def transcripts(place: Place) -> list[Path]:
    return sorted((place.cwd / "workspace/memory/sessions").glob("*.transcript"))


def test_a_goal_goes_on_from_the_last_one_and_leaves_no_trace(place: Place) -> None:
    two_goals(place)
    made = place.llmos("--json", MAKE).json
    done = place.llmos("--json", "-c", SORT)
    assert (done.code, done.json["result"]) == (0, "sorted"), done.err
    assert done.json["session_id"] == made["session_id"]
    # The model was shown what was said before, and was paid for what is new alone.
    assert place.model.requests[-1].user_texts == [MAKE, SORT]
    assert done.json["total_cost_usd"] == pytest.approx(2 * TURN_COST_USD)
    assert "went on from a conversation" in done.err
    assert [path.stem for path in place.traces] == [made["trace_id"]]
    # What it meant depends on the conversation: its words alone are no goal that was learned, and
    # what was learned alone does not answer a goal of a conversation.
    asked = len(place.model.requests)
    assert place.llmos("--replay-only", SORT).code == 6
    refused = place.llmos("--replay-only", "-c", MAKE)
    assert (refused.code, "goes on from what was said before" in refused.err) == (6, True)
    assert len(place.model.requests) == asked
    assert place.llmos("--replay-only", MAKE).code == 0


@pytest.mark.nightly
def test_what_a_replay_did_is_told_to_the_model_in_words(place: Place) -> None:
    place.model.add(conversation("say hello", "echo hello", answer="hello was said"))
    assert place.llmos("--no-log", "say hello").code == 0
    assert not (place.cwd / "workspace/memory/sessions").exists()
    assert "FOLLOWER" in place.llmos("--name", "greeting", "say hello").err
    place.model.add(conversation("say it again", "echo hello again", answer="twice"))
    done = place.llmos("-r", "greeting", "say it again")
    assert (done.code, done.out) == (0, "twice\n"), done.err
    told = json.dumps(place.model.requests[-1].body["messages"])
    for words in (
        "The user asked: say hello",
        "You did: Bash command=echo hello",
        "hello was said",
    ):
        assert words in told


@pytest.mark.nightly
def test_a_copy_leaves_the_session_as_it_was(place: Place) -> None:
    two_goals(place)
    made = place.llmos("--json", "--name", "lists", MAKE).json
    log = place.cwd / f"workspace/memory/sessions/{made['session_id']}.jsonl"
    before = log.read_bytes()
    copy = place.llmos("--json", "-r", "lists", "--fork-session", "--name", "sorted", SORT).json
    assert copy["session_id"] != made["session_id"]
    assert log.read_bytes() == before
    assert place.model.requests[-1].user_texts == [MAKE, SORT]
    rows = json.loads(place.llmos("session", "list", "--json").out)
    assert [(row["name"], row["goals"]) for row in rows] == [("sorted", 2), ("lists", 1)]


@pytest.mark.nightly
def test_a_run_that_was_stopped_by_its_cap_can_be_gone_on_from(place: Place) -> None:
    dear = Usage(input_tokens=400_000)
    place.model.add(
        Conversation(
            "count for long",
            [
                Turn(ToolUse("Bash", {"command": "echo one"})),
                Turn(ToolUse("Bash", {"command": "echo two"}), usage=dear),
                *bash("echo three", answer="three"),
            ],
        )
    )
    stopped = place.llmos("--json", "--max-budget-usd", "0.01", "count for long")
    assert (stopped.code, stopped.json["subtype"]) == (5, "error_max_budget_usd"), stopped.err
    assert "-c GOAL" in stopped.json["hint"]
    done = place.llmos("--json", "-c", "go on")
    assert (done.code, done.json["result"]) == (0, "three"), done.err
    assert done.json["session_id"] == stopped.json["session_id"]
    assert "one" in [text for _, text, _ in place.model.requests[-1].tool_results()]


def test_a_run_that_was_interrupted_can_be_gone_on_from(place: Place) -> None:
    wait = "python3 -c 'import time; time.sleep(100)'"
    # The CLI notes the interruption as one more answer.
    place.model.add(Conversation("wait", [*bash("echo one", wait), *bash(answer="went on")]))
    process = place.start("--json", "wait")
    assert process.stderr is not None
    assert any("Bash python3" in line for line in process.stderr)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=30)
    stopped = json.loads(out)
    # What JSON says of the end is what the process says.
    assert (process.returncode, stopped["exit_code"], stopped["subtype"]) == (
        143,
        143,
        "error_terminated",
    )
    done = place.llmos("--json", "-c", "go on")
    assert (done.code, done.json["result"]) == (0, "went on"), done.err
    assert done.json["session_id"] == stopped["session_id"]
    assert place.model.requests[-1].user_texts[0] == "wait"


def test_a_transcript_is_private_and_holds_no_secret(place: Place) -> None:
    place.model.add(conversation("tell", f"echo {SECRET}", answer=f"it is {SECRET}"))
    assert place.llmos("tell").code == 0
    (transcript,) = transcripts(place)
    assert "it is [redacted" in transcript.read_text()
    assert transcript.stat().st_mode & 0o777 == 0o600
    # Nor does the CLI keep one.
    assert [one for one in place.home.rglob("*.jsonl") if SECRET in one.read_text()] == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["-c", "x"],
        ["-r", "nobody", "x"],
        ["--fork-session", "x"],
        ["--no-log", "-c", "x"],
        ["--name", "/etc", "x"],
        ["session", "show"],
        ["session", "export", "--format", "pdf"],
        ["session", "rm", "nobody"],
        ["session", "prune", "soon"],
    ],
    ids=" ".join,
)
def test_a_session_that_is_not_there_or_cannot_be_is_told(
    arguments: list[str], inside: Any
) -> None:
    done = inside(*arguments)
    assert (done.code, done.err.count("llmos: error: ")) == (2, 1), done


@pytest.fixture
def inside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Any:
    """Run llmos in this process, where no model is to be reached."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO())

    def run(*arguments: str) -> Any:
        code = main(list(arguments))
        told = capsys.readouterr()
        return SimpleNamespace(code=code, out=told.out, err=told.err)

    return run


def test_sessions_are_listed_shown_named_exported_and_removed(place: Place) -> None:
    place.model.add(conversation("say <b>", "echo '```'; echo '<i>'", answer="said & done"))
    first = place.llmos("--json", "say <b>").json["session_id"]
    lines = [
        "/rename second try",
        "say <b>",
        "/sessions --json",
        "/export",
        "/fork",
        "/sessions",
        "/clear",
        "/resume second try",
        "/session rm",
        f"/session rm {first}",
        "/sessions --json",
    ]
    done = place.llmos("interactive", stdin="\n".join(lines))
    assert done.code == 0
    assert "this session is named second try" in done.out
    both, left = [json.loads(line) for line in done.out.splitlines() if line.startswith("[")]
    assert [(row["name"], row["goals"]) for row in both] == [("second try", 1), ("", 1)]
    assert both[1]["session_id"] == first
    assert "# Session second try" in done.out
    assert "````" in done.out  # a fence that the output cannot end
    assert "going on from second try" in done.out
    assert "needs" in done.err or "cannot be removed" in done.err
    assert first not in [row["session_id"] for row in left]

    page = place.llmos("session", "export", "second try", "--format", "html").out
    assert "&lt;i&gt;" in page
    assert "<i>" not in page
    place.llmos("session", "export", "second try", "-o", "s.json")
    exported = json.loads((place.cwd / "s.json").read_text())
    assert exported["turns"][0]["steps"][0]["input"]["command"] == "echo '```'; echo '<i>'"
