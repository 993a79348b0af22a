"""Runs llmos, and steps of a benchmark, in processes of their own, and says what each took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from llmos.interfaces.scripted_model import ScriptedModel

LLMOS = ("-c", "from llmos.__main__ import main; raise SystemExit(main())")
SETTLED_S = 0.2
"""Longer than the index takes to believe that a folder is at rest, where times are fine."""


class Place:
    """A workspace with its user, and processes that work in it.

    Args:
        folder: Holds all of it.
        script: The benchmark whose steps run in processes of their own.
    """

    def __init__(self, folder: Path, script: str) -> None:
        self.folder = folder
        self._script = script
        self.workspace = folder / "workspace"
        self.memory = self.workspace / "memory"
        self.traces = self.memory / "traces"
        self.home = folder / "home"
        self.state = self.home / "llmos" / "state"
        self.cwd = folder / "place"

    def run(self, *arguments: str) -> dict[str, float]:
        """Run Python with some arguments; return seconds, processor seconds and peak MB."""
        with ScriptedModel([]) as model:  # nobody to ask
            environment = model.environment(self.home)
        environment["LLMOS_WORKSPACE"] = str(self.workspace)
        with (self.folder / "said.txt").open("w+b") as said:
            began = time.perf_counter()
            child = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=self.cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
            )
            _, status, used = os.wait4(child.pid, 0)
            took = time.perf_counter() - began
            child.returncode = os.waitstatus_to_exitcode(status)
            if child.returncode:
                said.seek(0)
                raise SystemExit(f"{arguments[:4]}: {said.read().decode(errors='replace')}")
        cpu = used.ru_utime + used.ru_stime
        return {"s": took, "cpu_s": cpu, "mb": used.ru_maxrss / 1024}

    def llmos(self, *arguments: str) -> dict[str, float]:
        """Run llmos as `run` does."""
        return self.run(*LLMOS, *arguments)

    def step(self, name: str, *given: str) -> Any:
        """Run a step of this script in a process of its own; return what it found."""
        answer = self.folder / f"{name}.json"
        used = self.run(self._script, "--step", name, str(self.folder), *given)
        return json.loads(answer.read_text()) | {"cpu_s": used["cpu_s"], "mb": used["mb"]}

    def settle(self) -> None:
        """Wait until the folder is at rest, and let the index see it."""
        time.sleep(SETTLED_S)
        self.llmos("trace", "list", "--limit", "1")
