"""The cortex runs the real SDK and the real CLI; only the model's answers are scripted."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path

import anyio
import psutil
import pytest
from claude_agent_sdk import ClaudeSDKClient
from pydantic import JsonValue

from llmos.interfaces.cortex import Cortex
from llmos.interfaces.model_run import ModelRun
from llmos.interfaces.planning import Plan
from llmos.interfaces.scripted_model import ScriptedModel, Text, ToolUse, Turn, Usage
from llmos.interfaces.seat import Seat
from llmos.kernel.bus import EventBus
from llmos.kernel.events import CostReported, Interrupt, ToolCalled
from llmos.kernel.orphans import MARK
from llmos.kernel.tools import JsonObject, ToolCall, ToolResult, ToolSpec

pytestmark = pytest.mark.anyio

SONNET = "claude-sonnet-5-5"
RUN = f"r-test-{os.getpid()}"  # tests of other workers end what has their mark
TURN_COST = 2500  # 1000 tokens in and 50 out at $2 and $10 a million
SLEEP = ToolUse("Bash", {"command": "python3 -c 'import time; time.sleep(60)'"})


class Witness:
    def __init__(self) -> None:
        self.seen: list[str] = []

    async def before(self, call: ToolCall) -> None:
        self.seen.append(f"before {call.name}")

    async def after(self, call: ToolCall) -> None:
        self.seen.append(f"after {call.name}")


class Learned:
    """One run of `Cortex.learn` and what it left."""

    def __init__(self, cwd: Path) -> None:
        self.cwd = cwd
        self.run = ModelRun(SONNET)
        self.witness = Witness()
        self.model: ScriptedModel | None = None

    @property
    def error(self) -> str:
        assert self.run.error is not None
        return type(self.run.error).__name__


Act = Callable[[EventBus], Coroutine[None, None, None]]


async def learn(
    home: Path,
    turns: Sequence[Turn],
    monkeypatch: pytest.MonkeyPatch,
    *,
    act: Act | None = None,
    tools: Sequence[ToolSpec] = (),
    model: str = SONNET,
    cli_path: str | None = None,
    hold: int = 1_000_000,
    goal: str = "do it",
    context: str = "",
    without_key: bool = False,
) -> Learned:
    cwd = home / "place"
    cwd.mkdir()
    learned = Learned(cwd)
    learned.run = ModelRun(model)
    with ScriptedModel(turns) as server:
        learned.model = server
        for name, value in server.environment(home).items():
            monkeypatch.setenv(name, value)
        if without_key:
            monkeypatch.delenv("ANTHROPIC_API_KEY")
        async with EventBus() as bus, anyio.create_task_group() as group:
            if act is not None:
                group.start_soon(act, bus)
            cortex = Cortex(bus, cwd, model=model, tools=tools, cli_path=cli_path)
            await cortex.learn(
                goal,
                learned.run,
                run_id=RUN,
                hold=hold,
                witness=learned.witness,
                context=context,
            )
            group.cancel_scope.cancel()
    return learned


def processes_of_the_run() -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            environment = process.environ()
            ours = environment.get("HOME") == os.environ["HOME"]
            if process.pid != os.getpid() and ours and environment.get(MARK) == RUN:
                found.append(process)
        except psutil.Error:
            continue
    return found


async def test_it_records_calls_observations_answer_and_real_cost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned = await learn(
        tmp_path,
        [
            Turn(ToolUse("Write", {"file_path": "a.txt", "content": "hello\n"})),
            Turn(ToolUse("Bash", {"command": "cat a.txt"})),
            Turn(Text("it says hello")),
        ],
        monkeypatch,
    )
    run = learned.run
    assert run.error is None
    assert [one.call.name for one in run.calls] == ["Write", "Bash"]
    assert run.calls[1].result == ToolResult(
        "hello", exit_code=0, duration_s=run.calls[1].result.duration_s
    )
    assert run.answer == "it says hello"
    assert run.cost == 3 * TURN_COST
    assert (learned.cwd / "a.txt").read_text() == "hello\n"
    assert learned.witness.seen == ["before Write", "after Write", "before Bash"]


async def test_memory_reaches_the_model_beside_the_goal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned = await learn(
        tmp_path, [Turn(Text("ok"))], monkeypatch, context="the sky is green here"
    )
    assert learned.model is not None
    assert "the sky is green here" in json.dumps(learned.model.requests[0].body["messages"])


async def test_a_goal_that_looks_like_a_command_is_sent_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned = await learn(tmp_path, [Turn(Text("ok"))], monkeypatch, goal="/compact @a.txt")
    assert learned.model is not None
    assert learned.model.requests[0].goal_text == "/compact @a.txt"


async def test_a_plugin_tool_is_offered_and_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def shout(given: JsonObject) -> ToolResult:
        return ToolResult(str(given["text"]).upper())

    schema: JsonObject = {
        "type": "object",
        "properties": {"text": {"type": "string"}},
        "required": ["text"],
    }
    learned = await learn(
        tmp_path,
        [Turn(ToolUse("mcp__llmos__shout", {"text": "hey"})), Turn(Text("done"))],
        monkeypatch,
        tools=[ToolSpec("shout", "Shout a text", schema, shout, "f")],
    )
    assert learned.run.error is None
    assert [one.result.output for one in learned.run.calls] == ["HEY"]


@pytest.mark.parametrize(
    ("turn", "error"),
    [
        (Turn(status=401, error_type="authentication_error"), "AuthenticationError"),
        (Turn(status=429, error_type="rate_limit_error"), "ModelUnavailableError"),
        (Turn(status=529, error_type="overloaded_error"), "ModelUnavailableError"),
        (Turn(status=404, error_type="not_found_error"), "ModelRefusedError"),
        (Turn(raw=b"garbage"), "ModelUnavailableError"),
    ],
    ids=["refused key", "rate limit", "overload", "unknown model", "garbage"],
)
async def test_an_api_failure_is_a_typed_error_that_says_what_to_do(
    turn: Turn, error: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned = await learn(tmp_path, [turn], monkeypatch)
    assert learned.error == error
    assert learned.run.cost == 0


async def test_without_key_or_login_it_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned = await learn(tmp_path, [Turn(Text("never"))], monkeypatch, without_key=True)
    assert learned.run.error is not None
    assert learned.run.error.exit_code == 4
    assert "ANTHROPIC_API_KEY" in learned.run.error.hint


async def test_the_hold_is_a_hard_limit_and_what_was_spent_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dear = Usage(input_tokens=100_000, output_tokens=1000)
    turns = [Turn(ToolUse("Bash", {"command": f"echo {n}"}), usage=dear) for n in range(9)]
    learned = await learn(tmp_path, turns, monkeypatch, hold=300_000)
    assert learned.run.error is not None
    assert learned.run.error.exit_code == 5
    assert learned.run.cost == 2 * 210_000


async def test_a_denied_call_ends_as_needing_approval(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = [
        Turn(ToolUse("Write", {"file_path": "/etc/llmos-test", "content": "x"})),
        Turn(Text("could not")),
    ]
    learned = await learn(tmp_path, turns, monkeypatch)
    assert learned.error == "ApprovalError"
    assert not await anyio.Path("/etc/llmos-test").exists()


async def test_a_model_without_known_price_costs_an_unknown_amount(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned = await learn(tmp_path, [Turn(Text("ok"))], monkeypatch, model="local-model", hold=1)
    assert learned.run.error is None
    assert learned.run.cost is None


async def test_an_interrupt_stops_the_run_bills_it_and_leaves_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def act(bus: EventBus) -> None:
        async with bus.subscribe(ToolCalled, name="test") as calls:
            async for _ in calls:
                bus.publish_nowait(Interrupt(RUN, "loop", "the same again and again"))

    learned = await learn(tmp_path, [Turn(SLEEP)], monkeypatch, act=act)
    assert learned.error == "ModelError"
    assert learned.run.cost == TURN_COST
    assert processes_of_the_run() == []


async def test_an_interrupt_while_the_model_is_silent_stops_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def act(bus: EventBus) -> None:
        async with bus.subscribe(CostReported, name="test") as costs:
            async for _ in costs:
                bus.publish_nowait(Interrupt(RUN, "idle", "nothing came"))

    slow = Turn(Text("a long story " * 50), deltas=200, delta_delay_s=0.2)
    learned = await learn(tmp_path, [slow], monkeypatch, act=act)
    assert learned.error == "ModelUnavailableError"
    assert learned.run.cost is not None
    assert learned.run.cost > 0
    assert processes_of_the_run() == []


async def test_cancelling_stops_the_run_and_its_cost_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned: list[ModelRun] = []
    with anyio.CancelScope() as scope:

        async def act(bus: EventBus) -> None:
            async with bus.subscribe(ToolCalled, name="test") as calls:
                async for _ in calls:
                    scope.cancel()

        cwd = tmp_path / "place"
        cwd.mkdir()
        with ScriptedModel([Turn(SLEEP)]) as server:
            for name, value in server.environment(tmp_path).items():
                monkeypatch.setenv(name, value)
            async with EventBus() as bus, anyio.create_task_group() as group:
                group.start_soon(act, bus)
                learned.append(ModelRun(SONNET))
                await Cortex(bus, cwd).learn(
                    "x", learned[0], run_id=RUN, hold=10**6, witness=Witness()
                )
    assert scope.cancelled_caught
    assert learned[0].cost == TURN_COST
    assert processes_of_the_run() == []


async def test_a_killed_cli_is_a_typed_error_and_its_children_are_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def act(bus: EventBus) -> None:
        async with bus.subscribe(CostReported, name="test") as costs:
            async for event in costs:
                if isinstance(event, CostReported) and event.cost == TURN_COST:
                    for child in psutil.Process().children():
                        child.kill()

    learned = await learn(tmp_path, [Turn(SLEEP)], monkeypatch, act=act)
    assert learned.error == "ModelUnavailableError"
    assert learned.run.cost == TURN_COST
    assert processes_of_the_run() == []


async def test_a_missing_cli_is_a_usage_error_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned = await learn(tmp_path, [], monkeypatch, cli_path="/nowhere/claude")
    assert learned.error == "UsageError"
    assert learned.run.error is not None
    assert "LLMOS_CLI_PATH" in learned.run.error.hint


async def plan(home: Path, turns: Sequence[Turn], monkeypatch: pytest.MonkeyPatch) -> object:
    with ScriptedModel(turns) as server:
        for name, value in server.environment(home).items():
            monkeypatch.setenv(name, value)
        async with EventBus() as bus:
            run = ModelRun(SONNET)
            planned = await Cortex(bus, home).plan("x", run, run_id="p-test", hold=10**6)
            return planned if run.error is None else type(run.error).__name__


async def test_a_plan_is_structured_and_nothing_is_carried_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[JsonValue] = [{"description": "count the lines", "tool": "Bash"}]
    planned = await plan(
        tmp_path, [Turn(ToolUse("StructuredOutput", {"steps": steps}))], monkeypatch
    )
    assert isinstance(planned, Plan)
    assert [step.description for step in planned.steps] == ["count the lines"]


async def test_a_plan_in_prose_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prose = [Turn(Text("first do this")), Turn(Text("then that"))]
    assert await plan(tmp_path, prose, monkeypatch) == "ModelError"


@pytest.mark.parametrize(("set_by_user", "told"), [(None, "1"), ("0", "0")])
def test_the_cli_is_asked_to_send_nothing_of_its_own_unless_the_user_says_otherwise(
    set_by_user: str | None, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"
    monkeypatch.delenv(name, raising=False)
    if set_by_user is not None:
        monkeypatch.setenv(name, set_by_user)
    wanted = Cortex(EventBus(), tmp_path).learning(1, None, None, kept=False, earlier=None)
    client = wanted.make(Seat(None), "r-1")
    assert isinstance(client, ClaudeSDKClient)
    assert client.options.env[name] == told
