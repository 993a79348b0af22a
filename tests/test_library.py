"""llmos as a library: events as they happen, and a host that keeps its own loop and signals."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import anyio
import pytest

from llmos.boot import LLMOS
from llmos.interfaces.result import Result
from llmos.interfaces.scripted_model import ScriptedModel
from llmos.kernel.errors import UsageError
from llmos.kernel.events import Decided, Event, RunEnded, ToolCalled, ToolReturned
from support import ROOT, Place, Taught, conversation

pytestmark = pytest.mark.anyio

LINES = "count the lines of data.csv"
WAIT = "python3 -c 'import time; time.sleep(100)'"


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedModel]:
    home, cwd = tmp_path / "home", tmp_path / "cwd"
    home.mkdir()
    cwd.mkdir()
    (cwd / "data.csv").write_text("a\nb\n")
    with ScriptedModel([conversation(LINES, "wc -l < data.csv", answer="2 lines")]) as model:
        for name, value in model.environment(home).items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(cwd)
        yield model


async def test_a_stream_gives_the_events_of_the_goal_and_last_its_result(
    model: ScriptedModel,
) -> None:
    async with LLMOS() as os:
        for mode in ("LEARNER", "FOLLOWER"):
            told = [one async for one in os.stream(LINES)]
            kinds = [type(one) for one in told]
            assert kinds[0] is Decided
            assert kinds[-2:] == [RunEnded, Result]
            assert kinds.index(ToolCalled) < kinds.index(ToolReturned)
            result = told[-1]
            assert isinstance(result, Result)
            assert (result.mode, result.answer, result.success) == (mode, "2 lines", True)
            runs = {getattr(one, "run_id", result.run_id) for one in told}
            assert runs == {result.run_id}
        with pytest.raises(UsageError, match="empty"):
            _ = [one async for one in os.stream(" ")]


ALL_OF_IT = """
import anyio, gc
from llmos.boot import LLMOS

async def main():
    async with LLMOS() as os:
        assert (await os.decide("say hello")).mode == "FOLLOWER"
        assert (await os.execute("say hello", replay_only=True)).success
        assert os.remembered.get().count()

anyio.run(main)
gc.collect()
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ("-c", ALL_OF_IT),
        ("-m", "llmos", "--replay-only", "say hello"),
        ("-m", "llmos", "trace", "list"),
        ("-m", "llmos", "schedule", "list"),
        ("-m", "llmos", "memory", "search", "hello"),
        ("-m", "llmos", "usage"),
    ],
    ids=["library", "replay", "traces", "schedules", "memory", "usage"],
)
def test_nothing_is_left_open(arguments: tuple[str, ...], tmp_path: Path, taught: Taught) -> None:
    with ScriptedModel([conversation("say hello", "echo hello", answer="hello was said")]) as model:
        place = Place(tmp_path, model)
        taught.teach(place, "hello was said", "say hello")
        done = place.python("-W", "always::ResourceWarning", *arguments)
    assert done.code == 0, done.err
    assert "ResourceWarning" not in done.err


async def test_leaving_a_stream_or_being_cancelled_stops_the_goal_and_settles_its_cost(
    model: ScriptedModel,
) -> None:
    model.add(conversation("wait", WAIT))

    async def until_it_runs(events: list[Event | Result]) -> None:
        async with aclosing(os.stream("wait")) as stream:
            async for event in stream:
                events.append(event)
                if isinstance(event, ToolCalled):
                    return

    async with LLMOS() as os:
        ended: list[RunEnded] = []
        os.bus.on(RunEnded, handler=ended.append, name="test")
        await until_it_runs([])
        assert not os.interrupt()  # nothing runs any more
        before = os.economy.spent
        assert before > 0

        running = anyio.Event()

        async def watch() -> None:
            async for event in os.stream("wait"):
                if isinstance(event, ToolCalled):
                    running.set()

        async with anyio.create_task_group() as group:
            group.start_soon(watch)
            await running.wait()
            group.cancel_scope.cancel()
        assert not os.interrupt()
        assert os.economy.spent > before
        # It is as good as new.
        assert (await os.execute(LINES)).success
    assert [one.ok for one in ended] == [False, False, True]


async def test_a_host_keeps_its_signal_handlers_and_its_loop(model: ScriptedModel) -> None:
    heard: list[int] = []
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, heard.append, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGHUP)}
    try:
        async with LLMOS() as os:
            await os.execute(LINES)
            assert {number: signal.getsignal(number) for number in before} == before
            signal.raise_signal(signal.SIGTERM)
            assert (await os.execute(LINES)).mode == "FOLLOWER"
        assert heard == [signal.SIGTERM]
    finally:
        loop.remove_signal_handler(signal.SIGTERM)


async def test_goals_of_one_program_are_answered_one_after_the_other(model: ScriptedModel) -> None:
    async with LLMOS() as os:
        results = await asyncio.gather(*(os.execute(LINES) for _ in range(3)))
    assert [one.mode for one in results] == ["LEARNER", "FOLLOWER", "FOLLOWER"]
    assert len(model.requests) == 2


def test_the_examples_run(tmp_path: Path) -> None:
    examples = ROOT / "examples"
    scripts = {path.name for path in examples.glob("*.py")}
    assert scripts == {
        "host_application.py", "quickstart.py", "schedule.py", "stream.py",
        "test_with_scripted_model.py",
    }  # fmt: skip
    with ScriptedModel([conversation(LINES, "wc -l < data.csv", answer="2 lines")]) as model:
        place = Place(tmp_path, model)
        (place.cwd / "data.csv").write_text("a\nb\n")
        first = place.python(str(examples / "quickstart.py"))
        assert first.out.startswith("2 lines (LEARNER, $0.00"), first.err
        told = place.python(str(examples / "stream.py")).out.splitlines()
        assert (told[0][:8], told[-1]) == ("FOLLOWER", "2 lines")
        hosted = place.python(str(examples / "host_application.py"))
        assert hosted.out == f"{LINES}: 2 lines\nlist the files: error_no_trace\n", hosted.err
        again = place.python(str(examples / "schedule.py"), "0.05", "2")
        assert (again.code, again.out) == (0, "2 lines\n2 lines\n"), again.err
    tested = place.python("-m", "pytest", "-q", str(examples / "test_with_scripted_model.py"))
    assert "1 passed" in tested.out, tested.out
