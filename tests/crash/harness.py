"""Kills llmos at named points, starts it again, and says what it finds."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

import psutil

from llmos.interfaces.scripted_model import Conversation, ScriptedModel, Text, ToolUse, Turn
from llmos.kernel.crash_points import VARIABLE
from llmos.kernel.token_economy import TokenEconomy
from llmos.memory.codec import read_trace
from support import ROOT, Outcome, Place
from trees import TreeState, tree_of

GOAL = "tidy the place up"
NEW_GOAL = "learn while being killed"
COMMAND = (
    "mv a.txt sub/b.txt; rm gone.txt; chmod 755 tool.sh; ln -s tool.sh link; mkdir -p new/empty; "
    "printf changed > keep.txt; rmdir void"
)
KILLED = -signal.SIGKILL


class Grounds:
    """A place that can be brought back to how it was, and in which llmos can be killed.

    Args:
        folder: An empty folder.
        model: The model.
    """

    def __init__(self, folder: Path, model: ScriptedModel) -> None:
        self.place = Place(folder / "place", model)
        self._folder = folder
        self._kept: dict[str, Path] = {}
        self._server = subprocess.Popen(
            [sys.executable, "-m", "crash.fork_server"],
            cwd=ROOT / "tests",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**self.place.env, VARIABLE: "none"},
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.communicate()

    def llmos(self, *arguments: str, crash: str = "none") -> Outcome:
        """Run llmos in a process of its own, killed at a point."""
        request = {
            "arguments": arguments,
            "cwd": str(self.place.cwd),
            "env": self.place.env,
            "crash": crash,
        }
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()
        answer = json.loads(self._server.stdout.readline())
        return Outcome(answer["code"], answer["out"], answer["err"])

    def set_up(self) -> None:
        """Learn a goal that changes files in every way, and keep three moments of the place."""
        cwd = self.place.cwd
        (cwd / "sub").mkdir()
        (cwd / "void").mkdir(mode=0o750)
        for name in ("a.txt", "gone.txt", "keep.txt", "tool.sh", "input.txt"):
            (cwd / name).write_text(f"this is {name}\n")
        (cwd / "gone.txt").chmod(0o640)
        learned = self.llmos("--json", GOAL)
        assert learned.code == 0, learned.err
        undone = self.llmos("undo")
        assert undone.code == 0, undone.err
        self.keep("before")
        assert self.llmos("--replay-only", GOAL).code == 0
        self.keep("after")
        self.back_to("before")
        (cwd / "input.txt").unlink()  # the last step fails, and all before it is rolled back
        self.keep("drifting")

    def keep(self, name: str) -> None:
        """Keep the place and its home as they are."""
        kept = self._folder / "kept" / name
        shutil.copytree(self.place.cwd.parent, kept, symlinks=True)
        self._kept[name] = kept

    def back_to(self, name: str) -> None:
        """Bring the place and its home back to a moment that was kept."""
        for folder in self.place.cwd.parent.iterdir():
            shutil.rmtree(folder)
        shutil.copytree(self._kept[name], self.place.cwd.parent, symlinks=True, dirs_exist_ok=True)

    def tree(self, name: str | None = None) -> TreeState:
        """Return what stands in the place, or stood there at a moment that was kept."""
        root = self.place.cwd if name is None else self._kept[name] / self.place.cwd.name
        return tree_of(root, without="workspace")

    @property
    def memory(self) -> Path:
        """The workspace's memory."""
        return self.place.cwd / "workspace/memory"

    def check_memory(self) -> None:
        """Check that no trace is half, and that the ledger adds up and holds nothing."""
        for path in (self.memory / "traces").glob("t-*.json"):
            assert read_trace(path).trace_id == path.stem
        economy = TokenEconomy(10.0, ledger=self.memory / "ledger.sqlite")
        assert economy.audit()
        assert economy.held == 0
        economy.close()

    def spent(self) -> int:
        """Return what was spent here, micro-dollars."""
        economy = TokenEconomy(10.0, ledger=self.memory / "ledger.sqlite")
        spent = economy.spent
        economy.close()
        return spent

    def wait_until_quiet(self) -> None:
        """Wait until nothing runs that the place's processes left behind."""
        for _ in range(600):
            if not any(map(self._is_of_a_run, psutil.process_iter())):
                return
            time.sleep(0.05)
        raise AssertionError("a killed run left processes behind")

    def _is_of_a_run(self, process: psutil.Process) -> bool:
        try:
            environment = process.environ()
        except psutil.Error:
            return False
        ours = environment.get("HOME") == str(self.place.home)
        return ours and process.pid != self._server.pid


def conversations() -> list[Conversation]:
    """Return what the model answers."""
    made: dict[str, Any] = {"file_path": "made.txt", "content": "made\n"}
    new: dict[str, Any] = {"file_path": "learned.txt", "content": "learned\n"}
    return [
        Conversation(GOAL, [
            Turn(ToolUse("Write", made)),
            Turn(ToolUse("Bash", {"command": COMMAND})),
            Turn(ToolUse("Bash", {"command": "cat input.txt"})),
            Turn(Text("tidied up")),
        ]),
        Conversation(NEW_GOAL, [
            Turn(ToolUse("Write", new)),
            Turn(Text("learned")),
        ]),
    ]  # fmt: skip
