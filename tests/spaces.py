"""Embeddings for tests of the semantic memory: small, and other spaces than the default one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class WordSpace:
    """Words hashed into a few dimensions: texts with the same words are near.

    Args:
        name: Of the space; other names are other spaces.
        dimensions: Length of a vector.
    """

    near = 0.5

    def __init__(self, name: str = "words", dimensions: int = 64) -> None:
        self.name = name
        self.dimensions = dimensions

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = np.zeros((len(texts), self.dimensions), np.float32)
        for place, text in enumerate(texts):
            for word in text.casefold().split():
                seed = hashlib.blake2b(f"{self.name} {word}".encode(), digest_size=8).digest()
                generator = np.random.default_rng(int.from_bytes(seed, "little"))
                rows[place] += generator.standard_normal(self.dimensions)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        rows /= np.where(lengths == 0, 1, lengths)
        return rows
