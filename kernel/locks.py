"""One run at a time in one directory, across processes.

What a run changed is told apart from what others changed by looking at the directory before and
after, so two runs must not work in it at once.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from .atomic import make_private_dir

_POLL_S = 0.02


@asynccontextmanager
async def directory_lock(
    folder: Path,
    directory: Path,
    *,
    waiting: Callable[[str], None],
    sleep: Callable[[float], Awaitable[object]],
) -> AsyncGenerator[None]:
    """Hold the lock of a directory; wait for whoever holds it now.

    The lock is the kernel's (``flock``): it is gone when its process is, however that ends.

    Args:
        folder: Where lock files are kept.
        directory: The directory to lock.
        waiting: Called once, with the holder's process id, if it has to wait.
        sleep: Waits so many seconds.
    """
    make_private_dir(folder)
    path = lock_of(folder, directory)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        told = False
        while not _try_lock(descriptor):
            if not told:
                told = True
                waiting(os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "?")
            await sleep(_POLL_S)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def file_lock(path: Path, *, shared: bool = False, wait: bool = True) -> Generator[bool]:
    """Hold a lock file for the body; blocks.

    Args:
        path: The lock file; its folder must exist.
        shared: Whether others may hold it at the same time, shared as well.
        wait: Whether to wait for it; else the body is told whether it was got.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        how = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(descriptor, how if wait else how | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def lock_of(folder: Path, directory: Path) -> Path:
    """Return the lock file of a directory."""
    return folder / f"{hashlib.sha256(os.fsencode(directory)).hexdigest()[:16]}.lock"
