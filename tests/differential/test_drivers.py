"""Each driver gives what the CLI's own tool gives: files, ok or failed, and the very text."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import anyio
import pytest

from differential import cases
from differential.cases import Case
from llmos.interfaces.cortex import Cortex
from llmos.interfaces.model_run import ModelRun
from llmos.interfaces.scripted_model import ScriptedModel, Text, ToolUse, Turn
from llmos.kernel.bus import EventBus
from llmos.kernel.drivers import comparable_output, standard_drivers
from llmos.kernel.tools import ToolCall, ToolRegistry, ToolResult, ToolSession

BATCHES: dict[str, list[Case]] = {
    "read": cases.READ,
    "write": cases.WRITE,
    "edit": cases.EDIT,
    "bash": cases.BASH,
    "search": cases.SEARCH,
}


class NoWitness:
    async def before(self, call: ToolCall) -> None:
        return

    async def after(self, call: ToolCall) -> None:
        return


@dataclass(frozen=True)
class Batch:
    """The results of one batch, and the trees that it left, by the CLI and by the drivers."""

    cli: list[ToolResult]
    driver: list[ToolResult]
    cli_tree: dict[str, tuple[str, bytes]]
    driver_tree: dict[str, tuple[str, bytes]]


def tree(folder: Path) -> dict[str, tuple[str, bytes]]:
    found: dict[str, tuple[str, bytes]] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = ("link", os.fsencode(path.readlink()))
        elif path.is_dir():
            found[name] = ("directory", b"")
        else:
            mode = stat.S_IMODE(path.stat().st_mode)
            found[name] = (oct(mode), path.read_bytes())
    return found


def placed(result: ToolResult, folder: Path) -> ToolResult:
    text = result.output.replace(str(folder), "@")
    return ToolResult(text, result.ok, result.exit_code)


async def by_cli(batch: Sequence[Case], folder: Path, home: Path) -> list[ToolResult]:
    turns = [Turn(ToolUse(tool, given)) for tool, given in batch]
    with (
        pytest.MonkeyPatch.context() as patch,
        ScriptedModel([*turns, Turn(Text("done"))]) as model,
    ):
        for name in list(os.environ):
            patch.delenv(name)
        for name, value in model.environment(home).items():
            patch.setenv(name, value)
        run = ModelRun("claude-sonnet-5-5")
        async with EventBus() as bus:
            await Cortex(bus, folder).learn(
                "go", run, run_id="r-differential", hold=10**8, witness=NoWitness()
            )
    assert run.finished
    return [placed(one.result, folder) for one in run.calls]


def by_drivers(batch: Sequence[Case], folder: Path, home: Path) -> list[ToolResult]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "TMPDIR": str(home / "tmp"),
    }
    session = ToolSession(start_dir=folder, cwd=folder, env=environment)
    registry = ToolRegistry(standard_drivers())
    results: list[ToolResult] = []
    for tool, given in batch:
        results.append(placed(registry.get(tool).run(given, session), folder))
    return results


@pytest.fixture(scope="module")
def batches(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Batch]:
    """Carry out a batch at its first use: another worker may have the tests of the others."""

    @cache
    def done(name: str) -> Batch:
        folder = tmp_path_factory.mktemp(name)
        sides = [folder / "cli", folder / "driver"]
        for side in (*sides, folder / "home"):
            side.mkdir()
        for side in sides:
            cases.prepare(side)
        cli = anyio.run(by_cli, BATCHES[name], sides[0], folder / "home")
        driver = by_drivers(BATCHES[name], sides[1], folder / "home")
        return Batch(cli, driver, tree(sides[0]), tree(sides[1]))

    return done


ALL = [(name, number) for name, batch in BATCHES.items() for number in range(len(batch))]


def label(value: object) -> str:
    if isinstance(value, tuple):
        name, number = value  # pyright: ignore[reportUnknownVariableType]
        tool, given = BATCHES[str(name)][int(str(number))]  # pyright: ignore[reportUnknownArgumentType]
        return f"{number}-{tool}-{json.dumps(given)[:60]}"
    return str(value)


@pytest.mark.parametrize("case", ALL, ids=label)
def test_a_driver_gives_what_the_cli_gives(
    case: tuple[str, int], batches: Callable[[str], Batch]
) -> None:
    name, number = case
    tool = BATCHES[name][number][0]
    batch = batches(name)
    cli, driver = batch.cli[number], batch.driver[number]
    assert driver.ok == cli.ok
    if cli.output.startswith("Claude requested permissions"):
        return  # a run in which a call was denied leaves no trace
    assert comparable_output(tool, driver.output) == comparable_output(tool, cli.output)
    if cli.exit_code is not None:
        assert driver.exit_code == cli.exit_code


@pytest.mark.parametrize("name", list(BATCHES))
def test_the_drivers_leave_the_files_that_the_cli_leaves(
    name: str, batches: Callable[[str], Batch]
) -> None:
    batch = batches(name)
    assert batch.driver_tree == batch.cli_tree


@pytest.mark.parametrize("case", cases.DECLINED, ids=lambda case: f"{case[0]}-{case[1]}")
def test_what_cannot_be_done_alike_is_declined(case: Case, tmp_path: Path) -> None:
    cases.prepare(tmp_path)
    [result] = by_drivers([case], tmp_path, tmp_path)
    assert not result.ok
