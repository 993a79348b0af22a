"""The benchmark of matching counts what it should, on a small data folder of its own."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import matching
import pytest
from exact_only import ExactFound, ExactMatch
from scoring import upper_bound

import workbench
from llmos.memory.evidence import Evidence
from llmos.memory.found import Place
from llmos.memory.trace_store import TraceStore

CANON = """
def case_ok(produced, row, lenient=False):
    gold = row.get("expected_calls", row.get("calls"))
    return produced == gold or (lenient and produced == row.get("lenient_ok"))
"""


class LastLearned:
    """Answers every goal with what was learned last."""

    def __init__(self, store: TraceStore, evidence: Evidence) -> None:
        self._store = store
        self._evidence = evidence

    def match(self, goal: str, place: Place) -> ExactFound:
        rows = self._store.list(1)
        found = [ExactMatch(row.id, self._store.get(row.id), 0.5) for row in rows]
        return ExactFound(tuple(found), ())


def shell(command: str) -> list[dict[str, Any]]:
    return [{"tool": "Bash", "input": {"command": command}}]


def row(goal: str, command: str, *, seen: int = 0, derivable: int = 0) -> dict[str, Any]:
    oracle = {"seen_goal": seen, "derivable": derivable}
    return {"i": 0, "source": "own", "goal": goal, "calls": shell(command), "oracle": oracle}


def case(kind: str, learned: str, goal: str, **more: Any) -> dict[str, Any]:
    known = [{"goal": learned, "calls": shell(learned)}]
    return {"id": kind, "source": "own", "kind": kind, "learned": known, "goal": goal, **more}


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(one) + "\n" for one in rows))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    stream = [
        row("Show a", "cat a"),
        row("show a", "cat a", seen=1, derivable=1),
        row("show b", "cat b", derivable=1),
        row("Show a", "cat a", seen=1, derivable=1),
    ]
    write(folder / "streams/own.zipf.jsonl", stream)
    cases = [
        case("a_exact", "ls", "ls", expected_calls=shell("ls")),
        case("a_exact", "ls", "ls", expected_calls=shell("ls -a"), lenient_ok=shell("ls")),
        case("c_rebind", "cat x", "cat y", expected_calls=shell("cat y")),
        case("d_near_miss", "ls", "ls", expected_calls=None, gold_calls=shell("ls")),
    ]
    write(folder / "cases/own.jsonl", cases)
    (folder / "canon.py").write_text(CANON)
    return folder


def measured(
    data: Path, capsys: pytest.CaptureFixture[str], matcher: str, *more: str
) -> dict[str, Any]:
    assert matching.main([str(data), "--json", "--jobs", "1", "--matcher", matcher, *more]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_exact_matcher(data: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    errors = tmp_path / "errors.jsonl"
    found = measured(data, capsys, "exact", "--errors", str(errors))
    stream = found["streams"][0]
    counts = {name: stream[name] for name in ("goals", "replays", "right", "wrong", "declined")}
    assert counts == {"goals": 4, "replays": 2, "right": 2, "wrong": 0, "declined": 2}
    assert (stream["name"], stream["oracle_hits"], stream["seen_hits"]) == ("own.zipf", 3, 2)
    assert stream["dollars"] == pytest.approx(0.2)
    assert stream["decide_us_p50"] > 0
    by_kind = {one["kind"]: one for one in found["cases"]}
    kind = {"source": "own", "kind": "a_exact", "n": 2, "replays": 2, "right": 2, "wrong": 0}
    assert by_kind["a_exact"] == kind
    assert by_kind["c_rebind"]["replays"] == 0
    assert (by_kind["d_near_miss"]["replays"], by_kind["d_near_miss"]["wrong"]) == (1, 0)
    told = [json.loads(line) for line in errors.read_text().splitlines()]
    assert sorted((one["what"], one["goal"]) for one in told) == [
        ("miss", "cat y"),
        ("miss", "show b"),
        ("right but to be declined", "ls"),
    ]


def test_wrong_replays_are_counted(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = measured(data, capsys, "exact", "--only", "zipf")["streams"][0]
    assert (stream["right"], stream["wrong"]) == (2, 0)
    monkeypatch.setitem(workbench.MATCHERS, "exact", LastLearned)
    stream = measured(data, capsys, "exact", "--only", "own.zipf")["streams"][0]
    assert (stream["right"], stream["wrong"], stream["learned"]) == (2, 1, 1)
    stream = measured(data, capsys, "exact", "--only", "own.zipf", "--feedback")["streams"][0]
    assert (stream["right"], stream["wrong"], stream["learned"]) == (1, 2, 3)


def test_the_table_says_everything(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert matching.main([str(data), "--jobs", "1", "--matcher", "exact"]) == 0
    out = capsys.readouterr().out
    for text in ("own.zipf", "all zipf", "Clopper-Pearson", "d_near_miss", "1 of 1 replayed"):
        assert text in out
    assert matching.main([str(data), "--only", "nothing"]) == 2


def test_the_upper_bound_is_exact() -> None:
    assert upper_bound(0, 3000) == pytest.approx(1 - 0.05 ** (1 / 3000))
    assert upper_bound(1, 10) == pytest.approx(0.3942, abs=1e-4)
    bound = upper_bound(15, 3000)
    below = sum(math.comb(3000, k) * bound**k * (1 - bound) ** (3000 - k) for k in range(16))
    assert below == pytest.approx(0.05)
    assert upper_bound(5, 5) == upper_bound(0, 0) == 1.0
