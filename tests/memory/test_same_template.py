"""Reading the newest of each frame decides as reading every trace of the template would."""

from __future__ import annotations

import itertools
import os
import random
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st

from factory import make_trace
from llmos.kernel.errors import TraceError
from llmos.kernel.json_value import JsonValue
from llmos.kernel.tools import ToolCall, ToolRegistry, ToolResult
from llmos.memory.binding import BindingRefused
from llmos.memory.bound import bind_trace
from llmos.memory.candidates import Candidates
from llmos.memory.evidence import Evidence
from llmos.memory.flows import filled
from llmos.memory.found import Miss, Place, Refusal
from llmos.memory.frames import frame_of
from llmos.memory.index_tables import Frame, TraceRow
from llmos.memory.learning import LearnedCall, build_trace
from llmos.memory.program import same_program
from llmos.memory.refusals import bad_record, refusal
from llmos.memory.same_template import SameTemplate
from llmos.memory.templates import Miss as Other
from llmos.memory.templates import (
    fixed_values,
    key_of,
    learned_values,
    template_keys,
    unify,
)
from llmos.memory.trace_index import TraceIndex
from llmos.memory.trace_store import TraceStore
from llmos.memory.traces import Step, Trace
from workbench import CWD, LEARNED_AT, TODAY, StubDriver

TOOLS = ("Bash", "note", "move")
PLACE = Place(CWD, TODAY, "acceptEdits", ToolRegistry(map(StubDriver, TOOLS)))
PATHS = ("aa1.csv", "bb2.csv", "cc3.csv", "dd4.csv")
WORDS = ("send", "file", "pass", "ship", "mark", "link", "sync", "clip", "pack", "scan")

Program = Callable[[str, str], tuple[str, dict[str, JsonValue]]]
PROGRAMS: tuple[Program, ...] = (
    lambda a, b: ("move", {"from": a, "to": b}),
    lambda a, b: ("move", {"from": b, "to": a}),
    lambda a, b: ("move", {"from": a, "to": a, "as": b}),
    lambda a, b: ("move", {"from": a, "to": b, "as": b}),
    lambda a, _: ("note", {"text": a}),
    lambda _, b: ("note", {"text": b}),
    lambda a, b: ("Bash", {"command": f"cp {a} {b}"}),
    lambda a, b: ("Bash", {"command": f"cp {b} {a}"}),
    lambda a, _: ("Bash", {"command": f"wc {a}"}),
    lambda _a, _b: ("Bash", {"command": "sync"}),
)
"""What a goal of two values may have been answered by; some leave a value fixed in the goal."""


@dataclass(frozen=True, slots=True)
class Learned:
    """One goal as it was learned, and what became of it."""

    words: tuple[str, str]
    program: int
    values: tuple[str, str]
    at: int = 0
    fate: str = "good"

    @property
    def goal(self) -> str:
        return goal_of(self.words, self.values)


def goal_of(words: tuple[str, str], values: tuple[str, str]) -> str:
    return f"{words[0]} {values[0]} {words[1]} {values[1]}"


@lru_cache(maxsize=4096)
def kept(words: tuple[str, str], program: int, values: tuple[str, str]) -> Trace:
    goal = goal_of(words, values)
    tool, inputs = PROGRAMS[program](*values)
    call = LearnedCall(ToolCall(tool, inputs), ToolResult("", ok=True, exit_code=0), LEARNED_AT)
    trace = build_trace(
        goal,
        [call],
        "",
        (),
        make_trace(goal).provenance,
        cwd=CWD,
        permission_mode=PLACE.permission_mode,
        registry=PLACE.registry,
    )
    assert isinstance(trace, Trace)
    return trace


def trace_of(one: Learned) -> Trace:
    """Return its trace; where the values differ, made from one like it, of which it has the form.

    To build each from its goal would take longer than all that is tested here.
    """
    base = ("xx7.csv", "yy8.csv")
    if one.values[0] == one.values[1]:
        trace = kept(one.words, one.program, one.values)
    else:
        like = kept(one.words, one.program, base)
        new: dict[str, str] = dict(zip(base, one.values, strict=True))
        step = like.steps[0]
        given = {name: swapped(str(value), new) for name, value in step.input.items()}
        trace = replace(
            like,
            goal=one.goal,
            steps=(replace(step, input=given),),
            parameters=tuple(replace(p, value=new[p.value]) for p in like.parameters),
        )
    return replace(
        trace,
        provenance=replace(trace.provenance, learned_at=LEARNED_AT + one.at),
        valid_on=TODAY - timedelta(1) if one.fate == "other day" else None,
        permission_mode="plan" if one.fate == "other mode" else trace.permission_mode,
    )


