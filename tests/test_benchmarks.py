"""The benchmarks run; what they measure is no test's affair."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path

import pytest
from scale_goals import TOOLS

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


def test_all_benchmarks_are_one_command() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks/run.py"), "decide", "undo", "million", "--quick"],
        capture_output=True,
        text=True,
        check=True,
    )
    table = done.stdout.splitlines()
    assert any(line.startswith("exact, again, 50 traces") for line in table)
    assert any("bare walk" in line for line in table)


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
