"""A run that has begun: what it has changed so far, how it is closed, and how it is rolled back."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from ..kernel.crash_points import crash_point
from .journal_tables import DONE, ROLLED_BACK
from .tree import Change, Entry, Tree, diff

if TYPE_CHECKING:
    from .journal import Journal
    from .tree_watch import TreeWatch

_PRUNE_EVERY = 20
"""Runs after which the journal is pruned."""


class OpenRun:
    """A run that has begun. Its calls block.

    Attributes:
        before: The directory before it.
    """

    def __init__(
        self,
        journal: Journal,
        number: int,
        root: Path,
        exclude: Collection[Path],
        before: Tree,
        watch: TreeWatch | None = None,
        held: ExitStack | None = None,
    ) -> None:
        self._held = held or ExitStack()
        self._watch = watch
        self.before = before
        self.number = number
        self._journal = journal
        self._root = root
        self._exclude = exclude
        self._after: Tree | None = None

    def changes(self) -> list[Change]:
        """Look at the directory again; return what differs.

        Raises:
            TreeTooLarge: If it has grown far beyond the limits.
            OSError: If contents cannot be kept.
        """
        watch, self._watch = self._watch, None  # it says what changed once
        self._after = self._journal.look_again(self._root, self._exclude, self.before, watch)
        return diff(self.before, self._after)

    def close(self, changes: Iterable[Change], state: str = DONE) -> None:
        """Close the run, with what it changed."""
        crash_point("journal.closing")
        with self._held:
            self._journal.close_run(self.number, state, self.before, self._after, changes)
        crash_point("journal.closed")
        if self.number % _PRUNE_EVERY == 0:
            from .journal_pruning import prune  # what hardly any run needs

            prune(self._journal)

    def beat(self) -> None:
        """Note that the run goes on."""
        self._journal.note_alive(self.number)

    def roll_back(self, left: Collection[str] = ()) -> tuple[list[str], list[str]]:
        """Put the directory back as it was before the run.

        Args:
            left: Paths that stay as they are.

        Returns:
            The paths that were put back, and those that could not be.
        """
        crash_point("rollback.began")
        with self._held:
            changes = [one for one in self.changes() if one.path not in left]
            writer = self._journal.writer(self._root)
            restored, lost = writer.put_back(changes)
            writer.set_folders(self._folders_around(changes))
            # What later runs begin from is the tree before this one; what was put back is told
            # from it by its times, and read again.
            self._journal.close_run(self.number, ROLLED_BACK, self.before, None, changes)
        crash_point("rollback.done")
        return restored, lost

    def _folders_around(self, changes: Iterable[Change]) -> list[tuple[str, Entry]]:
        paths = {change.path for change in changes}
        paths |= {path.rpartition("/")[0] for path in paths} - {""}
        found = ((path, self.before.get(path)) for path in paths)
        return [(path, one) for path, one in found if one is not None and one.kind == "directory"]
