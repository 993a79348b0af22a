"""What of the store may answer a goal, with the real store and the real record of traces."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from factory import make_trace
from llmos.kernel.tools import ToolCall, ToolRegistry, ToolResult
from llmos.memory.evidence import Evidence, Outcome
from llmos.memory.found import Found, Miss, Place, Way
from llmos.memory.goals import normal_form
from llmos.memory.learning import LearnedCall, build_trace
from llmos.memory.matching import Matcher
from llmos.memory.trace_store import TraceStore
from llmos.memory.traces import Trace
from llmos.memory.trust import Trust
from workbench import CWD, LEARNED_AT, TODAY, StubDriver, open_store

TOOLS = ("Bash", "Read", "weather", "alarm", "note")
PLACE = Place(CWD, TODAY, "acceptEdits", ToolRegistry(map(StubDriver, TOOLS)))


class Bench:
    """A store with its matcher in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store: TraceStore = open_store(folder, Trust(folder / "state", folder))
        self.evidence = Evidence(None)
        self.matcher = Matcher(self.store, self.evidence)
        self._at = LEARNED_AT

    def learn(
        self, goal: str, given: str | dict[str, JsonValue], tool: str = "Bash", at: float = 0.0
    ) -> str:
        """Keep a goal that one call reached; return the id of its trace."""
        self._at += 1
        at = at or self._at
        inputs: dict[str, JsonValue] = {"command": given} if isinstance(given, str) else given
        call = LearnedCall(ToolCall(tool, inputs), ToolResult("", ok=True, exit_code=0), at)
        trace = build_trace(
            goal,
            [call],
            "",
            (),
            make_trace(goal, learned_at=at).provenance,
            cwd=CWD,
            permission_mode=PLACE.permission_mode,
            registry=PLACE.registry,
        )
        assert isinstance(trace, Trace)
        trace_id = self.store.put(trace)
        self.evidence.record(trace_id, "learned", at, "")
        return trace_id

    def record(self, trace_id: str, outcome: Outcome, times: int = 1) -> None:
        for _ in range(times):
            self.evidence.record(trace_id, outcome, LEARNED_AT, "")

    def match(self, goal: str, place: Place = PLACE) -> Found:
        return self.matcher.match(goal, place)

    def inputs(self, goal: str, place: Place = PLACE) -> list[dict[str, JsonValue]] | None:
        """Return the inputs of the steps that would be replayed; None if none would."""
        found = self.match(goal, place)
        return [step.input for step in found.matches[0].steps] if found.matches else None

    def command(self, goal: str, place: Place = PLACE) -> JsonValue:
        given = self.inputs(goal, place)
        return None if given is None else given[0]["command"]

    def misses(self, goal: str, place: Place = PLACE) -> set[Miss]:
        found = self.match(goal, place)
        assert not found.matches
        return {one.kind for one in found.refusals}

    def reopen(self) -> None:
        """Go on as a new process would."""
        self.store.close()
        self.store = open_store(self.folder, Trust(self.folder / "state", self.folder))
        self.matcher = Matcher(self.store, self.evidence)

    def close(self) -> None:
        self.store.close()
        self.evidence.close()


@contextmanager
def opened() -> Generator[Bench]:
    folder = Path(tempfile.mkdtemp())
    bench = Bench(folder)
    try:
        yield bench
    finally:
        bench.close()
        shutil.rmtree(folder)


@pytest.fixture
def bench() -> Generator[Bench]:
    with opened() as one:
        yield one


WEATHER = [
    ("what is the weather in Rome", "Rome"),
    ("how is the weather in Oslo", "Oslo"),
    ("tell me the weather for Paris", "Paris"),
    ("weather in Bergen", "Bergen"),
]


def learn_weather(bench: Bench, goals: Sequence[tuple[str, str]] = WEATHER) -> list[str]:
    return [bench.learn(goal, {"city": city}, "weather") for goal, city in goals]


def test_an_empty_store_has_nothing_to_say(bench: Bench) -> None:
    assert bench.match("count the lines of data.csv") == Found()


