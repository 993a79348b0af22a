"""Undo, redo and diff as people use them: real processes, and a shell in a real terminal."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmos.interfaces.scripted_model import Conversation, ScriptedModel, Text, ToolUse, Turn
from pseudo_terminal import Terminal
from support import Place, bash, conversation
from trees import TreeState, tree_of

GOAL = "tidy the place up"
TIDY = (
    "mkdir -p out/deep; mv a.txt out/b.txt; rm gone; chmod 600 keep; ln -s keep link; "
    "echo new > n; rmdir empty"
)
REPORT = Conversation(
    "write the report",
    [Turn(ToolUse("Write", {"file_path": "report.txt", "content": "all is well\n"})),
     Turn(Text("written"))],
)  # fmt: skip


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with ScriptedModel([REPORT, conversation(GOAL, TIDY)]) as model:
        yield Place(tmp_path, model)


def tree(place: Place) -> TreeState:
    return tree_of(place.cwd, without="workspace")


def populate(place: Place) -> None:
    for name in ("a.txt", "gone", "keep"):
        (place.cwd / name).write_text(f"{name}\n")
    (place.cwd / "empty").mkdir(mode=0o700)


def test_a_learned_run_is_shown_undone_redone_and_replayed(place: Place) -> None:
    populate(place)
    before = tree(place)
    assert place.llmos(GOAL).code == 0
    after = tree(place)

    shown = place.llmos("diff").out
    assert "removed a.txt" in shown
    assert "mode 0644 -> 0600" in shown
    assert "+new" in shown
    assert "\x1b" not in shown
    assert place.llmos("undo").code == 0
    assert tree(place) == before
    redone = place.llmos("redo", "--json").json
    assert (redone["type"], redone["state"], len(redone["changed"])) == ("redo", "done", 9)
    assert tree(place) == after

    (place.cwd / "n").write_text("mine\n")
    declined = place.llmos("undo")
    assert declined.code == 3
    assert "changed since: n" in declined.err
    assert "--force" in declined.err
    assert (place.cwd / "n").read_text() == "mine\n"
    assert place.llmos("undo", "--force").code == 0
    assert tree(place) == before

    replayed = place.llmos("--json", "--replay-only", GOAL).json
    assert replayed["mode"] == "FOLLOWER"
    runs = place.llmos("runs", "--json").json
    assert [(one["mode"], one["state"]) for one in runs] == [
        ("FOLLOWER", "done"),
        ("LEARNER", "undone"),
    ]
    assert runs[0]["run_id"] == replayed["run_id"]
    assert place.llmos("undo", runs[0]["run_id"]).code == 0
    assert tree(place) == before
    nothing = place.llmos("undo")
    assert nothing.code == 2
    assert "there is nothing to undo here" in nothing.err


def test_a_wrong_run_is_one_sentence_and_a_hint(place: Place) -> None:
    for arguments in (["undo", "r-none"], ["diff", "r-none"], ["undo", "a", "b"], ["runs", "x"]):
        done = place.llmos(*arguments)
        assert done.code == 2
        assert "Traceback" not in done.err
    assert place.llmos("--force", "runs").code == 2


def test_a_failed_model_run_can_be_undone(place: Place) -> None:
    failing = [
        *bash("echo half > half.txt")[:1],
        Turn(status=400, error_type="invalid_request_error"),
    ]
    place.model.add(Conversation("fail", failing))
    assert place.llmos("fail").code == 1
    assert (place.cwd / "half.txt").exists()
    assert place.llmos("undo").code == 0
    assert not (place.cwd / "half.txt").exists()


def test_one_shot_declines_to_replace_the_users_work_and_force_keeps_it_for_undo(
    place: Place,
) -> None:
    assert place.llmos("write the report").code == 0
    report = place.cwd / "report.txt"
    report.write_text("my own words\n")
    asked = len(place.model.requests)
    declined = place.llmos("--json", "write the report")
    assert declined.code == 3
    assert declined.json["drift"]["overwrites"] == ["report.txt"]
    assert report.read_text() == "my own words\n"
    assert len(place.model.requests) == asked
    assert place.llmos("--replay-only", "write the report").code == 7
    forced = place.llmos("--force", "--replay-only", "write the report")
    assert forced.code == 0, forced.err
    assert report.read_text() == "all is well\n"
    assert place.llmos("undo").code == 0
    assert report.read_text() == "my own words\n"


def test_the_shell_shows_the_users_change_and_asks_and_undoes(place: Place) -> None:
    report, question = place.cwd / "report.txt", "replace it? /undo brings it back [y/n]"
    terminal = Terminal(place)
    try:
        terminal.ready()
        terminal.type("write the report")
        terminal.shows("LEARNER t-", "steps 1")
        terminal.ready()
        report.write_text("my own words\n")
        terminal.type("write the report")
        terminal.asks(question)
        assert "-all is well" in terminal.screen.text
        assert "+my own words" in terminal.screen.text
        terminal.type("n")
        terminal.shows("error: nothing was done")
        assert report.read_text() == "my own words\n"
        terminal.type("write the report")
        terminal.asks(question)
        terminal.type("y")
        terminal.shows("FOLLOWER t-", "steps 1/1")
        assert report.read_text() == "all is well\n"
        terminal.type("/undo")
        terminal.until("put back report.txt")
        terminal.ready()
        assert report.read_text() == "my own words\n"
        terminal.type("/redo")
        terminal.until("redone")
        terminal.type("/diff")
        terminal.until("+all is well")
        terminal.ready()
        assert terminal.leave() == 0
    finally:
        terminal.child.close(force=True)


def test_drift_tells_what_may_have_been_done_outside(place: Place) -> None:
    (place.cwd / "seen").write_text("1")
    place.model.add(conversation("look", "touch made; python3 -c 'pass'", "cat seen"))
    assert place.llmos("look").code == 0
    assert "python3 may do anything" in place.llmos("trace", "show", place.traces[0].stem).out
    dry = place.llmos("--dry-run", "--json", "look").json
    assert [step["effect"] for step in dry["steps"]] == ["outside", "none"]
    (place.cwd / "seen").unlink()
    (place.cwd / "made").unlink()
    drifted = place.llmos("--replay-only", "--json", "look")
    assert drifted.code == 7
    assert "may stay outside" in drifted.err
    assert "python3" in drifted.json["drift"]["outside"][0]
    assert not (place.cwd / "made").exists()


@pytest.mark.nightly
def test_a_replay_killed_while_another_waits_is_rolled_back_before_the_other_goes_on(
    place: Place,
) -> None:
    pause = "touch made; python3 -c 'import time; time.sleep(float(open(\"pause\").read()))'"
    (place.cwd / "pause").write_text("0")
    place.model.add(conversation("wait", pause))
    place.model.add(conversation("look around", "ls made 2>/dev/null || true"))
    assert place.llmos("wait").code == 0
    assert place.llmos("undo").code == 0
    assert place.llmos("look around").code == 0
    (place.cwd / "pause").write_text("60")
    first = place.start("--replay-only", "wait")
    made = place.cwd / "made"
    for _ in range(400):
        if made.exists():
            break
        time.sleep(0.05)
    assert made.exists()
    second = place.start("--replay-only", "look around")
    assert second.stderr is not None
    for line in second.stderr:
        if "waiting for it" in line:
            break
    assert made.exists()
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    _, said = second.communicate(timeout=60)
    assert second.returncode == 0, said
    assert re.search(r"the replay r-\w+ was cut off; put back 1 paths", said)
    assert not made.exists()
    state = json.loads(place.llmos("runs", "--json").out)
    assert "rolled back" in {one["state"] for one in state}
