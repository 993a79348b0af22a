"""llmos in scripts: what stands on stdin, what stands on stdout, and in which form."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from llmos.interfaces.cli import run
from llmos.interfaces.scripted_model import Conversation, ScriptedModel, Text, ToolUse, Turn
from support import Place, Taught, conversation

LINES = json.dumps(
    {"type": "object", "properties": {"lines": {"type": "integer"}}, "required": ["lines"]}
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, taught: Taught) -> Iterator[Place]:
    """A place in which `say hello` was learned."""
    with ScriptedModel([conversation("say hello", "echo hello", answer="hello was said")]) as model:
        place = Place(tmp_path_factory.mktemp("scripts"), model)
        taught.teach(place, "hello was said", "say hello")
        yield place


def nothing_opens(**_given: object) -> Any:
    pytest.fail("nothing may run")


def lines(out: str) -> list[Any]:
    return [json.loads(line) for line in out.splitlines()]


def asked(place: Place) -> int:
    return len(place.model.requests)


def count_words(place: Place) -> None:
    place.model.add(conversation("count the words", "echo counted", answer="3 words"))


def test_a_pipe_beside_a_goal_is_given_to_the_model_as_a_block(place: Place) -> None:
    count_words(place)
    done = place.llmos("count the words", stdin="one two\nthree\n")
    assert (done.code, done.out) == (0, "3 words\n"), done.err
    assert "stdin: 14 bytes go with the goal" in done.err
    told = place.model.requests[-2].goal_text
    assert told == "count the words\n\n<stdin>\none two\nthree\n\n</stdin>"


def test_the_same_text_is_answered_by_a_replay_and_another_one_is_not(place: Place) -> None:
    count_words(place)
    assert place.llmos("count the words", stdin="a b c").code == 0
    before = asked(place)
    again = place.llmos("--replay-only", "--json", "count the words", stdin="a b c")
    assert (again.code, again.json["mode"]) == (0, "FOLLOWER"), again.err
    # Not even another case of a letter, and not the bare goal, whose words are the same.
    for other in ("a b C", "a b c\n", None):
        refused = place.llmos("--replay-only", "--json", "count the words", stdin=other)
        assert (refused.code, refused.json["subtype"]) == (6, "error_no_trace"), refused.err
    assert asked(place) == before


@pytest.mark.parametrize("words", [["-"], []], ids=["dash", "no words"])
def test_without_words_stdin_is_the_goal(words: list[str], place: Place) -> None:
    done = place.llmos("--replay-only", *words, stdin="say hello\n")
    assert (done.code, done.out) == (0, "hello was said\n")


def test_a_silent_pipe_that_stays_open_holds_nothing_up_and_is_told(place: Place) -> None:
    read, write = os.pipe()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "llmos", "--replay-only", "say hello"],
            cwd=place.cwd,
            env=place.env,
            stdin=read,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(read)
        os.close(write)
    assert (done.returncode, done.stdout) == (0, "hello was said\n")
    assert "stdin gave nothing within 1 s and was left out" in done.stderr


@pytest.mark.nightly
def test_a_dash_at_the_end_waits_for_stdin_however_late_it_comes(place: Place) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "llmos", "--dry-run", "--json", "explain", "-"],
        cwd=place.cwd,
        env=place.env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=1.5)
    out, _ = process.communicate("late", timeout=30)
    assert "[stdin of 4 bytes, sha256:" in json.loads(out)["goal"]


@pytest.mark.parametrize("words", [["-"], ["explain"]], ids=["goal", "context"])
def test_stdin_above_ten_megabytes_is_a_clear_error(words: list[str], place: Place) -> None:
    done = place.llmos(*words, stdin="x" * (10 * 2**20 + 1))
    assert (done.code, done.out) == (2, "")
    assert "standard input is larger than 10 MB" in done.err
    assert "save it to a file" in done.err


def test_stdin_that_is_no_text_is_refused(place: Place) -> None:
    done = place.llmos("explain", stdin="a\0b")
    assert done.code == 2
    assert "NUL" in done.err


def test_stdout_is_the_answer_and_nothing_else(place: Place) -> None:
    done = place.llmos("--verbose", "say hello")
    assert done.out == "hello was said\n"
    assert "FOLLOWER" in done.err


@pytest.mark.nightly
def test_quiet_says_nothing_but_errors(place: Place) -> None:
    assert place.llmos("-q", "say hello").err == ""
    refused = place.llmos("-q", "--replay-only", "something else")
    assert refused.err.startswith("llmos: error: no trace answers this goal")


def test_stream_json_is_one_object_a_line_from_init_to_result(place: Place) -> None:
    done = place.llmos("--output-format", "stream-json", "say hello")
    told = lines(done.out)
    assert (told[0]["type"], told[0]["subtype"]) == ("system", "init")
    assert told[0]["cwd"] == str(place.cwd)
    assert told[-1]["type"] == "result"
    assert told[-1]["result"] == "hello was said"
    assert {line["session_id"] for line in told} == {told[0]["session_id"]}
    assert [line["type"] for line in told].count("result") == 1
    (call,) = [one for one in told if one["type"] == "assistant"]
    (seen,) = [one for one in told if one["type"] == "user"]
    used, result = call["message"]["content"][0], seen["message"]["content"][0]
    assert (used["type"], used["name"]) == ("tool_use", "Bash")
    assert used["input"]["command"] == "echo hello"
    assert (result["tool_use_id"], result["content"]) == (used["id"], "hello")
    assert [one["subtype"] for one in told if one["type"] == "system"] == ["init", "decided"]


def test_a_breach_of_the_budget_is_an_event_of_the_stream(place: Place) -> None:
    done = place.llmos("--output-format=stream-json", "--budget", "0", "something dear")
    told = lines(done.out)
    (breach,) = [one for one in told if one["type"] == "budget_exceeded"]
    assert (breach["available_usd"], breach["needed_usd"] > 0) == (0, True)
    assert (done.code, told[-1]["exit_code"], told[-1]["subtype"]) == (
        5,
        5,
        "error_max_budget_usd",
    )


@pytest.mark.parametrize(
    "arguments",
    [["--json"], ["--output-format", "json"], ["--output-format=stream-json"]],
    ids=" ".join,
)
def test_an_error_before_the_run_has_the_form_that_was_asked_for(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*arguments, "--surprise", "say hello"], nothing_opens) == 2
    told = json.loads(capsys.readouterr().out)
    assert (told["type"], told["exit_code"], told["is_error"]) == ("result", 2, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--output-format", "xml", "say hello"],
        ["--json", "--output-format", "text", "say hello"],
        ["--output-format", "stream-json", "trace", "list"],
        ["-o", "x", "trace", "list"],
        ["-o", "missing/x", "say hello"],
        ["-o", ".", "say hello"],
        ["-o", "/dev/null", "say hello"],
        ["--json-schema", "missing.json", "say hello"],
        ["--json-schema", "{", "say hello"],
        ["--json-schema", '{"type": "integer"}', "say hello"],
        ["--json-schema", '{"type": "nothing"}', "say hello"],
        ["--json-schema", '{"type": "object", "$ref": "http://127.0.0.1/x"}', "say hello"],
        ["--debug-file", "missing/log", "say hello"],
        ["--color", "some", "say hello"],
    ],
    ids=" ".join,
)
def test_flags_that_say_nothing_sensible_are_refused_before_anything_runs(
    arguments: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert run(arguments, nothing_opens) == 2
    told = capsys.readouterr()
    assert told.err.startswith("llmos: error: ")
    assert "Traceback" not in told.err
    assert "--output-format" in arguments or "--json" in arguments or told.out == ""


def test_an_output_file_appears_whole_and_stdout_stays_empty(place: Place) -> None:
    done = place.llmos("-o", "answer.txt", "say hello")
    assert (done.code, done.out) == (0, "")
    assert (place.cwd / "answer.txt").read_text() == "hello was said\n"
    place.llmos("-o", "events", "--output-format", "stream-json", "say hello")
    assert lines((place.cwd / "events").read_text())[-1]["type"] == "result"


def test_an_output_file_stays_as_it_is_if_there_is_no_answer(place: Place) -> None:
    kept = place.cwd / "kept.txt"
    kept.write_text("old")
    kept.chmod(0o640)
    assert place.llmos("--replay-only", "-o", "kept.txt", "something else").code == 6
    assert kept.read_text() == "old"
    assert place.llmos("-o", "kept.txt", "say hello").code == 0
    assert (kept.read_text(), kept.stat().st_mode & 0o777) == ("hello was said\n", 0o640)
    assert [one.name for one in place.cwd.iterdir() if one.name.startswith(".tmp")] == []


def structured(place: Place, goal: str, *answers: Any) -> None:
    calls = [Turn(ToolUse("Bash", {"command": "wc -l < rows"}))]
    given = [Turn(ToolUse("StructuredOutput", one)) for one in answers]
    place.model.add(Conversation(goal, [*calls, *given, Turn(Text("counted"))]))


def test_an_answer_has_the_form_that_was_asked_for_and_so_has_its_replay(place: Place) -> None:
    (place.cwd / "rows").write_text("1\n2\n")
    structured(place, "how many rows", {"lines": "two"}, {"lines": 2})
    learned = place.llmos("--json", "--json-schema", LINES, "how many rows")
    assert learned.code == 0, learned.err
    assert learned.json["structured_output"] == {"lines": 2}
    assert json.loads(learned.json["result"]) == {"lines": 2}
    assert learned.json["steps"] == 1
    (place.cwd / "schema.json").write_text(LINES)
    again = place.llmos("--json", "--json-schema", "schema.json", "how many rows")
    assert (again.json["mode"], again.json["structured_output"]) == ("FOLLOWER", {"lines": 2})
    # Who asks for no form, or for another one, asks something else.
    assert place.llmos("--replay-only", "how many rows").code == 6
    other = LINES.replace("lines", "rows")
    assert place.llmos("--replay-only", "--json-schema", other, "how many rows").code == 6


@pytest.mark.nightly
def test_a_model_that_does_not_keep_to_the_form_has_not_reached_the_goal(place: Place) -> None:
    place.model.add(conversation("in words", "echo x", answer="it is two"))
    done = place.llmos("--json", "--json-schema", LINES, "in words")
    assert (done.code, done.json["is_error"]) == (1, True)
    assert "no answer of the form asked for" in done.json["result"]
    assert done.json["total_cost_usd"] > 0


def test_the_debug_file_is_private_and_holds_no_secret(place: Place) -> None:
    secret = "sk-ant-api03-" + "a1B2" * 10
    done = place.llmos("--debug-file", "debug.log", "say hello", ANTHROPIC_API_KEY=secret)
    log = place.cwd / "debug.log"
    assert (done.code, "Decided" in log.read_text(), secret in log.read_text()) == (0, True, False)
    assert log.stat().st_mode & 0o777 == 0o600
    assert "Decided" not in done.err


def test_a_log_in_the_working_directory_is_not_taken_for_somebody_elses_change(
    place: Place,
) -> None:
    place.model.add(conversation("make notes", "echo note > notes"))
    assert place.llmos("make notes").code == 0
    line = f'"{sys.executable}" -m llmos --replay-only --debug-file inside.log "make notes" 2> err'
    done = subprocess.run(
        ["/bin/sh", "-c", line], cwd=place.cwd, env=place.env, stdin=subprocess.DEVNULL, check=False
    )
    assert done.returncode == 0
    assert (place.cwd / "inside.log").stat().st_size > 0
    assert "FOLLOWER" in (place.cwd / "err").read_text()


@pytest.mark.nightly
def test_jq_reads_every_form_of_the_result(place: Place) -> None:
    for form in ("json", "stream-json"):
        piped = subprocess.run(
            ["jq", "-rs", ".[-1].result"],
            input=place.llmos("--output-format", form, "say hello").out,
            capture_output=True,
            text=True,
            check=False,
        )
        assert piped.stdout == "hello was said\n"


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("arguments", "env", "coloured"),
    [
        ([], {}, False),
        (["--color", "always"], {}, True),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": ""}, True),
        (["--no-color"], {"FORCE_COLOR": "1"}, False),
    ],
    ids=str,
)
def test_colour_follows_the_flag_then_the_environment(
    arguments: list[str], env: dict[str, str], coloured: bool, changed: Place
) -> None:
    assert ("\x1b[" in changed.llmos(*arguments, "diff", **env).out) is coloured


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A place with a run that changed something."""
    with ScriptedModel([conversation("make x", "echo x > x")]) as model:
        place = Place(tmp_path_factory.mktemp("changed"), model)
        assert place.llmos("make x").code == 0
        yield place
