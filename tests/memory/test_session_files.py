"""The files of sessions: what is found by what, what is pruned, what a damaged one does."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from llmos.kernel.errors import UsageError
from llmos.kernel.redaction import Redactor
from llmos.memory.conversation import Conversation
from llmos.memory.session_files import Sessions, check_name
from llmos.memory.transcript import Transcript, read_transcript, save_transcript

DAY_S = 86_400


def write(folder: Path, number: int, *goals: str, days_ago: float = 0.0, name: str = "") -> str:
    folder.mkdir(exist_ok=True)
    began = time.gmtime(time.time() - days_ago * DAY_S)
    session_id = f"{time.strftime('%Y%m%d', began)}-120000-{number:06x}"
    entries: list[Any] = [{"type": "SessionBegan", "cwd": f"/{number}"}]
    for at, goal in enumerate(goals):
        run = {"run_id": f"r-{number}-{at}"}
        call = {"name": "Bash", "input": {"command": "ls"}, "id": ""}
        entries += [
            {"type": "ToolCalled", **run, "index": 0, "call": call},
            {"type": "RunEnded", **run, "goal": goal, "answer": "done", "ok": True, "cost": 5},
        ]
    entries += [{"type": "SessionNamed", "name": name}] if name else []
    path = folder / f"{session_id}.jsonl"
    path.write_text("".join(json.dumps({"at": 1.0, **one}) + "\n" for one in entries))
    used_at = time.time() - days_ago * DAY_S + number
    os.utime(path, (used_at, used_at))
    return session_id


def test_the_last_used_comes_first_and_one_without_goals_not_at_all(tmp_path: Path) -> None:
    first, last = write(tmp_path, 1, "one"), write(tmp_path, 2, "two", "more")
    write(tmp_path, 3)
    sessions = Sessions(tmp_path)
    rows = sessions.rows(10)
    assert [(row.id, row.goal, row.turns, row.cost) for row in rows] == [
        (last, "two", 2, 10),
        (first, "one", 1, 5),
    ]
    assert [row.id for row in sessions.rows(10, cwd=Path("/1"))] == [first]


def test_a_session_is_found_by_name_id_or_its_clear_beginning(tmp_path: Path) -> None:
    one, two = write(tmp_path, 1, "x", name="mine"), write(tmp_path, 2, "y", name="mine")
    sessions = Sessions(tmp_path)
    assert sessions.find("mine").id == two
    assert sessions.find(one).id == one
    assert sessions.find(one[:-1]).id == one if one[:-1] != two[:-1] else True
    with pytest.raises(UsageError, match="2 sessions begin with"):
        sessions.find(one[:8])
    for wanted in ("other", "", "../x", "0" * 300):
        with pytest.raises(UsageError, match="there is no session"):
            sessions.find(wanted)


def test_what_was_not_used_for_long_is_pruned_with_its_transcript(tmp_path: Path) -> None:
    old = write(tmp_path, 1, "x", days_ago=40)
    used = write(tmp_path, 2, "x", days_ago=40)
    new = write(tmp_path, 3, "x", days_ago=1)
    sessions = Sessions(tmp_path)
    sessions.transcript_of(old).write_text("x")
    os.utime(sessions.log_of(used))
    assert sessions.prune() == 1
    assert {path.name for path in tmp_path.iterdir()} == {f"{used}.jsonl", f"{new}.jsonl"}


def test_a_torn_line_or_a_damaged_transcript_is_no_obstacle(tmp_path: Path) -> None:
    session_id = write(tmp_path, 1, "x")
    sessions = Sessions(tmp_path)
    with sessions.log_of(session_id).open("a") as log:
        log.write('{"at": 1, "type": "RunEnded", "goal": "to')
    sessions.transcript_of(session_id).write_text("{")
    conversation = Conversation(sessions, Redactor({}))
    conversation.open(session_id)
    assert conversation.goes_on
    assert "The user asked: x\nYou did: Bash command=ls" in conversation.told()


def test_what_the_transcript_holds_is_not_told_again(tmp_path: Path) -> None:
    session_id = write(tmp_path, 1, "first", "second")
    sessions, redactor = Sessions(tmp_path), Redactor({})
    transcript = Transcript("cli", ("r-1-0",), ({"type": "user"},))
    save_transcript(sessions.transcript_of(session_id), transcript, redactor)
    assert read_transcript(sessions.transcript_of(session_id)) == transcript
    conversation = Conversation(sessions, redactor)
    conversation.open(session_id)
    assert "second" in conversation.told()
    assert "first" not in conversation.told()


def test_a_long_conversation_is_told_from_its_end_and_says_so(tmp_path: Path) -> None:
    session_id = write(tmp_path, 1, *(f"goal {number} {'x' * 9000}" for number in range(9)))
    conversation = Conversation(Sessions(tmp_path), Redactor({}))
    conversation.open(session_id)
    told = conversation.told()
    assert "goal 8" in told
    assert "goal 1 " not in told
    assert "earlier goals are left out here" in told


def test_a_thought_that_held_a_secret_is_left_out_for_its_signature(tmp_path: Path) -> None:
    secret = "sk-ant-api03-" + "a1B2" * 10
    content: list[Any] = [
        {"type": "thinking", "thinking": f"the key is {secret}", "signature": "s"},
        {"type": "thinking", "thinking": "nothing", "signature": "s"},
        {"type": "text", "text": f"it is {secret}"},
    ]
    entry = json.loads(json.dumps({"type": "assistant", "message": {"content": content}}))
    save_transcript(tmp_path / "t", Transcript("cli", (), (entry,)), Redactor({}))
    kept = read_transcript(tmp_path / "t")
    assert kept is not None
    blocks = json.loads(json.dumps(kept.entries[0]))["message"]["content"]
    assert [one["type"] for one in blocks] == ["thinking", "text"]
    assert blocks[0]["thinking"] == "nothing"
    assert secret not in (tmp_path / "t").read_text()


@pytest.mark.parametrize(
    "name", ["", " ", "../x", "-r", "a\nb", "x" * 81, "20260101-120000-abcdef"]
)
def test_a_name_that_could_be_something_else_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be named"):
        check_name(name)