def test_the_very_goal_is_answered_as_it_was_learned(bench: Bench) -> None:
    trace_id = bench.learn("count the lines of data.csv", "wc -l data.csv")
    (match,) = bench.match("Count the lines of data.csv.").matches
    assert (match.trace_id, match.way, match.learned) == (trace_id, Way.GOAL, None)


def test_another_value_is_bound_by_the_template(bench: Bench) -> None:
    bench.learn("count the lines of data.csv", "wc -l data.csv")
    (match,) = bench.match("count the lines of b.csv").matches
    assert (match.way, dict(match.values)) == (Way.TEMPLATE, {"path1": "b.csv"})
    assert match.steps[0].input == {"command": "wc -l b.csv"}
    assert match.learned is not None
    assert match.learned.steps[0].input == {"command": "wc -l data.csv"}
    assert match.reason == "has the wording of this goal, with path1=b.csv"


def test_a_new_wording_is_answered_by_its_family(bench: Bench) -> None:
    learn_weather(bench)
    (match,) = bench.match("tell me the weather in Oslo").matches
    assert match.way is Way.FAMILY
    assert match.steps[0].input == {"city": "Oslo"}
    assert "one of 4 of a kind" in match.reason


def test_the_very_goal_comes_before_its_template(bench: Bench) -> None:
    bench.learn("count the lines of data.csv", "wc -l data.csv")
    own = bench.learn("count the lines of b.csv", "cat b.csv | wc -l")
    (match,) = bench.match("count the lines of b.csv").matches
    assert (match.trace_id, match.way) == (own, Way.GOAL)


def test_of_one_goal_the_newest_comes_first(bench: Bench) -> None:
    new = bench.learn("say it", "echo new", at=LEARNED_AT + 9)
    old = bench.learn("say it", "echo old", at=LEARNED_AT + 1)
    assert [one.trace_id for one in bench.match("say it").matches] == [new, old]


def test_what_the_user_said_comes_before_the_template(bench: Bench) -> None:
    bench.learn("count the lines of data.csv", "wc -l data.csv")
    other = bench.learn("print the notes", "cat notes")
    goal = "count the lines of b.csv"
    bench.evidence.note_answer(normal_form(goal), other, {}, means_the_same=True, at=1.0)
    (match,) = bench.match(goal).matches
    assert (match.trace_id, match.way) == (other, Way.SAID)


def test_traces_of_one_wording_that_do_different_things_decline(bench: Bench) -> None:
    bench.learn("count the lines of data.csv", "wc -l data.csv")
    bench.learn("count the lines of other.csv", "grep -c '' other.csv")
    assert Miss.AMBIGUOUS in bench.misses("count the lines of b.csv")


def test_an_ambiguous_wording_is_not_answered_by_its_family_either(bench: Bench) -> None:
    for name in ("a", "c", "d"):
        bench.learn(f"count the lines of {name}.csv", f"wc -l {name}.csv")
    bench.learn("count the lines of other.csv", "grep -c '' other.csv")
    assert bench.match("count the lines of b.csv").near is None


def test_traces_of_one_wording_that_do_the_same_answer(bench: Bench) -> None:
    bench.learn("count the lines of data.csv", "wc -l data.csv")
    bench.learn("count the lines of other.csv", "wc  -l 'other.csv'")
    assert bench.command("count the lines of b.csv") in ("wc -l b.csv", "wc  -l 'b.csv'")


def test_traces_of_one_wording_with_json_numbers_agree(bench: Bench) -> None:
    bench.learn("wake me in 5 minutes", {"minutes": 5}, "alarm")
    bench.learn("wake me in 10 minutes", {"minutes": 10}, "alarm")
    assert bench.inputs("wake me in 20 minutes") == [{"minutes": 20}]


def test_a_value_that_a_sibling_shows_to_be_fixed_is_not_bound(bench: Bench) -> None:
    bench.learn("show the top 5 of data.csv", "head -n 5 data.csv")
    bench.learn("show the top 7 of data.csv", "head -n 5 data.csv")
    assert bench.command("show the top 9 of data.csv") is None


