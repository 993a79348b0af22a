"""Traces that are learned by real drivers in real folders, and replayed there; no model."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from factory import LEARNED_AT, make_trace
from llmos.interfaces.follower import Follower, Replay
from llmos.interfaces.witness import effects_of
from llmos.kernel.drivers import standard_drivers
from llmos.kernel.tools import ToolCall, ToolRegistry, ToolSession
from llmos.memory.bound import bind_trace
from llmos.memory.evidence import Evidence
from llmos.memory.file_state import resolve, state_of
from llmos.memory.journal import Journal
from llmos.memory.journal_tables import RunHeader
from llmos.memory.learning import LearnedCall, build_trace
from llmos.memory.traces import Kind, Trace
from parameters import with_parameters

ID = "t-1"


class World:
    """A working directory in which goals are learned and replayed by the real drivers."""

    def __init__(self, folder: Path) -> None:
        self.cwd = folder / "place"
        self.cwd.mkdir()
        self.evidence = Evidence(None)
        self.journal = Journal(folder / "undo")
        self._registry = ToolRegistry(standard_drivers())
        self.home = folder
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"}

    def put(self, path: str, text: str) -> None:
        """Write a file."""
        file = self.cwd / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def text(self, path: str) -> str:
        """Return what is in a file."""
        return (self.cwd / path).read_text()

    def files(self) -> dict[str, str]:
        """Return every file of the directory with its text."""
        found = (path for path in self.cwd.rglob("*") if path.is_file())
        return {path.relative_to(self.cwd).as_posix(): path.read_text() for path in found}

    def learn(
        self,
        goal: str,
        *calls: tuple[str, Mapping[str, Any]],
        answer: str,
        kinds: Mapping[str, Kind],
    ) -> Trace:
        """Carry calls out, and return the trace of that."""
        trace = self._learn(goal, calls, answer)
        known = {effect.path: effect.after.sha256 for effect in trace.effects}
        self.evidence.note_left(ID, {path: sha for path, sha in known.items() if sha})
        return with_parameters(trace, kinds)

    def replay(self, trace: Trace, **values: str) -> Replay:
        """Replay a trace with some values instead of the learned ones."""
        bound = bind_trace(trace, {one.name: one.value for one in trace.parameters} | values)
        left = self.evidence.left(ID)
        follower = Follower(
            self._registry, self.journal, lambda _event: None, self.cwd, env=self.env
        )
        replay = follower.follow(ID, bound, run_id=uuid.uuid4().hex, left=left, learned=trace)
        if replay.drift is None:
            self.evidence.note_left(ID, replay.left)
        return replay

    def _learn(
        self, goal: str, calls: tuple[tuple[str, Mapping[str, Any]], ...], answer: str
    ) -> Trace:
        session = ToolSession(self.cwd, self.cwd, self.env)
        run = self.journal.begin(RunHeader(uuid.uuid4().hex, goal, "LEARNER"), self.cwd)
        done: list[LearnedCall] = []
        for tool, given in calls:
            path = resolve(str(given.get("file_path", "")), self.cwd)
            writes = tool in ("Write", "Edit")
            was = state_of(path) if writes else None
            at = time.time()
            result = self._registry.get(tool).run(given, session)
            now = state_of(path) if writes else None
            done.append(LearnedCall(ToolCall(tool, given), result, at, True, was, now))
        changes = run.changes()
        run.close(changes)
        self.learned_by, self.learned_changes = run, changes
        effects = effects_of(changes)
        trace = build_trace(
            goal,
            done,
            answer,
            effects,
            make_trace(goal, learned_at=LEARNED_AT).provenance,
            cwd=str(self.cwd),
            permission_mode="acceptEdits",
            registry=self._registry,
        )
        assert isinstance(trace, Trace), trace
        return trace
