"""In which space the memories have vectors, and how they get them after a change of embedding.

Each embedding has a space and a file of its own; vectors of two spaces never meet. A memory is
embedded in the space of the process that adds it, and noted as pending for the others. What was
there before a space is embedded in batches, each durable, while searches go on: until then it is
found by its words.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..kernel.crash_points import crash_point
from ..kernel.locks import file_lock
from ..kernel.record import Record
from .embedding import Embedding
from .vector_file import VectorFile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .store import Writing

BATCH = 64
"""Memories that are embedded between two moments at which that is durable."""
_UNUSED_S = 7 * 24 * 3600
"""Seconds after which a space that no process has used is removed."""
_NOTED_S = 3600


class Progress(Record):
    """How far the vectors of a space are.

    Attributes:
        space: Name of the space.
        done: Memories that have one.
        total: All memories.
    """

    space: str
    done: int
    total: int


class Space:
    """The space of one embedding in a store.

    Args:
        connection: The database.
        path: Path of the database; files of vectors stand beside it.
        embedding: The embedding.
        writing: Opens a write transaction, one at a time among all processes.
        now: Gives UTC epoch seconds.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        embedding: Embedding,
        writing: Writing,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._connection = connection
        self._path = path
        self.embedding = embedding
        self._writing = writing
        self._now = now
        self._id, self._file = self._entered()

    @property
    def file(self) -> VectorFile:
        """The vectors."""
        return self._file

    @property
    def filling(self) -> bool:
        """Whether memories are left that were there before this space."""
        row = self._connection.execute(
            "SELECT filled < target FROM spaces WHERE id = ?", (self._id,)
        ).fetchone()
        return bool(row and row[0])

    def pending(self) -> list[int]:
        """Return the numbers whose vectors here are not those of their texts."""
        rows = self._connection.execute(
            "SELECT number FROM pending WHERE space = ?", (self._id,)
        ).fetchall()
        return [row[0] for row in rows]

    def add(self, numbers: Sequence[int], vectors: NDArray[np.float32]) -> None:
        """Write the vectors of new memories, within the transaction that adds these."""
        if not self._here():
            # Another process has removed the space meanwhile, as one that nobody uses.
            self._file.close()
            self._id, self._file = self._enter()
        self._file.write(numbers, vectors)
        self._connection.execute(
            "INSERT OR IGNORE INTO pending SELECT spaces.id, value FROM spaces, json_each(?)"
            " WHERE spaces.id != ?",
            (str(list(numbers)), self._id),
        )
        crash_point("memory.vectors_written")

    def progress(self) -> Progress:
        """Return how far it is."""
        total = self._connection.execute("SELECT count(*) FROM memories").fetchone()[0]
        left = self._connection.execute(
            "SELECT count(*) FROM memories, spaces WHERE spaces.id = ?1 AND (number > filled"
            " AND number <= target OR number IN (SELECT number FROM pending WHERE space = ?1))",
            (self._id,),
        ).fetchone()[0]
        return Progress(self.embedding.name, total - left, total)

    def fill(self, go_on: Callable[[Progress], bool]) -> bool:
        """Embed what is left; only one process does so at a time. Blocks.

        Args:
            go_on: Told how far it is before each batch; False stops it.

        Returns:
            Whether nothing is left.
        """
        with file_lock(self._path.with_suffix(".filling"), wait=False) as alone:
            if not alone:
                return False
            while rows := self._left():
                if not go_on(self.progress()):
                    return False
                vectors = self.embedding.embed([text for _, text in rows])
                with self._writing():
                    self._take(rows, vectors)
                crash_point("memory.batch_embedded")
        self._sweep()
        return True

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _here(self) -> bool:
        query = "SELECT 1 FROM spaces WHERE id = ?"
        return self._connection.execute(query, (self._id,)).fetchone() is not None

    def _entered(self) -> tuple[int, VectorFile]:
        row = self._connection.execute(
            "SELECT id, used_at FROM spaces WHERE name = ?", (self.embedding.name,)
        ).fetchone()
        if row is not None and row[1] > self._now() - _NOTED_S:
            return row[0], self._file_of(row[0])
        with self._writing():
            return self._enter()

    def _enter(self) -> tuple[int, VectorFile]:
        """Make the space, or note that it is used; within a transaction."""
        name, now = self.embedding.name, self._now()
        self._connection.execute(
            "INSERT INTO spaces (name, dimensions, filled, target, used_at)"
            " VALUES (?, ?, 0, (SELECT coalesce(max(number), 0) FROM memories), ?)"
            " ON CONFLICT (name) DO UPDATE SET used_at = excluded.used_at",
            (name, self.embedding.dimensions, now),
        )
        row = self._connection.execute("SELECT id FROM spaces WHERE name = ?", (name,)).fetchone()
        return row[0], self._file_of(row[0])

    def _file_of(self, number: int) -> VectorFile:
        path = self._path.with_name(f"{self._path.stem}-{number}.vectors")
        return VectorFile(path, self.embedding.dimensions)

    def _left(self) -> list[tuple[int, str]]:
        rows = self._connection.execute(
            "SELECT number, text FROM memories, spaces WHERE spaces.id = ?"
            " AND number > filled AND number <= target ORDER BY number LIMIT ?",
            (self._id, BATCH),
        ).fetchall()
        return (
            rows
            or self._connection.execute(
                "SELECT number, text FROM memories WHERE number IN"
                " (SELECT number FROM pending WHERE space = ? ORDER BY number LIMIT ?)",
                (self._id, BATCH),
            ).fetchall()
        )

    def _take(self, rows: Sequence[tuple[int, str]], vectors: NDArray[np.float32]) -> None:
        """Keep a batch, within a transaction; what changed while it was embedded is left out."""
        import numpy as np

        numbers = [number for number, _ in rows]
        now = dict(
            self._connection.execute(
                "SELECT number, text FROM memories"
                " WHERE number IN (SELECT value FROM json_each(?))",
                (str(numbers),),
            )
        )
        same = np.array([now.get(number) == text for number, text in rows])
        if same.any():
            kept = [number for number, is_same in zip(numbers, same, strict=True) if is_same]
            self._file.write(kept, vectors[same])
        crash_point("memory.batch_written")
        self._connection.execute(
            "DELETE FROM pending WHERE space = ? AND number IN (SELECT value FROM json_each(?))",
            (self._id, str([n for n in numbers if n not in now or now[n] == dict(rows)[n]])),
        )
        self._connection.execute(
            "UPDATE spaces SET filled = max(filled, min(target, ?)) WHERE id = ?",
            (max(numbers), self._id),
        )

    def _sweep(self) -> None:
        """Close the gap up to the target, and remove spaces that no process uses any more."""
        with self._writing():
            self._connection.execute(
                "UPDATE spaces SET filled = target WHERE id = ? AND NOT EXISTS (SELECT 1 FROM"
                " memories WHERE number > filled AND number <= target)",
                (self._id,),
            )
            self._connection.execute(
                "DELETE FROM pending WHERE number NOT IN (SELECT number FROM memories)"
            )
            old = self._connection.execute(
                "DELETE FROM spaces WHERE id != ? AND used_at < ? RETURNING id",
                (self._id, self._now() - _UNUSED_S),
            ).fetchall()
            self._connection.executemany("DELETE FROM pending WHERE space = ?", old)
        for (number,) in old:
            self._path.with_name(f"{self._path.stem}-{number}.vectors").unlink(missing_ok=True)
