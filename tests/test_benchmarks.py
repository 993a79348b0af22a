"""The benchmarks run; what they measure is no test's affair."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from support import ROOT


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
        [sys.executable, str(ROOT / "benchmarks/run.py"), "decide", "undo", "--quick"],
        capture_output=True,
        text=True,
        check=True,
    )
    table = done.stdout.splitlines()
    assert any(line.startswith("exact, again, 50 traces") for line in table)
    assert any("bare walk" in line for line in table)