def test_a_value_that_could_change_a_command_is_not_bound(bench: Bench) -> None:
    bench.learn("count the lines of data.csv", "wc -l data.csv")
    assert bench.command("count the lines of ../b.csv") is None
    assert bench.command("count the lines of '-r.csv'") is None


def test_a_refused_trace_answers_its_own_goal_only(bench: Bench) -> None:
    trace_id = bench.learn("count the lines of data.csv", "wc -l data.csv")
    bench.record(trace_id, "refused")
    assert bench.misses("count the lines of b.csv") == {Miss.BAD_RECORD}
    assert bench.command("count the lines of data.csv") == "wc -l data.csv"


@pytest.mark.parametrize(
    ("good", "bad", "answers"), [(18, 1, False), (19, 1, True), (37, 2, False)]
)
def test_nineteen_good_replays_outweigh_a_bad_one(
    good: int, bad: int, answers: bool, bench: Bench
) -> None:
    trace_id = bench.learn("count the lines of data.csv", "wc -l data.csv")
    bench.record(trace_id, "refused", bad)
    bench.record(trace_id, "replayed", good)
    assert (bench.command("count the lines of b.csv") is not None) is answers


def test_a_refused_trace_stops_its_family(bench: Bench) -> None:
    for trace_id in learn_weather(bench):
        bench.record(trace_id, "refused")
    assert Miss.BAD_RECORD in bench.misses("tell me the weather in Oslo")


def near_of(bench: Bench) -> str:
    """Learn what makes a near miss of a goal, and return the goal."""
    learn_weather(bench, WEATHER[:1])
    goal = "how is the weather in Rome"
    assert bench.match(goal).near is not None
    return goal


def said(bench: Bench, goal: str, *, means_the_same: bool) -> None:
    near = bench.match(goal).near
    assert near is not None
    bench.evidence.note_answer(
        normal_form(goal), near.trace_id, near.values, means_the_same=means_the_same, at=1.0
    )


def test_a_near_miss_is_proposed_and_not_matched(bench: Bench) -> None:
    found = bench.match(near_of(bench))
    assert found.matches == ()
    assert [one.kind for one in found.refusals] == [Miss.UNCERTAIN]


def test_a_yes_is_kept_and_used_by_a_new_matcher(bench: Bench) -> None:
    goal = near_of(bench)
    said(bench, goal, means_the_same=True)
    bench.reopen()
    (match,) = bench.match(goal.upper() + "?").matches
    assert match.way is Way.SAID
    assert match.steps[0].input == {"city": "Rome"}


def test_a_no_is_kept_and_used_by_a_new_matcher(bench: Bench) -> None:
    goal = near_of(bench)
    said(bench, goal, means_the_same=False)
    bench.reopen()
    assert bench.match(goal) == Found()


def test_a_yes_holds_for_that_goal_alone(bench: Bench) -> None:
    goal = near_of(bench)
    said(bench, goal, means_the_same=True)
    assert bench.match(f"{goal} now").matches == ()


def test_a_later_answer_replaces_an_earlier_one(bench: Bench) -> None:
    goal = near_of(bench)
    near = bench.match(goal).near
    assert near is not None
    key, values = normal_form(goal), near.values
    bench.evidence.note_answer(key, near.trace_id, values, means_the_same=True, at=1.0)
    bench.evidence.note_answer(key, near.trace_id, values, means_the_same=False, at=2.0)
    assert bench.match(goal).matches == ()


def test_a_yes_to_a_trace_that_is_gone_is_nothing(bench: Bench) -> None:
    goal = near_of(bench)
    said(bench, goal, means_the_same=True)
    (row,) = bench.store.list(1)
    assert bench.store.delete(row.id)
    assert bench.match(goal).matches == ()


def test_what_depends_on_the_day_is_answered_on_that_day_only(bench: Bench) -> None:
    bench.learn("list the files of today", "find . -newermt 2026-09-21")
    tomorrow = replace(PLACE, today=TODAY + timedelta(1))
    assert bench.command("list the files of today") is not None
    assert bench.misses("list the files of today", tomorrow) == {Miss.OTHER_DAY}


