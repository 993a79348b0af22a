"""Looks at a directory: what stands in it now, by the rules of what is kept and what is not.

The rules: at most 50,000 entries and 512 MB in files; a file above 64 MB is watched, and its
content is not kept; ``.git``, ``node_modules`` and virtual environments are kept whole or, when
one holds more than 5,000 entries or such a file, left alone; llmos's own memory is never touched.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from ..kernel.errors import LlmosError
from ..kernel.record import Record
from .tree import Entry, Packed, Tree, entries_of, large_entry, pack

if TYPE_CHECKING:
    from .tree_watch import TreeWatch

WHOLE = frozenset({".git", "node_modules", ".venv", "venv"})
"""Names of folders that are kept whole or not at all: half of one would be worth nothing."""
_MEMORY = frozenset({"ledger.sqlite", "traces"})
"""What tells the memory of some workspace."""
_TICK_NS = 20_000_000
"""Coarsest clock of a file system that is reckoned with.

A file changed less than this before it was read may change again without its times changing, so
what was read of it is not believed the next time.
"""

_GROWN = 4
"""How many times its limits a tree may hold when it is looked at for the second time in a run."""

Listing = dict[str, dict[str, os.stat_result]]
"""What stands in each folder, by its path relative to the root, by name."""


class TreeTooLarge(LlmosError):
    """The directory holds more than is kept."""


class TreeLimits(Record):
    """What is kept of a tree.

    Attributes:
        entries: Most entries of it.
        bytes: Most bytes in all files whose content is kept.
        file_bytes: Largest file whose content is kept.
        whole_entries: Most entries of a folder that is kept whole or not at all.
        watched: Entries from which on it is watched during a run. To walk through fewer of them
            again takes less time than the system takes to end a watch (some ms).
    """

    entries: int = 50_000
    bytes: int = 512 * 2**20
    file_bytes: int = 64 * 2**20
    whole_entries: int = 5_000
    watched: int = 1_000


class Scanner:
    """Looks at trees. Its calls block.

    Args:
        keep: Keeps the content of a file; returns its hash. May raise OSError.
        limits: What is kept.
    """

    def __init__(self, keep: Callable[[str], bytes], limits: TreeLimits) -> None:
        self._keep = keep
        self._limits = limits

    def scan(
        self,
        root: str,
        exclude: Collection[str],
        old: Tree,
        *,
        again: bool = False,
        watch: TreeWatch | None = None,
    ) -> Tree:
        """Return a tree as it is now.

        Args:
            root: The tree; absolute.
            exclude: Absolute paths to leave out.
            old: The tree as it was before: what has not changed since is not read.
            again: Whether this is the second look in a run: then what was left alone stays so,
                and growing past the limits is no error unless it is by far.
            watch: At the first look: watches the tree from now on. At the second: the same watch,
                by which folders are left out that did not change.

        Raises:
            TreeTooLarge: If the tree passes the limits; nothing is kept then.
            OSError: If contents cannot be kept.
        """
        walk = _Walk(root, exclude, self._limits, old if again else None, watch)
        changed = watch.changed() if again and watch is not None else None
        found = walk.everything() if changed is None else walk.only(changed, old)
        now = time.time_ns()

        def keep(path: str, one: os.stat_result) -> tuple[bytes, bool]:
            if one.st_size > self._limits.file_bytes:
                return b"", True
            try:
                content = self._keep(path)
            except PermissionError:
                return b"", False
            return content, now - max(one.st_mtime_ns, one.st_ctime_ns) > _TICK_NS

        folders: dict[str, Packed] = {
            folder: pack(root, folder, entries, old.folders.get(folder), keep)
            for folder, entries in found.items()
        }
        if changed is not None and found.keys() <= changed:
            folders = {**old.folders, **folders}
        return Tree(folders, walk.left_alone)


class _Walk:
    def __init__(
        self,
        root: str,
        exclude: Collection[str],
        limits: TreeLimits,
        first: Tree | None,
        watch: TreeWatch | None,
    ) -> None:
        self._watch = watch if first is None else None
        self._root = root
        self._exclude: dict[str, set[str]] = {}
        for one in exclude:
            above, _, name = one.removeprefix(f"{root}/").rpartition("/")
            self._exclude.setdefault(above, set()).add(name)
        self._limits = limits
        more = 1 if first is None else _GROWN
        self._entries = limits.entries * more
        self._bytes = limits.bytes * more
        self.left_alone = {} if first is None else dict(first.left_alone)
        self._kept_whole = () if first is None else first.folders.keys()

    def everything(self) -> Listing:
        found: Listing = {}
        waiting, entries, size = [""], 0, 0
        while waiting:
            folder = waiting.pop()
            inside, count, more = self._folder(folder)
            if inside is None:
                continue
            if folder and folder.rpartition("/")[2] in WHOLE:
                whole = self._whole(folder)
                if whole is None:
                    continue
                below, counted, held = whole
                found |= below
                entries, size = entries + counted, size + held
            else:
                found[folder] = inside
                entries, size = entries + len(inside), size + count
                waiting += more
            if entries > self._entries or size > self._bytes:
                raise TreeTooLarge(
                    f"the working directory holds more than {self._limits.entries:,} files or "
                    f"{self._limits.bytes // 2**20} MB, too much to watch for changes",
                    hint="start llmos in a smaller folder",
                )
        return found

    def only(self, changed: Collection[str], old: Tree) -> Listing:
        """Return what stands in changed folders; in all, if there are other folders now."""
        found: Listing = {}
        for folder in changed:
            if folder not in old.folders:
                continue  # it was watched, and then left alone
            inside, _, folders = self._folder(folder)
            was = entries_of(old.folders[folder])
            known = [name for name, one in was.items() if one.kind == "directory"]
            names = [one.rpartition("/")[2] for one in folders]
            if inside is None or sorted(names) != sorted(known):
                return self.everything()
            found[folder] = inside
        return found

    def _whole(self, top: str) -> tuple[Listing, int, int] | None:
        """Return all below a folder that is kept whole, or None if it is left alone."""
        if top in self.left_alone:
            return None
        fixed = top in self._kept_whole
        most = self._entries if fixed else self._limits.whole_entries
        found: Listing = {}
        waiting, entries, size = [top], 0, 0
        while waiting:
            folder = waiting.pop()
            inside, count, more = self._folder(folder)
            if inside is None:
                continue
            found[folder] = inside
            entries, size = entries + len(inside), size + count
            waiting += more
            large = any(one.st_size > self._limits.file_bytes for one in inside.values())
            if entries > most or (large and not fixed):
                why = "a file that is too large" if large else f"more than {most:,} entries"
                self.left_alone[top] = f"left alone: it holds {why}"
                return None
        return found, entries, size

    def _folder(self, folder: str) -> tuple[dict[str, os.stat_result] | None, int, list[str]]:
        """Return what stands in a folder, the bytes in its files, and the folders in it."""
        inside: dict[str, os.stat_result] = {}
        folders: list[str] = []
        size, linked, largest = 0, False, self._limits.file_bytes
        prefix, left_out = f"{folder}/" if folder else "", self._exclude.get(folder, ())
        if self._watch is not None:
            self._watch.add(folder)
        try:
            with os.scandir(f"{self._root}/{folder}") as scan:
                # As little as can be for each entry: this is what undo costs.
                for one in scan:
                    if one.name in left_out:
                        continue
                    try:
                        found = one.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue
                    inside[one.name] = found
                    if found.st_nlink > 1:
                        if stat.S_ISDIR(found.st_mode):
                            folders.append(prefix + one.name)
                            continue
                        linked = True
                    elif stat.S_ISDIR(found.st_mode):  # not every file system counts
                        folders.append(prefix + one.name)
                        continue
                    if found.st_size <= largest:
                        size += found.st_size
        except (FileNotFoundError, NotADirectoryError):
            return None, 0, []
        except PermissionError:
            self.left_alone[folder] = "left alone: it may not be read"
            return None, 0, []
        if folder and inside.keys() >= _MEMORY:
            self.left_alone[folder] = "left alone: it is the memory of an llmos"
            return None, 0, []
        if self._watch is not None:
            self._watch.see(linked=linked)
        return inside, size, folders


def entry_at(root: Path, path: str, keep: Callable[[str], bytes]) -> Entry | None:
    """Return what stands at one path now, or None; no link is followed on the way.

    Args:
        root: The tree; absolute.
        path: The path, relative to it.
        keep: Keeps the content of a file; returns its hash. May raise OSError.
    """
    parts = path.split("/")
    for count in range(1, len(parts)):
        above = root.joinpath(*parts[:count])
        if above.is_symlink() or not above.is_dir():
            return None
    full = root / path
    try:
        found = full.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    mode = stat.S_IMODE(found.st_mode)
    if stat.S_ISDIR(found.st_mode):
        return Entry("directory", mode, mtime_ns=found.st_mtime_ns)
    if stat.S_ISLNK(found.st_mode):
        return Entry("symlink", 0, os.fspath(full.readlink()), found.st_mtime_ns)
    if not stat.S_ISREG(found.st_mode):
        return Entry("other", mode)
    if found.st_size > TreeLimits().file_bytes:
        return large_entry(mode, found.st_size, found.st_mtime_ns, found.st_ino)
    return Entry("file", mode, keep(os.fspath(full)).hex(), found.st_mtime_ns)
