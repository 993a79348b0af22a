"""The index of the trace store: derived from the files, and made anew when it is gone or damaged.

Opening it reads no trace. Whether files came or went is seen from the folder's change time; only
then is the folder listed, and only what is new is read. So neither a process that dies between
its file and the index, nor one that writes at the same time, can make the index lie.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import zlib
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..kernel.database import FileLock, open_database, transaction
from ..kernel.errors import WorkspaceError
from .index_tables import FORMAT, SCHEMA, Frame, TraceRow, Unusable, insert, remove

if TYPE_CHECKING:
    from .long_work import Watch

_Answer = TypeVar("_Answer")
_BATCH = 500
_MOST_ANSWERS = 4096
"""Answers to small questions that are kept in memory, ..."""
_FEW_ROWS = 16
"""... and the rows of a small one."""

_SETTLED_NS = 50_000_000
"""A folder that changed less than this before it was listed may change again within the same tick
of the file system's clock, unseen. Ticks are 10 ms at most, except where ..."""
_SETTLED_COARSE_NS = 2_500_000_000
"""... the file system keeps times in whole or even seconds."""


Read = Callable[[str], TraceRow | Unusable | None]
"""Reads the file of an id; None if it is gone, was set aside, or cannot be read just now."""


class TraceIndex:
    """The index of one folder of traces. Its calls block; safe for several threads and processes.

    Making it touches nothing. Every call that asks it something raises WorkspaceError if the
    folder or the database cannot be used.

    Args:
        path: The index's database.
        folder: The folder of the trace files.
        read: Reads one of them for the index.
        now_ns: Gives the wall clock in nanoseconds.
        version: Names what the rows are derived by; another one makes the index anew.

    Attributes:
        watch: Told of the files that are taken in; what was taken in until it raises stays.
    """

    def __init__(
        self, path: Path, folder: Path, read: Read, now_ns: Callable[[], int], version: str
    ) -> None:
        self._path = path
        self._folder = folder
        self._folder_name = str(folder)
        self._read = read
        self._now_ns = now_ns
        self.watch: Watch | None = None
        self._version = zlib.crc32(f"{FORMAT} {version}".encode()) & 0x7FFF_FFFF
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        # What was answered while the folder had a change time: true so long as it has it.
        self._answers: dict[tuple[object, ...], list[tuple[Any, ...]]] = {}

    def by_key(self, key: str) -> list[str]:
        """Return the ids of a key, newest first."""
        query = (
            "SELECT changed, id FROM folder LEFT JOIN traces ON key = ?"
            " ORDER BY learned_at DESC, id"
        )
        return [one for _, one in self._current(query, key) if one is not None]

    def frames(self, template: str) -> list[Frame]:
        """Return the frames of a template."""
        query = (
            "SELECT changed, template, name, fixed FROM folder LEFT JOIN frames ON template = ?"
            " ORDER BY name"
        )
        return [Frame(*row[1:]) for row in self._current(query, template) if row[1] is not None]

    def of_frame(self, frame: Frame, start: int, limit: int) -> list[tuple[float, str]]:
        """Return when learned and id of a frame's traces, newest first, as `frames` knew them."""
        query = (
            "SELECT learned_at, id FROM framed"
            " WHERE frame = (SELECT number FROM frames WHERE template = ? AND name = ?)"
            " ORDER BY learned_at DESC, id LIMIT ? OFFSET ?"
        )
        return self._repaired(lambda: self._rows(query, (frame.template, frame.name, limit, start)))

    def at_once(self, ask: Callable[[sqlite3.Connection], _Answer]) -> _Answer:
        """Ask several things of the index as it is at one moment, up to date with the folder.

        Args:
            ask: Reads from the database, in a transaction; called again if that was damaged.
        """
        return self._repaired(lambda: self._at_once(ask))

    def by_prefix(self, prefix: str, limit: int) -> list[str]:
        """Return ids that begin with a prefix."""
        query = "SELECT id FROM traces WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"
        return [row[0] for row in self._query(query, prefix, prefix + "\U0010ffff", limit)]

    def rows(self, limit: int, offset: int) -> list[TraceRow]:
        """Return rows, newest first."""
        query = (
            "SELECT id, key, goal, learned_at FROM traces"
            " ORDER BY learned_at DESC, id LIMIT ? OFFSET ?"
        )
        return [TraceRow(*row) for row in self._query(query, limit, offset)]

    def count(self) -> int:
        """Return how many traces there are."""
        return self._query("SELECT count(*) FROM traces")[0][0]

    def unusable(self) -> list[Unusable]:
        """Return the files that cannot be used and stay where they are."""
        return [Unusable(*row) for row in self._query("SELECT id, reason FROM unusable")]

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _query(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return self._repaired(lambda: self._answer(query, values))

    def _current(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Answer a query that gives ``folder.changed`` first, in every row and in one at least.

        So deciding asks the database once: the same answer says whether it is up to date.
        """
        return self._repaired(lambda: self._answer_if_current(query, values))

    def _at_once(self, ask: Callable[[sqlite3.Connection], _Answer]) -> _Answer:
        self._follow_folder()
        with self._database() as connection:
            connection.execute("BEGIN")
            try:
                return ask(connection)
            finally:
                if connection.in_transaction:
                    connection.execute("COMMIT")

    def _repaired(self, answer: Callable[[], _Answer]) -> _Answer:
        try:
            return answer()
        except sqlite3.DatabaseError:
            self._discard()
        try:
            return answer()
        except sqlite3.DatabaseError as error:
            raise self._cannot(error) from None

    def _rows(self, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        with self._database() as connection:
            return connection.execute(query, values).fetchall()

    def _answer(self, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        self._follow_folder()
        return self._rows(query, values)

    def _answer_if_current(self, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        changed = self._folder_changed()
        key = (query, *values)
        known = self._answers.get(key)
        if known is not None and known[0][0] == changed:
            return known
        rows = self._rows(query, values)
        if rows[0][0] != changed:
            rows = self._answer(query, values)
        if len(rows) <= _FEW_ROWS:
            if len(self._answers) >= _MOST_ANSWERS:
                self._answers.clear()
            self._answers[key] = rows
        return rows

    def _follow_folder(self) -> None:
        """Take in what came into the folder or left it since the last time."""
        changed = self._folder_changed()
        with self._database() as connection:
            if connection.execute("SELECT changed FROM folder").fetchone()[0] == changed:
                return
            # Before the listing: what is known here and not listed then has left the folder.
            known = {row[0] for row in connection.execute("SELECT id FROM traces")}
            known |= {row[0] for row in connection.execute("SELECT id FROM unusable")}
        present = self._listed()
        left_out = self._take_in(sorted(present - known))
        settled = not left_out and self._settled(changed) and self._folder_changed() == changed
        with self._database() as connection, transaction(connection):
            gone = sorted(known - present)
            remove(connection, gone)
            connection.execute("UPDATE folder SET removals = removals + ?", (len(gone),))
            connection.execute("UPDATE folder SET changed = ?", (changed if settled else None,))

    def _take_in(self, new: list[str]) -> bool:
        """Read new files into the index; return whether any has to be looked at again."""
        left_out = False
        for start in range(0, len(new), _BATCH):
            # No lock while files are read.
            found: list[TraceRow | Unusable | None] = []
            for number, name in enumerate(new[start : start + _BATCH], start + 1):
                found.append(self._read(name))
                if self.watch is not None:
                    self.watch("indexing traces", number, len(new))
            left_out = left_out or None in found
            with self._database() as connection, transaction(connection):
                insert(connection, found)
        return left_out

    def _settled(self, changed: int) -> bool:
        coarse = changed % 1_000_000_000 == 0
        return self._now_ns() - changed > (_SETTLED_COARSE_NS if coarse else _SETTLED_NS)

    def _folder_changed(self) -> int:
        # The change time, since anybody can set the modification time back (rsync, cp -a, tar).
        try:
            return os.stat(self._folder_name).st_ctime_ns  # noqa: PTH116 (asked at each decision)
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise self._cannot(error) from None

    def _listed(self) -> set[str]:
        try:
            with os.scandir(self._folder) as entries:
                return {
                    entry.name.removesuffix(".json")
                    for entry in entries
                    if entry.name.startswith("t-") and entry.name.endswith(".json")
                }
        except FileNotFoundError:
            return set()
        except OSError as error:
            raise self._cannot(error) from None

    @contextmanager
    def _database(self) -> Generator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._open()
            except sqlite3.OperationalError as error:  # locked, disk full, read-only, ...
                raise self._cannot(error) from None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            try:
                connection = open_database(self._path, "")
            except WorkspaceError as error:
                if not _is_damage(error.__context__):
                    raise
                self._discard()
                connection = open_database(self._path, "")
            # What is derived may be lost in a power loss, so long as it stays consistent.
            connection.execute("PRAGMA synchronous=NORMAL")
            self._make_tables(connection)
            self._connection = connection
        return self._connection

    def _make_tables(self, connection: sqlite3.Connection) -> None:
        version = "PRAGMA user_version"
        if connection.execute(version).fetchone()[0] == self._version:
            return
        with transaction(connection):
            if connection.execute(version).fetchone()[0] != self._version:
                for statement in SCHEMA:
                    connection.execute(statement)
                connection.execute(f"{version} = {self._version}")

    def _discard(self) -> None:
        """Remove a damaged database, unless another process has done so first."""
        self.close()
        try:
            with FileLock(self._path.with_name(f"{self._path.name}.lock")):
                if not _is_sound(self._path):
                    for ending in ("", "-wal", "-shm"):
                        self._path.with_name(self._path.name + ending).unlink(missing_ok=True)
        except OSError as error:
            raise self._cannot(error) from None

    def _cannot(self, error: Exception) -> WorkspaceError:
        said = (error.strerror if isinstance(error, OSError) else None) or error
        return WorkspaceError(
            f"the traces in {self._folder} cannot be listed: {said}",
            hint="make it readable and writable, or name another workspace with --workspace DIR",
        )


def _is_damage(error: BaseException | None) -> bool:
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(
        error, sqlite3.OperationalError
    )


def _is_sound(path: Path) -> bool:
    try:
        connection = open_database(path, "")
    except WorkspaceError as error:
        return not _is_damage(error.__context__)
    try:
        return connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
    except sqlite3.OperationalError:
        return True  # busy is not damaged
    except sqlite3.DatabaseError:
        return False
    finally:
        connection.close()
