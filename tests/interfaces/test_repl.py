"""The shell, in a real pseudo-terminal."""

from __future__ import annotations

import time
from collections.abc import Generator
from pathlib import Path

import pexpect
import pytest

from llmos.interfaces.scripted_model import Conversation, ScriptedModel, Turn
from pseudo_terminal import Terminal
from support import Place, conversation


@pytest.fixture
def place(tmp_path: Path) -> Generator[Place]:
    with ScriptedModel([]) as model:
        yield Place(tmp_path, model)


@pytest.fixture
def terminal(place: Place) -> Generator[Terminal]:
    place.model.add(conversation("say hello", "echo hello", answer="hello was said"))
    place.model.add(conversation("wait", "sleep 59"))
    opened = Terminal(place)
    try:
        yield opened
    finally:
        opened.child.close(force=True)


def test_a_goal_is_learned_then_replayed_in_one_shell(terminal: Terminal) -> None:
    terminal.ready()
    terminal.type("say hello")
    terminal.until("hello was said")
    terminal.until("LEARNER steps 1")
    terminal.ready()
    terminal.type("  Say   hello")
    terminal.until("hello was said")
    terminal.until("FOLLOWER steps 1/1")
    terminal.ready()
    assert terminal.leave() == 0


def test_ctrl_c_stops_the_running_goal_and_not_the_shell(terminal: Terminal) -> None:
    terminal.ready()
    terminal.type("wait")
    terminal.until("Bash sleep 59")
    terminal.child.sendintr()
    terminal.until("error: stopped by the user")
    terminal.ready()
    terminal.type("say hello")
    terminal.until("hello was said")
    terminal.ready()
    assert terminal.leave() == 0


def test_ctrl_c_at_the_prompt_says_how_to_leave_and_a_second_leaves(terminal: Terminal) -> None:
    terminal.ready()
    terminal.child.sendintr()
    terminal.until("press Ctrl-C again to leave")
    terminal.child.sendintr()
    terminal.child.expect(pexpect.EOF)
    terminal.child.close()
    assert terminal.child.exitstatus == 0


def test_ctrl_c_stops_a_plan(terminal: Terminal, place: Place) -> None:
    place.model.add(Conversation("plan me", [Turn(hang=True)]))
    terminal.ready()
    terminal.type("/plan plan me")
    for _ in range(200):
        if place.model.requests:
            break
        time.sleep(0.05)
    terminal.child.sendintr()
    terminal.until("error: stopped by the user")
    terminal.ready()
    assert terminal.leave() == 0


def test_ctrl_c_clears_a_line_that_was_begun(terminal: Terminal) -> None:
    terminal.ready()
    terminal.child.send("half a goal")
    terminal.until("half a goal")
    terminal.child.sendintr()
    terminal.ready()
    terminal.child.sendintr()
    terminal.until("press Ctrl-C again to leave")


def test_a_wrong_command_is_not_a_goal_and_the_right_one_is_guessed(
    terminal: Terminal, place: Place
) -> None:
    terminal.ready()
    terminal.type("/tracse")
    terminal.until("unknown command /tracse, did you mean /trace")
    terminal.ready()
    assert place.model.requests == []


def test_commands_tell_why_what_and_how_much(terminal: Terminal) -> None:
    terminal.ready()
    terminal.type("/why say hello")
    terminal.until("LEARNER ~$0.50")
    terminal.type("/help")
    terminal.until("/usage")
    terminal.type("say hello")
    terminal.until("LEARNER steps 1")
    terminal.type("/traces")
    terminal.until("t-")
    terminal.until("say hello")
    terminal.type("/usage")
    terminal.until("spent $0.0050, left $")


def test_history_survives_and_leaves_out_what_begins_with_a_space(
    terminal: Terminal, place: Place
) -> None:
    terminal.ready()
    terminal.type("/usage")
    terminal.until("spent")
    terminal.ready()
    terminal.type(" /traces")
    terminal.until("nothing yet")
    terminal.ready()
    assert terminal.leave() == 0
    history = (place.home / "llmos/state/history").read_text()
    assert "+/usage" in history
    assert "/traces" not in history
    again = Terminal(place)
    again.ready()
    again.child.send("\x1b[A")
    again.until("/usage")
    again.child.send("\r")
    again.until("spent")
    again.ready()
    assert again.leave() == 0


def test_commands_are_completed(terminal: Terminal) -> None:
    terminal.ready()
    terminal.child.send("/us\t")
    terminal.until("age")
    terminal.child.send("\r")
    terminal.until("spent")


def test_an_error_is_told_and_the_shell_goes_on(terminal: Terminal) -> None:
    terminal.ready()
    terminal.type("/replay something new")
    terminal.until("error: no trace answers this goal")
    terminal.ready()
    assert terminal.leave() == 0


def test_without_a_terminal_each_line_is_an_entry(place: Place) -> None:
    place.model.add(conversation("say hello", "echo hello", answer="hello was said"))
    done = place.llmos("interactive", stdin="say hello\nsay hello\n/usage\n")
    assert done.code == 0
    assert done.out == "hello was said\nhello was said\n" + done.out.splitlines()[-1] + "\n"
    assert "saved $0.0050" in done.out
