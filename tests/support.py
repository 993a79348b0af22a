"""What several test modules need: llmos as a real process against a scripted model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from llmos.interfaces.scripted_model import Conversation, ScriptedModel, Text, ToolUse, Turn
from llmos.kernel.orphans import MARK

ROOT = Path(__file__).resolve().parent.parent
TURN_COST_USD = 0.0025
"""1000 tokens in and 50 out at the list price of the default model."""


@dataclass(frozen=True)
class Outcome:
    """What one llmos process gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Place:
    """A working directory with a home of its own, in which llmos runs as a real process."""

    def __init__(self, folder: Path, model: ScriptedModel) -> None:
        self.home = folder / "home"
        self.cwd = folder / "cwd"
        self.home.mkdir(parents=True)
        self.cwd.mkdir()
        self.model = model
        self.env = model.environment(self.home)

    @property
    def traces(self) -> list[Path]:
        return sorted((self.cwd / "workspace/memory/traces").glob("t-*.json"))

    def llmos(self, *arguments: str, stdin: str | None = None, **env: str) -> Outcome:
        return self.python("-m", "llmos", *arguments, stdin=stdin, **env)

    def python(self, *arguments: str, stdin: str | None = None, **env: str) -> Outcome:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.cwd,
            env={**self.env, **env},
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
        return self.start_python("-m", "llmos", *arguments, stdin=stdin)

    def start_python(
        self, *arguments: str, stdin: int = subprocess.DEVNULL
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self.cwd,
            env=self.env,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def marks_in(home: Path) -> list[str]:
    """Return the marks of the processes of a home: one for each CLI and each of its commands."""
    found: list[str] = []
    for process in psutil.process_iter():
        try:
            environment = process.environ()
            if process.pid != os.getpid() and environment.get("HOME") == str(home):
                found += [environment[MARK]] if MARK in environment else []
        except psutil.Error:
            continue
    return sorted(found)


def bash(*commands: str, answer: str = "done") -> Sequence[Turn]:
    """Return the turns of a model that runs some commands and answers."""
    return [*(Turn(ToolUse("Bash", {"command": one})) for one in commands), Turn(Text(answer))]


def conversation(goal: str, *commands: str, answer: str = "done") -> Conversation:
    """Return the conversation of a goal that some commands reach."""
    return Conversation(goal, bash(*commands, answer=answer))
