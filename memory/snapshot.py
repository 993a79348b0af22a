"""Snapshots of the working directory: what a run changed, and the way back.

Contents are kept once, by their hash. A stat cache makes the second snapshot of an unchanged tree
cost a listing only. Entries that cannot be copied (sockets, unreadable files) are remembered as
not restorable and are never touched.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ..kernel.atomic import make_private_dir
from ..kernel.database import open_database, transaction
from ..kernel.errors import LlmosError
from ..kernel.record import Record
from .blobs import BlobFolder
from .traces import FileState

_SCHEMA = """
CREATE TABLE IF NOT EXISTS cache (
    path BLOB PRIMARY KEY,
    stamp TEXT NOT NULL,
    sha256 TEXT NOT NULL
) WITHOUT ROWID;
"""
_TICK_NS = 20_000_000
"""Coarsest clock of a file system that is reckoned with.

A file changed less than this before it was read may change again without its times changing, so
what was read of it is not cached.
"""


class SnapshotTooLarge(LlmosError):
    """The directory holds more than can be snapshotted."""


class SnapshotLimits(Record):
    """The largest tree that is snapshotted.

    Attributes:
        files: Entries.
        bytes: Bytes in all its files.
    """

    files: int = 50_000
    bytes: int = 512 * 2**20


class Entry(Record):
    """One entry of a tree.

    Attributes:
        kind: ``file``, ``directory``, ``symlink`` or ``other`` (cannot be restored).
        mode: Permission bits.
        sha256: Hash of a file's bytes; target of a symlink; else empty.
        mtime_ns: Modification time.
    """

    kind: str
    mode: int
    sha256: str = ""
    mtime_ns: int = 0

    @property
    def state(self) -> FileState:
        """The entry as traces record it."""
        if self.kind == "file":
            return FileState(sha256=self.sha256, mode=self.mode)
        if self.kind == "symlink":
            return FileState(sha256=f"link:{self.sha256}", mode=None)
        return FileState(sha256=self.kind, mode=self.mode)


class Change(Record):
    """A difference between two snapshots of a tree.

    Attributes:
        path: Relative to the root, with ``/``.
        before: The entry before, or None if there was none.
        after: The entry after, or None if there is none.
    """

    path: str
    before: Entry | None
    after: Entry | None

    @property
    def is_file(self) -> bool:
        """Whether a file or link is concerned, not only a directory."""
        kinds = {entry.kind for entry in (self.before, self.after) if entry is not None}
        return bool(kinds & {"file", "symlink"})

    @property
    def before_state(self) -> FileState:
        """The state before, as traces record it."""
        return FileState(sha256=None, mode=None) if self.before is None else self.before.state

    @property
    def after_state(self) -> FileState:
        """The state after, as traces record it."""
        return FileState(sha256=None, mode=None) if self.after is None else self.after.state


class Snapshot(Record):
    """A tree at one moment: entries by their path relative to the root."""

    entries: dict[str, Entry]


class RestoreReport(Record):
    """What a restore did.

    Attributes:
        restored: Paths that were put back.
        lost: Paths that could not be put back.
    """

    restored: tuple[str, ...]
    lost: tuple[str, ...]


class SnapshotStore:
    """Takes snapshots and restores from them. Its calls block.

    Args:
        folder: Where contents and the stat cache are kept.
        limits: The largest tree.
    """

    def __init__(self, folder: Path, limits: SnapshotLimits | None = None) -> None:
        self._folder = folder
        self._limits = limits or SnapshotLimits()
        self._blobs = BlobFolder(folder / "blobs")
        self._lock = threading.Lock()
        self._cache: sqlite3.Connection | None = None

    def take(self, root: Path, exclude: Sequence[Path]) -> Snapshot:
        """Take a snapshot of a tree.

        Args:
            root: The tree; absolute.
            exclude: Absolute paths to leave out.

        Returns:
            The snapshot.

        Raises:
            SnapshotTooLarge: If the tree passes the limits; nothing is copied then.
            OSError: If contents cannot be kept.
        """
        found = self._walk(root, exclude)
        with self._lock:
            cache = self._open_cache()
            known = _Cache(cache, root)
            entries = {path: self._entry(root, path, stat, known) for path, stat in found.items()}
            known.save()
        return Snapshot({path: entry for path, entry in entries.items() if entry is not None})

    def diff(self, before: Snapshot, after: Snapshot) -> list[Change]:
        """Return what differs between two snapshots, by path; times alone do not count."""
        changes: list[Change] = []
        for path in sorted(before.entries.keys() | after.entries.keys()):
            old, new = before.entries.get(path), after.entries.get(path)
            if _content(old) != _content(new):
                changes.append(Change(path, old, new))
        return changes

    def restore(self, snapshot: Snapshot, root: Path, exclude: Sequence[Path]) -> RestoreReport:
        """Bring a tree back to a snapshot, byte for byte, with modes, links and times.

        Only what differs is touched, and nothing outside the root.

        Args:
            snapshot: What to bring back.
            root: The tree; absolute.
            exclude: Absolute paths to leave alone.
        """
        changes = self.diff(snapshot, self.take(root, exclude))
        restored: list[str] = []
        lost: list[str] = []
        # What is in the way goes first, the deepest first; then what is missing comes back.
        for change in reversed(changes):
            if change.after is not None and not _same_kind(change):
                _try(_remove, root / change.path, change, lost)
        for change in changes:
            if change.path in lost:
                continue
            if change.before is not None:
                _try(self._put_back, root / change.path, change, lost)
            if change.path not in lost:
                restored.append(change.path)
        self._times_of_folders(snapshot, root, changes)
        return RestoreReport(tuple(restored), tuple(lost))

    def close(self) -> None:
        """Close the cache."""
        with self._lock:
            if self._cache is not None:
                self._cache.close()
                self._cache = None

    def _walk(self, root: Path, exclude: Sequence[Path]) -> dict[str, os.stat_result]:
        left_out = {os.fspath(path) for path in exclude}
        found: dict[str, os.stat_result] = {}
        size = 0
        for path, stat_result in _entries(os.fspath(root), "", left_out):
            found[path] = stat_result
            if stat.S_ISREG(stat_result.st_mode):
                size += stat_result.st_size
            if len(found) > self._limits.files or size > self._limits.bytes:
                raise SnapshotTooLarge(
                    f"the working directory holds more than {self._limits.files:,} files or "
                    f"{self._limits.bytes // 2**20} MB, too much to watch for changes",
                    hint="start llmos in a smaller folder",
                )
        return found

    def _entry(self, root: Path, path: str, found: os.stat_result, known: _Cache) -> Entry | None:
        mode = stat.S_IMODE(found.st_mode)
        if stat.S_ISDIR(found.st_mode):
            return Entry("directory", mode, mtime_ns=found.st_mtime_ns)
        full = root / path
        try:
            if stat.S_ISLNK(found.st_mode):
                return Entry("symlink", 0, os.fspath(full.readlink()), found.st_mtime_ns)
            if not stat.S_ISREG(found.st_mode):
                return Entry("other", mode)
            digest = known.get(path, found)
            if digest is None or not self._blobs.has(digest):
                digest = self._blobs.keep(full)
                known.put(path, found, digest)
            return Entry("file", mode, digest, found.st_mtime_ns)
        except FileNotFoundError:
            return None
        except PermissionError:
            return Entry("other", mode)

    def _put_back(self, path: Path, change: Change) -> None:
        entry = change.before
        assert entry is not None
        if entry.kind == "directory":
            path.mkdir(exist_ok=True)
            path.chmod(entry.mode)
        elif entry.kind == "symlink":
            path.unlink(missing_ok=True)
            path.symlink_to(entry.sha256)
            os.utime(path, ns=(entry.mtime_ns, entry.mtime_ns), follow_symlinks=False)
        elif entry.kind == "file":
            self._blobs.put_back(entry.sha256, path, entry.mode, entry.mtime_ns)
        elif change.after is None or change.after != entry:
            raise OSError(f"{path} cannot be made again")

    def _times_of_folders(self, snapshot: Snapshot, root: Path, changes: Iterable[Change]) -> None:
        parents = {change.path.rpartition("/")[0] for change in changes}
        for path in sorted(parents, reverse=True):
            entry = snapshot.entries.get(path)
            if entry is not None and entry.kind == "directory" and (root / path).is_dir():
                os.utime(root / path, ns=(entry.mtime_ns, entry.mtime_ns))

    def _open_cache(self) -> sqlite3.Connection:
        if self._cache is None:
            make_private_dir(self._folder)
            self._cache = open_database(self._folder / "cache.sqlite", _SCHEMA)
            # A cache need not survive a power loss.
            self._cache.execute("PRAGMA synchronous=OFF")
        return self._cache


class _Cache:
    """The stat cache of one tree, read at once and saved at once."""

    def __init__(self, connection: sqlite3.Connection, root: Path) -> None:
        self._connection = connection
        self._root = os.fsencode(root) + b"/"
        query = "SELECT path, stamp, sha256 FROM cache WHERE path >= ? AND path < ?"
        bounds = (self._root, self._root + b"\xff")
        self._known = {row[0]: (row[1], row[2]) for row in connection.execute(query, bounds)}
        self._new: list[tuple[bytes, str, str]] = []
        self._now_ns = time.time_ns()

    def get(self, path: str, found: os.stat_result) -> str | None:
        stamp, digest = self._known.get(self._root + os.fsencode(path), ("", None))
        return digest if stamp == _stamp(found) else None

    def put(self, path: str, found: os.stat_result, digest: str) -> None:
        if self._now_ns - max(found.st_mtime_ns, found.st_ctime_ns) > _TICK_NS:
            self._new.append((self._root + os.fsencode(path), _stamp(found), digest))

    def save(self) -> None:
        if self._new:
            with transaction(self._connection) as connection:
                connection.executemany("INSERT OR REPLACE INTO cache VALUES (?, ?, ?)", self._new)


def _stamp(found: os.stat_result) -> str:
    times = f"{found.st_mtime_ns} {found.st_ctime_ns}"
    return f"{found.st_dev} {found.st_ino} {found.st_size} {times}"


def _entries(root: str, inside: str, left_out: set[str]) -> Iterator[tuple[str, os.stat_result]]:
    """Yield path and stat of everything below a root, folders before what they hold."""
    try:
        with os.scandir(f"{root}/{inside}") as scan:
            found = list(scan)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    for entry in found:
        if entry.path in left_out:
            continue
        path = f"{inside}/{entry.name}" if inside else entry.name
        try:
            result = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue
        yield path, result
        if stat.S_ISDIR(result.st_mode):
            yield from _entries(root, path, left_out)


def _content(entry: Entry | None) -> tuple[str, int, str] | None:
    return None if entry is None else (entry.kind, entry.mode, entry.sha256)


def _same_kind(change: Change) -> bool:
    return (
        change.before is not None
        and change.after is not None
        and change.before.kind == change.after.kind
    )


def _remove(path: Path, change: Change) -> None:
    assert change.after is not None
    if change.after.kind == "directory":
        from shutil import rmtree

        # What was below it and was there before is in the snapshot and comes back.
        rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _try(action: object, path: Path, change: Change, lost: list[str]) -> None:
    assert callable(action)
    try:
        action(path, change)
    except FileNotFoundError:
        if change.before is not None:
            lost.append(change.path)
    except OSError:
        lost.append(change.path)
