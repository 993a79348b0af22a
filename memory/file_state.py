"""The state of one file, as traces record it and replays check it."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from .traces import FileState

ABSENT = FileState(sha256=None, mode=None)


def resolve(path: str, cwd: Path) -> Path:
    """Return the absolute path that a tool input names, without following its last part."""
    return Path(os.path.normpath(cwd / os.path.expanduser(path)))  # noqa: PTH111 - keeps `~x`


def state_of(path: Path) -> FileState:
    """Return the state of a path: absent, the hash of a file, or what else stands there.

    A symbolic link is not followed; its target is what is hashed.
    """
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return ABSENT
    mode = stat.S_IMODE(found.st_mode)
    if stat.S_ISREG(found.st_mode):
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            return FileState(sha256="unreadable", mode=mode)
        return FileState(sha256=digest, mode=mode)
    if stat.S_ISLNK(found.st_mode):
        return FileState(sha256=f"link:{path.readlink()}", mode=None)
    return FileState(sha256="directory" if stat.S_ISDIR(found.st_mode) else "other", mode=mode)
