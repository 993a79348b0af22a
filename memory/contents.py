"""Contents of files, kept once under their hash, and safe on the disk before they are needed.

Small ones stand in the journal's database, where thousands cost one commit; large ones are files
of their own.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from ..kernel.atomic import make_private_dir, sync_folder, write_all
from ..kernel.database import transaction

SCHEMA = """
CREATE TABLE IF NOT EXISTS contents (
    sha256 BLOB PRIMARY KEY,
    size INTEGER NOT NULL,
    data BLOB
);
"""
_SMALL = 2**20
"""Bytes up to which a content stands in the database."""
_BATCH = 16 * 2**20
"""Bytes of contents that wait in memory for a commit."""
_CHUNK = 2**20


class Contents:
    """The contents of one workspace. Its calls block; for one thread at a time.

    Args:
        connection: The journal's database.
        folder: Where large contents are; made when first needed.
    """

    def __init__(self, connection: sqlite3.Connection, folder: Path) -> None:
        self._connection = connection
        self._folder = folder
        self._waiting: dict[bytes, bytes] = {}
        self._size = 0

    def keep(self, path: str) -> bytes:
        """Keep the content of a file; return its hash. It is safe after the next `flush`.

        Raises:
            OSError: If it cannot be read or kept.
        """
        # O_NOFOLLOW: what was a file when it was listed may be a link by now.
        reading = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(reading, "rb") as file:
            data = file.read(_SMALL + 1)
            if len(data) > _SMALL:
                return self._keep_large(data, file.fileno())
        return self.keep_bytes(data)

    def keep_bytes(self, data: bytes) -> bytes:
        """Keep a small content; return its hash. It is safe after the next `flush`."""
        digest = hashlib.sha256(data).digest()
        if digest not in self._waiting and not self.has(digest):
            self._waiting[digest] = data
            self._size += len(data)
            if self._size > _BATCH:
                self.flush()
        return digest

    def flush(self) -> None:
        """Make what was kept safe on the disk."""
        if self._waiting:
            rows = [(digest, len(data), data) for digest, data in self._waiting.items()]
            with transaction(self._connection) as connection:
                connection.executemany("INSERT OR IGNORE INTO contents VALUES (?, ?, ?)", rows)
            self._waiting, self._size = {}, 0

    def has(self, digest: bytes) -> bool:
        """Return whether a content is kept."""
        query = "SELECT data IS NULL FROM contents WHERE sha256 = ?"
        row = self._connection.execute(query, (digest,)).fetchone()
        return row is not None and (not row[0] or self._file(digest).exists())

    def read(self, digest: bytes) -> Iterable[bytes]:
        """Yield the content of a hash.

        Raises:
            OSError: If it is not kept.
        """
        query = "SELECT data FROM contents WHERE sha256 = ?"
        row = self._connection.execute(query, (digest,)).fetchone()
        if row is None:
            raise FileNotFoundError(f"the content {digest.hex()[:12]} is not kept any more")
        if row[0] is not None:
            yield row[0]
            return
        with self._file(digest).open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk

    def size_of_all(self) -> int:
        """Return the bytes of all that is kept."""
        query = "SELECT coalesce(sum(size), 0) FROM contents"
        return int(self._connection.execute(query).fetchone()[0])

    def remove_all_but(self, wanted: Iterable[bytes]) -> None:
        """Remove what is not wanted any more; nobody else may keep contents meanwhile."""
        with transaction(self._connection) as connection:
            connection.execute("CREATE TEMP TABLE IF NOT EXISTS wanted (sha256 BLOB PRIMARY KEY)")
            connection.execute("DELETE FROM wanted")
            rows = ((digest,) for digest in wanted)
            connection.executemany("INSERT OR IGNORE INTO wanted VALUES (?)", rows)
            unwanted = "FROM contents WHERE sha256 NOT IN (SELECT sha256 FROM wanted)"
            large = connection.execute(f"SELECT sha256 {unwanted} AND data IS NULL").fetchall()
            connection.execute(f"DELETE {unwanted}")
        for (digest,) in large:
            self._file(digest).unlink(missing_ok=True)

    def _keep_large(self, begun: bytes, reading: int) -> bytes:
        make_private_dir(self._folder)
        temporary = self._folder / f".tmp-{os.getpid()}-{os.urandom(6).hex()}"
        digest, size = hashlib.sha256(), 0
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        writing = os.open(temporary, flags, 0o600)
        try:
            try:
                chunk = begun
                while chunk:
                    digest.update(chunk)
                    size += len(chunk)
                    write_all(writing, chunk)
                    chunk = os.read(reading, _CHUNK)
                os.fsync(writing)
            finally:
                os.close(writing)
            temporary.replace(self._file(digest.digest()))
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(self._folder)
        with transaction(self._connection) as connection:
            row = (digest.digest(), size)
            connection.execute("INSERT OR IGNORE INTO contents VALUES (?, ?, NULL)", row)
        return digest.digest()

    def _file(self, digest: bytes) -> Path:
        return self._folder / digest.hex()
