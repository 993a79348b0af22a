"""What stands in a directory at one moment, packed by folder; what differs between two moments.

A folder that has not changed since it was last looked at is told so by one comparison of bytes:
looking at an unchanged tree costs one ``lstat`` an entry, and little more.
"""

from __future__ import annotations

import os
import stat
from array import array
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from operator import attrgetter
from typing import NamedTuple

from ..kernel.record import Record, field
from .traces import FileState

_FIELDS = 5
_NO_CONTENT = bytes(32)
_DOUBTFUL = 0
_INODE = 2**63 - 1
_NEEDS_NONE = (stat.S_IFDIR, stat.S_IFLNK)
_stats_of = attrgetter("st_mode", "st_size", "st_mtime_ns", "st_ctime_ns", "st_ino")

Stats = tuple[int, int, int, int, int]
"""Mode, size, time of the last change of content and of anything (ns), number of the inode."""


class Entry(Record):
    """One entry of a tree.

    Attributes:
        kind: ``file``, ``directory``, ``symlink``, ``large`` (a file whose content is not kept) or
            ``other`` (it cannot be read, or is no file).
        mode: Permission bits.
        sha256: Hash of a file's bytes; target of a symlink; what tells a large file from another.
        mtime_ns: Modification time.
    """

    kind: str
    mode: int
    sha256: str = ""
    mtime_ns: int = 0

    @property
    def content(self) -> tuple[str, int, str]:
        """What two entries that are the same agree in: all but the time."""
        return self.kind, self.mode, self.sha256

    @property
    def state(self) -> FileState:
        """The entry as traces record it."""
        if self.kind == "file":
            return FileState(sha256=self.sha256, mode=self.mode)
        if self.kind == "symlink":
            return FileState(sha256=f"link:{self.sha256}", mode=None)
        return FileState(sha256=self.sha256 or self.kind, mode=self.mode)


