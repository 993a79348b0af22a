"""When a run depends on what it was told beside its goal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmos.kernel.tools import ToolCall, ToolResult
from llmos.memory.told import depends

TOLD = "The release branch is called trunk, the port is 8080, see src/app.py"


def run(command: str, output: str = "") -> tuple[ToolCall, ToolResult]:
    return ToolCall("Bash", {"command": command}), ToolResult(output)


@pytest.mark.parametrize(
    ("calls", "answer"),
    [
        ([run("git checkout trunk")], "done"),
        ([run("curl localhost:8080")], "done"),
        ([run("cat app.py")], "done"),
        ([(ToolCall("mcp__llmos__wait", {"port": 8080}), ToolResult(""))], "done"),
        ([run("git branch")], "it is called Trunk"),
        ([run("git checkout trunk", "trunk"), run("git log trunk")], "done"),
    ],
    ids=["a word", "a number", "a part of a path", "a JSON number", "the answer", "seen later"],
)
def test_a_word_that_only_what_it_was_told_could_have_given_makes_it_depend(
    calls: list[tuple[ToolCall, ToolResult]], answer: str
) -> None:
    assert depends(TOLD, "do it", calls, answer)


@pytest.mark.parametrize(
    ("goal", "calls", "answer"),
    [
        ("count lines", [run("wc -l a.csv", "3 a.csv")], "3 lines"),
        ("check out trunk", [run("git checkout trunk")], "done"),
        ("find out", [run("git status", "On trunk"), run("git log trunk")], "it is trunk"),
        ("say it", [run("echo it is the one")], "it is the one"),
    ],
    ids=["nothing shared", "said by the goal", "seen before", "words that tell nothing"],
)
def test_what_it_had_from_elsewhere_or_tells_nothing_does_not(
    goal: str, calls: list[tuple[ToolCall, ToolResult]], answer: str
) -> None:
    assert not depends(TOLD, goal, calls, answer)


@given(st.from_regex(r"[a-z]{5}[0-9]{3}", fullmatch=True), st.text(max_size=20))
def test_no_word_of_its_own_gets_by(word: str, noise: str) -> None:
    assert depends(f"{noise} {word}", "do it", [run(f"echo '{word}'")], "")
