"""The one way in which llmos writes a file: whole or not at all, and durable when it returns.

Temporary file in the same folder, fsync, rename, fsync of the folder. fsync comes before the
rename, else some file systems show an empty file after a power loss.
"""

from __future__ import annotations

import fcntl
import os
import re
from pathlib import Path

from .crash_points import crash_point

_PREFIX = ".tmp-"
_LEFTOVER = re.compile(r"\.tmp-(\d+)-[0-9a-f]+\Z")


def atomic_save(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Write a file so that at any moment it holds its old or its new content, never a mixture.

    Args:
        path: The file; its folder must exist.
        data: The new content.
        mode: Its permission bits, whatever the umask: private unless it is the user's own file.

    Raises:
        OSError: If it cannot be written; the old content is intact then.
    """
    folder = path.parent
    temporary = folder / f"{_PREFIX}{os.getpid()}-{os.urandom(6).hex()}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        try:
            write_all(descriptor, data)
            if mode != 0o600:
                os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        crash_point("atomic.written")
        temporary.replace(path)
        crash_point("atomic.renamed")
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(folder)


def append_record(path: Path, data: bytes) -> None:
    """Append to a file that several processes append to; what they write does not mix.

    Args:
        path: The file; made with mode 0600 if it is not there.
        data: What is appended, in one piece.

    Raises:
        OSError: If it cannot be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # ends with the descriptor
        write_all(descriptor, data)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of the data; a single ``os.write`` may be short when the disk is nearly full."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_private_dir(path: Path) -> None:
    """Make a folder and its missing parents, readable by this user only.

    Raises:
        OSError: If it cannot be made, or something else stands there.
    """
    missing = [path]
    while not missing[-1].parent.exists():
        missing.append(missing[-1].parent)
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)


def sweep_temporaries(folder: Path) -> int:
    """Remove temporary files that dead processes left in a folder.

    Returns:
        How many were removed.
    """
    with os.scandir(folder) as entries:
        # Most names in a large folder are no temporary ones, and a pattern takes longer to say so.
        left = [entry for entry in entries if entry.name[0] == "."]
    removed = 0
    for entry in left:
        found = _LEFTOVER.match(entry.name)
        if found and not _alive(int(found.group(1))):
            Path(entry.path).unlink(missing_ok=True)
            removed += 1
    return removed


def is_temporary(path: str) -> bool:
    """Return whether a path is named as the temporary files of llmos are."""
    return _LEFTOVER.match(path.rpartition("/")[2]) is not None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
