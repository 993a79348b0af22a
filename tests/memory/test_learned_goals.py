"""What is known of learned goals is the sum of what each gave, whoever came, left or asked when."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory import make_trace
from llmos.kernel.database import transaction
from llmos.kernel.redaction import Redactor
from llmos.memory.attached import Attached
from llmos.memory.count_tables import add_members, spelled
from llmos.memory.goals import normal_form
from llmos.memory.member_counts import DIFFERENT, DISTINCT, Count, counts_of
from llmos.memory.members import Member, member_of
from llmos.memory.parameters import find_parameters
from llmos.memory.trace_store import TraceStore
from llmos.memory.trust import Trust
from taught import Taught, empty_index


def member(number: int, goal: str, tool: str, given: Mapping[str, Any]) -> Member:
    trace = make_trace(goal, tool=tool, given=given, learned_at=float(number * 7 % 5))
    found = find_parameters(goal, trace.steps)
    return member_of(f"t-{number}", replace(trace, parameters=found))


def learned() -> list[Member]:
    """Return goals of every kind: commands, values, no values, inputs filled as a whole."""
    given: list[tuple[str, str, dict[str, Any]]] = []
    for file in ("a.txt", "b.csv", "c.md"):
        given.append((f"count the lines of {file}", "Bash", {"command": f"wc -l {file}"}))
        given.append((f"how many lines has {file}", "Bash", {"command": f"wc -l {file}"}))
    for goal in ("show what is here", "show me what's here", "list what is here", "whats here"):
        given.append((goal, "Bash", {"command": "ls"}))
    for city in ("Rome", "Oslo", "New York"):
        given.append((f"what is the weather in {city}", "weather", {"city": city}))
        given.append((f"weather for {city} please", "weather", {"city": city, "unit": "c"}))
    for one, other in (("Rome", "Oslo"), ("Oslo", "Rome"), ("New York", "Rome")):
        given.append((f"fly from {one} to {other}", "fly", {"from": one, "to": other}))
    for goal in ("feed the cat", "give the cat its dinner", "the cat is hungry", "food for my cat"):
        given.append((goal, "feed_the_cat", {}))
    for film in ("Night Train", "Red Desert", "Blue Moon", "The Golden Coach", "Silent River"):
        given.append((f"when is {film} playing", "watch", {"movie": film}))
        given.append((f"show me the times for {film}", "watch", {"movie": film}))
    for goal in ("water the plants", "the plants are dry", "do not let the plants dry out"):
        given.append((goal, "water_the_plants", {}))
    return [member(number, *one) for number, one in enumerate(given)]


LEARNED = learned()
FILLING = (
    "when is Winter Sleep playing", "show me the times for Early Summer", "times for Blue Moon",
)  # fmt: skip
GOALS = (
    "how many lines of d.md", "count the lines of b.csv please", "show me what is here",
    "list what's heer", "what is the weather in Oslo", "tell me the weather for New York",
    "weather for Berlin please", "fly to Rome from Oslo", "fly from Oslo to New York",
    "feed my cat please", "the cat needs its dinner", "water the flowers", "\ud800 is no text",
    *FILLING,
)  # fmt: skip
SOME = st.sets(st.sampled_from(range(len(LEARNED))), max_size=9)


def among(numbers: Iterable[int]) -> list[Member]:
    return [LEARNED[number] for number in sorted(numbers)]


@settings(max_examples=4)
@given(st.integers(0, 2**32))
def test_what_was_asked_before_changes_nothing(seed: int) -> None:
    chance = random.Random(seed)
    here = set(chance.sample(range(len(LEARNED)), 18))
    taught = Taught(among(here))
    now_and_then, by_slots = Taught(index=taught.index), Taught(index=taught.index)
    for _ in range(8):
        there = set(range(len(LEARNED)))
        if chance.random() < 0.2:
            gone = set(chance.sample(sorted(here), min(3, len(here))))
            here -= gone
            taught.remove(among(gone))
        else:
            new = set(chance.sample(sorted(there - here), min(3, len(there - here))))
            here |= new
            taught.add(among(new))
        anew = Taught(among(here))
        expected = [anew.propose(goal) for goal in GOALS]
        assert [taught.propose(goal) for goal in GOALS] == expected
        assert chance.random() < 0.5 or [now_and_then.propose(goal) for goal in GOALS] == expected
        assert [by_slots.by_slots(one) for one in FILLING] == [anew.by_slots(o) for o in FILLING]


@given(st.lists(SOME, max_size=6), st.booleans())
def test_the_tables_hold_what_those_that_are_there_gave_and_nothing_else(
    batches: list[set[int]], at_once: bool
) -> None:
    taught, here = Taught(), set[int]()
    for number, batch in enumerate(batches):
        parts = [batch] if at_once else [{one} for one in sorted(batch)]
        for part in parts:
            if number % 3 == 2:
                taught.remove(among(part))
                here -= part
            else:
                taught.add(among(part))
                here |= part
    assert tables(taught.index) == added_up(among(here))


def test_a_goal_is_counted_once_however_often_it_is_taken_in() -> None:
    taught = Taught([*LEARNED[:5], *LEARNED[:5]])
    taught.add(LEARNED[:6])
    assert tables(taught.index) == added_up(LEARNED[:6])


def test_a_goal_with_something_attached_is_not_counted() -> None:
    goal = Attached(stdin="some text").bind("sum this up")
    taught = Taught([member(1, goal, "sum_up", {})])
    assert tables(taught.index) == {}


def test_what_fails_halfway_leaves_the_counts_as_they_were() -> None:
    index = empty_index()
    add_members(index, [(one.trace_id, one.to_json()) for one in LEARNED[:9]])
    before = tables(index)
    with pytest.raises(KeyError):
        add_and_fail(index)
    assert tables(index) == before == added_up(LEARNED[:9])


def add_and_fail(index: sqlite3.Connection) -> None:
    with transaction(index):
        add_members(index, [(one.trace_id, one.to_json()) for one in LEARNED[9:]])
        raise KeyError


def test_of_goals_that_were_learned_at_once_the_same_one_answers_in_any_order() -> None:
    told = {answer(order) for order in (LEARNED, LEARNED[::-1])}
    assert len(told) == 1


def answer(members: Sequence[Member]) -> str | None:
    proposal = Taught(members).propose("tell me the weather in Oslo")
    return proposal.trace_id if proposal is not None else None


def tables(index: sqlite3.Connection) -> dict[tuple[str, str], int]:
    """Return the counts by their names; over all, and within each."""
    within = index.execute(
        "SELECT terms.term, scopes.scope, counts.often FROM counts"
        " JOIN terms ON terms.number = counts.term JOIN scopes ON scopes.number = counts.scope"
    )
    found = {(term, scope): often for term, scope, often in within}
    found |= {(term, ""): often for term, often in index.execute("SELECT term, often FROM terms")}
    scopes = {name for (name,) in index.execute("SELECT scope FROM scopes")}
    assert scopes == {scope for _, scope in found} - {""}
    return found


def added_up(members: Sequence[Member]) -> dict[tuple[str, str], int]:
    """Return what `tables` must give: counted anew, in the simplest way."""
    counted: Counter[Count] = Counter()
    for one in members:
        counted.update(counts_of(one))
    for kind, scope in {(kind, scope) for kind, _, scope in counted if kind in DISTINCT}:
        keys = {key for other, key, where in counted if (other, where) == (kind, scope)}
        counted[DIFFERENT, kind, scope] = len(keys)
    found: Counter[tuple[str, str]] = Counter()
    for (kind, key, scope), often in counted.items():
        found[spelled(kind, key), ""] += often
        if scope:
            found[spelled(kind, key), scope] += often
    return dict(found)


PROGRAM = """
import random, sys
from pathlib import Path
from factory import make_trace
from test_learned_goals import open_store
store, chance = open_store(Path(sys.argv[1])), random.Random(int(sys.argv[2]))
print("began", flush=True)
while True:
    word, tool = chance.choice("abcdefgh"), chance.choice(("water", "feed"))
    trace_id = store.put(make_trace(f"{tool} the {word} {chance.randrange(999)}", tool=tool))
    if chance.random() < 0.3:
        store.delete(trace_id)
    store.count()
