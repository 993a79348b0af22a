"""What the README says is run: every command, every Python block, and the demo."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmos.interfaces.demo import GOALS
from llmos.interfaces.scripted_model import Conversation, ScriptedModel, Text, ToolUse, Turn
from llmos.interfaces.settings import KEYS
from support import ROOT, Place, conversation

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
COUNT = "count the lines of data.csv"


def blocks(language: str) -> list[str]:
    return [text for name, text in BLOCKS if name == language]


def commands(program: str) -> list[list[str]]:
    """Return the arguments of every command of a program in the README's shell blocks."""
    lines = [line for block in blocks("bash") for line in block.splitlines()]
    split = [shlex.split(line, comments=True) for line in lines]
    return [words[1:] for words in split if words and words[0] == program]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with ScriptedModel([]) as model:
        yield Place(tmp_path, model)


def test_no_command_of_the_readme_is_left_out_here() -> None:
    programs = {
        shlex.split(line, comments=True)[0]
        for block in blocks("bash")
        for line in block.splitlines()
        if line.strip()
    }
    assert programs == {"make", "llmos"}
    assert commands("make") == [["demo"], ["test"]]
    assert [one[0] for one in commands("llmos")] == ["--help", "--version", "trace", "--dry-run"]
    assert len(blocks("python")) == 2


def test_make_calls_what_the_readme_says() -> None:
    def steps(target: str) -> str:
        # As if the environment was there already: setting it up is the gate's affair.
        return subprocess.run(
            ["make", "--dry-run", "--old-file=.venv/.ready", target],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    assert "python boot.py demo" in steps("demo")
    tested = steps("test")
    for check in ("ruff check", "ruff format --check", "pyright", "python -m pytest"):
        assert check in tested
    assert "make test" in (ROOT / ".ci/run").read_text()
    assert "pip install --quiet --no-compile -r requirements.txt" in (ROOT / "Makefile").read_text()


@pytest.mark.parametrize("arguments", commands("llmos"), ids=" ".join)
def test_a_command_of_the_readme_runs(arguments: list[str], place: Place) -> None:
    done = place.llmos(*arguments)
    assert (done.code, "error" in done.err) == (0, False), done.err
    assert place.model.requests == []


def test_what_help_promises_is_what_there_is(place: Place) -> None:
    shown = place.llmos("--help").out
    for word in ("--dry-run", "--replay-only", "--json", "exit codes:", "demo", "trace  "):
        assert word in shown
    assert re.fullmatch(r"llmos \d+\.\d+\.\d+\n", place.llmos("--version").out)


def test_the_dry_run_of_the_readme_changes_nothing(place: Place) -> None:
    (place.cwd / "data.csv").write_text("a\nb\n")
    place.model.add(conversation(COUNT, "wc -l < data.csv", answer="2"))
    assert ["--dry-run", COUNT] in commands("llmos")
    assert place.llmos("--dry-run", COUNT).out.startswith("LEARNER ~$0.50\n")
    assert place.llmos(COUNT).out == "2\n"
    assert "FOLLOWER" in place.llmos("--dry-run", COUNT).out
    assert COUNT in place.llmos("trace", "list").out


def test_the_library_example_of_the_readme_runs(place: Place) -> None:
    (example,) = [block for block in blocks("python") if "LLMOS(" in block]
    (place.cwd / "example.py").write_text(example)
    done = place.python("example.py")
    assert (done.code, done.out) == (0, "LEARNER\n"), done.err
    # The lines that would cost money are comments there; here the model is scripted.
    place.model.add(conversation("Create a CSV parser", "echo parser", answer="made"))
    (place.cwd / "example.py").write_text(re.sub(r"# (result = |print\(result)", r"\1", example))
    done = place.python("example.py")
    assert (done.code, done.out) == (0, "LEARNER\nLEARNER 0.005 made\n"), done.err
    done = place.python("example.py")
    assert (done.code, done.out) == (0, "FOLLOWER\nFOLLOWER 0.0 made\n"), done.err


def test_the_plugin_of_the_readme_is_dropped_in_and_works(place: Place) -> None:
    (plugin,) = [block for block in blocks("python") if "llm_tool" in block]
    folder = place.cwd / "workspace/plugins"
    folder.mkdir(parents=True)
    (folder / "quantum.py").write_text(plugin)
    call = ToolUse("mcp__llmos__simulate_circuit", {"circuit_spec": "H", "shots": 9})
    place.model.add(Conversation("simulate", [Turn(call), Turn(Text("simulated"))]))
    learned = place.llmos("--json", "simulate")
    assert (learned.json["mode"], learned.json["steps"]) == ("LEARNER", 1), learned.err
    assert place.llmos("--json", "simulate").json["mode"] == "FOLLOWER"


def test_every_setting_of_the_readme_is_one() -> None:
    named = set(re.findall(r"\bLLMOS_[A-Z_]+", README))
    known = {name for key in KEYS for name in (key.variable, key.older)}
    assert named <= known | {"LLMOS_HOME", "LLMOS_PROFILE"}


def without_key(place: Place) -> None:
    """Leave nothing in the environment by which a model could be reached."""
    for name in [one for one in place.env if one.startswith(("ANTHROPIC", "CLAUDE"))]:
        del place.env[name]


def test_the_demo_needs_no_key_and_ends_with_its_table(place: Place) -> None:
    without_key(place)
    done = place.llmos("demo", COLUMNS="200")
    assert done.code == 0, done.err
    assert "answers in this demo are scripted; everything else is real" in done.err
    rows = done.out.splitlines()
    for goal in GOALS:
        (at,) = [number for number, row in enumerate(rows) if goal in row]
        assert "LEARNER" in rows[at]
        assert "FOLLOWER" in rows[at + 1]
        assert "$0.0000" in rows[at + 1]
    for heading in ("mode", "steps", "seconds", "cost", "saved"):
        assert heading in done.out
    assert list(place.cwd.iterdir()) == []


@pytest.mark.nightly
def test_the_demo_as_json(place: Place) -> None:
    without_key(place)
    done = place.python(str(ROOT / "boot.py"), "demo", "--json")
    assert done.code == 0, done.err
    rows = json.loads(done.out)
    assert [row["goal"] for row in rows] == list(GOALS)
    for row in rows:
        learned, replayed = row["learned"], row["replayed"]
        assert (learned["mode"], replayed["mode"]) == ("LEARNER", "FOLLOWER")
        assert learned["total_cost_usd"] == replayed["saved_usd"] > 0
        assert replayed["total_cost_usd"] == 0
        assert replayed["result"] == learned["result"]
