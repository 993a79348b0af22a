"""What several test modules need: llmos as a real process against a scripted model."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from llmos.interfaces.scripted_model import Conversation, ScriptedModel, Text, ToolUse, Turn
from llmos.kernel.errors import SandboxError
from llmos.kernel.locks import file_lock
from llmos.kernel.orphans import MARK
from llmos.kernel.sandbox import Bubblewrap
from llmos.memory.codec import encode, read_trace
from llmos.memory.trust import Trust

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
            timeout=150,
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


class Taught:
    """Places that were taught something, each once for all workers of a test run.

    Only for tests of what comes after learning: those of learning learn themselves. So do those
    that undo what was learned, since the journal knows a place by its path.

    Args:
        folder: Where they are kept; the same one for all workers.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def teach(self, place: Place, lesson: str, *goals: str) -> None:
        """Learn goals in a new place, or bring it to where that led before.

        Args:
            place: The place; what stands in it is the same whenever the lesson is.
            lesson: What tells this from all other things that are taught.
            goals: The goals.
        """
        kept = self._folder / f"taught-{lesson}"
        folders = {"cwd": place.cwd, "home": place.home}
        with file_lock(self._folder / f"taught-{lesson}.lock"):
            if kept.exists():
                for name, folder in folders.items():
                    shutil.copytree(kept / name, folder, symlinks=True, dirs_exist_ok=True)
                self._sign(place)
                return
            for goal in goals:
                learned = place.llmos("--json", goal)
                assert learned.code == 0, learned.err
                assert learned.json["mode"] == "LEARNER", learned.out
            for name, folder in folders.items():
                shutil.copytree(folder, kept / name, symlinks=True)

    @staticmethod
    def _sign(place: Place) -> None:
        """Sign copied traces where they are now, as learning them there would have done."""
        for path in place.cwd.parent.rglob("memory/traces/t-*.json"):
            trace = read_trace(path).trace
            trust = Trust(place.home / "llmos/state", path.parent)
            path.write_bytes(encode(trace, trust.sign(trace.content)))


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


def can_confine() -> bool:
    """Return whether commands can be confined on this machine, which not every one allows."""
    try:
        Bubblewrap()
    except SandboxError:
        return False
    return True
