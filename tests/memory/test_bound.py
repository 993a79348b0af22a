"""A trace with other values holds them where the learned ones flowed, and changes nothing else."""

from __future__ import annotations

import hashlib
import json
import shlex
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory import make_trace
from llmos.memory.binding import BindingRefused
from llmos.memory.bound import bind_trace, verify_parameters
from llmos.memory.bound_files import UNKNOWN
from llmos.memory.trace_check import checked_trace
from llmos.memory.traces import FileEffect, FileState, Flow, Kind, Step, Trace
from parameters import texts, with_parameters

ABSENT = FileState(sha256=None, mode=None)


def state(content: str) -> FileState:
    return FileState(sha256=hashlib.sha256(content.encode()).hexdigest(), mode=0o644)


def command(
    goal: str, text: str, kinds: dict[str, Kind], more: dict[str, Any] | None = None
) -> Trace:
    return with_parameters(make_trace(goal, given={"command": text}, **(more or {})), kinds)


def one_step(goal: str, tool: str, inputs: dict[str, Any], kinds: dict[str, Kind]) -> Trace:
    return with_parameters(make_trace(goal, tool=tool, given=inputs), kinds)


def written(goal: str, path: str, content: str, kinds: dict[str, Kind]) -> Trace:
    """Return the trace of one Write that made a file."""
    trace = make_trace(goal, tool="Write", given={"file_path": path, "content": content})
    after = state(content)
    step = replace(trace.steps[0], before=ABSENT, after=after)
    effects = (FileEffect(path=path, before=ABSENT, after=after),)
    return with_parameters(replace(trace, steps=(step,), effects=effects), kinds)


def bound(trace: Trace, **values: str) -> Trace:
    return bind_trace(trace, {one.name: one.value for one in trace.parameters} | values)


def given_to(trace: Trace) -> dict[str, Any]:
    return dict(trace.steps[0].input)


COPY = command("copy a.txt to b.txt", "cp a.txt b.txt", kinds={"a.txt": "path", "b.txt": "path"})


def test_the_learned_values_give_back_the_very_trace() -> None:
    assert bound(COPY) is COPY


def test_several_values_enter_one_command_at_once() -> None:
    new = bound(COPY, **{"a.txt": "b.txt", "b.txt": "my file.txt"})
    assert given_to(new) == {"command": "cp b.txt 'my file.txt'"}


def test_a_value_enters_in_the_case_in_which_the_learned_one_did() -> None:
    trace = make_trace("say hello", given={"command": "echo Hello HELLO"})
    flows = [
        Flow(step=0, path=("command",), start=5, end=10, form="capital"),
        Flow(step=0, path=("command",), start=11, end=16, form="upper"),
    ]
    one = command("say hello", "echo hello", kinds={"hello": "word"}).parameters[0]
    parameter = replace(one, flows=tuple(flows))
    trace = replace(trace, parameters=(parameter,))
    verify_parameters(trace)
    assert given_to(bound(trace, hello="goodbye")) == {"command": "echo Goodbye GOODBYE"}


def test_an_integer_of_an_input_stays_one() -> None:
    trace = one_step("read 3 lines", "Read", {"file_path": "a", "limit": 3}, kinds={"3": "number"})
    limit = given_to(bound(trace, **{"3": "12"}))["limit"]
    assert (limit, type(limit)) == (12, int)


@pytest.mark.parametrize("value", ["3.5", "many", "", "+4"])
def test_what_is_no_such_number_is_refused(value: str) -> None:
    trace = one_step("read 3 lines", "Read", {"file_path": "a", "limit": 3}, kinds={"3": "number"})
    with pytest.raises(BindingRefused):
        bound(trace, **{"3": value})


