"""The table of commands: one implementation behind the command line and the shell."""

from __future__ import annotations

import inspect
import os
import subprocess
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import anyio
import pytest

from inside import llmos
from llmos.boot import LLMOS
from llmos.interfaces.command_context import Grid, Said
from llmos.interfaces.commands import COMMANDS, Command, commands, find, first_words, names
from llmos.interfaces.grids import render
from llmos.interfaces.result import Result
from llmos.interfaces.shell_commands import read_entry, run_entry
from llmos.kernel.errors import LlmosError, UsageError

DONE = [one for one in COMMANDS if one.run]


@pytest.mark.parametrize("command", DONE, ids=lambda one: one.name)
def test_every_command_is_done_somewhere_and_has_help_of_its_own(command: Command) -> None:
    module, function = command.run.split(":")
    run: Callable[..., Any] = getattr(import_module(f"llmos.interfaces.{module}"), function)
    assert inspect.iscoroutinefunction(run)
    assert list(inspect.signature(run).parameters)[1:] in (["request"], ["_request"])
    if command.where != "shell":
        shown = llmos(*command.name.split(), "--help")
        assert shown.code == 0
        assert shown.out.startswith(f"usage: llmos {command.name}")
        assert all(flag in shown.out for one in command.options for flag in one.flags)


def test_no_two_commands_share_a_name() -> None:
    known = names()
    assert len(known) == len(set(known))


@pytest.mark.parametrize(
    ("words", "near"),
    [
        (["trace", "lst"], "trace list"),
        (["config", "shwo"], "config show"),
        (["schedule", "isntall"], "schedule install"),
    ],
)
def test_a_misspelt_command_is_guessed(words: list[str], near: str) -> None:
    assert find(words, shell=False).near == near
    done = llmos(*words)
    assert (done.code, done.out) == (2, "")
    assert f"did you mean llmos {near}?" in done.err


def test_a_misspelt_flag_is_guessed() -> None:
    done = llmos("trace", "list", "--serach", "x")
    assert done.code == 2
    assert "did you mean --search?" in done.err


@pytest.mark.parametrize("group", ["trace", "schedule", "config"])
def test_a_group_lists_its_commands(group: str) -> None:
    shown = llmos(group, "--help").out
    assert all(
        f"  {one.name.split()[1]} " in shown
        for one in commands(shell=False)
        if one.name.startswith(f"{group} ")
    )


def test_what_follows_print_is_a_goal_whatever_it_begins_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert llmos("-p", "-n", "--json", "doctor").json["goal"] == "doctor"
    assert llmos("-n", "--json", "--", "usage", "x").json["goal"] == "usage x"


def test_a_goal_in_the_shell_is_taken_as_it_is_typed() -> None:
    request = read_entry("""/why  --json say "it's" --force""")
    assert request.words == ("""say "it's" --force""",)
    assert request.as_json


def test_words_in_the_shell_are_split_as_a_shell_splits_them() -> None:
    request = read_entry("""/schedule add "0 9 * * *" 'say hello' --max-usd 1""")
    assert request.words == ("0 9 * * *", "say hello")
    assert request.options.max_usd == "1"
    with pytest.raises(UsageError, match="closing quotation"):
        read_entry("/trace show it's")


@pytest.mark.parametrize(
    ("entry", "name"),
    [("/traces", "trace list"), ("/trace t-1", "trace show"), ("/forget t-1", "trace rm"),
     ("/cost", "usage"), ("/rewind", "undo"), ("/trace", "trace list")],
)  # fmt: skip
def test_the_other_names_of_the_shell_mean_the_same(entry: str, name: str) -> None:
    assert read_entry(entry).command.name == name


def test_the_other_names_are_goals_on_the_command_line() -> None:
    assert not first_words(shell=False) & {"cost", "stats", "forget", "rewind", "learn", "replay"}


@pytest.mark.parametrize("entry", ["/", "/nothing", "/trace lst", "/undo a b", "/usage --nothing"])
def test_a_wrong_entry_is_told(entry: str) -> None:
    with pytest.raises(UsageError):
        read_entry(entry)


def entered(*entries: str) -> list[Said | LlmosError]:
    async def nothing(goal: str, **options: bool) -> Result:
        raise AssertionError(goal, options)

    async def enter() -> list[Said | LlmosError]:
        found: list[Said | LlmosError] = []
        async with LLMOS() as system:
            for entry in entries:
                try:
                    found.append(await run_entry(entry, system, ask=None, execute=nothing))
                except LlmosError as error:
                    found.append(error)
        return found

    return anyio.run(enter)


def test_the_model_of_a_session_is_changed_in_the_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first, second, shown, told, origins = entered(
        "/model --json", "/model claude-opus-5-5", "/config get model", "/help model",
        "/config show --origin --json",
    )  # fmt: skip
    assert isinstance(first, Said)
    assert '"model": "claude-sonnet-5-5"' in first.text
    assert isinstance(second, Said)
    assert second.text.startswith("claude-opus-5-5 is used")
    assert shown == Said("claude-opus-5-5", json="claude-opus-5-5")
    assert isinstance(told, Said)
    assert told.text.startswith("usage: /model [ID]")
    assert isinstance(origins, Said)
    assert '"model": {"value": "claude-opus-5-5", "origin": "this session"}' in origins.text
    assert llmos("model", "x").code == 2


