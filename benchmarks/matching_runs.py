"""Runs one stream, or one stretch of a file of cases, through store and matcher."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scoring import CaseOk, Row, is_right, load_case_ok, read_rows

from llmos.memory.found import Refusal
from workbench import Answer, Workbench, scratch

MISSES = 60
"""Misses that are told of a stream or of a kind of case of one source, at most."""
_REASONS = 6
TIMED = 100
"""Decisions of a stream that are timed, evenly spread; before each the folder comes to rest."""
_REPORT_EVERY = 500
_SHOULD_HIT = ("a_exact", "b_paraphrase", "c_rebind")


@dataclass(frozen=True, slots=True)
class Task:
    """A piece of work for one process.

    Attributes:
        data: The data folder.
        name: ``tldr.zipf`` of a stream, ``cases.tldr`` of cases.
        path: The file.
        start: First row of it.
        stop: Row before which to stop, or None.
        matcher: Name of the matcher.
        feedback: Whether the user says no to a wrong replay, and the goal is learned then.
        quick: Whether all decisions are timed as they come, the folder never at rest.
    """

    data: Path
    name: str
    path: Path
    start: int
    stop: int | None
    matcher: str
    feedback: bool
    quick: bool

    @property
    def is_stream(self) -> bool:
        """Whether the order of its rows matters."""
        return not self.name.startswith("cases.")


@dataclass(slots=True)
class StreamTally:
    """What came of a stream."""

    name: str
    goals: int = 0
    right: int = 0
    wrong: int = 0
    learned: int = 0
    not_kept: int = 0
    oracle_hits: int = 0
    seen_hits: int = 0
    nanoseconds: list[int] = field(default_factory=list[int])

    @property
    def replays(self) -> int:
        """Goals that were replayed."""
        return self.right + self.wrong

    @property
    def declined(self) -> int:
        """Goals for which a model would be paid."""
        return self.goals - self.replays

    def add(self, other: StreamTally) -> None:
        """Add the figures of another stream."""
        self.goals += other.goals
        self.right += other.right
        self.wrong += other.wrong
        self.learned += other.learned
        self.not_kept += other.not_kept
        self.oracle_hits += other.oracle_hits
        self.seen_hits += other.seen_hits
        self.nanoseconds += other.nanoseconds


@dataclass(slots=True)
class CaseTally:
    """What came of the cases of one kind of one source."""

    source: str
    kind: str
    n: int = 0
    right: int = 0
    wrong: int = 0


@dataclass(slots=True)
class Outcome:
    """What came of a task."""

    task: Task
    stream: StreamTally | None = None
    cases: dict[tuple[str, str], CaseTally] = field(
        default_factory=dict[tuple[str, str], CaseTally]
    )
    errors: list[Row] = field(default_factory=list[Row])
    misses: list[Row] = field(default_factory=list[Row])


def run(task: Task) -> Outcome:
    """Run a task."""
    rows = read_rows(task.path, task.start, task.stop)
    case_ok = load_case_ok(task.data)
    with scratch() as folder:
        if task.is_stream:
            return _run_stream(task, rows, case_ok, folder)
        return _run_cases(task, rows, case_ok, folder)


def _run_stream(task: Task, rows: Sequence[Row], case_ok: CaseOk, folder: Path) -> Outcome:
    tally = StreamTally(task.name)
    outcome = Outcome(task, tally)
    taught: dict[str, Row] = {}
    with Workbench(folder / "store", folder / "state", _tools(rows), task.matcher) as bench:
        step = 1 if task.quick else max(1, len(rows) // TIMED)
        for number, row in enumerate(rows):
            timed = number % step == step - 1
            if timed and not task.quick:
                bench.rest()
            answer = bench.ask(row["goal"])
            if timed:
                tally.nanoseconds.append(answer.nanoseconds)
            verdict = None
            if answer.produced is not None:
                verdict = is_right(case_ok, answer.produced, row)
            _count(tally, row, verdict)
            bench.note(answer, refused=task.feedback and verdict is False)
            if verdict is False:
                outcome.errors.append(_wrong(task, row, answer))
            elif verdict is None and row.get("oracle", {}).get("derivable"):
                outcome.misses.append(_miss(task, row, answer, taught.get(row.get("template", ""))))
            if verdict is None or (verdict is False and task.feedback):
                _learn(bench, tally, row)
                taught[row.get("template", "")] = row
            if number % _REPORT_EVERY == _REPORT_EVERY - 1:
                print(f"{task.name}: {number + 1} of {len(rows)}", file=sys.stderr)
    outcome.misses = sample(outcome.misses)
    return outcome


def _count(tally: StreamTally, row: Row, verdict: bool | None) -> None:
    oracle = row.get("oracle", {})
    tally.goals += 1
    tally.right += verdict is True
    tally.wrong += verdict is False
    tally.oracle_hits += bool(oracle.get("derivable"))
    tally.seen_hits += bool(oracle.get("seen_goal"))


def _learn(bench: Workbench, tally: StreamTally, row: Row) -> None:
    # Paid for, whether a trace could be kept or not.
    tally.learned += 1
    tally.not_kept += bench.learn(row["goal"], row["calls"]) is None


def _run_cases(task: Task, rows: Sequence[Row], case_ok: CaseOk, folder: Path) -> Outcome:
    """Give each case a store of its own that holds what it says was learned, and nothing else."""
    outcome = Outcome(task)
    tools = _tools(rows)
    for number, row in enumerate(rows):
        with Workbench(folder / str(number), folder / "state", tools, task.matcher) as bench:
            for known in row["learned"]:
                bench.learn(known["goal"], known["calls"])
            answer = bench.ask(row["goal"])
        key = row["source"], row["kind"]
        tally = outcome.cases.setdefault(key, CaseTally(*key))
        tally.n += 1
        if answer.produced is None:
            if row["kind"] in _SHOULD_HIT:
                outcome.misses.append(_miss(task, row, answer, (row["learned"] or [None])[0]))
            continue
        right = is_right(case_ok, answer.produced, row)
        tally.right += right
        tally.wrong += not right
        # Replaying a case that should be declined counts against the bar even where the calls
        # happen to be right, so it is told, too.
        if not right or row.get("expected_calls") is None:
            outcome.errors.append(_wrong(task, row, answer, right=right))
    return outcome


def _tools(rows: Iterable[Row]) -> set[str]:
    """Return the tools that the rows' goals are learned with."""
    found: set[str] = set()
    for row in rows:
        learned: list[Row] = row.get("learned", [row])
        found |= {call["tool"] for known in learned for call in known["calls"]}
    return found


