"""llmos is killed in the middle of a model run: nothing goes on, and what was spent is kept."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from llmos.interfaces.scripted_model import ScriptedModel
from llmos.kernel.orphans import MARK
from llmos.kernel.token_economy import TokenEconomy
from support import Place, conversation

TWO_TURNS = 2 * 2500
SLEEP = "python3 -c 'import time; time.sleep(170)'"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with ScriptedModel([conversation("wait", "echo first", SLEEP)]) as model:
        yield Place(tmp_path, model)


def wait_for(what: Callable[[], bool]) -> None:
    for _ in range(600):
        if what():
            return
        time.sleep(0.05)
    pytest.fail("it did not come to pass")


def processes(place: Place) -> list[psutil.Process]:
    """Return the processes that have the place's home."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("HOME") == str(place.home):
                found.append(process)
        except psutil.Error:
            continue
    return found


def of_a_run(place: Place) -> list[psutil.Process]:
    """Return those that belong to a model run."""
    return [one for one in processes(place) if one.is_running() and MARK in environment_of(one)]


def environment_of(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except psutil.Error:
        return {}


def burned(place: Place) -> int | None:
    ledger = place.cwd / "workspace/memory/ledger.sqlite"
    with sqlite3.connect(f"file:{ledger}?mode=ro", uri=True) as connection:
        row = connection.execute("SELECT burned FROM holds").fetchone()
    return row and row[0]


def test_kill_9_in_a_model_run_leaves_no_process_and_loses_no_cost(place: Place) -> None:
    process = place.start("wait")
    assert process.stderr is not None
    for line in process.stderr:
        if "Bash python3" in line:
            break
    wait_for(lambda: burned(place) == TWO_TURNS)
    wait_for(lambda: len(of_a_run(place)) >= 2)  # the CLI and its command
    process.kill()
    process.communicate()
    wait_for(lambda: not processes(place))

    economy = TokenEconomy(10.0, ledger=place.cwd / "workspace/memory/ledger.sqlite")
    assert (economy.spent, economy.held) == (TWO_TURNS, 0)
    assert [entry.operation for entry in economy.entries()] == ["Learn: wait"]
    assert economy.audit()
    economy.close()
    assert place.llmos("--dry-run", "another goal").code == 0


def test_a_run_that_ends_well_leaves_no_guard(place: Place) -> None:
    place.model.add(conversation("say hello", "echo hello"))
    assert place.llmos("say hello").code == 0
    assert processes(place) == []
