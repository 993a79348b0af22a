"""What becomes a parameter: only what flows, where another value could be bound, and no doubt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory import make_trace
from llmos.memory.bound import bind_trace, verify_parameters
from llmos.memory.flows import filled
from llmos.memory.parameters import find_parameters, kind_of
from llmos.memory.traces import Observation, Parameter, Step, Trace

SEEN = Observation(text="", ok=True, exit_code=0, at=1.0, duration_s=0.1)


def step(tool: str, given: Mapping[str, Any]) -> Step:
    return Step(tool=tool, input=dict(given), observation=SEEN)


def found(goal: str, *steps: tuple[str, Mapping[str, Any]]) -> tuple[Parameter, ...]:
    return find_parameters(goal, [step(tool, given) for tool, given in steps])


def in_command(goal: str, command: str) -> str:
    """Return a command with what varies in brackets."""
    flows = [flow for one in found(goal, ("Bash", {"command": command})) for flow in one.flows]
    for flow in sorted(flows, key=lambda one: one.start, reverse=True):
        command = f"{command[: flow.start]}[{command[flow.start : flow.end]}]{command[flow.end :]}"
    return command


@pytest.mark.parametrize(
    ("goal", "command", "varying"),
    [
        ("count the lines of data.csv", "wc -l data.csv", "wc -l [data.csv]"),
        ("count the lines of data.csv", "wc -l ./data.csv", "wc -l ./[data.csv]"),
        ("count the lines of data.csv", "wc -l 'data.csv'", "wc -l '[data.csv]'"),
        ("show the first 5 lines of a.txt", "head -n 5 a.txt", "head -n [5] [a.txt]"),
        ("delete files older than 7 days in x_1", "find x_1 -mtime +7", "find [x_1] -mtime +[7]"),
        ("find files over 10MB", "find . -size +10M", "find . -size +[10]M"),
        ("list the *.py files", "find . -name '*.py'", "find . -name '[*.py]'"),
        ("copy a.txt to a.txt.bak", "cp a.txt a.txt.bak", "cp [a.txt] [a.txt.bak]"),
        ('say "good day"', "echo 'good day'", "echo '[good day]'"),
        ("show report-5.txt", "cat x/report-5.txt", "cat x/[report-5.txt]"),
        ("copy a file (a.txt, backup)", "cp a.txt backup/", "cp [a.txt] [backup]/"),
    ],
)
def test_a_value_that_flows_into_a_word_of_a_command_varies(
    goal: str, command: str, varying: str
) -> None:
    assert in_command(goal, command) == varying


@pytest.mark.parametrize(
    ("goal", "command"),
    [
        pytest.param("show data.csv", "ls", id="it flows nowhere"),
        pytest.param("show data.csv and data.csv", "cat data.csv", id="the goal holds it twice"),
        pytest.param("show data.csv or DATA.CSV", "cat data.csv", id="twice in another case"),
        pytest.param("take 5 of x", "head -n 5 x | tail -n 5", id="a short number twice"),
        pytest.param("run x_1", "x_1 --now", id="it is the command's name"),
        pytest.param("run ./a.sh", "./a.sh", id="it is a program's path"),
        pytest.param("use --force here", "git push --force", id="it is an option"),
        pytest.param("show a.c", "cat aa.c", id="inside a longer word"),
        pytest.param("show a.c", "cat a.csv", id="the beginning of a longer word"),
        pytest.param("wait 5", "sleep 15", id="inside a longer number"),
        pytest.param("wait 5", "sleep 5.5", id="part of a decimal"),
        pytest.param("wait 5", "sleep 1.5", id="the decimals"),
        pytest.param("show x or 5", "cat x5", id="a digit of a name"),
        pytest.param("show DATA.csv", "cat data.csv", id="a value in another case"),
        pytest.param('say ""', "echo ''", id="it is empty"),
        pytest.param("count lines", "wc --lines", id="a plain word in a command"),
    ],
)
def test_what_is_doubtful_stays_fixed(goal: str, command: str) -> None:
    assert in_command(goal, command) == command


def test_the_value_of_an_option_varies() -> None:
    assert in_command("use a_1 as the user", "who --user=a_1") == "who --user=[a_1]"


def test_a_long_number_may_stand_twice() -> None:
    assert in_command("kill 4711", "kill 4711; wait 4711") == "kill [4711]; wait [4711]"


def test_a_value_that_stands_once_where_none_can_be_bound_stays_fixed_everywhere() -> None:
    assert in_command("run a_b on a_b.txt", "a_b; cat a_b") == "a_b; cat a_b"


def test_a_value_in_a_heredoc_stays_fixed() -> None:
    command = "cat > x <<EOF\nname=a.txt\nEOF\n"
    assert in_command("write a.txt", command) == command


@pytest.mark.parametrize("char", ["\U000fab50", "\U0010ffff", "\U000b0488"])
def test_a_command_with_a_character_of_no_language_is_not_read(char: str) -> None:
    """The parser of commands can die of one, and the whole process with it."""
    command = f"cat a.txt {{{char}"
    assert in_command("show a.txt", command) == command


def test_a_value_flows_to_each_place_and_each_step() -> None:
    (one,) = found(
        "sort data.csv",
        ("Read", {"file_path": "data.csv"}),
        ("Bash", {"command": "sort data.csv -o data.csv"}),
    )
    assert [(flow.step, flow.path) for flow in one.flows] == [
        (0, ("file_path",)),
        (1, ("command",)),
        (1, ("command",)),
    ]


def test_a_json_number_is_a_value_as_a_whole() -> None:
    (one,) = found("wait 30 seconds", ("alarm", {"seconds": 30}))
    assert [(flow.path, flow.start, flow.end) for flow in one.flows] == [(("seconds",), 0, 0)]


def test_two_equal_numbers_of_a_goal_are_not_both_one_number_of_the_input() -> None:
    parameters = found("a.txt 10 10MB", ("Read", {"file_path": "a.txt", "limit": 10}))
    assert [one.unit for one in parameters if one.kind == "number"] == [""]


def test_true_is_no_number() -> None:
    assert found("do it 1 time", ("alarm", {"once": True})) == ()


def test_a_value_deep_in_the_input_flows() -> None:
    (one,) = found("add a.txt", ("tool", {"files": [{"name": "a.txt"}]}))
    assert one.flows[0].path == ("files", 0, "name")


def test_a_key_of_the_input_is_no_place() -> None:
    assert found("set a_1", ("tool", {"a_1": True})) == ()


def test_a_number_keeps_its_unit() -> None:
    (one,) = found("find files over 10MB", ("Bash", {"command": "find . -size +10M"}))
    assert (one.value, one.unit, one.kind) == ("10", "MB", "number")


def test_a_number_that_flows_with_its_unit_is_one_value() -> None:
    (one,) = found("wait 10s", ("Bash", {"command": "sleep 10s"}))
    assert (one.value, one.unit) == ("10s", "")


def test_a_part_of_a_path_varies() -> None:
    (one,) = found("show a.txt", ("Read", {"file_path": "${cwd}/in/a.txt"}))
    assert (one.flows[0].start, one.flows[0].end) == (10, 15)


def test_the_marker_of_the_working_directory_never_varies() -> None:
    assert found('show "cwd"', ("Read", {"file_path": "${cwd}/x"})) == ()


def test_plain_words_that_are_a_whole_input_vary_without_a_mark() -> None:
    (one,) = found("What is the weather in New York", ("weather", {"city": "New York"}))
    assert (one.value, one.kind, one.marked) == ("New York", "text", False)


def test_an_owner_is_a_value_without_its_ending() -> None:
    (name,) = found("what is john's phone number", ("who_is", {"who": "john"}))
    assert (name.value, name.marked) == ("john", False)


def test_plain_words_that_are_part_of_an_input_stay_fixed() -> None:
    assert found("weather in New York", ("weather", {"city": "New York, NY"})) == ()


def test_plain_words_that_the_goal_holds_twice_stay_fixed() -> None:
    assert found("from Rome to Rome", ("weather", {"city": "Rome"})) == ()


def test_plain_words_that_are_two_inputs_vary_once_only() -> None:
    (one,) = found("weather in Rome", ("weather", {"city": "Rome", "label": "Rome"}))
    assert len(one.flows) == 1


@pytest.mark.parametrize("path", ["rome", "Rome"])
def test_a_plain_word_is_never_a_path(path: str) -> None:
    assert found("show rome", ("Read", {"file_path": path})) == ()


@pytest.mark.parametrize(
    ("said", "given", "form"),
    [
        ("rome", "rome", "same"),
        ("Rome", "rome", "lower"),
        ("rome", "ROME", "upper"),
        ("rome", "Rome", "capital"),
    ],
)
def test_a_plain_word_may_flow_in_another_case(said: str, given: str, form: str) -> None:
    (one,) = found(f"weather in {said}", ("weather", {"city": given}))
    assert one.flows[0].form == form


def test_a_case_that_no_rule_gives_stays_fixed() -> None:
    assert found("weather in rome", ("weather", {"city": "rOme"})) == ()


def test_longest_values_come_first() -> None:
    assert in_command("copy a.b to a.b.c", "cp a.b a.b.c") == "cp [a.b] [a.b.c]"


def test_parameters_stand_in_the_order_of_the_goal_and_are_named_by_kind() -> None:
    one, other, third = found(
        "show 5 lines of b.txt after a.txt", ("Bash", {"command": "head -n 5 a.txt b.txt"})
    )
    assert [one.name, other.name, third.name] == ["number1", "path1", "path2"]
    assert [one.value, other.value, third.value] == ["5", "b.txt", "a.txt"]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("5", "number"),
        ("-1.5", "number"),
        ("https://a.b/c", "url"),
        ("two words", "text"),
        ("*.py", "glob"),
        ("a[1]", "glob"),
        ("a/b", "path"),
        ("~", "path"),
        ("data.csv", "path"),
        ("v1.2.3", "path"),
        ("name", "word"),
        (".env", "word"),
        ("a.", "word"),
    ],
)
def test_the_kind_of_a_value_is_its_form(value: str, kind: str) -> None:
    assert kind_of(value) == kind


VALUES = st.one_of(
    st.sampled_from(["a.txt", "b.txt", "in/a.txt", "*.py", "5", "10", "10MB", "4711", "x_1", "-n"]),
    st.text(alphabet="ab1.-_/'$* ", min_size=1, max_size=6).map(lambda text: f'"{text}"'),
    st.sampled_from(["copy", "to", "rome", "New York", "the", "lines"]),
)
GOALS = st.lists(VALUES, min_size=1, max_size=6).map(" ".join)


@st.composite
def runs(draw: st.DrawFn) -> Trace:
    """A goal and steps that use some of its words, in any order and quoting."""
    goal = draw(GOALS)
    pieces = [*goal.split(), goal, "cat", "|", "head", "-n", "+5", "'a b'", "x=1"]
    words = st.lists(st.sampled_from(pieces), min_size=1, max_size=5)
    steps: list[Step] = []
    for _ in range(draw(st.integers(1, 3))):
        text = draw(st.sampled_from([" ", "", "/"])).join(draw(words))
        number: int | float = draw(st.sampled_from([5, 10, 10.0, 4711]))
        steps.append(
            draw(
                st.sampled_from(
                    [
                        step("Bash", {"command": text}),
                        step("Read", {"file_path": text, "limit": number}),
                        step("tool", {"a": text, "b": [number, {"c": text.upper()}]}),
                    ]
                )
            )
        )
    trace = replace(make_trace(goal), steps=tuple(steps))
    whole_first = draw(st.booleans())
    return replace(trace, parameters=find_parameters(goal, steps, whole_first=whole_first))


@given(runs())
def test_what_is_found_is_what_it_says(trace: Trace) -> None:
    verify_parameters(trace)


@given(runs())
def test_values_never_overlap_in_the_goal_nor_in_the_steps(trace: Trace) -> None:
    spans = sorted((one.start, one.end) for one in trace.parameters)
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    places = sorted(
        ((flow.step, repr(flow.path)), flow.start, flow.end)
        for one in trace.parameters
        for flow in one.flows
    )
    for (at, _, end), (next_at, start, _) in pairwise(places):
        assert at != next_at or end <= start


@given(runs())
def test_the_learned_values_give_back_the_steps(trace: Trace) -> None:
    learned = {one.name: one.value for one in trace.parameters}
    filling = filled(trace.steps, trace.parameters, learned)
    # Not `==`, to which 1 and 1.0 are equal.
    assert repr(filling) == repr([one.input for one in trace.steps])
    assert bind_trace(trace, learned) is trace


def test_another_number_is_filled_in_as_a_number() -> None:
    steps = [step("alarm", {"seconds": 30})]
    (one,) = find_parameters("wait 30 seconds", steps)
    assert filled(steps, [one], {one.name: "40"}) == [{"seconds": 40}]


@given(runs(), st.booleans())
def test_finding_twice_finds_the_same(trace: Trace, whole_first: bool) -> None:
    found = find_parameters(trace.goal, trace.steps, whole_first=whole_first)
    assert find_parameters(trace.goal, trace.steps, whole_first=whole_first) == found