def test_a_relative_date_that_flows_is_a_value(bench: Bench) -> None:
    bench.learn("take a note for 'tomorrow'", {"day": "tomorrow"}, "note")
    later = replace(PLACE, today=TODAY + timedelta(30))
    assert bench.inputs("take a note for 'yesterday'", later) == [{"day": "yesterday"}]


def test_a_goal_that_speaks_of_now_in_other_words_is_not_answered(bench: Bench) -> None:
    learn_weather(bench)
    found = bench.match("tell me the current weather in Oslo")
    assert (found.matches, found.near) == ((), None)


def test_another_permission_mode_does_not_answer(bench: Bench) -> None:
    bench.learn("count the lines of data.csv", "wc -l data.csv")
    place = replace(PLACE, permission_mode="plan")
    assert bench.misses("count the lines of data.csv", place) == {Miss.OTHER_PERMISSIONS}
    assert bench.misses("count the lines of b.csv", place) == {Miss.OTHER_PERMISSIONS}


def test_a_tool_that_is_gone_does_not_answer(bench: Bench) -> None:
    learn_weather(bench)
    place = replace(PLACE, registry=ToolRegistry([StubDriver("Bash")]))
    assert bench.misses(WEATHER[0][0], place) == {Miss.TOOL_MISSING}
    assert bench.misses("tell me the weather in Oslo", place) == {Miss.TOOL_MISSING}


def test_a_tool_that_has_changed_does_not_answer(bench: Bench) -> None:
    learn_weather(bench)
    place = replace(PLACE, registry=ToolRegistry([StubDriver("weather", fingerprint="other")]))
    assert bench.misses(WEATHER[0][0], place) == {Miss.TOOL_CHANGED}


def test_a_directory_that_could_change_a_command_does_not_answer(bench: Bench) -> None:
    bench.learn("count the lines of data.csv", f"wc -l {CWD}/data.csv")
    place = replace(PLACE, cwd="/tmp/a; rm -rf b")
    assert bench.misses("count the lines of b.csv", place) == {Miss.OTHER_PLACE}
    assert bench.command("count the lines of b.csv") is not None


def test_a_deleted_trace_matches_no_more(bench: Bench) -> None:
    for trace_id in learn_weather(bench):
        assert bench.store.delete(trace_id)
    assert bench.match("tell me the weather in Oslo") == Found()
    assert bench.match(WEATHER[0][0]) == Found()


def test_a_family_forgets_a_deleted_trace(bench: Bench) -> None:
    ids = learn_weather(bench)
    assert bench.match("tell me the weather in Oslo").matches
    for trace_id in ids[1:]:
        bench.store.delete(trace_id)
    found = bench.match("tell me the weather in Oslo")
    assert (found.matches, found.near) == ((), None)


def test_a_file_that_came_from_elsewhere_answers_nothing(bench: Bench) -> None:
    bench.learn("count the lines of data.csv", "wc -l data.csv")
    bench.store.close()
    bench.store = open_store(bench.folder, Trust(bench.folder / "another", bench.folder))
    bench.matcher = Matcher(bench.store, bench.evidence)
    assert bench.misses("count the lines of data.csv") == {Miss.UNTRUSTED}
    assert bench.misses("count the lines of b.csv") == {Miss.UNTRUSTED}


Learned = tuple[str, str | dict[str, JsonValue], str]
LEARNED: list[Learned] = [
    *((goal, {"city": city}, "weather") for goal, city in WEATHER),
    ("count the lines of data.csv", "wc -l data.csv", "Bash"),
    ("count the lines of old.csv", "wc -l 'old.csv'", "Bash"),
    ("how many lines has notes.md", "wc -l notes.md", "Bash"),
    ("show the first 5 lines of a.txt", "head -n 5 a.txt", "Bash"),
    ("show the last 5 lines of a.txt", "tail -n 5 a.txt", "Bash"),
    ("show the last 5 lines of b.txt", "tail b.txt -n 5", "Bash"),
]
ASKED = [
    "tell me the weather in Oslo",
    "what is the weather for Paris",
    "weather in Berlin",
    "count the lines of b.csv",
    "how many lines has x.md",
    "count lines of notes.md",
    "show the first 9 lines of c.txt",
    "show the last 9 lines of c.txt",
    "show the last 5 lines of a.txt",
]


