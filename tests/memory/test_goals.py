"""Two goals are the same goal when nothing that the steps use differs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmos.memory.goals import depends_on_now, difference, normal_form

README_STEPS = ["README", "cat README"]


@pytest.mark.parametrize(
    "asked",
    [
        "Count the lines",
        "count the lines",
        "  count   the\tlines ",
        "Count the lines.",
        "COUNT THE LINES!",
    ],
)
def test_style_does_not_make_another_goal(asked: str) -> None:
    assert normal_form(asked) == normal_form("Count the lines")
    assert difference("Count the lines", asked, ["wc -l data.csv"]) is None


@pytest.mark.parametrize(
    ("learned", "asked"),
    [
        ("show README", "show readme"),
        ("show the README now", "show the Readme now"),
        ("list the files in .", "list the files in"),
        ("echo README!", "echo README"),
        ("write 'a  b' to README", "write 'a b' to README"),
        ('write "Hello" to README', 'write "hello" to README'),
        ("write hello to README", "write Hello to README"),
    ],
)
def test_a_spelling_that_the_steps_use_makes_another_goal(learned: str, asked: str) -> None:
    inputs = [*README_STEPS, "echo hello > README"]
    same_key = normal_form(learned) == normal_form(asked)
    assert not same_key or difference(learned, asked, inputs) is not None


def test_a_full_stop_after_a_path_ends_the_sentence() -> None:
    goal = "Analyze data in workspace/data.csv"
    assert difference(goal, goal + ".", ["workspace/data.csv"]) is None


def test_a_question_mark_after_a_word_that_flows_may_be_a_glob() -> None:
    assert difference("list file", "list file?", ["ls file"]) is not None


def test_other_words_are_another_goal() -> None:
    assert difference("copy a to b", "copy b to a", []) is not None
    assert normal_form("copy a to b") != normal_form("copy b to a")


@given(st.text())
def test_every_goal_is_the_same_as_itself(goal: str) -> None:
    assert difference(goal, goal, [goal]) is None


@given(st.text(), st.text())
def test_the_normal_form_is_stable(left: str, right: str) -> None:
    assert normal_form(left) == normal_form(left)
    if difference(left, right, [left]) is None:
        assert normal_form(left) == normal_form(right)


@pytest.mark.parametrize(
    "goal",
    [
        "summarise today's news",
        "what is the latest release",
        "list files changed last week",
        "delete logs older than 3 days ago",
        "what time is it",
        "show the current weather",
        "show the next two months",
    ],
)
def test_words_that_point_at_the_present_are_seen(goal: str) -> None:
    assert depends_on_now(goal) is not None


@pytest.mark.parametrize(
    "goal",
    [
        "list the files in the current directory",
        "Now create a parser",
        "count the lines of data.csv",
        "print the last 10 lines of log.txt",
        "show the next line after the match",
    ],
)
def test_other_uses_of_such_words_are_let_pass(goal: str) -> None:
    assert depends_on_now(goal) is None
