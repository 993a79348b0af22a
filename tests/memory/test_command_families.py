"""A command answers other words only where they say the same, or are shown not to matter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from factory import make_trace
from llmos.memory.members import Member, member_of
from llmos.memory.parameters import find_parameters
from taught import Taught


def learned(goal: str, command: str) -> Member:
    trace = make_trace(goal, tool="Bash", given={"command": command})
    found = find_parameters(goal, trace.steps)
    return member_of(goal, replace(trace, parameters=found))


def answered(members: Sequence[Member], goal: str) -> dict[str, str] | None:
    """Return the values with which a goal is answered; None if it is not."""
    proposal = Taught(members).propose(goal)
    return proposal.values if proposal is not None and proposal.accepted else None


COUNT = learned("show the number of lines in a file (a.txt)", "wc -l a.txt")


def test_one_goal_is_enough_where_another_one_says_the_same() -> None:
    goal = "display number of lines in the specified file (b.txt)"
    assert answered([COUNT], goal) == {"path1": "b.txt"}


def test_a_slip_is_forgiven() -> None:
    assert answered([COUNT], "show the nubmer of lines in a file (b.txt)") == {"path1": "b.txt"}


@pytest.mark.parametrize(
    "goal",
    [
        "show the number of empty lines in a file (b.txt)",
        "show the number of words in a file (b.txt)",
        "show the number in a file (b.txt)",
        "show the number of lines in all files (b.txt)",
        "show the lines of a number in a file (b.txt)",
    ],
)
def test_another_word_or_another_order_is_not(goal: str) -> None:
    assert answered([COUNT], goal) is None


def test_one_is_not_many() -> None:
    first = learned("print the line with an error of (a.txt)", "grep -m1 error a.txt")
    assert answered([first], "show the line with an error of (b.txt)") == {"path1": "b.txt"}
    assert answered([first], "show the lines with an error of (b.txt)") is None


def test_a_verb_may_have_either_ending() -> None:
    first = learned("tool: saves the folder as (a.txt)", "save a.txt")
    assert answered([first], "tool: save the directory as (b.txt)") == {"path1": "b.txt"}


def test_a_word_that_the_command_uses_must_be_that_word() -> None:
    search = learned("find the word print in the file (a.txt)", "grep print a.txt")
    assert answered([search], "find a word print in the given file (b.txt)") == {"path1": "b.txt"}
    assert answered([search], "find the word display in the file (b.txt)") is None


def test_two_programs_of_which_the_same_was_said_do_not_answer() -> None:
    other = learned("display the number of lines in a file (c.txt)", "grep -c '' c.txt")
    assert answered([COUNT, other], "output the number of lines in a file (b.txt)") is None


MANY = [
    learned("cmp: find the byte of the first difference (a.txt, b.txt)", "cmp a.txt b.txt"),
    learned("cmp: output where the first difference is (c.txt, d.txt)", "cmp c.txt d.txt"),
    learned("wc: count words (a.txt)", "wc -w a.txt"),
]


def test_of_several_goals_what_only_some_say_is_free() -> None:
    goal = "cmp: output the byte of the first difference (x.txt, y.txt)"
    assert answered(MANY, goal) == {"path1": "x.txt", "path2": "y.txt"}


def test_what_none_of_several_goals_says_is_not() -> None:
    assert answered(MANY, "cmp: output the byte of the last difference (x.txt, y.txt)") is None
    goal = "cmp: output the byte of each first difference (x.txt, y.txt)"
    assert answered(MANY, goal) is None


def test_what_all_of_several_goals_say_must_be_said() -> None:
    assert answered(MANY, "cmp: find the byte of the difference (x.txt, y.txt)") is None


def test_of_one_goal_nothing_is_known_to_be_free() -> None:
    goal = "cmp: find the byte of first difference where (x.txt, y.txt)"
    assert answered(MANY[:1], goal) is None


def test_words_in_another_order_do_not_answer_with_a_command() -> None:
    assert answered(MANY, "difference first the of is where cmp: output (x.txt, y.txt)") is None
