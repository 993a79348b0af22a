"""Bad input gives one clear line and the right exit code, and loses nothing."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from llmos.interfaces.scripted_model import Conversation, ScriptedModel, Text, ToolUse, Turn
from support import Place, Taught, conversation


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with ScriptedModel([]) as model:
        yield Place(tmp_path, model)


def clear_line(err: str) -> str:
    """Return the one error line of an outcome; there must be no traceback."""
    assert "Traceback" not in err
    lines = [line for line in err.splitlines() if line.startswith("llmos: error: ")]
    assert len(lines) == 1, err
    return lines[0]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([""], "empty"),
        (["   "], "empty"),
        (["--no-such-flag", "x"], "--no-such-flag"),
        (["--budget", "much", "x"], "budget_usd"),
        (["--budget", "-1", "x"], "budget_usd"),
        (["--budget", "nan", "x"], "budget_usd"),
        (["--timeout", "0", "x"], "timeout_s"),
        (["--permission-mode", "all", "x"], "permission_mode"),
        (["--model"], "--model"),
        (["--replay-only", "--no-cache", "x"], "exclude each other"),
        (["trace", "frobnicate"], "frobnicate"),
        (["trace", "show"], "needs ID"),
        (["trace", "show", "t-nothing"], "no trace begins"),
    ],
    ids=str,
)
def test_a_wrong_command_line_ends_with_2(arguments: list[str], says: str, place: Place) -> None:
    done = place.llmos(*arguments)
    assert done.code == 2, done.err
    assert says in clear_line(done.err)
    assert done.out == ""


def test_errors_are_json_where_json_is_asked_for(place: Place) -> None:
    done = place.llmos("--json", "")
    assert done.code == 2
    assert done.json["is_error"] is True
    assert done.json["exit_code"] == 2
    assert done.json["subtype"] == "error_usage"


def test_an_empty_pipe_is_an_empty_goal(place: Place) -> None:
    assert place.llmos(stdin="").code == 2


def test_a_workspace_that_cannot_be_made(place: Place) -> None:
    (place.cwd / "file").write_text("x")
    done = place.llmos("--workspace", "file/inside", "x")
    assert done.code == 2
    assert "--workspace" in done.err
    clear_line(done.err)
    assert (place.cwd / "file").read_text() == "x"


def test_a_damaged_ledger_is_told_and_kept(place: Place) -> None:
    place.model.add(conversation("say hello", "echo hello"))
    assert place.llmos("say hello").code == 0
    ledger = place.cwd / "workspace/memory/ledger.sqlite"
    for extra in ("-wal", "-shm"):
        ledger.with_name(ledger.name + extra).unlink(missing_ok=True)
    ledger.write_bytes(b"this is no database" * 100)
    done = place.llmos("say hello")
    assert done.code == 2
    assert "ledger.sqlite" in clear_line(done.err)
    assert ledger.read_bytes().startswith(b"this is no database")


def learn_hello(place: Place, taught: Taught) -> Path:
    place.model.add(conversation("say hello", "echo hello"))
    taught.teach(place, "hello", "say hello")
    return place.traces[0]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "half-written": lambda data: data[: len(data) // 2],
    "zeroes": lambda data: b"\0" * len(data),
    "misspelt": lambda data: data.replace(b'"goal"', b'"gaol"'),
    "deep": lambda data: b"[" * 5000,
}


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(one, marks=pytest.mark.nightly if number > 0 else ())
        for number, one in enumerate(DAMAGES.values())
    ],
    ids=list(DAMAGES),
)
def test_a_corrupt_trace_is_set_aside_and_the_goal_is_learned_anew(
    damage: Callable[[bytes], bytes], place: Place, taught: Taught
) -> None:
    path = learn_hello(place, taught)
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    assert place.llmos("--replay-only", "say hello").code == 6
    done = place.llmos("--json", "say hello")
    assert (done.code, done.json["mode"]) == (0, "LEARNER")
    kept = [one for one in path.parent.glob("set-aside/*") if not one.name.endswith(".reason")]
    assert [one.read_bytes() for one in kept] == [damage(whole)]
    assert len(list(path.parent.glob("set-aside/*.reason"))) == 1


def test_a_trace_of_an_unknown_schema_version_is_left_alone(place: Place, taught: Taught) -> None:
    path = learn_hello(place, taught)
    data = json.loads(path.read_text())
    data["trace"]["schema_version"] = 99
    path.write_text(json.dumps(data))
    done = place.llmos("--replay-only", "say hello")
    assert done.code == 6
    assert "schema version 99" in clear_line(done.err)
    assert json.loads(path.read_text())["trace"]["schema_version"] == 99


def test_a_trace_that_was_changed_does_not_run_until_it_is_allowed(
    place: Place, taught: Taught
) -> None:
    path = learn_hello(place, taught)
    data = json.loads(path.read_text())
    data["signature"] = "0" * 64
    path.write_text(json.dumps(data))
    refused = place.llmos("--replay-only", "say hello")
    assert refused.code == 6
    assert "llmos trace allow" in refused.err
    shown = place.llmos("trace", "show", path.stem)
    assert "Bash echo hello" in shown.out
    unasked = place.llmos("trace", "allow", path.stem)
    assert unasked.code == 3
    assert "command  echo hello" in unasked.err
    assert place.llmos("--replay-only", "say hello").code == 6
    assert place.llmos("trace", "allow", path.stem, "--yes").code == 0
    assert place.llmos("--replay-only", "say hello").code == 0


def test_a_trace_that_names_an_unknown_tool_is_not_replayed(place: Place) -> None:
    plugin = place.cwd / "workspace/plugins/shout.py"
    plugin.parent.mkdir(parents=True)
    plugin.write_text(
        "from plugins import llm_tool\n\n\n"
        '@llm_tool("shout", "Shout", {"text": str})\n'
        "def shout(text: str) -> str:\n"
        "    return text.upper()\n"
    )
    call = ToolUse("mcp__llmos__shout", {"text": "hey"})
    place.model.add(Conversation("shout", [Turn(call), Turn(Text("HEY"))]))
    assert place.llmos("shout").code == 0
    plugin.unlink()
    done = place.llmos("--replay-only", "shout")
    assert done.code == 6
    assert "mcp__llmos__shout" in clear_line(done.err)


def test_a_plugin_with_a_syntax_error_is_told_with_its_line_and_left_out(place: Place) -> None:
    folder = place.cwd / "workspace/plugins"
    folder.mkdir(parents=True)
    (folder / "broken.py").write_text("x = 1\ndef (:\n")
    place.model.add(conversation("say hello", "echo hello"))
    done = place.llmos("say hello")
    assert done.code == 0
    assert "broken.py:2" in done.err


def test_a_missing_cli_says_what_to_do(place: Place) -> None:
    done = place.llmos("something new", LLMOS_CLI_PATH="/nowhere/claude")
    assert done.code == 2
    assert "/nowhere/claude" in clear_line(done.err)
    assert "claude-agent-sdk" in done.err


def test_a_model_server_that_refuses_is_temporary(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    done = place.llmos("something new", ANTHROPIC_BASE_URL=f"http://127.0.0.1:{port}")
    assert done.code == 75
    clear_line(done.err)


@pytest.mark.nightly
def test_a_budget_of_nothing_still_replays_but_does_not_learn(place: Place, taught: Taught) -> None:
    learn_hello(place, taught)
    assert place.llmos("--budget", "0", "say hello").code == 0
    done = place.llmos("--budget", "0", "--json", "something new")
    assert done.code == 5
    assert done.json["subtype"] == "error_max_budget_usd"
    assert len(place.model.requests) == 2


def test_a_trace_holds_no_secret(place: Place) -> None:
    secret = "sk-ant-api03-" + "a1B2" * 10
    place.model.add(conversation("show it", "printf %s $MY_TOKEN; env | grep -c MY_TOKEN"))
    assert place.llmos("show it", MY_TOKEN=secret).code == 0
    for path in (place.cwd / "workspace").rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path


def test_what_llmos_writes_is_private(place: Place) -> None:
    place.model.add(conversation("say hello", "echo hello"))
    assert place.llmos("say hello").code == 0
    for path in (place.cwd / "workspace").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is refused by an immutable place")
def test_a_full_or_read_only_place_is_told(place: Place) -> None:
    done = place.llmos("--workspace", "/proc/llmos", "x")
    assert done.code == 2
    clear_line(done.err)
