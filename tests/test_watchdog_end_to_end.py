"""A model run that stalls, loops or burns money is stopped, billed, and leaves no process."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from llmos.boot import LLMOS
from llmos.interfaces.result import Result
from llmos.interfaces.scripted_model import ScriptedModel, Text, ToolUse, Turn, Usage
from llmos.kernel.orphans import MARK
from llmos.kernel.watchdog import WatchdogLimits

pytestmark = pytest.mark.anyio

SAME = Turn(ToolUse("Bash", {"command": "echo again"}))


@contextmanager
def scripted(turns: list[Turn], home: Path, patch: pytest.MonkeyPatch) -> Generator[ScriptedModel]:
    place = home / "place"
    place.mkdir()
    patch.chdir(place)
    with ScriptedModel(turns) as model:
        for name, value in model.environment(home).items():
            patch.setenv(name, value)
        yield model


async def run(limits: WatchdogLimits, **settings: float) -> Result:
    async with LLMOS(watchdog=limits, **settings) as system:  # pyright: ignore[reportArgumentType]
        result = await system.execute("go")
        assert system.economy.held == 0
        assert system.economy.spent == result.cost
    assert [one for one in psutil.process_iter() if marked(one)] == []
    return result


def marked(process: psutil.Process) -> bool:
    """Whether it belongs to a model run of this test; others may test on this machine as well."""
    try:
        environment = process.environ()
        return MARK in environment and environment.get("HOME") == os.environ["HOME"]
    except psutil.Error:
        return False


async def test_a_stall_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted([SAME, Turn(hang=True)], tmp_path, monkeypatch):
        result = await run(WatchdogLimits(idle_s=8.0))
    assert result.error is not None
    assert "watchdog" in result.error.message
    assert result.exit_code == 75
    assert result.cost == 2500
    assert result.trace_id is None


async def test_endless_identical_calls_are_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted([SAME] * 40, tmp_path, monkeypatch) as model:
        result = await run(WatchdogLimits(loop=4))
        assert len(model.requests) < 15
    assert result.exit_code == 1
    assert result.cost is not None
    assert result.cost >= 4 * 2500


async def test_failures_in_a_row_are_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = [Turn(ToolUse("Bash", {"command": f"exit {n}"})) for n in range(2, 30)]
    with scripted(turns, tmp_path, monkeypatch):
        result = await run(WatchdogLimits(error_streak=3))
    assert result.exit_code == 1


async def test_runaway_cost_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dear = Usage(input_tokens=100_000, output_tokens=1000)
    turns = [Turn(ToolUse("Bash", {"command": f"echo {n}"}), usage=dear) for n in range(30)]
    with scripted(turns, tmp_path, monkeypatch):
        result = await run(WatchdogLimits(), max_budget_usd=0.5)
    assert result.exit_code == 5
    assert result.cost == 3 * 210_000


async def test_a_run_that_goes_well_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted([SAME, Turn(Text("done"))], tmp_path, monkeypatch):
        result = await run(WatchdogLimits())
    assert result.success
