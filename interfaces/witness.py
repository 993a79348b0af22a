"""Sees what a model run does to the working directory, so that a replay can be checked.

Before the first call that may write, the run is begun in the journal; before and after each Write
and Edit the state of its file is noted. At the end the difference says which files the whole run
changed, those that Bash and plugins changed included, and the run can be undone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import anyio

from ..kernel.crash_points import crash_point
from ..kernel.errors import LlmosError
from ..kernel.tools import ToolCall
from ..memory.file_state import resolve, state_of
from ..memory.journal import Journal
from ..memory.journal_tables import RunHeader
from ..memory.open_run import OpenRun
from ..memory.traces import FileEffect, FileState
from ..memory.tree import Change

_READERS = frozenset({"Read", "Glob", "Grep"})
_WRITERS = frozenset({"Write", "Edit"})


class DirectoryWitness:
    """The witness of one model run.

    Args:
        header: What the run is called.
        cwd: The working directory.
        journal: Where what a run changes is kept.
        exclude: Absolute paths that are llmos's own.
        mark: Gives what the run's processes carry in their environment, once it has begun.
    """

    def __init__(
        self,
        header: RunHeader,
        cwd: Path,
        journal: Journal,
        exclude: Sequence[Path],
        mark: Callable[[], str] = str,
    ) -> None:
        self._header = header
        self._cwd = cwd
        self._journal = journal
        self._exclude = tuple(exclude)
        self._mark = mark
        self._run: OpenRun | None = None
        self._changes: list[Change] = []
        self._lock = anyio.Lock()
        self.problem: str | None = None
        self.before_states: dict[str, FileState] = {}
        self.after_states: dict[str, FileState] = {}

    async def before(self, call: ToolCall) -> None:
        """Note the world before a call; the call waits for this."""
        if call.name in _READERS:
            return
        await self._begin_once()
        if call.name in _WRITERS:
            self.before_states[call.id] = await self._state(call)

    async def after(self, call: ToolCall) -> None:
        """Note the world after a Write or Edit."""
        if call.name in _WRITERS:
            self.after_states[call.id] = await self._state(call)

    async def finish(self) -> None:
        """Close the run, however it ended; then it can be undone."""
        if self._run is None:
            return
        try:
            self._changes = await anyio.to_thread.run_sync(self._run.changes)
            crash_point("learn.captured")
        except (LlmosError, OSError) as error:
            self.problem = str(error)
        await anyio.to_thread.run_sync(self._run.close, self._changes)

    def effects(self) -> tuple[FileEffect, ...]:
        """Return the files that the finished run changed; folders are implied by their files."""
        return effects_of(self._changes)

    @property
    def run(self) -> OpenRun | None:
        """The run in the journal, or None if none was begun."""
        return self._run

    @property
    def changes(self) -> list[Change]:
        """What the finished run changed."""
        return self._changes

    async def _begin_once(self) -> None:
        async with self._lock:
            if self._run is not None or self.problem is not None:
                return
            mark = self._mark()
            if mark != self._header.id:
                self._header = replace(self._header, mark=mark)
            try:
                self._run = await anyio.to_thread.run_sync(
                    self._journal.begin, self._header, self._cwd, self._exclude
                )
            except (LlmosError, OSError) as error:
                # The run goes on; it only leaves no trace, because nobody could check a replay.
                self.problem = str(error)
                with suppress(LlmosError, OSError):
                    await anyio.to_thread.run_sync(
                        self._journal.note_not_kept, self._header, self._cwd, self.problem
                    )

    async def _state(self, call: ToolCall) -> FileState:
        path = resolve(str(call.input.get("file_path", "")), self._cwd)
        return await anyio.to_thread.run_sync(state_of, path)


def effects_of(changes: Iterable[Change]) -> tuple[FileEffect, ...]:
    """Return the changes of files, as a trace records them."""
    return tuple(
        FileEffect(path=change.path, before=change.before_state, after=change.after_state)
        for change in changes
        if change.is_file
    )
