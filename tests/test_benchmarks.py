"""The benchmarks run; what they measure is no test's affair."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import peers
import pytest
from scale_goals import TOOLS, near_misses, synthetic

import stored_goals
from llmos.memory.codec import decode
from llmos.memory.goals import normal_form
from llmos.memory.index_rows import row_of
from llmos.memory.traces import Trace
from llmos.memory.trust import Standing, Trust
from support import ROOT
from workbench import Workbench


@pytest.mark.nightly
def test_the_cold_start_benchmark_gives_figures_for_each_way() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks/cold_start.py"), "--runs", "2", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found["runs"] == 2
    assert set(found["ways"]) == {
        "replay", "why", "decline", "version", "help", "floor", "imports", "python",
    }  # fmt: skip
    for row in found["ways"].values():
        assert 0 < row["min_ms"] <= row["median_ms"] <= row["max_ms"]
    assert found["ways"]["python"]["x_python"] == 1
    assert found["ways"]["imports"]["x_imports"] == 1


@pytest.mark.nightly
def test_all_benchmarks_are_one_command() -> None:
    names = ("decide", "undo", "million", "peers")
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks/run.py"), *names, "--quick"],
        capture_output=True,
        text=True,
        check=True,
    )
    table = done.stdout.splitlines()
    assert any(line.startswith("exact, again, 50 traces") for line in table)
    assert any("bare walk" in line for line in table)
    assert any(line.startswith("SQLite key, other value, 30") for line in table)


def test_a_near_miss_is_another_goal_that_differs_from_a_stored_one_in_one_value() -> None:
    stored = synthetic(40, seed=1)
    goals = {one.goal for one in stored}
    calls = [one.call for one in stored]
    for near in near_misses(60, stored=40, seed=1):
        assert near.goal not in goals
        assert near.call not in calls
        words = [(near.goal.split(), goal.split()) for goal in goals]
        assert 1 in {
            sum(a != b for a, b in zip(ours, theirs, strict=True))
            for ours, theirs in words
            if len(ours) == len(theirs)
        }


def test_a_lookup_tells_apart_what_it_answered_rightly_wrongly_and_not_at_all(
    tmp_path: Path,
) -> None:
    found = peers.measure("SQLite key", tmp_path, tmp_path, 30, 10)
    assert [found["asked"]["exact"][name] for name in ("right", "wrong", "none")] == [10, 0, 0]
    assert [found["asked"]["other value"][name] for name in ("right", "wrong", "none")] == [
        0,
        0,
        10,
    ]
    assert found["first_ms"] > 0
    assert found["disk_mb"] > 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.nightly
def test_a_peer_that_does_not_install_is_told_with_what_pip_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    found = peers.measure("muscle-mem", tmp_path, tmp_path, 10, 5)
    said = "not installed: ERROR: No matching distribution found for muscle-mem==0.1.0"
    assert found == {"name": "muscle-mem", "failed": said}
    assert "ERROR" in peers.table(10, [found])
    assert not (tmp_path / "muscle-mem").exists()


def test_the_filled_store_holds_what_the_store_would_have_written(tmp_path: Path) -> None:
    place, state = tmp_path / "traces", tmp_path / "state"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stored_goals, "LEARNED", 20)
        asked = stored_goals.fill(place, state, 50)
        rows = [row for *_, row in itertools.islice(stored_goals.traces(50, 1), 50)]
    files = sorted(place.iterdir())
    assert len(files) == 50
    learned: dict[str, Trace] = {}
    for path in files:
        signed = decode(path.read_bytes())
        assert signed.trace_id == path.stem
        assert Trust(state, place).standing(signed) is Standing.SIGNED
        learned[signed.trace.goal] = signed.trace
        assert row_of(path.stem, signed.trace, normal_form) in rows
    assert {*asked} <= {*learned}
    assert len(learned) == 50
    with Workbench(tmp_path / "bench", state, TOOLS) as bench:
        for goal, trace in learned.items():
            call = {"tool": "Bash", "input": trace.steps[0].input}
            trace_id = bench.learn(goal, [call])
            assert trace_id is not None
            assert bench.store.read(trace_id).parameters == trace.parameters
