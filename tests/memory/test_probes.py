"""Ten ways in which a store of learned runs can betray its user, each of them shut.

Nearly all run end to end: the real CLI learns against a scripted model, new processes replay.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from llmos.interfaces.scripted_model import Conversation, ScriptedModel, Text, ToolUse, Turn
from support import Place, bash, conversation
from workbench import Call, Workbench

NO_TRACE = 6
OVERLOADED = 75
CRASH = Turn(status=529, error_type="overloaded_error")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with ScriptedModel([]) as model:
        yield Place(tmp_path, model)


def add_plugin(place: Place, source: str) -> None:
    folder = place.cwd / "workspace/plugins"
    folder.mkdir(parents=True)
    (folder / "probe.py").write_text(source)


def test_an_unrelated_goal_is_no_hit(place: Place) -> None:
    place.model.add(conversation("say hello", "echo hello"))
    assert place.llmos("say hello").code == 0
    assert place.llmos("--replay-only", "delete the database").code == NO_TRACE
    assert place.llmos("--dry-run", "--json", "delete the database").json["mode"] == "LEARNER"


def test_a_run_that_crashed_before_its_first_call_is_no_trace(place: Place) -> None:
    place.model.add(Conversation("build it", [CRASH]))
    assert place.llmos("build it").code == OVERLOADED
    assert place.traces == []
    assert place.llmos("--replay-only", "build it").code == NO_TRACE


def test_a_run_that_crashed_half_way_is_no_trace(place: Place) -> None:
    place.model.add(Conversation("build it", [bash("echo one > one.txt")[0], CRASH]))
    assert place.llmos("build it").code == OVERLOADED
    assert (place.cwd / "one.txt").exists()
    assert place.traces == []
    assert place.llmos("--replay-only", "build it").code == NO_TRACE


def test_a_replay_gives_the_answer(place: Place) -> None:
    place.model.add(conversation("add them", "expr 40 + 2", answer="The sum is 42."))
    assert place.llmos("add them").out == "The sum is 42.\n"
    again = place.llmos("--json", "--replay-only", "add them")
    assert (again.json["mode"], again.json["result"]) == ("FOLLOWER", "The sum is 42.")


def test_an_async_tool_really_runs_in_a_replay(place: Place) -> None:
    add_plugin(
        place,
        "import asyncio\n"
        "from pathlib import Path\n"
        "from plugins import llm_tool\n\n\n"
        '@llm_tool("knock", "Knock", {"door": str})\n'
        "async def knock(door: str):\n"
        "    await asyncio.sleep(0)\n"
        '    with Path("knocks.txt").open("a") as file:\n'
        '        file.write(door + "\\n")\n'
        '    return "knocked"\n',
    )
    call = ToolUse("mcp__llmos__knock", {"door": "front"})
    place.model.add(Conversation("knock", [Turn(call), Turn(Text("knocked"))]))
    assert place.llmos("knock").code == 0
    knocks = place.cwd / "knocks.txt"
    assert knocks.read_text() == "front\n"
    assert place.llmos("--replay-only", "knock").code == 0
    assert knocks.read_text() == "front\n" * 2


def test_a_check_that_fails_in_a_replay_leads_to_the_learner(place: Place) -> None:
    (place.cwd / "stock.txt").write_text("12 apples\n")
    place.model.add(conversation("how many apples", "cat stock.txt", answer="12"))
    assert place.llmos("how many apples").out == "12\n"
    (place.cwd / "stock.txt").write_text("all apples were eaten\n")
    done = place.llmos("--json", "how many apples")
    assert done.code == 0, done.err
    assert done.json["mode"] == "LEARNER"
    assert "'12' in the answer" in done.json["drift"]["reason"]
    # Another number in the place of the learned one is what the answer is made of.
    (place.cwd / "stock.txt").write_text("7 apples\n")
    again = place.llmos("--json", "how many apples")
    assert (again.json["mode"], again.json["result"]) == ("FOLLOWER", "7")


def test_an_argument_may_be_null(place: Place) -> None:
    add_plugin(
        place,
        "from plugins import llm_tool\n\n\n"
        '@llm_tool("greet", "Greet", {"type": "object", "required": ["title"],\n'
        '    "properties": {"title": {"type": ["string", "null"]}}})\n'
        "async def greet(title):\n"
        '    return f"title {title}"\n',
    )
    call = ToolUse("mcp__llmos__greet", {"title": None})
    place.model.add(Conversation("greet them", [Turn(call), Turn(Text("greeted"))]))
    assert place.llmos("greet them").code == 0
    assert len(place.traces) == 1
    again = place.llmos("--json", "--replay-only", "greet them")
    assert (again.code, again.json["mode"]) == (0, "FOLLOWER")


def test_a_parameter_inside_a_longer_text_is_lifted(tmp_path: Path) -> None:
    def calls(name: str) -> list[Call]:
        return [{"tool": "Bash", "input": {"command": f"cat 'hello {name}.txt'"}}]

    with Workbench(tmp_path / "store", tmp_path / "state", {"Bash"}) as bench:
        assert bench.learn('show the greeting for "ann"', calls("ann")) is not None
        assert bench.ask('show the greeting for "bob"').produced == calls("bob")


def test_a_parameter_inside_a_file_name_makes_the_other_file(place: Place) -> None:
    write = ToolUse("Write", {"file_path": "hello ann.txt", "content": "hi\n"})
    goal = 'write the greeting for "ann"'
    place.model.add(Conversation(goal, [Turn(write), Turn(Text("done"))]))
    assert place.llmos(goal).code == 0
    (place.cwd / "hello ann.txt").write_text("mine\n")
    assert place.llmos("--replay-only", 'write the greeting for "bob"').code == 0
    assert (place.cwd / "hello bob.txt").read_text() == "hi\n"
    assert (place.cwd / "hello ann.txt").read_text() == "mine\n"


ELEVEN_TIMES = """
import asyncio
from llmos.boot import LLMOS

async def main():
    async with LLMOS(budget_usd=1.0) as os:
        print(*[(await os.execute("say hello")).mode for _ in range(11)])

asyncio.run(main())
"""


def test_ten_hits_store_nothing_more(place: Place) -> None:
    place.model.add(conversation("say hello", "echo hello"))
    done = place.python("-c", ELEVEN_TIMES)
    assert done.out.split() == ["LEARNER", *["FOLLOWER"] * 10], done.err
    assert len(place.traces) == 1


def test_a_restart_forgets_nothing(place: Place) -> None:
    place.model.add(conversation("say hello", "echo hello"))
    assert place.llmos("say hello").code == 0
    asked = len(place.model.requests)
    assert place.llmos("--json", "say hello").json["mode"] == "FOLLOWER"
    assert len(place.model.requests) == asked
