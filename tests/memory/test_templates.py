"""When two goals say the same but for their values, and what each value then is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory import make_trace
from llmos.memory.parameters import find_parameters
from llmos.memory.templates import (
    Miss,
    fits,
    key_of,
    learned_values,
    substitution,
    template_keys,
    unify,
)
from llmos.memory.traces import Trace
from llmos.memory.wording import tokenize

SEQUENCES = ("primes", "fibonacci", "perfect numbers")


def learned(goal: str, command: str, **changes: Any) -> Trace:
    """Return the trace of a goal that one command reached, with the parameters that are found."""
    trace = make_trace(goal, given={"command": command})
    found = find_parameters(goal, trace.steps)
    return replace(trace, parameters=tuple(replace(one, **changes) for one in found))


def bound(trace: Trace, goal: str) -> Mapping[str, str] | None:
    """Return the values that a goal gives a trace; None if it is another goal."""
    values = unify(trace, goal)
    # What unifies must also be found.
    assert isinstance(values, Miss) or key_of(goal) in template_keys(trace.goal, trace.parameters)
    return None if isinstance(values, Miss) else values


COUNT = learned("Count the lines of data.csv", "wc -l data.csv")
HEAD = learned("Show the first 5 lines of data.csv", "head -n 5 data.csv")


def in_domain(*domain: str) -> Trace:
    goal = f"Create a script to calculate {domain[0]}"
    trace = make_trace(goal, tool="make", given={"what": domain[0]})
    (one,) = find_parameters(goal, trace.steps)
    return replace(trace, parameters=(replace(one, domain=domain),))


SCRIPT = in_domain(*SEQUENCES)


@pytest.mark.parametrize(
    "goal",
    [
        "Count the lines of b.csv",
        "count the lines of b.csv",
        "COUNT THE LINES OF b.csv",
        "Count lines of b.csv",
        "Please count the lines of b.csv.",
        "Count, please, the lines of b.csv!",
        "Counts the lines of b.csv",
        "Counting the lines of (b.csv)",
        'Count the lines of "b.csv"',
        "  Count   the lines\nof b.csv",
    ],
)
def test_articles_case_punctuation_and_the_first_ending_do_not_count(goal: str) -> None:
    assert bound(COUNT, goal) == {"path1": "b.csv"}


@pytest.mark.parametrize(
    "goal",
    [
        "Count the line of b.csv",
        "Count the lines in b.csv",
        "Count the words of b.csv",
        "Count the lines of b.csv twice",
        "Do not count the lines of b.csv",
        "Count the lines of",
        "Count the lines of b.csv c.csv",
        "Count the lines of data",
        "b.csv: count the lines of",
        "",
    ],
)
def test_other_words_are_another_goal(goal: str) -> None:
    assert bound(COUNT, goal) is None


@pytest.mark.parametrize(
    "value", ["/etc/b.csv", "~/b.csv", "b.csv/", "*.csv", ".b", "5", "b c.csv"]
)
def test_a_value_of_another_shape_is_no_value(value: str) -> None:
    assert bound(COUNT, f'Count the lines of "{value}"') is None


def test_values_stand_in_the_order_of_the_goal() -> None:
    copy = learned("copy a.txt to b.txt", "cp a.txt b.txt")
    assert bound(copy, "copy b.txt to a.txt") == {"path1": "b.txt", "path2": "a.txt"}


def test_a_value_that_flows_nowhere_must_be_the_very_same() -> None:
    trace = learned("Count the lines of data.csv in v2", "wc -l data.csv")
    assert bound(trace, "count lines of b.csv in v2") == {"path1": "b.csv"}
    assert bound(trace, "count lines of b.csv in v3") is None
    assert bound(trace, "count lines of b.csv in V2") is None


def test_a_value_that_flows_nowhere_keeps_its_quotes() -> None:
    trace = learned("show 'a' of data.csv", "cat data.csv")
    assert bound(trace, "show 'a' of b.csv") == {"path1": "b.csv"}
    assert bound(trace, "show x of b.csv") is None


@pytest.mark.parametrize(
    ("goal", "same"),
    [
        ("show README of b.csv", True),
        ("Show README of b.csv", True),
        ("show readme of b.csv", False),
        ("show Readme of b.csv", False),
    ],
)
def test_a_word_that_the_steps_use_must_be_that_very_word(goal: str, same: bool) -> None:
    trace = learned("show README of data.csv", "grep README data.csv")
    assert (bound(trace, goal) is not None) is same


def test_a_first_word_that_the_steps_use_keeps_its_ending() -> None:
    trace = learned("print all of data.csv", "awk '{print}' data.csv")
    assert bound(trace, "Print all of b.csv") is not None
    assert bound(trace, "prints all of b.csv") is None


def test_the_name_of_the_program_is_no_word_that_flows() -> None:
    trace = learned("sort the file data.csv", "sort data.csv")
    assert bound(trace, "sorts the file b.csv") == {"path1": "b.csv"}


@pytest.mark.parametrize(
    ("asked", "values"),
    [
        ("20MB", {"number1": "20"}),
        ("20kB", None),
        ("20mb", None),
        ("20", None),
        ("20 MB", None),
        ("1.5MB", None),
    ],
)
def test_a_unit_must_be_there_again(asked: str, values: Mapping[str, str] | None) -> None:
    trace = learned("find files over 10MB", "find . -size +10M")
    assert bound(trace, f"find files over {asked}") == values


def test_a_value_of_its_declared_domain_is_taken() -> None:
    assert bound(SCRIPT, "Create a script to calculate fibonacci") == {"word1": "fibonacci"}


def test_a_value_of_the_domain_may_be_several_words() -> None:
    assert bound(SCRIPT, "create script to calculate Perfect Numbers") == {
        "word1": "perfect numbers"  # as the domain spells it
    }


@pytest.mark.parametrize("value", ["cubes", "perfect", "numbers", "primes numbers", "", "5"])
def test_a_value_outside_of_the_domain_is_no_value(value: str) -> None:
    assert bound(SCRIPT, f"Create a script to calculate {value}") is None


def test_the_longest_value_of_a_domain_comes_first() -> None:
    trace = in_domain("york", "york city")
    assert bound(trace, "Create a script to calculate york city") == {"word1": "york city"}
    assert bound(trace, "Create a script to calculate york") == {"word1": "york"}


def test_a_plain_word_without_a_domain_takes_no_other_value() -> None:
    goal = "weather in Rome"
    trace = make_trace(goal, tool="weather", given={"city": "Rome"})
    trace = replace(trace, parameters=find_parameters(goal, trace.steps))
    assert len(trace.parameters) == 1
    assert isinstance(unify(trace, "weather in Oslo"), Miss)


def test_a_trace_with_a_domain_is_found_under_each_value() -> None:
    keys = template_keys(SCRIPT.goal, SCRIPT.parameters)
    assert keys == [key_of(f"create script to calculate {value}") for value in SEQUENCES]


def test_a_trace_with_large_domains_has_a_limited_number_of_keys() -> None:
    many = in_domain(*(f"word{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(500)))
    assert len(template_keys(many.goal, many.parameters)) == 64


def test_two_goals_of_one_template_have_one_key() -> None:
    assert key_of("Prints the line 5 of x.txt.") == key_of("print line 12 of 'y'")


def test_a_miss_says_the_word_that_stopped_it() -> None:
    missed = unify(COUNT, "Count the words of b.csv")
    assert isinstance(missed, Miss)
    assert missed.reason == "'words' stands where 'lines' stood"


@pytest.mark.parametrize(
    ("goal", "said"),
    [
        ("Count the lines of data", "'data' stands where the value 'data.csv' stood"),
        ("Count the lines of", "nothing stands where 'data.csv' stood"),
        ("Count the lines", "'the end' stands where 'of' stood"),
        ("Count the lines of b.csv now", "'now' is more than was asked then"),
        ("Count the lines of /b", "'/b' is not of the kind of 'data.csv'"),
    ],
)
def test_a_miss_says_what_is_missing_or_too_much(goal: str, said: str) -> None:
    missed = unify(COUNT, goal)
    assert isinstance(missed, Miss)
    assert missed.reason.replace("the end", "'the end'").replace("''", "'") == said


def test_what_is_bound_is_told_where_it_differs() -> None:
    assert substitution(HEAD, {"number1": "5", "path1": "b.csv"}) == "path1=b.csv"
    assert substitution(HEAD, learned_values(HEAD)) == ""


@pytest.mark.parametrize(("value", "fit"), [("b.csv", True), ("", False), ("/b", False)])
def test_a_value_fits_by_its_shape(value: str, fit: bool) -> None:
    assert (fits(COUNT.parameters[0], value) is None) is fit


@pytest.mark.parametrize(("value", "fit"), [("Fibonacci", True), ("cubes", False)])
def test_a_value_fits_by_its_domain(value: str, fit: bool) -> None:
    assert (fits(SCRIPT.parameters[0], value) is None) is fit


WORDS = ["copy", "the", "lines", "of", "a.txt", "in/b", "5", "10MB", "'c d'", "(x", "y)", "Rome."]
SIGNS = st.text(alphabet="ab1é .,()[]'\"-", min_size=1)
GOALS = st.one_of(st.lists(st.sampled_from(WORDS), min_size=1).map(" ".join), SIGNS)


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    goal = draw(GOALS)
    words = [token.text for token in tokenize(goal)] or ["x"]
    command = " ".join(["cat", *draw(st.lists(st.sampled_from(words), max_size=4))])
    one = make_trace(goal, given={"command": command})
    other = make_trace(goal, tool="tool", given={"text": draw(st.sampled_from(words))})
    steps = (*one.steps, *other.steps)
    return replace(one, steps=steps, parameters=find_parameters(goal, steps))


@given(traces())
def test_a_goal_unifies_with_itself_and_gives_the_learned_values(trace: Trace) -> None:
    marked = {one.name: one.value for one in trace.parameters if one.marked}
    assert unify(trace, trace.goal) == marked


@given(traces())
def test_a_trace_is_found_under_the_key_of_its_goal(trace: Trace) -> None:
    assert key_of(trace.goal) in template_keys(trace.goal, trace.parameters)


@given(traces(), GOALS)
def test_whatever_unifies_accounts_for_every_literal(trace: Trace, goal: str) -> None:
    values = unify(trace, goal)
    if isinstance(values, Miss):
        return
    units = {one.name: one.unit for one in trace.parameters}
    given_values = [value + units[name] for name, value in values.items()]
    learned_literals = [token.text for token in tokenize(trace.goal) if token.is_value]
    for token in tokenize(goal):
        assert not token.is_value or token.text in [*given_values, *learned_literals]
