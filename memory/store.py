"""L4: semantic memory. SQLite holds texts and what is known of them, a mapped file their vectors.

Safe for several threads and processes; what `add` returned survives the death of the process.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..kernel.atomic import make_private_dir
from ..kernel.crash_points import crash_point
from ..kernel.database import lock_of_database, transaction
from ..kernel.errors import UsageError
from ..kernel.json_value import JsonValue
from ..kernel.record import Record
from .embedding import Embedding, default_embedding
from .hybrid import by_words, fused
from .memory_rows import Rows
from .semantic_tables import COLUMNS, Filter, Memory, Mode, open_memories, read_row
from .spaces import Progress, Space

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Writing = Callable[[], AbstractContextManager[None]]
"""Opens a write transaction, one at a time among all processes."""

LONGEST = 100_000
"""Characters of a memory."""
_DEPTH = 100
"""How many of each kind of search are weighed against each other, at least."""
_VECTORS = 300
"""How many are compared by their whole vectors."""
_PREFIX = "m-"


class Hit(Record):
    """A memory that a search found.

    Attributes:
        memory: It.
        score: What it was ranked by; of one search, higher is better.
        similarity: Cosine to the query, -1 to 1; None if its vector is not known.
    """

    memory: Memory
    score: float
    similarity: float | None

    def to_json(self) -> dict[str, JsonValue]:
        """Return it as JSON."""
        return {**self.memory.to_json(), "score": self.score, "similarity": self.similarity}


class SemanticMemory:
    """Texts that are found by meaning and by words. Its calls block.

    Args:
        path: The database; its folder is made, and files of vectors stand beside it.
        embedding: Turns texts into vectors; the default one if None.
        now: Gives UTC epoch seconds.

    Raises:
        WorkspaceError: If the database cannot be used.
    """

    def __init__(
        self,
        path: Path,
        embedding: Embedding | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        make_private_dir(path.parent)
        self._now = now
        self._lock = threading.RLock()
        self._file_lock = lock_of_database(path)
        self._connection = open_memories(path)
        self._rows = Rows(self._connection)
        chosen = embedding or default_embedding()
        self._space = Space(self._connection, path, chosen, self._writing, now)

    @property
    def embedding(self) -> Embedding:
        """What turns texts into vectors."""
        return self._space.embedding

    def add(
        self,
        text: str,
        metadata: Mapping[str, JsonValue] | None = None,
        *,
        kind: str = "note",
        id: str | None = None,
        expires_at: float | None = None,
    ) -> str:
        """Keep a text; a memory of the same id is replaced.

        Args:
            text: The text.
            metadata: What to keep beside it.
            kind: What it is, in one word.
            id: Its id; a new one if None.
            expires_at: UTC epoch seconds at which it is no longer found.

        Returns:
            Its id.

        Raises:
            UsageError: If the text is empty or too long.
        """
        memory_id = id or _PREFIX + secrets.token_hex(6)
        made = Memory(memory_id, kind, text, dict(metadata or {}), self._now(), expires_at)
        self.put([made])
        return memory_id

    def put(self, memories: Sequence[Memory]) -> None:
        """Keep memories in one transaction; of each id the last one stays.

        Raises:
            UsageError: If a text is empty or too long.
        """
        kept = list({one.id: one for one in memories}.values())
        for one in kept:
            _check(one.text)
        if not kept:
            return
        vectors = self.embedding.embed([one.text for one in kept])
        with self._lock, self._writing():
            self._rows.remove([one.id for one in kept], self._now())
            numbers = self._rows.new_numbers(len(kept), self._now(), reuse=not self._space.filling)
            self._space.add(numbers, vectors)
            self._rows.insert(numbers, kept)
        crash_point("memory.committed")

    def search(
        self, query: str, k: int = 5, *, mode: Mode = "hybrid", wanted: Filter | None = None
    ) -> list[Hit]:
        """Return the memories that answer a query best, best first.

        Args:
            query: The query.
            k: How many at most.
            mode: By meaning and words, or by one of them.
            wanted: Which memories are wanted; all if None.
        """
        if k < 1 or not query.strip():
            return []
        wanted = wanted or Filter()
        depth = max(_DEPTH, 2 * k)
        with self._lock:
            now = self._now()
            cosines: dict[int, float] = {}
            words: dict[int, float] = {}
            vector = None if mode == "text" else self.embedding.embed([query])[0]
            stale = set(self._space.pending())
            if vector is not None:
                cosines = self._by_meaning(vector, stale, wanted, now, depth)
            if mode != "vector":
                alone = mode == "text"
                words = by_words(self._connection, query, wanted, now, depth, alone=alone)
            if vector is not None and words:
                missing = words.keys() - cosines.keys() - stale
                cosines |= self._cosines_of(vector, sorted(missing))
            ranked = fused(cosines, words, self.embedding.near)[:k]
            memories = self._rows.memories([number for number, _ in ranked])
        return [
            Hit(memories[number], score, cosines.get(number))
            for number, score in ranked
            if number in memories
        ]

    def get(self, id: str) -> Memory | None:
        """Return a memory by its id, or None if there is none or it has expired."""
        with self._lock:
            row = self._connection.execute(
                f"SELECT {COLUMNS} FROM memories WHERE id = ?"
                " AND (expires_at IS NULL OR expires_at > ?)",
                (id, self._now()),
            ).fetchone()
        return None if row is None else read_row(row)

    def newest(self, limit: int, offset: int = 0, wanted: Filter | None = None) -> list[Memory]:
        """Return memories, newest first."""
        condition, values = (wanted or Filter()).sql(self._now())
        with self._lock:
            rows = self._connection.execute(
                f"SELECT {COLUMNS} FROM memories WHERE {condition}"
                " ORDER BY created_at DESC, number DESC LIMIT ? OFFSET ?",
                (*values, limit, offset),
            ).fetchall()
        return [read_row(row) for row in rows]

    def by_prefix(self, prefix: str, limit: int) -> list[str]:
        """Return ids that begin with a prefix."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT id FROM memories WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
                (prefix, prefix + "\U0010ffff", limit),
            ).fetchall()
        return [row[0] for row in rows]

    def each(self) -> Iterable[Memory]:
        """Yield all memories, also what has expired; those added meanwhile may be left out."""
        last = 0
        query = (
            f"SELECT number, {COLUMNS} FROM memories WHERE number > ? ORDER BY number LIMIT 1000"
        )
        while True:
            with self._lock:
                rows = self._connection.execute(query, (last,)).fetchall()
            if not rows:
                return
            yield from (read_row(row[1:]) for row in rows)
            last = rows[-1][0]

    def delete(self, *ids: str) -> int:
        """Forget memories; return how many there were."""
        with self._lock, self._writing():
            return self._rows.remove(ids, self._now())

    def expire(self) -> int:
        """Remove what has expired; return how many memories that were."""
        with self._lock, self._writing():
            rows = self._connection.execute(
                "SELECT id FROM memories WHERE expires_at <= ?", (self._now(),)
            ).fetchall()
            return self._rows.remove([row[0] for row in rows], self._now())

    def count(self) -> int:
        """Return how many memories there are, also those that have expired."""
        with self._lock:
            return self._connection.execute("SELECT count(*) FROM memories").fetchone()[0]

    def progress(self) -> Progress:
        """Return how many memories have a vector of this embedding."""
        with self._lock:
            return self._space.progress()

    def fill(self, go_on: Callable[[Progress], bool] = lambda _: True) -> bool:
        """Embed what has no vector yet, as `Space.fill` does; open a memory of its own for it."""
        return self._space.fill(go_on)

    def close(self) -> None:
        """Close the database and the file of vectors."""
        with self._lock:
            self._space.close()
            self._connection.close()

    @contextmanager
    def _writing(self) -> Generator[None]:
        # The lock of the kernel is fair where waiting for SQLite's is not.
        with self._file_lock, transaction(self._connection):
            yield

    def _by_meaning(
        self, vector: NDArray[np.float32], stale: set[int], wanted: Filter, now: float, depth: int
    ) -> dict[int, float]:
        """Return the nearest that are wanted: number to cosine."""
        import numpy as np

        if not vector.any():
            return {}
        last = self._rows.last()
        places, cosines = self._space.file.nearest(vector, last, max(_VECTORS, 3 * depth))
        found: set[int] = set()
        # Mostly the first ones are all wanted, and to look up the others costs more than to search.
        for start, end in ((0, depth), (depth, 4 * depth)):
            if len(found) < depth:
                found |= self._rows.wanted(places[start:end].tolist(), wanted, now)
        if len(found) < depth and len(places) < last:
            # Most of the nearest are not wanted, or gone: look among the wanted only.
            condition, values = wanted.sql(now)
            rows = self._connection.execute(
                f"SELECT number FROM memories WHERE {condition}", values
            ).fetchall()
            choice = np.array([row[0] for row in rows], np.int64)
            places, cosines = self._space.file.nearest_of(vector, choice)
            found = set(choice.tolist())
        found -= stale
        pairs = zip(places.tolist(), cosines.tolist(), strict=True)
        near = [(number, cosine) for number, cosine in pairs if number in found]
        return dict(near[:depth])

    def _cosines_of(self, vector: NDArray[np.float32], numbers: Sequence[int]) -> dict[int, float]:
        import numpy as np

        places, cosines = self._space.file.nearest_of(vector, np.array(numbers, np.int64))
        return dict(zip(places.tolist(), cosines.tolist(), strict=True))


def _check(text: str) -> None:
    if not text.strip():
        raise UsageError("a memory cannot be empty", hint="say what is to be remembered")
    if len(text) > LONGEST:
        raise UsageError(f"a memory cannot be longer than {LONGEST:,} characters")