def swapped(text: str, new: Mapping[str, str]) -> str:
    for old, value in new.items():
        text = text.replace(old, value)
    return text


@dataclass
class Store:
    """Traces in memory behind the real index; the files are empty and only have names."""

    folder: Path
    traces: dict[str, Trace] = field(default_factory=dict[str, Trace])
    by_template: dict[str, set[str]] = field(
        default_factory=lambda: defaultdict[str, set[str]](set)
    )
    unreadable: set[str] = field(default_factory=set[str])
    evidence: Evidence = field(default_factory=lambda: Evidence(None))

    def __post_init__(self) -> None:
        (self.folder / "traces").mkdir()
        self.index = TraceIndex(
            self.folder / "index.sqlite", self.folder / "traces", self.row_of, lambda: 2**62, "1"
        )

    def learn(self, several: Iterable[Learned]) -> None:
        for one in several:
            trace = trace_of(one)
            trace_id = trace.trace_id
            if one.fate == "deleted":
                continue
            self.traces[trace_id] = trace
            for template in template_keys(trace.goal, trace.parameters):
                self.by_template[template].add(trace_id)
            (self.folder / "traces" / f"{trace_id}.json").touch()
            if one.fate == "unreadable":
                self.unreadable.add(trace_id)
            if one.fate == "refused":
                self.evidence.record(trace_id, "refused", LEARNED_AT, "")

    def row_of(self, trace_id: str) -> TraceRow:
        trace = self.traces[trace_id]
        return TraceRow(
            trace_id,
            trace.goal,
            trace.goal,
            trace.provenance.learned_at,
            tuple(template_keys(trace.goal, trace.parameters)),
            "",
            frame_of(trace),
            fixed_values(trace.goal, trace.parameters),
        )

    def get(self, trace_id: str) -> Trace:
        if trace_id in self.unreadable:
            raise TraceError("it cannot be read")
        return self.traces[trace_id]

    def frames(self, template: str) -> list[Frame]:
        return self.index.frames(template)

    def of_frame(self, frame: Frame, start: int, limit: int) -> list[tuple[float, str]]:
        return self.index.of_frame(frame, start, limit)

    def matcher(self) -> SameTemplate:
        store = cast("TraceStore", self)
        return SameTemplate(store, Candidates(store, self.evidence))

    def close(self) -> None:
        self.index.close()
        self.evidence.close()


Decided = tuple[str, list[tuple[str, JsonValue]]]
"""``answered`` with the calls, ``ambiguous`` or ``declined``."""


def decided(matcher: SameTemplate, goal: str) -> Decided:
    refusals: list[Refusal] = []
    found = matcher.find(goal, PLACE, refusals)
    if found:
        assert len({str(calls(one.steps)) for one in found}) == 1
        return "answered", calls(found[0].steps)
    ambiguous = any(one.kind is Miss.AMBIGUOUS for one in refusals)
    return ("ambiguous" if ambiguous else "declined"), []


def calls(steps: Sequence[Step]) -> list[tuple[str, JsonValue]]:
    return [(step.tool, step.input) for step in steps]


def by_reading_all(store: Store, goal: str) -> Decided:
    """Decide by every trace of the template: all that bind agree, and the newest explains all."""
    family = [
        (one, store.traces[one])
        for one in store.by_template[key_of(goal)]
        if one not in store.unreadable
    ]
    family.sort(key=lambda one: (-one[1].provenance.learned_at, one[0]))
    matches: list[tuple[Trace, Trace]] = []
    for trace_id, trace in family:
        values = unify(trace, goal)
        refused = refusal(trace_id, trace, PLACE) or bad_record(
            trace_id, store.evidence.of(trace_id)
        )
        if isinstance(values, Other) or refused is not None:
            continue
        try:
            matches.append((trace, bind_trace(trace, values)))
        except BindingRefused:
            continue
    if not matches:
        return "declined", []
    newest, bound = matches[0]
    alike = all(same_program(bound.steps, other.steps) for _, other in matches)
    if not alike or not all(explains(newest, other) for _, other in family):
        return "ambiguous", []
    return "answered", calls(bound.steps)