def answers(bench: Bench) -> list[object]:
    """Return what would be done for each goal, and what would be asked about."""
    found = [bench.match(goal) for goal in ASKED]
    return [
        (
            [one.way for one in each.matches],
            [sorted(one.values.values()) for one in each.matches[:1]],
            [
                [
                    word
                    for text in step.input.values()
                    for word in str(text).replace("'", "").split()
                ]
                for one in each.matches[:1]
                for step in one.steps
            ],
            None if each.near is None else sorted(each.near.values.values()),
        )
        for each in found
    ]


def learn_all(bench: Bench, order: Sequence[int]) -> list[object]:
    for number in order:
        goal, inputs, tool = LEARNED[number]
        bench.learn(goal, inputs, tool, at=LEARNED_AT + number)
    return answers(bench)


def test_the_goals_below_are_answered_in_part() -> None:
    with opened() as bench:
        told = learn_all(bench, range(len(LEARNED)))
    assert len({str(one) for one in told}) >= 5


@settings(max_examples=12, deadline=None)
@given(st.permutations(range(len(LEARNED))))
def test_matches_do_not_depend_on_the_order_of_learning(order: Sequence[int]) -> None:
    with opened() as bench, opened() as other:
        assert learn_all(bench, order) == learn_all(other, range(len(LEARNED)))


def test_an_index_made_anew_gives_the_same_matches(bench: Bench) -> None:
    told = learn_all(bench, range(len(LEARNED)))
    bench.store.close()
    for path in bench.folder.glob("index.sqlite*"):
        path.unlink()
    bench.reopen()
    assert answers(bench) == told


def replayed_for_oslo(order: Sequence[int], *, anew: bool = False) -> str:
    """Return the trace that answers a new wording after goals were learned in an order."""
    with opened() as bench:
        for number in order:
            goal, city = WEATHER[number]
            bench.learn(goal, {"city": city}, "weather", at=LEARNED_AT + number)
            bench.match("tell me")  # the index takes in what is new whenever it is asked
        if anew:
            bench.store.close()
            for path in bench.folder.glob("index.sqlite*"):
                path.unlink()
            bench.reopen()
        return bench.match("tell me the weather in Oslo").matches[0].trace_id


def test_the_trace_that_is_replayed_does_not_depend_on_the_order_of_learning() -> None:
    orders = [(0, 1, 2, 3), (3, 2, 1, 0), (1, 2, 3, 0), (0, 3, 2, 1)]
    assert len(set(map(replayed_for_oslo, orders))) == 1


def test_an_index_made_anew_replays_the_same_traces() -> None:
    for order in [(0, 1, 2, 3), (3, 2, 1, 0), (1, 2, 3, 0), (0, 3, 2, 1)]:
        assert replayed_for_oslo(order, anew=True) == replayed_for_oslo(order)


def test_asking_changes_nothing(bench: Bench) -> None:
    told = learn_all(bench, range(len(LEARNED)))
    assert answers(bench) == told


def test_a_yes_to_words_that_fill_an_input_is_answered_with_them(bench: Bench) -> None:
    films = [
        "The Golden Coach",
        "Night Train",
        "Silent River",
        "Red Desert",
        "Blue Moon",
        "Stalker",
    ]
    for film in films:
        bench.learn(f"when is {film} playing", {"film": film}, tool="note")
    goal = "when is winter sleep playing"
    near = bench.match(goal).near
    assert near is not None
    assert near.steps[0].input == {"film": "winter sleep"}
    key = normal_form(goal)
    bench.evidence.note_answer(key, near.trace_id, near.values, means_the_same=True, at=1.0)
    (match,) = bench.match(goal).matches
    assert (match.way, match.steps[0].input) == (Way.SAID, {"film": "winter sleep"})
