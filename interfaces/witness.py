"""Sees what a model run does to the working directory, so that a replay can be checked.

Before the first call that may write, the directory is snapshotted; before and after each Write
and Edit the state of its file is noted. At the end the difference says which files the whole run
changed, those that Bash and plugins changed included.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import anyio

from ..kernel.errors import LlmosError
from ..kernel.tools import ToolCall
from ..memory.file_state import resolve, state_of
from ..memory.snapshot import Snapshot, SnapshotStore
from ..memory.traces import FileEffect, FileState

_READERS = frozenset({"Read", "Glob", "Grep"})
_WRITERS = frozenset({"Write", "Edit"})


class DirectoryWitness:
    """The witness of one model run.

    Args:
        cwd: The working directory.
        snapshots: Where snapshots are kept.
        exclude: Absolute paths that are llmos's own.
    """

    def __init__(self, cwd: Path, snapshots: SnapshotStore, exclude: Sequence[Path]) -> None:
        self._cwd = cwd
        self._snapshots = snapshots
        self._exclude = tuple(exclude)
        self._first: Snapshot | None = None
        self._lock = anyio.Lock()
        self.problem: str | None = None
        self.before_states: dict[str, FileState] = {}
        self.after_states: dict[str, FileState] = {}

    async def before(self, call: ToolCall) -> None:
        """Note the world before a call; the call waits for this."""
        if call.name in _READERS:
            return
        await self._snapshot_once()
        if call.name in _WRITERS:
            self.before_states[call.id] = await self._state(call)

    async def after(self, call: ToolCall) -> None:
        """Note the world after a Write or Edit."""
        if call.name in _WRITERS:
            self.after_states[call.id] = await self._state(call)

    async def effects(self) -> tuple[FileEffect, ...]:
        """Return what the run changed in the working directory.

        Raises:
            LlmosError: If the directory cannot be snapshotted.
        """
        if self._first is None:
            return ()
        after = await anyio.to_thread.run_sync(self._snapshots.take, self._cwd, self._exclude)
        return effects_between(self._snapshots, self._first, after)

    async def _snapshot_once(self) -> None:
        async with self._lock:
            if self._first is not None or self.problem is not None:
                return
            try:
                self._first = await anyio.to_thread.run_sync(
                    self._snapshots.take, self._cwd, self._exclude
                )
            except (LlmosError, OSError) as error:
                # The run goes on; it only leaves no trace, because nobody could check a replay.
                self.problem = str(error)

    async def _state(self, call: ToolCall) -> FileState:
        path = resolve(str(call.input.get("file_path", "")), self._cwd)
        return await anyio.to_thread.run_sync(state_of, path)


def effects_between(
    snapshots: SnapshotStore, before: Snapshot, after: Snapshot
) -> tuple[FileEffect, ...]:
    """Return the files that differ between two snapshots; folders are implied by their files."""
    return tuple(
        FileEffect(path=change.path, before=change.before_state, after=change.after_state)
        for change in snapshots.diff(before, after)
        if change.is_file
    )