def explains(trace: Trace, other: Trace) -> bool:
    values = unify(trace, other.goal)
    if isinstance(values, Other):
        return True
    inputs = filled(trace.steps, trace.parameters, {**learned_values(trace), **values})
    return same_program(
        [replace(trace.steps[0], input=inputs[0])],
        other.steps,
    )


FATES = ("good", "good", "good", "refused", "unreadable", "deleted", "other day", "other mode")
pairs = st.tuples(st.sampled_from(PATHS), st.sampled_from(PATHS))
MANY = 10_000 if os.environ.get("LLMOS_NIGHTLY") else 1_500
stores = st.lists(st.integers(0, len(PROGRAMS) - 1), min_size=1, max_size=3, unique=True).flatmap(
    lambda programs: st.lists(
        st.builds(
            Learned,
            words=st.just(WORDS[:2]),
            program=st.sampled_from(programs),
            values=pairs,
            at=st.integers(0, 6),
            fate=st.sampled_from(FATES),
        ),
        max_size=14,
    )
)
"""Of a few programs, so that a goal often has an answer."""


@settings(max_examples=60, deadline=None)
@given(stores, st.lists(pairs, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_a_small_store_is_decided_as_by_reading_all(
    several: list[Learned], asked: list[tuple[str, str]], chosen: random.Random
) -> None:
    chosen.shuffle(several)
    with tempfile.TemporaryDirectory() as folder, closing(Store(Path(folder))) as store:
        store.learn(several)
        matcher = store.matcher()
        for values in asked:
            goal = goal_of(WORDS[:2], values)
            assert decided(matcher, goal) == by_reading_all(store, goal)


def test_many_traces_are_decided_as_by_reading_all(tmp_path: Path) -> None:
    chosen = random.Random(20)
    templates = list(itertools.permutations(WORDS, 2))

    def values() -> tuple[str, str]:
        pair = [f"{chosen.choice('abc')}{chosen.choice('de')}{chosen.randrange(10)}.csv"] * 2
        if chosen.random() < 0.95:
            pair[1] = f"{chosen.choice('fgh')}{chosen.choice('ij')}{chosen.randrange(10)}.csv"
        return pair[0], pair[1]

    several: list[Learned] = []
    for number in range(MANY):
        template = number % len(templates)
        # Most templates have one program, some have two, a few have all.
        first, programs = template % len(PROGRAMS), (1, 1, 1, 1, 2, 10)[template % 6]
        program = (first + chosen.randrange(programs)) % len(PROGRAMS)
        fate = chosen.choice(FATES) if chosen.random() < 0.1 else "good"
        at = chosen.randrange(5000)
        several.append(Learned(templates[template], program, values(), at, fate))
    outcomes: Counter[str] = Counter()
    with closing(Store(tmp_path)) as store:
        store.learn(several)
        matcher = store.matcher()
        for _ in range(80):
            goal = goal_of(chosen.choice(templates), values())
            found = decided(matcher, goal)
            assert found == by_reading_all(store, goal)
            outcomes[found[0]] += 1
    assert min(outcomes[one] for one in ("answered", "ambiguous", "declined")) >= 8


def test_a_fixed_value_is_checked_against_every_trace_that_has_it_where_values_are_free(
    tmp_path: Path,
) -> None:
    words = WORDS[:2]
    with closing(Store(tmp_path)) as store:
        store.learn([Learned(words, 8, ("aa1.csv", "bb2.csv"), 9)])  # `wc`, for bb2.csv alone
        moved = [("aa1.csv", "cc3.csv"), ("aa1.csv", "dd4.csv"), ("aa1.csv", "ee5.csv")]
        store.learn(Learned(words, 0, one, 5, "other mode") for one in moved)
        goal = goal_of(words, ("cc3.csv", "bb2.csv"))
        assert decided(store.matcher(), goal)[0] == by_reading_all(store, goal)[0] == "answered"
        # The oldest of its frame shows that the same words asked for something else once.
        store.learn([Learned(words, 0, ("aa1.csv", "bb2.csv"), 1, "other mode")])
        assert decided(store.matcher(), goal)[0] == by_reading_all(store, goal)[0] == "ambiguous"


def test_a_trace_of_equal_values_has_a_frame_of_its_own() -> None:
    trace = trace_of(Learned(WORDS[:2], 0, ("aa1.csv", "bb2.csv")))
    first, second = trace.parameters
    for value in ("aa1.csv", "AA1.csv"):
        twice = replace(second, value=value)
        alike = replace(trace, parameters=(first, twice))
        assert frame_of(alike) != frame_of(trace)
