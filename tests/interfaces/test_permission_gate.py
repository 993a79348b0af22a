"""Every call passes one gate: a replay of which a step is denied does not start."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import anyio
import pytest

from factory import make_trace
from llmos.interfaces.decision import Decision
from llmos.interfaces.permission_gate import Answer, PermissionGate, Person, Question
from llmos.interfaces.prefix_rules import rules_for
from llmos.kernel.json_value import JsonValue
from llmos.kernel.tools import ToolCall
from llmos.memory.found import Found, Match, Miss
from llmos.memory.permission_rules import read_rules
from llmos.memory.permissions import Permissions
from llmos.memory.traces import FileEffect, FileState


def gate(cwd: Path, *, mode: str = "acceptEdits", **rules: list[str]) -> PermissionGate:
    own = [cwd / "workspace/memory"]
    return PermissionGate(Permissions(read_rules(**rules), cwd, Path.home(), mode=mode, own=own))


def match_of(*, tool: str = "Bash", effects: tuple[str, ...] = (), **given: Any) -> Match:
    changed = tuple(
        FileEffect(
            path=path,
            before=FileState(sha256=None, mode=None),
            after=FileState(sha256="0" * 64, mode=0o644),
        )
        for path in effects
    )
    return Match("t-1", make_trace("x", tool=tool, given=given, effects=changed), 0.9)


def kinds(found: Found) -> list[Miss]:
    return [one.kind for one in found.refusals]


def decision(found: Found) -> Decision:
    return Decision("x", found.matches, found.refusals, 0, found.near)


def answering(kind: Literal["once", "session", "always", "no"], asked: list[Question]) -> Person:
    async def person(question: Question) -> Answer:
        asked.append(question)
        return Answer(kind)

    return person


def test_without_rules_a_replay_passes(place_dir: Path) -> None:
    found = Found((match_of(command="echo x"),))
    assert gate(place_dir).screen(found) is found


def test_a_denied_step_refuses_the_match_and_says_which_rule(place_dir: Path) -> None:
    screened = gate(place_dir, deny=["Bash(curl:*)"]).screen(
        Found((match_of(command="echo x | curl y"),))
    )
    assert screened.matches == ()
    assert kinds(screened) == [Miss.DENIED]
    assert "Bash(curl:*)" in screened.refusals[0].reason


def test_a_denied_near_miss_is_not_proposed(place_dir: Path) -> None:
    screened = gate(place_dir, deny=["Bash"]).screen(Found(near=match_of(command="echo x")))
    assert screened.near is None
    # It would not have answered anyway, so that the rule is not why nothing does.
    assert kinds(screened) == [Miss.UNCERTAIN]
    assert not decision(screened).denied


def test_a_denied_match_is_why_nothing_answers(place_dir: Path) -> None:
    found = Found((match_of(command="echo x"),))
    assert decision(gate(place_dir, deny=["Bash"]).screen(found)).denied
    assert decision(gate(place_dir, ask=["Bash"]).screen(found)).denied


def test_a_denied_match_beside_one_that_passes_denies_nothing(place_dir: Path) -> None:
    found = Found((match_of(command="echo x"), match_of(tool="Read", file_path="x")))
    assert not decision(gate(place_dir, deny=["Bash"]).screen(found)).denied


def test_a_step_to_be_asked_about_needs_a_person(place_dir: Path) -> None:
    found = Found((match_of(command="git push"),))
    asking = gate(place_dir, ask=["Bash(git push:*)"])
    assert kinds(asking.screen(found)) == [Miss.NEEDS_APPROVAL]
    asking.person = answering("once", [])
    assert asking.screen(found) is found


@pytest.mark.parametrize("answer", ["once", "session", "always", "no"])
def test_what_the_person_says_holds(
    place_dir: Path, answer: Literal["once", "session", "always", "no"]
) -> None:
    asking = gate(place_dir, ask=["Bash(git push:*)"])
    asked: list[Question] = []
    asking.person = answering(answer, asked)
    assert anyio.run(asking.agrees, match_of(command="git push")) is (answer != "no")
    assert [one.call.input for one in asked] == [{"command": "git push"}]


@pytest.mark.parametrize(("answer", "times"), [("once", 3), ("session", 1)])
def test_a_yes_holds_once_or_for_the_session(
    place_dir: Path, answer: Literal["once", "session"], times: int
) -> None:
    asking = gate(place_dir, ask=["Bash(git push:*)"])
    asked: list[Question] = []
    asking.person = answering(answer, asked)
    for _ in range(3):
        assert anyio.run(asking.agrees, match_of(command="git push"))
    assert anyio.run(asking.agrees, match_of(command="git push -f"))
    assert len(asked) == times + 1


def test_what_is_always_allowed_is_kept_and_not_asked_about_again(place_dir: Path) -> None:
    kept: list[str] = []
    permissions = Permissions(read_rules(), place_dir, Path.home(), mode="default")
    asking = PermissionGate(permissions, kept.extend)
    asked: list[Question] = []
    asking.person = answering("always", asked)
    assert anyio.run(asking.agrees, match_of(command="git commit -m a && ls"))
    assert anyio.run(asking.agrees, match_of(command="git commit -m b"))
    assert len(asked) == 1
    assert kept == ["Bash(git commit:*)"]


def test_always_is_not_offered_where_a_rule_says_to_ask(place_dir: Path) -> None:
    permissions = Permissions(
        read_rules(ask=["Bash(make:*)"]), place_dir, Path.home(), mode="default"
    )
    asking = PermissionGate(permissions, list)
    asked: list[Question] = []
    asking.person = answering("no", asked)
    assert not anyio.run(asking.agrees, match_of(command="make all"))
    assert asked[0].rules == ()


@pytest.mark.parametrize(
    ("tool", "given", "rules"),
    [
        ("Bash", {"command": "pytest -q tests"}, ("Bash(pytest:*)",)),
        (
            "Bash",
            {"command": "git add -A && git commit -m x"},
            ("Bash(git add:*)", "Bash(git commit:*)"),
        ),
        ("Bash", {"command": "npm run build --fast"}, ("Bash(npm run build:*)",)),
        ("Bash", {"command": "python3 primes.py 30"}, ("Bash(python3 primes.py 30)",)),
        ("Bash", {"command": "rm -r build"}, ("Bash(rm -r build)",)),
        ("Bash", {"command": "git push origin main"}, ("Bash(git push origin main)",)),
        ("Bash", {"command": "rm *.pyc"}, ()),
        ("Bash", {"command": "$TOOL x"}, ()),
        ("Bash", {"command": "curl x | sh"}, ()),
        ("Write", {"file_path": "src/a.py", "content": ""}, ("Edit(/src/**)",)),
        ("Edit", {"file_path": "a.py"}, ("Edit(/a.py)",)),
        ("Write", {"file_path": "../a.py", "content": ""}, ()),
        ("mcp__llmos__calculator", {"expression": "1"}, ("mcp__llmos__calculator",)),
    ],
)
def test_always_says_no_more_than_the_likes_of_a_call(
    place_dir: Path, tool: str, given: dict[str, JsonValue], rules: tuple[str, ...]
) -> None:
    permissions = Permissions(read_rules(), place_dir, Path.home(), mode="default")
    assert rules_for(ToolCall(tool, given), permissions) == rules


def test_in_a_mode_that_asks_a_person_is_asked_about_live_calls(place_dir: Path) -> None:
    asking = gate(place_dir, mode="default")
    asked: list[Question] = []
    asking.person = answering("once", asked)
    inside = {"tool_name": "Write", "tool_input": {"file_path": str(place_dir / "a")}}
    said = anyio.run(asking.live, inside)
    assert said["hookSpecificOutput"]["permissionDecision"] == "allow"
    outside = {"tool_name": "Write", "tool_input": {"file_path": str(place_dir.parent / "a")}}
    assert anyio.run(asking.live, outside) == {}
    assert len(asked) == 1


def test_a_command_that_a_person_has_edited_is_what_the_tool_is_given(place_dir: Path) -> None:
    asking = gate(place_dir, mode="default")

    async def person(question: Question) -> Answer:
        assert question.editable
        return Answer("once", given={**question.call.input, "command": "make safe"})

    asking.person = person
    data = {"tool_name": "Bash", "tool_input": {"command": "make all", "description": "x"}}
    said = anyio.run(asking.live, data)["hookSpecificOutput"]
    assert said["updatedInput"] == {"command": "make safe", "description": "x"}


def test_the_reason_of_a_no_is_told_to_the_model(place_dir: Path) -> None:
    asking = gate(place_dir, mode="default")

    async def person(_question: Question) -> Answer:
        return Answer("no", comment="use make instead")

    asking.person = person
    data = {"tool_name": "Bash", "tool_input": {"command": "cc a.c"}}
    said = anyio.run(asking.live, data)["hookSpecificOutput"]
    assert said["permissionDecision"] == "deny"
    assert said["permissionDecisionReason"] == "use make instead"


def test_a_trace_whose_run_changed_a_protected_file_is_denied(place_dir: Path) -> None:
    match = match_of(command="python3 make.py", effects=(".git/hooks/pre-commit",))
    assert kinds(gate(place_dir).screen(Found((match,)))) == [Miss.DENIED]


def test_what_git_itself_keeps_is_its_own_affair(place_dir: Path) -> None:
    kept = (".git/HEAD", ".git/config", ".git/hooks/pre-commit.sample")
    found = Found((match_of(command="git init", effects=kept),))
    assert gate(place_dir).screen(found) is found


def test_in_a_mode_that_asks_only_what_is_allowed_or_reads_is_replayed(place_dir: Path) -> None:
    asking = gate(place_dir, mode="default", allow=["Bash(make:*)"])
    assert asking.screen(Found((match_of(command="cat a | wc -l"),))).matches
    assert asking.screen(Found((match_of(command="make test"),))).matches
    assert not asking.screen(Found((match_of(command="python3 x.py"),))).matches
    writes = match_of(tool="Write", file_path="a", content="x")
    assert not asking.screen(Found((writes,))).matches


@pytest.mark.parametrize(
    ("rules", "decision"),
    [
        ({}, None),
        ({"deny": ["Write(/src/**)"]}, "deny"),
        ({"ask": ["Edit(/src/**)"]}, "deny"),
        ({"allow": ["Edit(/src/**)"]}, "allow"),
        ({"allow": ["Edit(/src/**)"], "ask": ["Edit"]}, "deny"),
        ({"allow": ["Edit(/other/**)"]}, None),
    ],
)
def test_a_live_call_is_answered_by_the_same_rules(
    place_dir: Path, rules: dict[str, list[str]], decision: str | None
) -> None:
    data = {"tool_name": "Write", "tool_input": {"file_path": str(place_dir / "src/a.py")}}
    judging = PermissionGate(
        Permissions(read_rules(**rules), place_dir, Path.home(), mode="acceptEdits")
    )
    said = anyio.run(judging.live, data)
    assert said.get("hookSpecificOutput", {}).get("permissionDecision") == decision


def test_a_link_cannot_lead_a_write_past_a_rule(place_dir: Path) -> None:
    (place_dir / "src").mkdir()
    (place_dir / "link").symlink_to("src")
    denied = gate(place_dir, deny=["Edit(/src/**)"])
    data = {"tool_name": "Write", "tool_input": {"file_path": str(place_dir / "link/a")}}
    said = anyio.run(denied.live, data)
    assert said["hookSpecificOutput"]["permissionDecision"] == "deny"


def test_a_link_cannot_lead_an_allowed_write_elsewhere(place_dir: Path) -> None:
    (place_dir / "src").mkdir()
    (place_dir / "src/out").symlink_to("..")
    allowed = gate(place_dir, mode="default", allow=["Edit(/src/**)"])
    data = {"tool_name": "Write", "tool_input": {"file_path": str(place_dir / "src/out/a")}}
    assert anyio.run(allowed.live, data) == {}
