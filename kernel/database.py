"""The one way in which llmos opens an SQLite file."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from .errors import WorkspaceError

_BUSY_MS = 10_000


def open_database(path: Path | None, schema: str) -> sqlite3.Connection:
    """Open a database, making it if it is not there: WAL, durable commits, private, autocommit.

    The connection may be used from any thread, by one at a time. Opening waits for the database's
    lock (`lock_of_database`), so it must not be called by who holds it.

    Args:
        path: The file, or None for a database in memory.
        schema: SQL that makes what is missing (``CREATE ... IF NOT EXISTS``).

    Returns:
        The connection.

    Raises:
        WorkspaceError: If it cannot be opened or is not a database.
    """
    try:
        if path is not None:
            _make_private(path)
        connection = sqlite3.connect(
            ":memory:" if path is None else path,
            timeout=_BUSY_MS / 1000,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            # SQLite answers two that turn one file to WAL with an error at once, and lets who
            # opens wait behind those that write for as long as they come; here each has its turn.
            with lock_of_database(path):
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=FULL")
                connection.executescript(schema)
        except sqlite3.Error:
            connection.close()
            raise
    except (OSError, sqlite3.Error) as error:
        raise WorkspaceError(
            f"the database {path} cannot be used: {error}", hint=_hint(error)
        ) from None
    return connection


def _make_private(path: Path) -> None:
    """Make the file, for its owner only, if it is not there.

    One that is there is not opened: to close it would give up every lock that SQLite holds on it in
    this process (POSIX), and the next process that ends would remove the log that is written to.
    See https://www.sqlite.org/howtocorrupt.html, section 2.2.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def _hint(error: OSError | sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorcode", None)
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return "restore it from a copy, or move it away to begin anew"
    return "make room on the disk, or name another workspace with --workspace DIR"


@contextmanager
def transaction(connection: sqlite3.Connection) -> Generator[sqlite3.Connection]:
    """Run the body in one write transaction; an exception rolls it back."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        # SQLite itself rolls back after some errors, a full disk for one.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


class FileLock:
    """A lock between processes: the kernel's, so it is gone when its holder is.

    Waiters queue in the kernel, which makes it fair where SQLite's own waiting is not.

    Args:
        path: The lock file, or None for no lock (a database in memory).
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        if self._path is not None:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            self._descriptor = os.open(self._path, flags, 0o600)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def lock_of_database(path: Path | None) -> FileLock:
    """Return the lock in which the writers of a database queue, and those who open it.

    Args:
        path: The database, or None for one in memory.
    """
    return FileLock(None if path is None else path.with_suffix(".lock"))


class Database:
    """One SQLite file that several parts of a process use over one connection, in several threads.

    Its calls block. They raise what SQLite does, and OSError if the lock cannot be used.

    Args:
        path: The file, or None for one in memory.
        schema: As for `open_database`.

    Raises:
        WorkspaceError: If it cannot be opened or is not a database.
    """

    def __init__(self, path: Path | None, schema: str) -> None:
        self._path = path
        self._connection = open_database(path, schema)
        self._between_threads = threading.RLock()
        self._between_processes = lock_of_database(path)

    def extend(self, schema: str) -> None:
        """Make what another part needs, if it is missing (``CREATE ... IF NOT EXISTS``)."""
        with self._between_threads, self._between_processes:
            try:
                self._connection.executescript(schema)
            except sqlite3.Error as error:
                raise WorkspaceError(
                    f"the database {self._path} cannot be used: {error}", hint=_hint(error)
                ) from None

    @contextmanager
    def reading(self) -> Generator[sqlite3.Connection]:
        """Use the connection, alone among the threads."""
        with self._between_threads:
            yield self._connection

    @contextmanager
    def change(self) -> Generator[sqlite3.Connection]:
        """Make the body one durable change, alone among threads and processes.

        A change inside of another one of the same thread is a part of it.
        """
        with self._between_threads:
            if self._connection.in_transaction:
                yield self._connection
                return
            with self._between_processes, transaction(self._connection) as connection:
                yield connection

    def close(self) -> None:
        """Close it."""
        self._connection.close()