def test_permissions_show_mode_and_rules() -> None:
    shown = llmos("permissions", "--json", "--deny", "Bash(rm:*)").json
    assert (shown["permission_mode"], shown["deny"]) == ("acceptEdits", ["Bash(rm:*)"])


def test_a_table_in_a_pipe_is_never_cut_and_commands_no_terminal() -> None:
    grid = Grid(("A", "B"), [("x" * 300, "[bold]\x1b[31m"), ("", "y")])
    lines = render(grid).splitlines()
    assert lines[0].split() == ["A", "B"]
    assert lines[1] == f"{'x' * 300}  [bold]\\x1b[31m"


@pytest.fixture
def doctored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place with a CLI that only says its version."""
    monkeypatch.chdir(tmp_path)
    program = tmp_path / "claude"
    program.write_text("#!/bin/sh\necho 9.9.9\n")
    program.chmod(0o755)
    monkeypatch.setenv("LLMOS_CLI_PATH", str(program))
    return tmp_path


def examined(*arguments: str) -> dict[str, dict[str, str]]:
    return {row["check"]: row for row in llmos("doctor", "--json", *arguments).json}


def test_doctor_says_what_is_there_and_never_shows_a_key(
    doctored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = examined()
    assert found["cli"]["found"] == "9.9.9"
    assert found["login"]["state"] == "warning"
    assert "ANTHROPIC_API_KEY" in found["login"]["hint"]
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-not-to-be-shown")
    shown = llmos("doctor")
    assert shown.code == 0
    assert "ANTHROPIC_API_KEY is set" in shown.out
    assert "not-to-be-shown" not in shown.out + shown.err
    assert not (doctored / "workspace").exists()


def test_doctor_names_each_thing_that_is_wrong(doctored: Path) -> None:
    memory = doctored / "workspace/memory"
    (memory / "traces").mkdir(parents=True)
    (memory / "traces" / f"t-{'0' * 20}.json").write_text("{")
    (memory / "ledger.sqlite").write_text("no database" * 100)
    (doctored / "claude").write_text("#!/bin/sh\nexit 3\n")
    found = examined()
    assert {name for name, row in found.items() if row["state"] == "wrong"} == {"cli", "ledger"}
    assert found["traces"]["state"] == "warning"
    assert all(row["hint"] for row in found.values() if row["state"] != "ok")
    assert llmos("doctor").code == 1
    config = Path(os.environ["LLMOS_HOME"], "config/config.toml")
    config.parent.mkdir(parents=True)
    config.write_text("max_turns = 0\n")
    config.chmod(0o600)
    assert f"{config}:1: max_turns" in examined()["settings"]["found"]
    assert (
        "cannot be written" in examined("--bare", "--workspace", "claude/x")["workspace"]["found"]
    )


def completed(line: str, script: Path) -> set[str]:
    """Return what bash would offer at the end of a line."""
    words = line.split(" ")
    program = (
        f"source {script}; COMP_WORDS=({' '.join(words) or chr(39) * 2}"
        f"{' ' + chr(39) * 2 if line.endswith(' ') else ''}); "
        'COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _llmos; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "-c", program], capture_output=True, text=True, check=True, cwd=script.parent
    )
    return set(done.stdout.split())


def test_bash_completes_commands_options_and_files(tmp_path: Path) -> None:
    script = tmp_path / "completion"
    script.write_text(llmos("completion", "bash").out)
    assert completed("llmos sche", script) == {"schedule"}
    assert completed("llmos trace ex", script) == {"export"}
    assert completed("llmos trace export --t", script) == {"--to"}
    assert completed("llmos usage --", script) >= {"--by", "--days", "--json"}
    assert completed("llmos trace validate comp", script) == {"completion"}
    assert completed("llmos --repl", script) == {"--replay-only"}


def test_the_other_shells_get_every_command_too() -> None:
    for shell in ("zsh", "fish"):
        text = llmos("completion", shell).out
        assert all(one.name.split()[-1] in text for one in commands(shell=False))
    assert llmos("completion", "bsh").code == 2


def test_on_a_narrow_terminal_the_widest_column_is_cut_and_no_amount(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    grid = Grid(
        ("ID", "COST", "GOAL"), [("t-7558c10428f066340e47", "$1,234.5678", "say hello " * 9)], (1,)
    )
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    for columns, whole in ((50, True), (30, False)):
        monkeypatch.setenv("COLUMNS", str(columns))
        row = render(grid).splitlines()[1]
        assert len(row) <= columns
        assert "$1,234.5678" in row
        assert ("t-7558c10428f066340e47" in row) is whole
        assert "…" in row
