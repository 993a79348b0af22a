"""Undo, redo and diff of past runs: one implementation for the command line and the shell."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import anyio

from ..kernel.errors import ApprovalError, LlmosError
from ..kernel.locks import directory_lock, file_lock
from ..memory.past_runs import MAY_REDO, MAY_UNDO, Move, PastRun, PastRuns
from ..memory.tree import Change, Entry
from .plain_text import say
from .system import System
from .undo_view import some_paths

T = TypeVar("T")
_ANY = (*MAY_UNDO, *MAY_REDO)
_TEXT = 2**20
"""Bytes up to which a file is compared line by line."""


class Undoing:
    """What a user may do about past runs.

    Args:
        system: The booted system.
    """

    def __init__(self, system: System) -> None:
        self._system = system
        self._past = PastRuns(system.journal)

    async def runs(self) -> list[PastRun]:
        """Return the newest runs in the working directory, newest first."""
        return await _in_thread(partial(self._past.list, self._system.cwd))

    async def diff(self, name: str) -> tuple[PastRun, list[Change]]:
        """Return a run and what it changed.

        Args:
            name: The run's id, or the beginning of one; empty for the last one.

        Raises:
            UsageError: If there is no such run.
        """
        return await _in_thread(partial(self._diff, name))

    async def move(self, name: str, *, redo: bool, force: bool) -> Move:
        """Undo or redo a run.

        Args:
            name: The run's id, or the beginning of one; empty for the last one that can be.
            redo: Whether it is redone.
            force: Whether what was changed since is replaced as well.

        Raises:
            UsageError: If there is no such run.
            ApprovalError: If something was changed since, or was not kept; nothing is done then.
        """
        what, states = ("redo", MAY_REDO) if redo else ("undo", MAY_UNDO)
        find = partial(self._past.find, name, self._system.cwd, states=states, what=what)
        run = await _in_thread(find)
        if run.state not in states:
            raise LlmosError(f"run {run.id} cannot be {what}ne: it is {run.state}")
        move = partial(self._move, run, redo=redo, force=force)
        done: list[Move] = []
        async with directory_lock(
            self._system.locks, run.root, waiting=_waiting, sleep=anyio.sleep
        ):
            # A cancelled undo would be half an undo.
            with anyio.CancelScope(shield=True):
                done.append(await _in_thread(move))
        return done[0]

    async def changed_since(self, paths: Sequence[str]) -> list[Change]:
        """Return how files differ from what the last run left of them, as far as that is kept.

        Args:
            paths: Relative to the working directory.
        """
        return await _in_thread(partial(self._past.changed_since, self._system.cwd, paths))

    def content_of(self, entry: Entry | None) -> bytes | None:
        """Return the bytes of an entry's file; None if it has none, or they are too many."""
        if entry is None or entry.kind != "file":
            return None
        data = bytearray()
        try:
            for chunk in self._system.journal.contents.read(bytes.fromhex(entry.sha256)):
                data += chunk
                if len(data) > _TEXT:
                    return None
        except OSError:
            return None
        return bytes(data)

    def _diff(self, name: str) -> tuple[PastRun, list[Change]]:
        run = self._past.find(name, self._system.cwd, states=_ANY, what="compare")
        return run, self._past.changes(run)

    def _move(self, run: PastRun, *, redo: bool, force: bool) -> Move:
        # What stands there now is kept by the plan, and needed when it has been carried out.
        with file_lock(self._system.journal.contents_lock, shared=True):
            plan = self._past.plan(run, redo=redo)
            if not force:
                _check(plan)
            return self._past.carry_out(plan)


class ChangedSinceError(ApprovalError):
    """Undoing or redoing would replace what was changed since, or leave out what was not kept."""

    def __init__(self, message: str, move: Move) -> None:
        super().__init__(message, hint="look with llmos diff; --force does it all the same")
        self.move = move


def _check(plan: Move) -> None:
    said: list[str] = []
    if plan.conflicts:
        said.append(f"changed since: {some_paths(plan.conflicts)}")
    if plan.impossible:
        said.append(f"not kept, so it cannot be brought back: {some_paths(plan.impossible)}")
    if said:
        what = "redone" if plan.redo else "undone"
        raise ChangedSinceError(f"run {plan.run.id} was not {what}; " + "; ".join(said), plan)


def _waiting(holder: str) -> None:
    said = f"llmos: another run works in this directory (process {holder}); waiting for it"
    say(said, sys.stderr)


async def _in_thread(work: Callable[[], T]) -> T:
    return await anyio.to_thread.run_sync(work)
