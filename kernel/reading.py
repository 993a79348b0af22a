"""The way in which the drivers read a file whole."""

from __future__ import annotations

import os
from pathlib import Path

_DATABASE = b"SQLite format 3\0"
_kept_open: dict[tuple[int, int], int] = {}


def read_whole(path: Path) -> bytes:
    """Return the content of a file, without harm to who has it open as a database in this process.

    To close a file gives up every lock of the process on it (POSIX), those of SQLite too: an SQLite
    database stays open once it was read, and is read there the next time. Compare `open_database`.

    Raises:
        OSError: If it cannot be read.
    """
    kept = _kept_open.get(_id_of(path.stat()))
    if kept is not None:
        return _content(kept)
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    data = b""
    try:
        data = _content(descriptor)
    finally:
        if data.startswith(_DATABASE):
            _kept_open[_id_of(os.fstat(descriptor))] = descriptor
        else:
            os.close(descriptor)
    return data


def _id_of(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _content(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        if file.seekable():
            file.seek(0)
        return file.read()