"""


def open_store(folder: Path) -> TraceStore:
    return TraceStore(
        folder / "traces",
        Trust(folder / "state", folder),
        index_path=folder / "index.sqlite",
        key=normal_form,
        redactor=Redactor({}),
    )


def test_processes_that_are_killed_while_they_learn_leave_what_their_files_give(
    tmp_path: Path,
) -> None:
    path = ":".join(str(Path(__file__).parents[number]) for number in (0, 1))
    environment = {"PYTHONPATH": path, "HOME": str(tmp_path)}
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    chance = random.Random(7)
    for turn in range(2):
        writers = [
            subprocess.Popen(
                [*command, str(10 * turn + number)],
                env=environment,
                stdout=subprocess.PIPE,
                text=True,
            )
            for number in range(2)
        ]
        for one in writers:
            assert one.stdout is not None
            assert one.stdout.readline() == "began\n"
        with closing(open_store(tmp_path)) as store:
            while store.count() < 15 * (turn + 1) + chance.randrange(9):
                assert all(one.poll() is None for one in writers)
        for one in writers:
            one.send_signal(signal.SIGKILL)
            one.communicate()
    with closing(open_store(tmp_path)) as store:
        there = [path.stem for path in (tmp_path / "traces").glob("t-*.json")]
        expected = added_up([member_of(one, store.read(one)) for one in there])
        assert store.at_once(tables) == expected
