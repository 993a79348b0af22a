"""A near miss is asked about in the shell, and the answer is kept; the real CLI, real processes."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest

from factory import make_trace
from kept import keep
from llmos.interfaces.scripted_model import ScriptedModel
from llmos.memory.parameters import find_parameters
from pseudo_terminal import Terminal
from support import Place, conversation

QUESTION = "[y/n/why]"
LEARNED = "count the lines of a.txt"
NEAR = "how many lines of a.txt"


class Asked(Terminal):
    """A terminal that is wide enough for a question."""

    def __init__(self, place: Place) -> None:
        super().__init__(place, columns=160, timeout_s=40)

    def ask(self, goal: str) -> str:
        """Type a goal that is asked about; return the question."""
        self.ready()
        self.type(goal)
        return self.until(QUESTION)

    def leave(self) -> int | None:
        code = super().leave()
        assert code == 0
        return code


@pytest.fixture
def place(tmp_path: Path) -> Generator[Place]:
    with ScriptedModel([]) as model:
        made = Place(tmp_path, model)
        (made.cwd / "a.txt").write_text("one\ntwo\n")
        trace = make_trace(
            LEARNED, given={"command": "wc -l a.txt"}, output="2 a.txt", answer="There are 2 lines."
        )
        keep(made, replace(trace, parameters=find_parameters(LEARNED, trace.steps)))
        yield made


@pytest.fixture
def terminal(place: Place) -> Generator[Asked]:
    opened = Asked(place)
    try:
        yield opened
    finally:
        opened.child.close(force=True)


def test_a_near_miss_is_asked_and_why_shows_the_steps(terminal: Asked) -> None:
    question = terminal.ask(NEAR)
    assert f"replay `{LEARNED}` with path1=a.txt?" in question
    terminal.type("why")
    assert "LEARNER ~$" in terminal.until("nearest:")
    assert "1 Bash wc -l a.txt" in terminal.until(QUESTION)


def test_a_yes_replays_for_nothing_now_and_later_without_a_question(
    terminal: Asked, place: Place
) -> None:
    asked = len(place.model.requests)
    terminal.ask(NEAR)
    terminal.type("y")
    terminal.shows("There are 2 lines.", "Cost: $0.0000 message", "(FOLLOWER t-", "steps 1/1")
    terminal.type(NEAR)
    assert terminal.shows("steps 1/1", times=2).count(QUESTION) == 1
    terminal.leave()
    again = place.llmos("--json", "--replay-only", NEAR)
    assert (again.code, again.json["mode"], again.json["total_cost_usd"]) == (0, "FOLLOWER", 0)
    assert len(place.model.requests) == asked


def test_a_no_goes_to_the_learner_and_is_not_asked_again(terminal: Asked, place: Place) -> None:
    place.model.add(conversation(NEAR, "cat a.txt | wc -l", answer="2, by another way"))
    terminal.ask(NEAR)
    terminal.type("n")
    terminal.shows("2, by another way", "(LEARNER t-", "steps 1,")
    terminal.leave()
    assert len(place.traces) == 2


def test_a_no_is_not_asked_again_even_where_nothing_was_learned(
    terminal: Asked, place: Place
) -> None:
    terminal.ask(NEAR)
    terminal.type("n")
    terminal.shows("(LEARNER, steps 0")  # the model knows nothing of it
    terminal.type(NEAR)
    assert terminal.shows("(LEARNER, steps 0", times=2).count(QUESTION) == 1
    assert place.llmos("--dry-run", "--json", NEAR).json["near"] is None


def test_any_other_answer_is_no_answer(terminal: Asked, place: Place) -> None:
    place.model.add(conversation(NEAR, "cat a.txt | wc -l", answer="2, by another way"))
    terminal.ask(NEAR)
    terminal.type("perhaps")
    terminal.shows("(LEARNER t-", "steps 1,")
    terminal.leave()


def test_without_a_terminal_nobody_is_asked(place: Place) -> None:
    place.model.add(conversation(NEAR, "cat a.txt | wc -l", answer="2, by another way"))
    done = place.llmos("interactive", stdin=f"{NEAR}\n")
    assert done.out == "2, by another way\n"
    assert "[y/n/why]" not in done.err


def test_why_says_what_is_near_and_what_stopped_it(place: Place) -> None:
    said = place.llmos("why", NEAR)
    assert said.code == 0
    assert said.out.startswith("LEARNER ~$")
    assert f"nearest: `{LEARNED}` with path1=a.txt" in said.out
    assert "1 Bash wc -l a.txt" in said.out


def test_why_says_what_is_bound_to_what(place: Place) -> None:
    said = place.llmos("why", "count the lines of b.txt")
    assert said.out.startswith("FOLLOWER t-")
    assert "$0" in said.out.splitlines()[0]
    assert "path1 = 'b.txt' (was 'a.txt')" in said.out
    assert "1 Bash wc -l b.txt" in said.out


def command(text: str) -> dict[str, object]:
    """Return a command that only looks, as JSON says it."""
    call = {"tool": "Bash", "input": {"command": text}}
    return {**call, "effect": "none", "effect_why": "", "inverse": ""}


def test_a_dry_run_says_the_near_miss_in_json(place: Place) -> None:
    told = place.llmos("--dry-run", "--json", NEAR).json
    assert (told["mode"], told["trace_id"], told["values"]) == ("LEARNER", None, {})
    assert told["near"] == {
        "trace_id": place.traces[0].stem,
        "goal": LEARNED,
        "values": {"path1": "a.txt"},
        "steps": [command("wc -l a.txt")],
    }
    assert "uncertain" in [one["kind"] for one in told["refusals"]]
    assert told["reasons"]


def test_a_dry_run_says_the_values_in_json(place: Place) -> None:
    told = place.llmos("--dry-run", "--json", "count the lines of b.txt").json
    assert (told["mode"], told["way"]) == ("FOLLOWER", "same_template")
    assert told["values"] == {"path1": "b.txt"}
    assert told["estimated_cost_usd"] == 0
    assert told["near"] is None
    assert told["steps"] == [command("wc -l b.txt")]
    (reason,) = told["reasons"]
    assert "has the wording of this goal, with path1=b.txt" in reason


def test_ctrl_c_at_the_question_spends_nothing(terminal: Asked, place: Place) -> None:
    place.model.add(conversation(NEAR, "cat a.txt | wc -l", answer="2, by another way"))
    asked = len(place.model.requests)
    terminal.ask(NEAR)
    terminal.child.sendintr()
    terminal.ready()
    assert len(place.model.requests) == asked
