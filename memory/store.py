"""L4: semantic memory. SQLite holds text, metadata and vectors; numpy finds the nearest."""

from __future__ import annotations

import json
import sqlite3
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ..kernel.atomic import make_private_dir
from ..kernel.database import open_database, transaction
from ..kernel.errors import UsageError
from ..kernel.json_value import JsonValue
from .embedding import Embedding, LexicalEmbedding

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SCHEMA = """
CREATE TABLE IF NOT EXISTS memories (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    text TEXT NOT NULL,
    metadata TEXT NOT NULL,
    space TEXT NOT NULL,
    vector BLOB NOT NULL
);
"""
_LONGEST = 100_000
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Hit:
    """A memory that a search found.

    Attributes:
        id: Its id.
        text: Its text.
        metadata: What was stored beside it.
        score: Cosine similarity to the query, -1 to 1.
    """

    id: str
    text: str
    metadata: dict[str, JsonValue]
    score: float


class SemanticMemory:
    """Texts that are found by meaning. Its calls block; safe for several threads and processes.

    A memory that `add` returned survives the death of the process. When the embedding changes,
    vectors of the old space are made anew before the first search.

    Args:
        path: The database; its folder is made.
        embedding: Turns texts into vectors.

    Raises:
        WorkspaceError: If the database cannot be used.
    """

    def __init__(self, path: Path, embedding: Embedding | None = None) -> None:
        make_private_dir(path.parent)
        self._embedding = embedding or LexicalEmbedding()
        self._connection = open_database(path, _SCHEMA)
        self._lock = threading.RLock()
        self._version: object = None
        self._numbers: list[int] = []
        self._matrix: NDArray[np.float32] | None = None

    def add(
        self, text: str, metadata: Mapping[str, JsonValue] | None = None, *, id: str | None = None
    ) -> str:
        """Keep a text; one of the same id is replaced.

        Args:
            text: The text.
            metadata: What to keep beside it.
            id: Its id; a new one if None.

        Returns:
            Its id.

        Raises:
            UsageError: If the text is empty or too long.
        """
        if not text.strip():
            raise UsageError("a memory cannot be empty")
        if len(text) > _LONGEST:
            raise UsageError(f"a memory cannot be longer than {_LONGEST:,} characters")
        memory_id = id or uuid.uuid4().hex
        vector = self._embedding.embed([text])[0].tobytes()
        row = (
            memory_id,
            text,
            json.dumps(dict(metadata or {}), ensure_ascii=False),
            self._embedding.name,
            vector,
        )
        with self._lock, transaction(self._connection) as connection:
            connection.execute("DELETE FROM memories WHERE id = ?", (memory_id,))
            connection.execute(
                "INSERT INTO memories (id, text, metadata, space, vector) VALUES (?, ?, ?, ?, ?)",
                row,
            )
            self._version = None
        return memory_id

    def search(
        self, query: str, k: int = 5, *, where: Mapping[str, JsonValue] | None = None
    ) -> list[Hit]:
        """Return the memories nearest to a query, best first.

        Args:
            query: The query.
            k: How many at most.
            where: Metadata that a memory must have.
        """
        import numpy as np

        if k < 1 or not query.strip():
            return []
        with self._lock:
            self._follow()
            if self._matrix is None or not self._numbers:
                return []
            scores = self._matrix @ self._embedding.embed([query])[0]
            # Ties keep the order in which memories were added, so that results are repeatable.
            order = np.argsort(-scores, kind="stable")
            hits: list[Hit] = []
            for place in cast("list[int]", order.tolist()):
                hit = self._hit(self._numbers[place], float(scores[place]))
                if hit is not None and _has(hit.metadata, where):
                    hits.append(hit)
                    if len(hits) == k:
                        break
            return hits

    def get(self, id: str) -> Hit | None:
        """Return a memory by its id (with score 1), or None."""
        with self._lock:
            row = self._connection.execute(
                "SELECT number FROM memories WHERE id = ?", (id,)
            ).fetchone()
            return None if row is None else self._hit(row[0], 1.0)

    def delete(self, id: str) -> bool:
        """Forget a memory; return whether it was there."""
        with self._lock, transaction(self._connection) as connection:
            done = connection.execute("DELETE FROM memories WHERE id = ?", (id,))
            self._version = None
            return done.rowcount > 0

    def count(self) -> int:
        """Return how many memories there are."""
        with self._lock:
            return self._connection.execute("SELECT count(*) FROM memories").fetchone()[0]

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def _hit(self, number: int, score: float) -> Hit | None:
        row = self._connection.execute(
            "SELECT id, text, metadata FROM memories WHERE number = ?", (number,)
        ).fetchone()
        return None if row is None else Hit(row[0], row[1], json.loads(row[2]), score)

    def _follow(self) -> None:
        """Bring the matrix to what the database holds now, whoever changed it."""
        import numpy as np

        version = self._connection.execute("PRAGMA data_version").fetchone()[0]
        if version == self._version:
            return
        self._embed_anew()
        rows: list[tuple[int, bytes]] = self._connection.execute(
            "SELECT number, vector FROM memories WHERE space = ? ORDER BY number",
            (self._embedding.name,),
        ).fetchall()
        self._numbers = [row[0] for row in rows]
        joined = np.frombuffer(b"".join(row[1] for row in rows), dtype=np.float32)
        self._matrix = joined.reshape(len(rows), self._embedding.dimensions)
        self._version = version

    def _embed_anew(self) -> None:
        """Bring vectors of another space into this one, in batches that are each durable."""
        query = "SELECT number, text FROM memories WHERE space != ? LIMIT ?"
        while rows := self._connection.execute(query, (self._embedding.name, _BATCH)).fetchall():
            vectors = self._embedding.embed([text for _, text in rows])
            with transaction(self._connection) as connection:
                _update(connection, self._embedding.name, rows, vectors)


def _update(
    connection: sqlite3.Connection,
    space: str,
    rows: list[tuple[int, str]],
    vectors: NDArray[np.float32],
) -> None:
    connection.executemany(
        "UPDATE memories SET space = ?, vector = ? WHERE number = ? AND text = ?",
        [
            (space, vector.tobytes(), number, text)
            for (number, text), vector in zip(rows, vectors, strict=True)
        ],
    )


def _has(metadata: Mapping[str, JsonValue], where: Mapping[str, JsonValue] | None) -> bool:
    return all(metadata.get(name) == value for name, value in (where or {}).items())