class Change(Record):
    """A difference between two moments of a tree.

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
        return bool(kinds & {"file", "symlink", "large"})

    @property
    def before_state(self) -> FileState:
        """The state before, as traces record it."""
        return FileState(sha256=None, mode=None) if self.before is None else self.before.state

    @property
    def after_state(self) -> FileState:
        """The state after, as traces record it."""
        return FileState(sha256=None, mode=None) if self.after is None else self.after.state


class Packed(NamedTuple):
    """What stands in one folder.

    Attributes:
        names: The names, sorted, each followed by ``/`` and the target if it is a link; joined by
            NUL characters.
        stats: The `Stats` of each.
        contents: 32 bytes each: the hash of its content, or zeros.
    """

    names: bytes
    stats: bytes
    contents: bytes


class Tree(Record):
    """A tree at one moment.

    Attributes:
        folders: What stands in each folder, by its path relative to the root (the root: empty).
        left_alone: Folders that were not looked into, with the reason.
    """

    folders: dict[str, Packed] = field(default_factory=dict[str, Packed])
    left_alone: dict[str, str] = field(default_factory=dict[str, str])

    def get(self, path: str) -> Entry | None:
        """Return an entry, or None if there is none."""
        folder, _, name = path.rpartition("/")
        packed = self.folders.get(folder)
        return None if packed is None else entries_of(packed).get(name)

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and self.get(path) is not None

    @property
    def entries(self) -> int:
        """How many entries it has."""
        return sum(len(one.contents) // len(_NO_CONTENT) for one in self.folders.values())

    def size(self) -> tuple[int, int]:
        """Return how many entries it has, and how many bytes."""
        stats = [array("q", packed.stats) for packed in self.folders.values()]
        return sum(len(one) // _FIELDS for one in stats), sum(sum(one[1::_FIELDS]) for one in stats)

    def missed(self) -> dict[str, str]:
        """Return what of the tree is not kept, each with the reason, for people."""
        missed = dict(self.left_alone)
        for folder, packed in self.folders.items():
            if _NO_CONTENT not in packed.contents:
                continue
            for record, stats, content in _split(packed):
                # Folders and links have no content either, and there are many of them.
                if content == _NO_CONTENT and stat.S_IFMT(stats[0]) not in _NEEDS_NONE:
                    entry = _entry(record, stats, content)
                    name = os.fsdecode(record.partition(b"/")[0])
                    missed[_join(folder, name)] = _WHY[entry.kind]
        return missed


_WHY = {
    "large": "too large a file to keep",
    "other": "no file that can be read",
}


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _split(packed: Packed) -> Iterable[tuple[bytes, Stats, bytes]]:
    names = packed.names.split(b"\0") if packed.names else []
    numbers = array("q", packed.stats)
    for index, name in enumerate(names):
        at = index * _FIELDS
        mode, size, mtime, ctime, inode = numbers[at : at + _FIELDS]
        yield name, (mode, size, mtime, ctime, inode), packed.contents[index * 32 : index * 32 + 32]


def entries_of(packed: Packed) -> dict[str, Entry]:
    """Return the entries of a folder by name."""
    return {
        os.fsdecode(record.partition(b"/")[0]): _entry(record, stats, content)
        for record, stats, content in _split(packed)
    }


def _entry(record: bytes, stats: Stats, content: bytes) -> Entry:
    mode, size, mtime, ctime, inode = stats
    bits = stat.S_IMODE(mode)
    if stat.S_ISDIR(mode):
        return Entry("directory", bits, mtime_ns=mtime)
    if stat.S_ISLNK(mode):
        return Entry("symlink", 0, os.fsdecode(record.partition(b"/")[2]), mtime)
    if not stat.S_ISREG(mode) or (content == _NO_CONTENT and ctime == _DOUBTFUL):
        return Entry("other", bits)
    if content == _NO_CONTENT:
        return large_entry(bits, size, mtime, inode)
    return Entry("file", bits, content.hex(), mtime)


def large_entry(mode: int, size: int, mtime_ns: int, inode: int) -> Entry:
    """Return the entry of a file whose content is not kept, told from others by its stats."""
    return Entry("large", mode, f"stat:{size}:{mtime_ns}:{inode & _INODE}", mtime_ns)


def pack(
    root: str,
    folder: str,
    found: Mapping[str, os.stat_result],
    old: Packed | None,
    keep: Callable[[str, os.stat_result], tuple[bytes, bool]],
) -> Packed:
    """Pack what was found in a folder; contents that are known stay as they are known.

    Args:
        root: The root of the tree; absolute.
        folder: The folder, relative to it.
        found: What stands in it, by name.
        old: The folder as it was before, or None.
        keep: Called with the absolute path of a file whose content is not known; returns the
            content's hash (or nothing, if it is not kept), and False if the file may change again
            without its times showing it.
    """
    names = sorted(found)
    ordered = [found[name] for name in names]
    numbers = _numbers(ordered)
    # All at once: this is done for every entry of the tree, and hardly ever is one a link.
    joined, stats = os.fsencode("\0".join(names)), numbers.tobytes()
    if old is not None and (joined, stats) == (old.names, old.stats):
        return old
    records = [os.fsencode(name) for name in names]
    for index, one in enumerate(ordered):
        if stat.S_ISLNK(one.st_mode):
            records[index] += b"/" + _target(f"{root}/{_join(folder, names[index])}")
    if old is not None and (b"\0".join(records), stats) == (old.names, old.stats):
        return old
    known = {} if old is None else {record: (was, sha) for record, was, sha in _split(old)}
    rows: list[tuple[bytes, Stats, bytes]] = []
    for index, (record, name) in enumerate(zip(records, names, strict=True)):
        one, at = ordered[index], index * _FIELDS
        mode, size, mtime, ctime, inode = numbers[at : at + _FIELDS]
        was, content = known.get(record, (None, b""))
        if not stat.S_ISREG(mode):
            content = _NO_CONTENT
        elif was != (mode, size, mtime, ctime, inode):
            try:
                content, sure = keep(f"{root}/{_join(folder, name)}", one)
            except FileNotFoundError:
                continue  # it has gone meanwhile
            # A time of zero will not compare as equal: the file will be read again.
            ctime = ctime if sure else _DOUBTFUL
        rows.append((record, (mode, size, mtime, ctime, inode), content or _NO_CONTENT))
    return Packed(
        b"\0".join([record for record, _, _ in rows]),
        array("q", [number for _, stats, _ in rows for number in stats]).tobytes(),
        b"".join([content for _, _, content in rows]),
    )


def _numbers(found: Iterable[os.stat_result]) -> array[int]:
    """Return the `Stats` of entries, one after the other."""
    numbers = [*chain.from_iterable(map(_stats_of, found))]
    try:
        return array("q", numbers)
    except OverflowError:  # some file systems have inodes of 64 bits
        numbers[_FIELDS - 1 :: _FIELDS] = [one & _INODE for one in numbers[_FIELDS - 1 :: _FIELDS]]
        return array("q", numbers)


def _target(path: str) -> bytes:
    try:
        return os.fsencode(os.readlink(path))  # noqa: PTH115 - a path of bytes is wanted
    except OSError:
        return b""


def diff(before: Tree, after: Tree) -> list[Change]:
    """Return what differs between two moments, by path; times alone do not count."""
    changes: list[Change] = []
    for folder in before.folders.keys() | after.folders.keys():
        old, new = before.folders.get(folder), after.folders.get(folder)
        if old == new:
            continue
        was = {} if old is None else entries_of(old)
        now = {} if new is None else entries_of(new)
        for name in was.keys() | now.keys():
            one, other = was.get(name), now.get(name)
            if (one and one.content) != (other and other.content):
                changes.append(Change(_join(folder, name), one, other))
    return sorted(changes, key=lambda change: change.path)