def test_a_value_deep_inside_an_input_is_bound_there() -> None:
    trace = make_trace("tag it red", tool="t", given={"all": [{"tags": ["x", "red"]}]})
    flow = Flow(step=0, path=("all", 0, "tags", 1), start=0, end=3)
    one = command("tag it red", "echo red", kinds={"red": "word"}).parameters[0]
    one = replace(one, flows=(flow,))
    trace = replace(trace, parameters=(one,))
    assert given_to(bound(trace, red="blue")) == {"all": [{"tags": ["x", "blue"]}]}


@pytest.mark.parametrize("value", ["${cwd}", "a${cwd\\}", "x/${cwd}/y"])
@pytest.mark.parametrize("kind", ["path", "text", "word"])
def test_a_value_with_the_marker_of_the_working_directory_is_refused(
    value: str, kind: Kind
) -> None:
    trace = one_step("write a", "Write", {"file_path": "x", "content": "a"}, kinds={"a": kind})
    with pytest.raises(BindingRefused):
        bound(trace, a=value)


def test_values_that_make_a_marker_together_are_refused() -> None:
    inputs = {"file_path": "x", "content": "A{cB"}
    trace = one_step("put A and B", "Write", inputs, kinds={"A": "text", "B": "text"})
    with pytest.raises(BindingRefused, match="marker"):
        bound(trace, A="$", B="wd}")


def test_a_value_is_no_part_of_the_marker() -> None:
    trace = make_trace("show cwd", given={"command": "ls ${cwd}/a"})
    flow = Flow(step=0, path=("command",), start=5, end=8)
    one = command("show cwd", "echo cwd", kinds={"cwd": "word"}).parameters[0]
    one = replace(one, flows=(flow,))
    with pytest.raises(BindingRefused, match="marker"):
        verify_parameters(replace(trace, parameters=(one,)))


def test_a_value_outside_its_domain_is_refused() -> None:
    one = replace(COPY.parameters[0], domain=("a.txt", "c.txt"))
    trace = replace(COPY, parameters=(one, COPY.parameters[1]))
    assert given_to(bound(trace, **{"a.txt": "c.txt"})) == {"command": "cp c.txt b.txt"}
    with pytest.raises(BindingRefused, match=r"d\.txt"):
        bound(trace, **{"a.txt": "d.txt"})


def test_every_parameter_needs_a_value_and_no_other_is_taken() -> None:
    with pytest.raises(BindingRefused, match=r"b\.txt has no value"):
        bind_trace(COPY, {"a.txt": "x"})
    with pytest.raises(BindingRefused, match="there is no more"):
        bound(COPY, more="x")


@pytest.mark.parametrize("value", [".*", "a|b", "x{2}"])
def test_a_value_brings_no_signs_of_its_own_into_a_regular_expression(value: str) -> None:
    trace = one_step("find TODO", "Grep", {"pattern": "TODO"}, kinds={"TODO": "text"})
    assert given_to(bound(trace, TODO="FIXME")) == {"pattern": "FIXME"}
    with pytest.raises(BindingRefused, match="pattern"):
        bound(trace, TODO=value)


def test_a_word_brings_no_signs_of_its_own_into_a_glob() -> None:
    trace = one_step("list py files", "Glob", {"pattern": "**/*.py"}, kinds={"py": "word"})
    assert given_to(bound(trace, py="txt")) == {"pattern": "**/*.txt"}
    with pytest.raises(BindingRefused, match="pattern"):
        bound(trace, py="{py,sh}")


def test_a_path_does_not_climb() -> None:
    trace = one_step("read a.txt", "Read", {"file_path": "d/a.txt"}, kinds={"a.txt": "path"})
    with pytest.raises(BindingRefused):
        bound(trace, **{"a.txt": "../../b.txt"})


def test_goal_observation_and_answer_hold_the_new_values_as_whole_words() -> None:
    more = {"output": "a.txt -> b.txt, not data.txt", "answer": "b.txt copies a.txt."}
    trace = command("copy a.txt to b.txt", "cp -v a.txt b.txt", {
        "a.txt": "path", "b.txt": "path",
    }, more)  # fmt: skip
    new = bound(trace, **{"a.txt": "b.txt", "b.txt": "c.txt"})
    assert new.goal == "copy b.txt to c.txt"
    assert new.steps[0].observation.text == "b.txt -> c.txt, not data.txt"
    assert new.answer == "c.txt copies b.txt."
    assert [new.goal[one.start : one.end] for one in new.parameters] == ["b.txt", "c.txt"]


