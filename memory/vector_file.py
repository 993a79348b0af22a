"""The vectors of one space in one mapped file, found by number.

A search goes through codes (how many signs differ from the query's) and compares the vectors of
the few that are left. A number is a place in the file, so that an add writes a few hundred bytes.
The file is derived: it can be made anew from the texts. Sources: Charikar, "Similarity Estimation
Techniques from Rounding Algorithms" (2002); Yamada et al., "Efficient Passage Retrieval with
Hashing" (2021) for a pass over bits that is scored again with real vectors.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Codes = NDArray[np.uint64]
    Numbers = NDArray[np.int64]
    Vectors = NDArray[np.float32]

_BLOCK = 8192
"""Places of a block: first the first words of their codes, then the second ones and so on, then
the vectors. So a pass over the first words reads no more than these."""
_BITS = 64
_WORD = 8
_FLOAT = 2
_CODE_ROWS = _BLOCK * _WORD // (_BITS * _FLOAT)
"""The codes of a block take as much room as so many vectors, of whatever length."""
_AT_ONCE = 4
"""Blocks that are compared at a time, so that what is made meanwhile stays in the cache."""
_FEW = 50_000
"""Up to so many places all words of all codes are compared."""
_SHARES = (80, 400)
"""Above, one in so many places is looked at further, after the first word and after the second."""
_LEAST = 3_000


class VectorFile:
    """Vectors of one space by number. One process writes at a time (the caller sees to it).

    A number whose vector is being written is either not found or found whole: the first word of its
    code, whose lowest bit says that it is there, is written last.

    Args:
        path: The file.
        dimensions: Length of a vector.
    """

    def __init__(self, path: Path, dimensions: int) -> None:
        self.path = path
        self._words = -(-dimensions // _BITS)
        self._length = self._words * _BITS
        self._row = self._length * _FLOAT
        self._block = (_BLOCK + _CODE_ROWS) * self._row
        self._descriptor: int | None = None
        self._mapped: NDArray[np.float16] | None = None

    def write(self, numbers: Sequence[int], vectors: Vectors) -> None:
        """Write vectors durably; a zero row says that nothing is found under its number.

        Args:
            numbers: A number for each row.
            vectors: The rows.

        Raises:
            OSError: If they cannot be written.
        """
        import numpy as np

        if self._descriptor is None:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            self._descriptor = os.open(self.path, flags, 0o600)
        file, rows, codes = self._descriptor, vectors.astype(np.float16), self._encoded(vectors)
        # What is not written yet takes no room on the disk.
        size = (max(numbers) // _BLOCK + 1) * self._block
        if os.fstat(file).st_size < size:
            os.ftruncate(file, size)
        for number, row, code in zip(numbers, rows, codes, strict=True):
            block, inside = divmod(number, _BLOCK)
            start = block * self._block
            os.pwrite(file, bytes(_WORD), start + inside * _WORD)
            os.pwrite(file, row.tobytes(), start + (_CODE_ROWS + inside) * self._row)
            for word in reversed(range(self._words)):
                os.pwrite(file, code[word].tobytes(), start + (word * _BLOCK + inside) * _WORD)
        os.fdatasync(file)

    def nearest(self, query: Vectors, last: int, wanted: int) -> tuple[Numbers, Vectors]:
        """Return the numbers whose vectors are nearest to a query, best first, and their cosines.

        Args:
            query: A unit vector.
            last: The highest number to look at.
            wanted: How many are enough. What is found is that of passes over codes: nearly always,
                not always, the nearest.
        """
        import numpy as np

        mapped = self._map(last)
        if mapped is None:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        code = self._encoded(query[None])[0]
        return self._scored(mapped, query, self._narrowed(mapped, code, last + 1, wanted))

    def nearest_of(self, query: Vectors, numbers: Numbers) -> tuple[Numbers, Vectors]:
        """Return the numbers of a choice that have a vector, nearest first, and their cosines.

        Args:
            query: A unit vector.
            numbers: The choice.
        """
        import numpy as np

        mapped = self._map(int(numbers.max())) if len(numbers) else None
        if mapped is None:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        return self._scored(mapped, query, numbers)

    def close(self) -> None:
        """Close the file."""
        self._mapped = None
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _encoded(self, vectors: Vectors) -> Codes:
        """Return the signs of vectors, 64 in a word; the lowest bit of the first says "there".

        A zero row is no code but zeros.
        """
        import numpy as np

        bits = np.zeros((len(vectors), self._length), np.uint8)
        bits[:, : vectors.shape[1]] = vectors > 0
        codes = np.packbits(bits, axis=1, bitorder="little").view("<u8").astype(np.uint64)
        codes[:, 0] |= np.uint64(1)
        codes[~vectors.any(axis=1)] = 0
        return codes

    def _map(self, last: int) -> NDArray[np.float16] | None:
        """Return the blocks up to that of a number, or as many as there are, as rows."""
        import numpy as np

        blocks = 0 if self._mapped is None else self._mapped.nbytes // self._block
        if blocks * _BLOCK <= last:
            size = self.path.stat().st_size if self.path.exists() else 0
            if size // self._block > blocks:
                blocks = size // self._block
                shape = (blocks * (_BLOCK + _CODE_ROWS), self._length)
                # As a plain array: each cut of a memmap costs a tenth of a millisecond.
                self._mapped = np.asarray(np.memmap(self.path, np.float16, "r", shape=shape))
        return self._mapped

    def _narrowed(
        self, mapped: NDArray[np.float16], code: Codes, count: int, wanted: int
    ) -> Numbers:
        """Return places whose codes differ least, in passes over ever fewer of them."""
        import numpy as np

        words = self._words_of(mapped)
        distances = self._distances(words, code[0])[:count]
        # How many are to be left after each word; 0 for all.
        left = [0] * (self._words - 1) + [wanted]
        if count > _FEW:
            for word, share in enumerate(_SHARES[: self._words - 1]):
                left[word] = max(wanted, _LEAST, count // share)
        places = _least(distances, left[0])
        at, distances = self._first_words(places), distances[places].astype(np.uint16)
        for word in range(1, self._words):
            at += _BLOCK
            distances += np.bitwise_count(words.take(at) ^ code[word])
            if left[word]:
                kept = _least(distances, left[word])
                places, at, distances = places[kept], at[kept], distances[kept]
        return places

    def _distances(self, words: Codes, code: np.uint64) -> NDArray[np.uint8]:
        """Return in how many bits the first word of each code differs."""
        import numpy as np

        firsts = words.reshape(-1, self._block // _WORD)[:, :_BLOCK]
        found = np.empty(firsts.shape, np.uint8)
        # Memory that is used again: new pages would take longer than the comparison.
        differing = np.empty((_AT_ONCE, _BLOCK), np.uint64)
        for start in range(0, len(firsts), _AT_ONCE):
            part = firsts[start : start + _AT_ONCE]
            np.bitwise_xor(part, code, out=differing[: len(part)])
            np.bitwise_count(differing[: len(part)], out=found[start : start + len(part)])
        return found.reshape(-1)

    def _scored(
        self, mapped: NDArray[np.float16], query: Vectors, places: Numbers
    ) -> tuple[Numbers, Vectors]:
        import numpy as np

        words = self._words_of(mapped)
        places = np.unique(places[places < mapped.nbytes // self._block * _BLOCK])
        there = words.take(self._first_words(places)) & np.uint64(1)
        places = places[there == 1]
        rows = mapped.take(places + (places // _BLOCK + 1) * _CODE_ROWS, axis=0)
        cosines = rows[:, : len(query)].astype(np.float32) @ query
        # Equal ones in the order of their numbers, so that results are repeatable.
        order = np.argsort(-cosines, kind="stable")
        return places[order], cosines[order]

    def _words_of(self, mapped: NDArray[np.float16]) -> Codes:
        import numpy as np

        return mapped.reshape(-1).view(np.uint64)

    def _first_words(self, places: Numbers) -> Numbers:
        """Return where the first words of the codes of places stand among all words."""
        block, inside = places // _BLOCK, places % _BLOCK
        return block * (self._block // _WORD) + inside


def _least(distances: NDArray[np.uint8] | NDArray[np.uint16], wanted: int) -> Numbers:
    """Return where the smallest distances stand, in order: all up to the one that gives enough.

    Args:
        distances: The distances.
        wanted: How many are enough; 0 for all.
    """
    import numpy as np

    if not wanted or wanted >= len(distances):
        return np.arange(len(distances))
    # A sample says well enough where a long list is to be cut.
    step = 16 if len(distances) > 2 * _FEW else 1
    seen = np.bincount(distances[::step])
    limit = int(np.searchsorted(np.cumsum(seen) * step, wanted))
    return cast("Numbers", np.flatnonzero(distances <= limit))