def _wrong(task: Task, row: Row, answer: Answer, *, right: bool = False) -> Row:
    return {
        "what": "right but to be declined" if right else "wrong",
        **_whose(task, row),
        "goal": row["goal"],
        "learned": answer.learned,
        "produced": answer.produced,
        "expected": _gold(row),
        "confidence": answer.confidence,
    }


def _miss(task: Task, row: Row, answer: Answer, kin: Row | None) -> Row:
    """Tell a miss; `kin` is what was learned last that could have answered."""
    return {
        "what": "miss",
        **_whose(task, row),
        "goal": row["goal"],
        "expected": _gold(row),
        "could_use": kin and kin["goal"],
        "could_use_calls": kin and kin["calls"],
        "reasons": [_told(one) for one in answer.refusals[:_REASONS]],
    }


def _whose(task: Task, row: Row) -> Row:
    found: Row = {"from": task.name, "row": row.get("id", row.get("i"))}
    found |= {name: row[name] for name in ("source", "kind", "template") if name in row}
    if "oracle" in row:
        found["oracle"] = sorted(name for name, value in row["oracle"].items() if value)
    if "meta" in row:
        found["why"] = row["meta"].get("why")
    return found


def _gold(row: Row) -> object:
    return row.get("expected_calls") or row.get("calls") or row.get("gold_calls")


def _told(refusal: Refusal) -> str:
    whose = f"{refusal.trace_id}: " if refusal.trace_id else ""
    return f"{refusal.kind.value}: {whose}{refusal.reason}"


def sample(misses: Sequence[Row]) -> list[Row]:
    """Choose some misses, the same ones each time, whatever the others are."""

    def rank(miss: Row) -> bytes:
        return hashlib.sha256(f"{miss['from']} {miss['row']}".encode()).digest()

    return sorted(misses, key=rank)[:MISSES]
