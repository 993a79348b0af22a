"""A step is left out only if all that it showed follows from steps that stay."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from factory import make_trace
from llmos.memory.compaction import compacted
from llmos.memory.traces import FileState, Flow, Parameter, Step, Trace

ABSENT = FileState(sha256=None, mode=None)
GONE = "File does not exist. Note: your current working directory is ${cwd}."
TEXT = "one\ntwo"


def step(tool: str, output: str, *, ok: bool = True, **given: Any) -> Step:
    return make_trace("x", tool=tool, given=given, output=output, ok=ok).steps[0]


def read(path: str = "a.txt", output: str = "1\tone\n2\ttwo", **more: Any) -> Step:
    return step("Read", output, file_path=f"${{cwd}}/{path}", **more)


def no_file(path: str = "a.txt", said: str = GONE) -> Step:
    return step("Read", said, ok=False, file_path=f"${{cwd}}/{path}")


def write(path: str = "a.txt", before: FileState = ABSENT, content: str = TEXT) -> Step:
    after = FileState(sha256=hashlib.sha256(content.encode()).hexdigest(), mode=0o644)
    one = step("Write", "created", file_path=f"${{cwd}}/{path}", content=content)
    return replace(one, before=before, after=after)


def bash(command: str, output: str = "x", *, code: int = 0) -> Step:
    one = step("Bash", output, ok=code == 0, command=command)
    return replace(one, observation=replace(one.observation, exit_code=code))


def edit(said: str = "String to replace not found in file.\nString: three") -> Step:
    given = {"file_path": "${cwd}/a.txt", "old_string": "three", "new_string": "four"}
    return step("Edit", said, ok=False, **given)


LIST = step("Glob", "a.txt", pattern="*")
LAST = bash("wc -l a.txt", "2 a.txt")


def trace_of(*steps: Step, goal: str = "look at a.txt", **more: Any) -> Trace:
    return replace(make_trace(goal), steps=steps, **more)


def left_out(trace: Trace) -> list[tuple[int, str, int]]:
    found = compacted(trace)
    return [] if found is None else [(one.index, one.why, one.by) for one in found.left_out]


@pytest.mark.parametrize(
    "steps",
    [
        (read(), read(), LAST),
        (LIST, bash("ls -l b"), LIST, LAST),
        (bash("cat a.txt"), bash("cat a.txt"), LAST),
        (no_file(), no_file(), LAST),
        (read(), write("b.txt"), read(), LAST),
    ],
)
def test_the_same_look_with_nothing_done_in_between_is_taken_once(steps: tuple[Step, ...]) -> None:
    again = max(at for at, one in enumerate(steps) if one == steps[0])
    assert left_out(trace_of(*steps)) == [(again, "repeated", 0)]


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param((read(), read(output="1\tother"), LAST), id="it showed something else"),
        pytest.param((read(), write(), read(output="1\tx"), LAST), id="its file was written"),
        pytest.param(
            (read(), write("./a.txt", content="x"), read(), LAST), id="under another spelling"
        ),
        pytest.param((read(), bash("rm b.txt"), read(), LAST), id="a command ran in between"),
        pytest.param((LIST, write("b.txt"), LIST, LAST), id="a listing after a new file"),
        pytest.param((bash("date"), bash("date"), LAST), id="it tells the time"),
        pytest.param((LAST, read(), LAST), id="it is the last step"),
        pytest.param((read(), read(limit=1), LAST), id="it was asked for less"),
        pytest.param((read(), read("b.txt"), LAST), id="it is another file"),
    ],
)
def test_a_look_that_may_tell_something_new_stays(steps: tuple[Step, ...]) -> None:
    assert left_out(trace_of(*steps)) == []


@pytest.mark.parametrize(
    "look",
    [no_file(), bash("cat a.txt", "Exit code 1\ncat: a.txt: No such file or directory", code=1)],
)
def test_that_a_file_is_absent_is_told_by_the_write_that_makes_it(look: Step) -> None:
    assert left_out(trace_of(look, write(), LAST)) == [(0, "absent", 1)]


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param((no_file(), LAST), id="nothing makes it"),
        pytest.param((no_file(), write("b.txt"), LAST), id="another file is made"),
        pytest.param((no_file(), bash("rm a.txt"), write(), LAST), id="a command may remove it"),
        pytest.param((no_file(said=f"{GONE} Meant b.txt?"), write(), LAST), id="more is said"),
        pytest.param((no_file(), write(before=FileState(sha256="0" * 64, mode=420)), LAST),
                     id="it was there when it was written"),
        pytest.param((bash("ls a.txt b.txt", "Exit code 2\nno", code=2), write(), LAST),
                     id="it looked at more than that"),
    ],
)  # fmt: skip
def test_an_absence_that_no_write_checks_stays_a_guard(steps: tuple[Step, ...]) -> None:
    assert left_out(trace_of(*steps)) == []


def test_what_the_trace_itself_wrote_need_not_be_read_back() -> None:
    assert left_out(trace_of(write(), read(), LAST)) == [(1, "own", 0)]


def test_a_file_that_something_else_changed_on_the_way_is_read_back() -> None:
    assert left_out(trace_of(write(), read(output="1\tone\n2\tTWO"), LAST)) == []


@pytest.mark.parametrize("known", [read(), write()])
def test_an_edit_that_could_not_be_made_of_a_known_text_is_a_mistake(known: Step) -> None:
    assert left_out(trace_of(known, edit(), LAST)) == [(1, "mistake", 0)]


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param((edit(), LAST), id="nobody had read the file"),
        pytest.param((read(offset=5), edit(), LAST), id="only a part had been read"),
        pytest.param((read(output="1\ta,b\n2\t1,2"), edit(), LAST), id="a table may vary"),
        pytest.param((read(), edit("EACCES: permission denied"), LAST), id="it failed otherwise"),
    ],
)  # fmt: skip
def test_an_edit_that_failed_for_the_sake_of_the_world_stays(steps: tuple[Step, ...]) -> None:
    assert left_out(trace_of(*steps)) == []


@pytest.mark.parametrize(
    "reaching",
    ["python3 a.py", "curl x", "cd sub && ls", "git commit -m x", "sleep 1; ls", "rm ../x"],
)
def test_a_trace_that_reaches_farther_is_left_as_it_is(reaching: str) -> None:
    assert left_out(trace_of(read(), read(), bash(reaching))) == []


def of_parameter(trace: Trace, *steps: int) -> Trace:
    flows = tuple(Flow(step=at, path=("file_path",), start=7, end=12) for at in steps)
    at = trace.goal.index("a.txt")
    one = Parameter(name="p", kind="path", value="a.txt", start=at, end=at + 5, flows=flows)
    return replace(trace, parameters=(one,))


def test_the_flows_of_what_stays_are_counted_anew() -> None:
    trace = of_parameter(trace_of(no_file(), bash("true"), write(), bash("ls")), 0, 2)
    found = compacted(trace)
    assert found is not None
    assert [flow.step for flow in found.trace.parameters[0].flows] == [1]


def test_steps_that_only_happen_to_be_alike_for_the_learned_value_stay() -> None:
    assert left_out(of_parameter(trace_of(read(), read(), LAST), 1)) == []
    assert left_out(of_parameter(trace_of(no_file(), write(), LAST), 0)) == []


def test_with_parameters_only_what_any_value_leaves_the_same_is_left_out() -> None:
    assert left_out(of_parameter(trace_of(write(), read(), LAST), 0, 1)) == []
    assert left_out(of_parameter(trace_of(read(), edit(), LAST), 0, 1)) == []
