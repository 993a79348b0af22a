"""What may differ at a replay is told per step, and is what the guards let differ."""

from __future__ import annotations

from dataclasses import replace

import pytest

from factory import make_trace
from llmos.interfaces.trace_commands import describe_trace
from llmos.memory.implicit import may_differ, may_follow
from llmos.memory.replay_rules import Flowed, ReplayRule, rules_of
from llmos.memory.traces import FileState, Step, Trace

TABLE = "day,shop,total\n2026-01-01,Ulm,12\n2026-01-02,Bonn,7"
MORE_ROWS = TABLE + "\n2026-01-03,Kiel,9"


def step(output: str, tool: str = "Bash", written: bool = False, **given: str) -> Step:
    one = make_trace("x", tool=tool, given=given, output=output).steps[0]
    absent, made = FileState(sha256=None, mode=None), FileState(sha256="0" * 64, mode=0o644)
    return replace(one, before=absent, after=made) if written else one


def trace_of(*steps: Step, goal: str = "sum it up", answer: str = "done") -> Trace:
    return replace(make_trace(goal, answer=answer), steps=steps)


READ = step(TABLE, "Read", file_path="sales.csv")
LISTED = step("sales.csv", "Glob", pattern="*")
PROGRAM = step("19", command="python3 sum.py sales.csv")
SHOWN = step("2 sales.csv", command="wc -l sales.csv")
NOTE = step("created", "Write", written=True, file_path="note.txt", content="The total is 19.")


@pytest.mark.parametrize(
    ("steps", "compared"),
    [
        ((READ, PROGRAM), ["rows", "caused"]),
        ((LISTED, PROGRAM), ["equal", "equal"]),
        ((LISTED, SHOWN), ["equal", "derived"]),
        ((READ, NOTE, SHOWN), ["rows", "file", "derived"]),
    ],
)
def test_each_step_says_what_is_compared(steps: tuple[Step, ...], compared: list[str]) -> None:
    assert [one.compared for one in rules_of(trace_of(*steps))] == compared


@pytest.mark.parametrize("steps", [(READ, PROGRAM), (LISTED, PROGRAM), (LISTED, SHOWN)])
@pytest.mark.parametrize("explained", [True, False])
def test_the_guards_let_differ_what_is_told_and_no_more(
    steps: tuple[Step, ...], explained: bool
) -> None:
    trace = trace_of(*steps)
    for index, rule in enumerate(rules_of(trace)):
        now = MORE_ROWS if steps[index] is READ else "something else"
        may = may_differ(trace, index, now, explained=explained) is None
        told = {"rows": True, "derived": True, "caused": explained, "equal": False}
        # What nothing explains in this trace is never explained, so that it is told as equal.
        if not (rule.compared == "equal" and index + 1 == len(steps) and explained):
            assert may == told[rule.compared]


def test_the_columns_of_one_form_are_named() -> None:
    assert rules_of(trace_of(READ, PROGRAM))[0].columns == ("day", "shop", "total")
    mixed = step(TABLE + "\nlater,Kiel,9", "Read", file_path="sales.csv")
    assert rules_of(trace_of(mixed, PROGRAM))[0].columns == ("shop", "total")


def test_a_step_that_states_a_conclusion_is_not_carried_out_after_a_difference() -> None:
    rules = rules_of(trace_of(READ, NOTE))
    assert rules[1].afterwards == may_follow(NOTE)
    assert rules[1].afterwards
    assert rules_of(trace_of(LISTED, NOTE))[1].afterwards is None


def test_what_flowed_is_named_with_where_it_went() -> None:
    found = step("report-7.csv 4711", command="ls -s")
    used = step("4711", command="sort report-7.csv")
    flows = rules_of(trace_of(found, used, answer="It has 4711 blocks."))[0].flows
    assert Flowed("report-7.csv", (1,), False) in flows
    assert Flowed("4711", (), True) in flows


def test_what_the_goal_names_does_not_flow_from_an_observation() -> None:
    trace = trace_of(LISTED, SHOWN, goal="count the lines of sales.csv")
    assert rules_of(trace)[0].flows == ()


def test_people_and_programs_are_shown_the_same() -> None:
    trace = trace_of(READ, NOTE)
    text = describe_trace("t-0", trace)
    for rule in rules_of(trace):
        assert isinstance(rule, ReplayRule)
        assert rule.why in text
        assert rule.to_json()["why"] == rule.why
    assert "same form  day, shop, total" in text
    assert "not done   once something differed" in text
