"""The model declares what varies; the real SDK and CLI carry the call."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from llmos.interfaces.cortex import PERMISSION_MODES
from llmos.interfaces.declaring import TOOL_NAME, DeclarationTool
from llmos.interfaces.scripted_model import (
    Conversation,
    Request,
    ScriptedModel,
    Text,
    ToolUse,
    Turn,
)
from llmos.kernel.tools import ToolCall
from support import Outcome, Place, bash

GOAL = "Count the words"
WORD: dict[str, Any] = {
    "name": "unit", "value": "words", "kind": "word", "domain": ["words", "lines"],
}  # fmt: skip


def declare(*parameters: dict[str, Any]) -> Turn:
    return Turn(ToolUse(TOOL_NAME, {"parameters": list(parameters)}))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with ScriptedModel([]) as model:
        yield Place(tmp_path, model)


def learn(place: Place, *turns: Turn, options: tuple[str, ...] = ()) -> Outcome:
    """Learn the goal: a command that the value flows into, and then what is given."""
    step = bash("echo words")[0]
    place.model.add(Conversation(GOAL, [step, *turns, Turn(Text("done"))]))
    done = place.llmos("--json", *options, GOAL)
    assert done.code == 0, done.err
    return done


def parameters(place: Place) -> list[dict[str, Any]]:
    (path,) = place.traces
    return json.loads(path.read_text())["trace"]["parameters"]


def answers(place: Place) -> list[tuple[str, bool]]:
    """Return what the model was told after each of its calls but the first: text, failed."""
    last: Request = place.model.requests[-1]
    return [(text, failed) for _, text, failed in last.tool_results()][1:]


def test_the_tool_is_offered_in_every_learn_run_and_the_model_is_told_of_it(place: Place) -> None:
    learn(place)
    first = place.model.requests[0]
    assert TOOL_NAME in first.tools
    assert "declare_parameters" in json.dumps(first.body["system"])


def test_what_was_declared_stands_in_the_trace(place: Place) -> None:
    learn(place, declare(WORD))
    assert answers(place) == [("Noted; what varies: unit in 1 place.", False)]
    (one,) = parameters(place)
    assert (one["name"], one["value"], one["domain"]) == ("unit", "words", ["words", "lines"])
    assert one["flows"] == [
        {"step": 0, "path": ["command"], "start": 5, "end": 10, "form": "same"}
    ]  # fmt: skip


def test_declaring_is_no_step(place: Place) -> None:
    learned = learn(place, declare(WORD))
    assert learned.json["steps"] == 1
    again = place.llmos("--json", "--replay-only", GOAL)
    assert (again.json["mode"], again.json["steps"]) == ("FOLLOWER", 1)


def test_declaring_is_shown(place: Place) -> None:
    assert "declare_parameters" in learn(place, declare(WORD)).err


@pytest.mark.nightly
def test_a_run_that_only_declares_has_used_no_tool(place: Place) -> None:
    place.model.add(Conversation(GOAL, [declare(WORD), Turn(Text("done"))]))
    done = place.llmos("--json", GOAL)
    assert place.traces == []
    assert "it used no tool" in done.err


def test_a_wrong_declaration_is_answered_with_an_error_and_the_corrected_one_counts(
    place: Place,
) -> None:
    learn(place, declare({**WORD, "domain": ["lines"]}), declare(WORD))
    assert answers(place) == [
        (
            "Not declared: parameters.0: the domain lacks the value of this goal, 'words'.",
            True,
        ),
        ("Noted; what varies: unit in 1 place.", False),
    ]
    assert [one["name"] for one in parameters(place)] == ["unit"]


def test_the_last_valid_declaration_counts(place: Place) -> None:
    learn(place, declare(WORD), declare({**WORD, "name": "what"}), declare({**WORD, "value": "x"}))
    assert [one["name"] for one in parameters(place)] == ["what"]


def test_what_is_never_valid_leaves_a_trace_without_it_and_a_notice(place: Place) -> None:
    done = learn(place, declare({**WORD, "value": "Count", "domain": None}))
    assert parameters(place) == []
    assert "what varies was not declared well" in done.err


def test_what_a_later_step_belies_leaves_a_trace_without_it_and_a_notice(place: Place) -> None:
    done = learn(place, declare(WORD), bash("echo words and lines")[0])
    assert parameters(place) == []
    assert "'lines'" in done.err


@pytest.mark.nightly
@pytest.mark.parametrize("mode", [mode for mode in PERMISSION_MODES if mode != "acceptEdits"])
def test_it_may_be_called_in_every_permission_mode(mode: str, place: Place) -> None:
    learn(place, declare(WORD), options=("--permission-mode", mode))
    assert [one["name"] for one in parameters(place)] == ["unit"]


@pytest.mark.nightly
def test_a_plugin_of_the_same_name_stays_out(place: Place) -> None:
    folder = place.cwd / "workspace/plugins"
    folder.mkdir(parents=True)
    (folder / "mine.py").write_text(
        "from plugins import llm_tool\n\n\n"
        '@llm_tool("declare_parameters", "Mine", {"text": str})\n'
        "async def declare_parameters(text: str):\n"
        "    return text\n"
    )
    learn(place, declare(WORD))
    assert [one["name"] for one in parameters(place)] == ["unit"]


# Without a process: what the tool says, and when.


class NoWitness:
    async def before(self, call: ToolCall) -> None:
        """See nothing."""

    async def after(self, call: ToolCall) -> None:
        """See nothing."""


async def answer(*parameters: dict[str, Any]) -> str:
    """Return what the tool says to a declaration after one step that says words."""
    tool = DeclarationTool(GOAL, "/place")
    await tool.watching(NoWitness()).before(ToolCall("Bash", {"command": "echo words"}))
    return (await tool.spec.call({"parameters": list(parameters)})).output


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({**WORD, "domain": ["lines"]}, "the domain lacks the value"),
        ({**WORD, "domain": "words"}, "valid array"),
        ({**WORD, "kind": "verb"}, "Input should be"),
        ({"name": "x"}, "required"),
        ({**WORD, "value": "letters", "domain": None}, "does not stand in the goal"),
        ({**WORD, "value": "Count", "domain": None}, "flows nowhere"),
        ({**WORD, "value": "\ud800"}, "Not declared"),
    ],
)
async def test_what_is_wrong_is_said_in_one_sentence(wrong: dict[str, Any], said: str) -> None:
    text = await answer(wrong)
    assert said in text
    assert "\n" not in text


@pytest.mark.anyio
async def test_nothing_may_be_declared_to_vary() -> None:
    assert await answer() == "Noted: nothing varies."


@pytest.mark.anyio
async def test_a_model_that_insists_is_told_to_leave_it() -> None:
    tool = DeclarationTool(GOAL, "/place")
    said = [await tool.spec.call({"parameters": [WORD]}) for _ in range(3)]
    assert not any(one.ok for one in said)
    assert ["Leave it" in one.output for one in said] == [False, False, True]


@pytest.mark.anyio
async def test_pieces_may_name_the_working_directory() -> None:
    tool = DeclarationTool(GOAL, "/place")
    await tool.watching(NoWitness()).before(ToolCall("Read", {"file_path": "/place/words.txt"}))
    said = await tool.spec.call({"parameters": [{**WORD, "only_in": ["/place/words.txt"]}]})
    assert said.ok, said.output
