"""A client that is started before the goal is there; the SDK and the CLI are the real ones."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import psutil
import pytest

from llmos.boot import LLMOS
from llmos.interfaces import spare
from llmos.interfaces.cortex import Cortex
from llmos.interfaces.declaring import DeclarationTool
from llmos.interfaces.defaults import DEFAULT_MODEL
from llmos.interfaces.scripted_model import (
    Conversation,
    Request,
    ScriptedModel,
    Text,
    ToolUse,
    Turn,
)
from llmos.kernel.bus import EventBus
from llmos.kernel.events import Event, ToolCalled
from llmos.kernel.orphans import MARK
from support import Place, conversation, marks_in

pytestmark = pytest.mark.anyio

TURN_COST = 0.0025
GREET = "say hello"
COUNT = "say how many"
WAIT = "wait"
SLEEP = "python3 -c 'import time; time.sleep(100)'"


class Runs:
    """What ran the goals: for each answer of the model, the marks of the processes there were."""

    def __init__(self) -> None:
        self.marks: list[list[str]] = []

    def turn(self, turn: Turn) -> Any:
        def answered(_request: Request) -> Turn:
            self.marks.append(marks())
            return turn

        return answered


def marks() -> list[str]:
    return marks_in(Path.home())


def until_none(home: Path) -> None:
    for _ in range(1200):
        if not marks_in(home):
            return
        time.sleep(0.05)
    pytest.fail("the CLI goes on")


@pytest.fixture
def runs() -> Runs:
    return Runs()


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runs: Runs) -> Iterator[ScriptedModel]:
    home, cwd = tmp_path / "home", tmp_path / "cwd"
    home.mkdir()
    cwd.mkdir()
    # The third answers whoever goes on from the goal.
    greet = [ToolUse("Bash", {"command": "echo hello"}), Text("hello"), Text("two")]
    with ScriptedModel(
        [
            Conversation(GREET, [runs.turn(Turn(one)) for one in greet]),
            Conversation(COUNT, [runs.turn(Turn(Text("two")))]),
            conversation(WAIT, SLEEP),
        ]
    ) as model:
        for name, value in model.environment(home).items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(cwd)
        yield model


def told(request: Request) -> str:
    """Return all that a request says, but what names the session."""
    body = {name: value for name, value in request.body.items() if name != "metadata"}
    return json.dumps(body, sort_keys=True).partition("cc_version")[0]


def sessions_at_the_cli() -> list[Path]:
    return list(Path(os.environ["CLAUDE_CONFIG_DIR"]).rglob("*.jsonl"))


async def test_a_prepared_goal_is_learned_by_what_was_started(
    model: ScriptedModel, runs: Runs
) -> None:
    async with LLMOS() as os:
        await os.prepare()
        (started,) = marks()
        result = await os.execute(GREET)
        assert (result.mode, result.success, result.answer) == ("LEARNER", True, "hello")
        assert result.cost_usd == 2 * TURN_COST
        assert runs.marks == [[started], [started]]
        assert marks() == []
        assert (await os.execute(GREET)).mode == "FOLLOWER"
    assert sessions_at_the_cli() == []


async def test_the_model_is_asked_the_same_as_without(model: ScriptedModel) -> None:
    async with LLMOS() as os:
        await os.execute(COUNT, learn_afresh=True)
        await os.prepare()
        assert len(model.requests) == 1  # to start asks the model nothing
        await os.execute(COUNT, learn_afresh=True)
    without, prepared = model.requests
    assert told(prepared) == told(without)


async def test_each_serves_one_goal_and_nothing_of_it_reaches_the_next(
    model: ScriptedModel, runs: Runs
) -> None:
    async with LLMOS() as os:
        for goal in (GREET, COUNT):
            await os.prepare()
            assert (await os.execute(goal)).success
    assert len({one for found in runs.marks for one in found}) == 2
    assert GREET not in json.dumps(model.requests[-1].body["messages"])


Changed = dict[str, Any]


@pytest.mark.parametrize(
    "changed",
    [{"hold": 2}, {"schema": {"type": "object"}}, {"kept": False}, {"earlier": "s"},
     {"model": "claude-haiku-4-5"}, {"permission_mode": "default"}, {"variable": "x"}],
    ids="".join,
)  # fmt: skip
def test_what_is_fixed_at_the_start_tells_what_serves(
    changed: Changed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def signature(
        model: str = DEFAULT_MODEL, permission_mode: str = "plan", variable: str = "", **given: Any
    ) -> object:
        monkeypatch.setenv("VARIABLE", variable)
        cortex = Cortex(EventBus(), Path("/"), model=model, permission_mode=permission_mode)
        wanted: Changed = {"hold": 1, "schema": None, "kept": True, "earlier": None, **given}
        hold, schema = wanted.pop("hold"), wanted.pop("schema")
        return cortex.learning(hold, DeclarationTool("a goal", "/"), schema, **wanted).signature

    assert signature() == signature()
    assert signature(**changed) != signature()


@pytest.mark.nightly
async def test_one_that_would_have_been_started_otherwise_is_not_used(
    model: ScriptedModel, runs: Runs
) -> None:
    async with LLMOS() as os:
        await os.prepare()
        (started,) = marks()
        os.use_model("claude-haiku-4-5")
        assert (await os.execute(COUNT)).success
        assert model.requests[0].model == "claude-haiku-4-5"
        assert started in runs.marks[0]
        assert len(runs.marks[0]) == 2
        await os.prepare()  # another takes its place
        (other,) = marks()
        assert other != started


async def test_a_goal_is_carried_out_once_where_what_was_started_has_died(
    model: ScriptedModel, runs: Runs
) -> None:
    async with LLMOS() as os:
        await os.prepare()
        for child in psutil.Process().children():
            if MARK in child.environ():
                child.kill()
        result = await os.execute(GREET)
        assert (result.success, result.cost_usd) == (True, 2 * TURN_COST)
    assert len(model.requests) == 2
    assert sessions_at_the_cli() == []


async def test_an_interrupt_stops_a_prepared_goal_and_bills_it(model: ScriptedModel) -> None:
    async with LLMOS() as os:

        def stop(_event: Event) -> None:
            os.interrupt()

        os.bus.on(ToolCalled, handler=stop, name="test")
        await os.prepare()
        result = await os.execute(WAIT)
        assert (result.success, result.cost_usd) == (False, TURN_COST)
        assert marks() == []
    assert sessions_at_the_cli() == []


async def test_a_session_is_gone_on_from_a_prepared_goal(model: ScriptedModel) -> None:
    async with LLMOS() as os:
        await os.prepare()
        await os.execute(GREET)
        await os.continue_session(os.session_id)
        assert (await os.execute(COUNT)).answer == "two"
    texts = model.requests[-1].user_texts
    assert [text for text in texts if text and not text.startswith("#")] == [GREET, COUNT]


async def test_what_nobody_uses_ends_with_the_system(model: ScriptedModel) -> None:
    async with LLMOS() as os:
        await os.prepare()
        await os.prepare()
        assert len(marks()) == 1
    assert marks() == []
    assert sessions_at_the_cli() == []


@pytest.mark.nightly
async def test_what_nobody_uses_for_long_ends(
    model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spare, "IDLE_S", 0.0)
    async with LLMOS() as os:
        await os.prepare()
        await anyio.to_thread.run_sync(until_none, Path.home())


@pytest.mark.nightly
async def test_without_a_key_nothing_is_kept_and_the_goal_says_why(
    model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    async with LLMOS() as os:
        await os.prepare()
        await anyio.to_thread.run_sync(until_none, Path.home())
        assert (await os.execute(COUNT)).exit_code == 4


PROGRAM = """
import asyncio, sys
from llmos.boot import LLMOS
from llmos.kernel.events import ToolReturned
async def main():
    async with LLMOS() as os:
        await os.prepare()
        if len(sys.argv) == 1:
            print("ready", flush=True)
            await asyncio.sleep(600)
        os.bus.on(ToolReturned, handler=lambda _: print("ready", flush=True), name="test")
        await os.execute(sys.argv[1])
asyncio.run(main())
"""


@pytest.mark.parametrize(
    "goals",
    [
        pytest.param((), id="unused"),
        pytest.param((WAIT,), id="in the middle of a goal", marks=pytest.mark.nightly),
    ],
)
def test_kill_9_leaves_no_process_of_what_was_started(
    tmp_path: Path, goals: tuple[str, ...]
) -> None:
    with ScriptedModel([conversation(WAIT, "echo first", SLEEP)]) as model:
        place = Place(tmp_path, model)
        process = place.start_python("-c", PROGRAM, *goals)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        (left,) = {*marks_in(place.home)}
        assert left.startswith("spare-")
        process.send_signal(signal.SIGKILL)
        process.communicate()
        until_none(place.home)