def test_a_name_of_which_a_value_is_a_part_is_replaced_as_a_whole() -> None:
    more = {"output": "wrote out5x.txt", "answer": "out5x.txt is there, 5 lines long"}
    trace = command("write 5 lines", "seq 5 | tee out5x.txt | wc -l", {"5": "number"}, more)
    new = bound(trace, **{"5": "7"})
    assert new.steps[0].observation.text == "wrote out7x.txt"
    assert new.answer == "out7x.txt is there, 7 lines long"


def test_a_short_number_that_was_observed_is_left_alone_for_the_guards() -> None:
    more = {"output": "5", "answer": "There are 5 lines"}
    trace = command("count the first 5 lines", "head -n 5 a | wc -l", {"5": "number"}, more)
    new = bound(trace, **{"5": "7"})
    assert (new.steps[0].observation.text, new.answer) == ("5", "There are 5 lines")


def test_a_value_with_its_unit_is_replaced() -> None:
    more = {"output": "", "answer": "Files over 10MB are listed"}
    trace = command("list files over 10MB", "find . -size +10M", {"10": "number"}, more)
    one = replace(trace.parameters[0], unit="MB")
    new = bound(replace(trace, parameters=(one,)), **{"10": "25"})
    assert new.answer == "Files over 25MB are listed"


def test_what_a_write_makes_of_a_new_text_is_known() -> None:
    new = bound(written("note milk in n.txt", "n.txt", "buy milk\n", {"milk": "word"}), milk="tea")
    assert (new.steps[0].before, new.steps[0].after) == (ABSENT, state("buy tea\n"))
    assert new.effects == (FileEffect(path="n.txt", before=ABSENT, after=state("buy tea\n")),)


def test_what_a_write_makes_under_a_new_name_is_known() -> None:
    trace = written("note it in n.txt", "n.txt", "milk\n", kinds={"n.txt": "path"})
    new = bound(trace, **{"n.txt": "m.txt"})
    assert new.steps[0].after == state("milk\n")
    assert new.effects == (FileEffect(path="m.txt", before=ABSENT, after=state("milk\n")),)


def test_the_white_space_that_a_write_leaves_out_is_left_out_of_what_is_known() -> None:
    trace = written("note milk", "n.txt", "milk\n", kinds={"milk": "text"})
    assert bound(trace, milk="tea ").steps[0].after == state("tea\n")


def test_what_a_command_makes_of_a_new_value_is_unknown() -> None:
    effect = FileEffect(path="b.txt", before=ABSENT, after=state("x"))
    new = bound(replace(COPY, effects=(effect,)), **{"b.txt": "c.txt"})
    assert new.effects == (FileEffect(path="c.txt", before=ABSENT, after=UNKNOWN),)


def test_a_file_that_was_there_is_unknown_under_a_new_name() -> None:
    trace = written("note it in n.txt", "n.txt", "milk\n", kinds={"n.txt": "path"})
    step = replace(trace.steps[0], before=state("old"))
    new = bound(replace(trace, steps=(step,)), **{"n.txt": "m.txt"})
    assert new.steps[0].before == UNKNOWN


def test_what_an_edit_makes_of_an_unknown_file_is_unknown() -> None:
    trace = one_step(
        "turn debug off in a.ini", "Edit",
        {"file_path": "a.ini", "old_string": "on", "new_string": "off"}, kinds={"a.ini": "path"},
    )  # fmt: skip
    step = replace(trace.steps[0], before=state("on"), after=state("off"))
    new = bound(replace(trace, steps=(step,)), **{"a.ini": "b.ini"})
    assert (new.steps[0].before, new.steps[0].after) == (UNKNOWN, UNKNOWN)


