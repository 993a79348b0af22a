"""What the shell and the shells around it complete, in the real program."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from factory import make_trace
from kept import keep
from llmos.interfaces.scripted_model import ScriptedModel
from llmos.memory.parameters import find_parameters
from pseudo_terminal import Terminal
from support import Place

COUNT = "count the lines of a.txt"
CTRL_U = "\x15"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A place with a trace, and with the sessions `report` and `second try`."""
    with ScriptedModel([]) as model:
        made = Place(tmp_path, model)
        (made.cwd / "a.txt").write_text("one\ntwo\n")
        (made.cwd / "b.txt").write_text("one\n")
        trace = make_trace(COUNT, given={"command": "wc -l < a.txt"}, output="2", answer="2")
        keep(made, replace(trace, parameters=find_parameters(COUNT, trace.steps)))
        for name in ("report", "second try"):
            assert made.llmos("--replay-only", "--name", name, COUNT).out == "2\n"
        yield made


def test_sessions_models_keys_schedules_and_pinned_traces_are_completed(place: Place) -> None:
    trace_id = place.traces[0].stem
    terminal = Terminal(place, lines=50, timeout_s=20)

    def complete(typed: str) -> None:
        terminal.press(typed + "\t")  # as fast as it comes: Tab is not lost

    try:
        terminal.ready()
        complete("/resume rep")
        terminal.shows("llmos> /resume report")
        terminal.press("\r")
        terminal.shows("going on from report")
        # A name of several words is found, and its id stands for it.
        complete("/session path seco")
        terminal.shows("llmos> /session path 2", COUNT)
        complete(CTRL_U + "/model claude-op")
        terminal.shows("llmos> /model claude-opus-")
        complete(CTRL_U + "/config get budget.dai")
        terminal.shows("llmos> /config get budget.daily_usd")
        complete(CTRL_U + "/help secu")
        terminal.shows("llmos> /help security")
        terminal.press(CTRL_U)
        terminal.type("/clear")
        terminal.shows("a new session")
        terminal.type(f'/schedule add "0 9 * * 1" "{COUNT}" --name weekly')
        terminal.shows("weekly: next")
        complete("/schedule run-now we")
        terminal.shows("llmos> /schedule run-now weekly")
        complete(CTRL_U + "@tra")
        terminal.shows("llmos> @trace:")
        complete("t-")
        terminal.shows(f"llmos> @trace:{trace_id}", "FOLLOWER this trace or nothing, $0.00")
        terminal.press(" path1=b.txt\r")
        terminal.shows("1 Bash wc -l < b.txt", "FOLLOWER t-")
        # What pins a trace is a line of its own; and what it names must be there.
        terminal.type(f"sum up @trace:{trace_id}")
        terminal.shows("error: @trace:ID begins a line")
        terminal.type("@trace:t-0000")
        terminal.shows("error: no trace begins with 't-0000'")
        assert place.model.requests == []
        assert terminal.leave() == 0
    finally:
        terminal.close()


def test_bash_completes_the_sessions_that_there_are(place: Place) -> None:
    script = place.cwd / "completion"
    script.write_text(place.llmos("completion", "bash").out)

    def offered(*words: str) -> list[str]:
        line = " ".join(f"'{one}'" for one in words)
        done = subprocess.run(
            [
                "bash",
                "-c",
                f'llmos() {{ {sys.executable} -m llmos "$@"; }}; source {script}; '
                f"COMP_WORDS=(llmos {line}); COMP_CWORD={len(words)}; _llmos; "
                'printf "%s\\n" "${COMPREPLY[@]}"',
            ],
            cwd=place.cwd,
            env=place.env,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.split()

    ids = [path.stem for path in (place.cwd / "workspace/memory/sessions").glob("*.jsonl")]
    assert sorted(offered("--resume", "")) == sorted([*ids, "report"])
    assert offered("-r", "rep") == ["report"]
    assert offered("--permission-mode", "dont") == ["dontAsk"]
    assert offered("--replay-only", "--fork") == ["--fork-session"]
