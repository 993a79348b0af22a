"""With other values an observation may differ where nothing that flowed on changed."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory import make_trace
from llmos.memory.bound import bind_trace, substitution_of
from llmos.memory.derived_answer import Underivable, derive_answer
from llmos.memory.flow_guard import FlowGuard, header_of
from llmos.memory.traces import Trace
from parameters import with_parameters


def trace_of(*steps: tuple[str, str], answer: str = "done", goal: str = "look at a.txt") -> Trace:
    """Return a trace of commands and what they showed, with `a.txt` for its value."""
    made = [make_trace(goal, given={"command": text}, output=out) for text, out in steps]
    trace = make_trace(goal, answer=answer)
    trace = replace(trace, steps=tuple(one.steps[0] for one in made))
    return with_parameters(trace, {"a.txt": "path"})


def guard_of(trace: Trace) -> FlowGuard:
    new = bind_trace(trace, {"a.txt": "b.txt"})
    return FlowGuard(trace, new, substitution_of(trace, new))


def judged(first: str, later: str, now: str, *, goal: str = "look at a.txt") -> str | None:
    """Judge the first of two observations: what was seen, what came later, what is seen now."""
    return guard_of(trace_of(("cat a.txt", first), (later, ""), goal=goal)).judge(0, now)


def answered(answer: str, *pairs: tuple[str, str], goal: str = "look at a.txt") -> str:
    """Return the answer after observations of which each was the first and is the second."""
    trace = trace_of(*(("cat a.txt", was) for was, _ in pairs), answer=answer, goal=goal)
    new = bind_trace(trace, {"a.txt": "b.txt"})
    seen = {index: now for index, (_, now) in enumerate(pairs)}
    return derive_answer(trace, new, substitution_of(trace, new), seen)


def test_what_is_never_used_may_differ() -> None:
    assert judged("alpha", "ls", "beta and more") is None


def test_the_recorded_text_with_the_new_value_is_no_difference() -> None:
    guard = guard_of(trace_of(("cat a.txt", "a.txt: ok"), ("ls", "")))
    assert guard.judge(0, "b.txt: ok") is None
    assert guard.changed == []


@pytest.mark.parametrize(
    ("seen", "later", "now"),
    [
        ("port 8080", "curl localhost:8080", "port 9090"),
        ("src/main.py", "python src/main.py", "src/app.py"),
        ("src/main.py", "python main.py", "src/app.py"),
        ("user_name", "echo userName", "login"),
        ("Amount", "cut amount", "Price"),
        ("level -5", "set -5", "level 5"),
        ("level 5", "set 5", "level -5"),
        ("rate 3.5", "set 3.5", "rate 3.57"),
        ("one key", "use key", "key key"),
    ],
)
def test_what_is_used_later_must_be_there_just_as_often(seen: str, later: str, now: str) -> None:
    assert judged(seen, later, now) is not None


def test_what_the_goal_says_is_known_without_the_observation() -> None:
    assert judged("key 1", "use key", "door 2", goal="use the key of a.txt") is None


def test_what_an_earlier_input_says_is_known_without_the_observation() -> None:
    trace = trace_of(("grep key a.txt", "key 7"), ("use key", ""))
    assert guard_of(trace).judge(0, "door 8") is None


def test_words_of_grammar_are_not_taken_for_used() -> None:
    assert judged("the end of it", "echo the rest of it", "no more") is None


def test_a_line_that_is_used_by_its_number_must_be_the_same() -> None:
    assert judged("11\tx\n12\tfoo", "sed -i 12d a.txt", "11\ty\n12\tbar") is not None
    assert judged("11\tx\n12\tfoo", "sed -i 12d a.txt", "11\ty\n12\tfoo") is None


def test_the_header_of_a_table_must_be_the_same_though_no_name_of_it_is_used() -> None:
    assert judged("id,name\n1,a", "cut -d, -f2", "name,id\na,1") is not None
    assert judged("id,name\n1,a", "cut -d, -f2", "id,name\n8,b\n9,c") is None


def test_a_text_that_was_cut_must_be_the_same() -> None:
    cut = "<persisted-output>\nOutput too large (40KB)."
    assert judged(cut, "ls", cut + " more") is not None


def test_the_last_observation_is_judged_by_the_answer_alone() -> None:
    assert guard_of(trace_of(("ls", ""), ("cat a.txt", "id,name\n1,a"))).judge(1, "x") is None


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("id,name\n1,a", "id,name"),
        ("1\tid,name\n2\t1,a", "id,name"),
        ("id\tname\n1\ta", "id\tname"),
        ("id,name", "id,name"),
        ("Hello, world", None),
        ("1,2\n3,4", None),
        ("plain text\nof lines", None),
        ("", None),
    ],
)
def test_the_header_of_a_table_is_told_by_its_form(text: str, header: str | None) -> None:
    assert header_of(text) == header


@given(st.text(), st.text(), st.text())
def test_no_text_makes_judging_fail(first: str, later: str, now: str) -> None:
    trace = trace_of(("cat a.txt", first), ("ls", ""))
    step = replace(trace.steps[1], input={"text": later})
    guard = guard_of(replace(trace, steps=(trace.steps[0], step)))
    guard.judge(0, now)


def test_an_answer_of_the_models_own_words_is_given_again() -> None:
    assert answered("I looked at a.txt for you", ("x", "y")) == "I looked at b.txt for you"


def test_the_place_of_a_number_is_read_again() -> None:
    assert answered("It has 12 lines", ("12 a.txt", "15 b.txt")) == "It has 15 lines"


@pytest.mark.parametrize(
    ("answer", "was", "now"),
    [
        ("It has 12 lines", "12 a.txt\n12 all", "15 b.txt\n15 all"),  # stands twice
        ("It has 12 lines", "12 a.txt", "3 b.txt\n15 b.txt"),  # other lines
        ("It has 12 lines", "12 a.txt", "no lines"),  # no number there
        ("It has 12 lines", "12 words", "15 errors"),  # the line says something else
        ("It has 1,200 lines", "1200 a.txt", "1500 b.txt"),  # spelled another way
        ("It has 3 lines", "x\ny\nz", "x\ny"),  # counted by the model
        ("The north sells most", "north: 5\nsouth: 2", "north: 5\nsouth: 9"),
        ("All is well", "x", "y"),
        ("Alice is the owner", "owner: Alice x", "owner: Bob Alice"),
        ("It takes 12ms", "12ms", "fast"),
        ("my-a.txt is odd", "x", "x"),  # the value inside another name
    ],
)
def test_an_answer_that_is_not_accounted_for_is_refused(answer: str, was: str, now: str) -> None:
    with pytest.raises(Underivable):
        answered(answer, (was, now))


def test_a_number_that_may_come_from_the_value_is_refused_though_nothing_differs() -> None:
    with pytest.raises(Underivable, match="worked out"):
        answered("The name a.txt has 5 characters", ("ok", "ok"))


def test_a_whole_observation_in_an_answer_is_the_new_one() -> None:
    assert answered("Here:\nx 1\ny 2", ("x 1\ny 2", "z 7")) == "Here:\nz 7"


def test_a_number_of_the_goal_stays() -> None:
    goal = "look at 20 lines of a.txt"
    assert answered("20 lines of a.txt", ("x", "y"), goal=goal) == "20 lines of b.txt"


@given(st.text(), st.text(), st.text())
def test_no_answer_makes_deriving_fail(answer: str, was: str, now: str) -> None:
    with contextlib.suppress(Underivable):
        answered(answer, (was, now))


@given(st.text(), st.text())
def test_an_answer_without_numbers_is_the_recorded_one_where_nothing_changed(
    answer: str, seen: str
) -> None:
    text = "".join(char for char in answer if not char.isdigit())
    if "a.txt" not in text.casefold():
        assert answered(text, (seen, seen)) == text
