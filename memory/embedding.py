"""Embeddings: text to vectors. The default is lexical, and the same in every process."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_WORD = re.compile(r"\w+")
_GRAM = 3


class Embedding(Protocol):
    """Turns texts into unit vectors of one space."""

    @property
    def name(self) -> str:
        """Names the space; vectors of different spaces are never compared."""
        ...

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit row for each text (a zero row for a text without words)."""
        ...


class LexicalEmbedding:
    """Words and pieces of words, hashed into a fixed number of dimensions.

    The hash is BLAKE2b, so that vectors are equal in all processes and on all machines. Source of
    the idea: feature hashing (Weinberger et al., ICML 2009).

    Args:
        dimensions: Length of a vector.
    """

    def __init__(self, dimensions: int = 512) -> None:
        self.dimensions = dimensions
        self.name = f"lexical-1-{dimensions}"

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit row for each text."""
        import numpy as np

        rows = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            for feature, weight in _features(text):
                place, sign = self._place(feature)
                rows[row, place] += sign * weight
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        rows /= np.where(norms == 0, 1, norms)
        return rows

    def _place(self, feature: str) -> tuple[int, int]:
        digest = hashlib.blake2b(feature.encode("utf-8", "replace"), digest_size=8).digest()
        number = int.from_bytes(digest, "little")
        # The sign lets features that share a place cancel out instead of adding up.
        return (number >> 1) % self.dimensions, 1 if number & 1 else -1


def _features(text: str) -> Iterator[tuple[str, float]]:
    for word in _WORD.findall(text.casefold()):
        yield f"w:{word}", 1.0
        padded = f"^{word}$"
        grams = [padded[at : at + _GRAM] for at in range(len(padded) - _GRAM + 1)]
        for gram in grams:
            yield f"g:{gram}", 0.5 / max(1, len(grams)) ** 0.5
