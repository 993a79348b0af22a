"""The command line as hostile users use it: streams that are closed, signals, odd goals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import JsonValue

from llmos.interfaces.scripted_model import Conversation, ScriptedModel, Text, ToolUse, Turn
from support import TURN_COST_USD, Place, Taught, conversation

SLEEP = "python3 -c 'import time; time.sleep(100)'"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with ScriptedModel([conversation("wait", SLEEP)]) as model:
        yield Place(tmp_path, model)


@pytest.fixture
def hello(place: Place, taught: Taught) -> Place:
    """A place in which a goal was learned."""
    place.model.add(conversation("say hello", "echo hello", answer="hello was said"))
    taught.teach(place, "hello was said", "say hello")
    return place


def shell(place: Place, line: str, **env: str) -> subprocess.CompletedProcess[bytes]:
    """Run a line of bash in which `llmos` is llmos."""
    llmos = f'llmos() {{ "{sys.executable}" -m llmos "$@"; }}; '
    return subprocess.run(
        ["/bin/bash", "-c", llmos + line],
        cwd=place.cwd,
        env={**place.env, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_do_no_harm(closed: str, hello: Place) -> None:
    done = shell(hello, f"llmos 'say hello' {closed}")
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr
    if ">&-" not in closed.replace("2>&-", ""):
        assert done.stdout == b"hello was said\n"


@pytest.mark.parametrize(
    "command", ["'say hello'", "--help", "--version", "trace list", "--json x"]
)
def test_a_reader_that_goes_away_is_nothing_to_talk_about(command: str, hello: Place) -> None:
    done = shell(hello, f"llmos -q --replay-only {command} | true; exit ${{PIPESTATUS[0]}}")
    assert done.returncode in (0, 1, 2, 6)  # whether the pipe is gone by then is a matter of luck
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


@pytest.mark.parametrize("command", ["'say hello'", "--help", "--json 'say hello'"])
def test_a_full_disk_behind_stdout_is_told(command: str, hello: Place) -> None:
    done = shell(hello, f"llmos -q {command} > /dev/full")
    assert done.returncode == 1
    assert done.stderr == (
        b"llmos: error: standard output cannot be written: No space left on device\n"
    )


def test_a_goal_that_is_given_never_waits_for_stdin(hello: Place) -> None:
    read, write = os.pipe()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "llmos", "say hello"],
            cwd=hello.cwd,
            env=hello.env,
            stdin=read,
            capture_output=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(read)
        os.close(write)
    assert done.stdout == b"hello was said\n"


@pytest.mark.parametrize(
    ("arguments", "goal"),
    [
        (["--", "-dash"], "-dash"),
        pytest.param(["--dry-run", "--", "--json"], "--json", marks=pytest.mark.nightly),
        pytest.param(["--", "demo"], "demo", marks=pytest.mark.nightly),
        pytest.param(["/help me"], "/help me", marks=pytest.mark.nightly),
        (["grüße", "世界"], "grüße 世界"),
        (["@file and #tag"], "@file and #tag"),
    ],
)
def test_the_goal_is_taken_as_it_is(arguments: list[str], goal: str, place: Place) -> None:
    place.model.add(conversation(goal, "echo x"))
    done = place.llmos("--dry-run", "--json", *arguments)
    assert done.json["goal"] == goal, done.err
    assert place.llmos(*[one for one in arguments if one != "--dry-run"]).out == "done\n"
    assert place.model.requests[0].goal_text == goal


def test_bytes_that_are_no_text_are_replaced(place: Place) -> None:
    done = shell(place, "llmos --dry-run --json $'caf\\xe9'")
    assert json.loads(done.stdout)["goal"] == "caf\ufffd"
    assert done.stderr == b""


def test_an_answer_that_stdout_cannot_encode_is_escaped(place: Place) -> None:
    place.model.add(conversation("greet", "echo 世界", answer="世界 \U0001f600"))
    latin = {"PYTHONIOENCODING": "latin-1"}
    assert shell(place, "llmos -q greet", **latin).stdout == b"\\u4e16\\u754c \\U0001f600\n"
    assert json.loads(shell(place, "llmos -q --json greet", **latin).stdout)["result"] == (
        "世界 \U0001f600"
    )


def test_exit_codes_have_a_help_of_their_own(place: Place) -> None:
    shown = place.llmos("help", "exit-codes").out
    for code in (0, 1, 2, 3, 4, 5, 6, 7, 75, 124, 129, 130, 143):
        assert f"{code} " in shown
    assert "--dry-run" not in shown
    assert place.llmos("help", "me").code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["--dry-run", "plan", "x"],
        ["--replay-only", "plan", "x"],
        ["--replay-only", "interactive"],
        ["--json", "interactive"],
        ["demo", "the", "product"],
        ["plan"],
    ],
    ids=" ".join,
)
def test_what_would_be_passed_over_is_refused(arguments: list[str], place: Place) -> None:
    assert place.llmos(*arguments).code == 2
    assert place.model.requests == []


def test_debug_shows_where_an_error_comes_from_and_nothing_else_does(place: Place) -> None:
    assert "Traceback" not in place.llmos("").err
    assert "Traceback" in place.llmos("--debug", "").err


def test_an_error_of_our_own_is_one_line_that_asks_for_a_report(place: Place) -> None:
    done = place.python(
        "-c",
        "import sys; from llmos.interfaces.cli import run\n"
        "def broken(**given): raise RuntimeError('ouch')\n"
        "sys.exit(run(['x'], broken))",
    )
    assert done.code == 1
    assert done.err == (
        "llmos: error: this should not have happened: RuntimeError: ouch\n"
        "  run it again with --debug, and report what it says\n"
    )


def test_a_removed_working_directory_is_told(place: Place) -> None:
    done = shell(place, "mkdir gone; cd gone; rmdir ../gone; llmos --dry-run x")
    assert done.returncode == 2
    assert b"the working directory has been removed" in done.stderr


def started(place: Place, *arguments: str, until: str) -> subprocess.Popen[str]:
    process = place.start(*arguments)
    assert process.stderr is not None
    for line in process.stderr:
        if until in line:
            return process
    pytest.fail("it ended too early")


def test_ctrl_c_before_the_model_run_has_begun_is_not_lost(place: Place) -> None:
    process = started(place, "--json", "wait", until="LEARNER")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert json.loads(out)["subtype"] == "error_interrupted"


@pytest.mark.parametrize(
    ("signals", "code"),
    [
        ([signal.SIGTERM, signal.SIGTERM], 143),
        ([signal.SIGINT, signal.SIGINT], 130),
        ([signal.SIGTERM, signal.SIGINT], 143),
        ([signal.SIGHUP], 129),
    ],
)
def test_the_first_signal_says_how_it_ends(
    signals: list[signal.Signals], code: int, place: Place
) -> None:
    process = started(place, "--json", "wait", until="Bash python3")
    first, *more = signals
    process.send_signal(first)
    assert process.stderr is not None
    # Two signals that wait at once are delivered by number, not in their order.
    assert any("interrupted" in line for line in process.stderr)
    for number in more:
        process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == code
    assert json.loads(out)["total_cost_usd"] == TURN_COST_USD


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_ends_programs_ends_the_shell_and_its_goal(
    number: signal.Signals, place: Place
) -> None:
    process = place.start("interactive", stdin=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stderr is not None
    process.stdin.write("wait\n")
    process.stdin.flush()
    for line in process.stderr:
        if "Bash python3" in line:
            break
    process.send_signal(number)
    assert process.wait(timeout=60) == 128 + number
    process.communicate()


def test_ctrl_c_leaves_a_shell_without_a_terminal_that_waits_for_a_line(place: Place) -> None:
    process = place.start("interactive", stdin=subprocess.PIPE)
    assert process.stderr is not None
    assert "/help" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    process.communicate()


def test_a_plan_has_steps_costs_money_and_does_nothing(place: Place) -> None:
    steps: list[JsonValue] = [{"description": "look", "tool": "Read"}, {"description": "think"}]
    turns = [Turn(ToolUse("StructuredOutput", {"steps": steps})), Turn(Text("planned"))]
    place.model.add(Conversation("plan it", turns))
    done = place.llmos("plan", "plan it")
    assert (done.code, done.out) == (0, "1. look [Read]\n2. think\n"), done.err
    assert "PLANNER 2 steps, $0.0" in done.err
    assert place.traces == []


def test_a_plan_that_fails_says_what_it_cost(place: Place) -> None:
    place.model.add(Conversation("plan it", [Turn(Text("no plan"))]))
    done = place.llmos("--json", "plan", "plan it")
    assert done.code == 1
    assert done.json["total_cost_usd"] == pytest.approx(len(place.model.requests) * TURN_COST_USD)


@pytest.mark.parametrize(
    ("cli", "code", "says"),
    [("/etc/passwd", 2, "permission denied"), ("/bin/false", 75, "ended before it had answered")],
)
def test_a_cli_that_is_none_is_told(cli: str, code: int, says: str, place: Place) -> None:
    done = place.llmos("something new", LLMOS_CLI_PATH=cli)
    assert done.code == code
    assert says in done.err
    assert "LLMOS_CLI_PATH" in done.err


def test_refused_runs_do_not_make_the_next_one_look_free(place: Place) -> None:
    place.model.add(Conversation("refused", [Turn(status=401, error_type="authentication_error")]))
    assert place.llmos("refused").code == 4
    assert place.llmos("--dry-run", "refused").out.startswith("LEARNER ~$0.50")
