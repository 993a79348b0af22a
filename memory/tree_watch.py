"""Says which folders of a tree may have changed since it was looked at.

The others need not be looked at again. Linux tells it (inotify). Whatever could make that
incomplete ends the watch, and the whole tree is looked at instead: too many events, a folder made
or moved, a file with a second name, a limit of the system, another system.
"""

from __future__ import annotations

import os
import struct
import sys

_MASK = (
    0x2 | 0x4 | 0x8  # written, attributes changed, closed after writing
    | 0x40 | 0x80 | 0x100 | 0x200  # moved from and to, made, removed
    | 0x400 | 0x800  # the folder itself removed or moved
    | 0x1000000 | 0x2000000  # only folders, never through a link
)  # fmt: skip
_FOLDER_MOVES = 0x40 | 0x80 | 0x100 | 0x200
_IS_FOLDER = 0x40000000
_ENDS = 0x400 | 0x800 | 0x2000 | 0x4000
"""The folder itself has gone or moved, its disk was taken away, or events were dropped."""
_HEAD = struct.Struct("iIII")
_BUFFER = 2**20


class TreeWatch:
    """A watch over the folders of one tree.

    Args:
        root: The tree; absolute.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._folders: dict[int, str] = {}
        self._descriptor = -1
        self._complete = sys.platform == "linux" and self._begin()

    def add(self, folder: str) -> None:
        """Watch a folder; call it before the folder is looked at."""
        if not self._complete:
            return
        path = os.fsencode(f"{self._root}/{folder}")
        number = self._libc.inotify_add_watch(self._descriptor, path, _MASK)
        if number < 0:
            self._complete = False
        self._folders[number] = folder

    def see(self, *, linked: bool) -> None:
        """Take note of a folder: whether a file in it may have another name.

        Who writes by that other name is not seen.
        """
        if linked:
            self._complete = False

    def changed(self) -> set[str] | None:
        """Return the folders that may have changed, or None if any may; ends the watch."""
        try:
            return self._read() if self._complete else None
        finally:
            self.close()

    def close(self) -> None:
        """End the watch."""
        self._complete = False
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _begin(self) -> bool:
        import ctypes

        try:
            self._libc = ctypes.CDLL(None)
            self._descriptor = self._libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        except (OSError, AttributeError):
            return False
        return self._descriptor >= 0

    def _read(self) -> set[str] | None:
        changed: set[str] = set()
        while True:
            try:
                data = os.read(self._descriptor, _BUFFER)
            except BlockingIOError:
                return changed
            at = 0
            while at < len(data):
                number, mask, _, length = _HEAD.unpack_from(data, at)
                at += _HEAD.size + length
                if mask & _ENDS or (mask & _IS_FOLDER and mask & _FOLDER_MOVES):
                    return None
                folder = self._folders.get(number)
                if folder is None:
                    return None
                changed.add(folder)