def test_an_edit_of_a_file_that_the_trace_wrote_begins_where_the_write_ended() -> None:
    first = written("note milk in n.txt", "n.txt", "buy milk\n", {"milk": "word"})
    edit = Step(
        tool="Edit",
        input={"file_path": "n.txt", "old_string": "buy", "new_string": "get"},
        observation=first.steps[0].observation,
        before=state("buy milk\n"),
        after=state("get milk\n"),
    )
    new = bound(replace(first, steps=(*first.steps, edit)), milk="tea")
    assert (new.steps[1].before, new.steps[1].after) == (state("buy tea\n"), UNKNOWN)


def test_a_bound_trace_is_a_valid_trace() -> None:
    new = bound(written("note milk in n.txt", "n.txt", "buy milk\n", {"milk": "word"}), milk="tea")
    assert checked_trace(json.dumps(new.to_json())) == new


@pytest.mark.parametrize(
    "change",
    [
        {"start": 0, "end": 5},
        {"flows": (Flow(step=0, path=("command",), start=0, end=5),)},
        {"flows": (Flow(step=0, path=("command",), start=3, end=8, form="upper"),)},
        {"flows": (Flow(step=1, path=("command",), start=3, end=8),)},
        {"flows": (Flow(step=0, path=("nothing",), start=3, end=8),)},
        {"flows": (Flow(step=0, path=("command",), start=3, end=99),)},
        {"flows": (Flow(step=0, path=("command",), start=0, end=0),)},
        {"name": "b.txt"},
    ],
)
def test_a_parameter_that_is_not_what_it_says_is_found_out(change: dict[str, Any]) -> None:
    one = replace(COPY.parameters[0], **change)
    with pytest.raises(BindingRefused):
        verify_parameters(replace(COPY, parameters=(one, COPY.parameters[1])))


def test_parameters_that_overlap_are_found_out() -> None:
    twice = replace(COPY.parameters[0], name="again")
    with pytest.raises(BindingRefused):
        verify_parameters(replace(COPY, parameters=(*COPY.parameters, twice)))


NAMES = st.text("abcXYZ019_-", min_size=1, max_size=12).filter(lambda name: name[0] not in "-")
VALUES = st.text(min_size=1, max_size=30)


@given(st.tuples(NAMES, NAMES), VALUES, VALUES)
def test_values_enter_a_command_as_one_word_each_or_not_at_all(
    names: tuple[str, str], first: str, second: str
) -> None:
    one, two = f"<{names[0]}>", f"[{names[1]}]"
    text = f"printf %s '{one}' x '{two}'"
    trace = command(f"join {one} {two}", text, kinds={one: "text", two: "text"})
    try:
        new = bind_trace(trace, {one: first, two: second})
    except BindingRefused:
        return
    assert shlex.split(str(given_to(new)["command"])) == ["printf", "%s", first, "x", second]


@given(NAMES, VALUES)
def test_binding_there_and_back_gives_the_recorded_inputs(name: str, value: str) -> None:
    inputs = {"file_path": "x", "content": f"begin <{name}> end"}
    trace = one_step(f"write <{name}>", "Write", inputs, kinds={f"<{name}>": "text"})
    try:
        new = bind_trace(trace, {f"<{name}>": value})
    except BindingRefused:
        return
    assert texts(new) == ["x", f"begin {value} end"]
    again = bind_trace(trace, {f"<{name}>": f"<{name}>"})
    assert again is trace


@given(st.text(max_size=60), NAMES, NAMES)
def test_no_observation_makes_binding_fail(text: str, old: str, new: str) -> None:
    more = {"output": text, "answer": text}
    trace = command(f"say <{old}>", f"echo '<{old}>'", {f"<{old}>": "text"}, more)
    assert bind_trace(trace, {f"<{old}>": f"<{new}>"}).goal == f"say <{new}>"
