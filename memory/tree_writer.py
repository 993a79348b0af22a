"""Puts entries of a tree in place: bytes, modes, links and times, through folders that are pinned.

No link is followed on the way, so that one that was put in place of a folder cannot lead a write
out of the tree. A file is written whole or not at all.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress

from ..kernel.atomic import write_all
from ..kernel.crash_points import crash_point
from .tree import Change, Entry, Tree, diff

Reader = Callable[[bytes], Iterable[bytes]]
"""Gives the content of a hash."""

_OWNER = 0o700
_MANY = 32
"""Paths from which on one sync of all is faster than one for each."""


class TreeWriter:
    """Changes entries of one tree. Its calls block.

    Args:
        root: The tree; absolute.
        read: Gives the content of a hash. May raise OSError.
    """

    def __init__(self, root: str, read: Reader) -> None:
        self._root = root
        self._read = read

    def put_back(self, changes: Iterable[Change]) -> tuple[list[str], list[str]]:
        """Bring entries from their `after` to their `before`.

        Args:
            changes: What differs, by path; `after` is what stands there now.

        Returns:
            The paths that are as they were, and those that could not be put back.
        """
        ordered = sorted(changes, key=lambda change: change.path)
        lost: dict[str, None] = {}
        # What is in the way goes first, the deepest first; then what is missing comes back.
        for change in reversed(ordered):
            if change.after is not None and not _same_kind(change):
                self._try(self._remove, change, lost)
                crash_point("rollback.removed")
        for change in ordered:
            if change.before is not None and change.path not in lost:
                self._try(self._make, change, lost)
                crash_point("rollback.put_back")
        done = [change.path for change in ordered if change.path not in lost]
        self._make_durable(done)
        return done, list(lost)

    def lay_out(self, tree: Tree) -> list[str]:
        """Make every entry of a tree where nothing stands yet; nothing is made durable.

        Returns:
            The paths that could not be made.
        """
        entries = [Change(one.path, one.after, None) for one in diff(Tree(), tree)]
        lost: dict[str, None] = {}
        for change in entries:
            self._try(self._make, change, lost)
        folders = ((one.path, one.before) for one in entries)
        self.set_folders((path, one) for path, one in folders if one and one.kind == "directory")
        return list(lost)

    def _make_durable(self, paths: list[str]) -> None:
        """Have on the disk what was put in place, before anybody is told that it is."""
        if len(paths) > _MANY:
            os.sync()
            return
        for path in paths:
            with suppress(OSError), self._parent(path) as (folder, name):
                os.fsync(folder)
                flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
                descriptor = os.open(name, flags, dir_fd=folder)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)

    def set_folders(self, folders: Iterable[tuple[str, Entry]]) -> None:
        """Give folders the modes and times that they had, the deepest first."""
        for path, entry in sorted(folders, reverse=True, key=lambda one: one[0]):
            try:
                with self._parent(path) as (folder, name):
                    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
                    if stat.S_ISDIR(found.st_mode):
                        os.chmod(name, entry.mode, dir_fd=folder)
                        times = (entry.mtime_ns, entry.mtime_ns)
                        os.utime(name, ns=times, dir_fd=folder, follow_symlinks=False)
            except OSError:
                continue  # a folder that is not there has no time

    def _try(
        self, action: Callable[[int, str, Change], None], change: Change, lost: dict[str, None]
    ) -> None:
        try:
            with self._parent(change.path) as (folder, name):
                action(folder, name, change)
        except FileNotFoundError:
            if change.before is not None:
                lost[change.path] = None
        except OSError:
            lost[change.path] = None

    @contextmanager
    def _parent(self, path: str) -> Generator[tuple[int, str]]:
        """Open the folder that holds a path, without following a link below the root."""
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        *parents, name = path.split("/")
        folder = os.open(self._root, flags)
        try:
            for parent in parents:
                inner = os.open(parent, flags | os.O_NOFOLLOW, dir_fd=folder)
                os.close(folder)
                folder = inner
            yield folder, name
        finally:
            os.close(folder)

    def _remove(self, folder: int, name: str, change: Change) -> None:
        assert change.after is not None
        _allow_writing(folder)
        if change.after.kind == "directory":
            # What was made in it is gone by now; what else it holds is not ours to remove.
            os.rmdir(name, dir_fd=folder)
        else:
            os.unlink(name, dir_fd=folder)

    def _make(self, folder: int, name: str, change: Change) -> None:
        entry = change.before
        assert entry is not None
        _allow_writing(folder)
        if entry.kind == "directory":
            if change.after is None or change.after.kind != "directory":
                os.mkdir(name, dir_fd=folder)
            # Its own mode comes last, by `set_folders`: it may forbid what is still to be made.
            os.chmod(name, entry.mode | _OWNER, dir_fd=folder)
        elif entry.kind == "symlink":
            self._replace(folder, name, lambda new: os.symlink(entry.sha256, new, dir_fd=folder))
            times = (entry.mtime_ns, entry.mtime_ns)
            os.utime(name, ns=times, dir_fd=folder, follow_symlinks=False)
        elif entry.kind == "file":
            self._replace(folder, name, lambda new: self._write(folder, new, entry))
        elif entry.kind == "large" and change.after is not None and _same_but_mode(change):
            os.chmod(name, entry.mode, dir_fd=folder)
        else:
            raise OSError(f"{change.path} cannot be made again")

    def _replace(self, folder: int, name: str, make: Callable[[str], None]) -> None:
        temporary = f".tmp-{os.getpid()}-{os.urandom(6).hex()}"
        try:
            make(temporary)
            os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=folder)
            raise

    def _write(self, folder: int, name: str, entry: Entry) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(name, flags, 0o600, dir_fd=folder)
        try:
            for chunk in self._read(bytes.fromhex(entry.sha256)):
                write_all(descriptor, chunk)
            os.fchmod(descriptor, entry.mode)
            os.utime(descriptor, ns=(entry.mtime_ns, entry.mtime_ns))
        finally:
            os.close(descriptor)


def _allow_writing(folder: int) -> None:
    mode = stat.S_IMODE(os.fstat(folder).st_mode)
    if mode & _OWNER != _OWNER:
        os.fchmod(folder, mode | _OWNER)


def _same_kind(change: Change) -> bool:
    return (
        change.before is not None
        and change.after is not None
        and change.before.kind == change.after.kind
    )


def _same_but_mode(change: Change) -> bool:
    assert change.before is not None
    assert change.after is not None
    return change.before.sha256 == change.after.sha256
