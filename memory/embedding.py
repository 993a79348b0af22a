"""What turns texts into vectors: one protocol, the default, and what else may be chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from ..kernel.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DEFAULT = "static"
CHOICES = (DEFAULT, "minilm")


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

    @property
    def near(self) -> float:
        """The cosine from which on two texts are about the same thing more often than not."""
        ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit row for each text (a zero row for a text without words)."""
        ...


def default_embedding() -> Embedding:
    """Return the embedding that comes with the package and needs no download."""
    from .static_embedding import static_embedding

    return static_embedding()


def chosen_embedding(choice: str) -> Embedding:
    """Return an embedding by the name that users know it by.

    Args:
        choice: One of `CHOICES`.

    Raises:
        UsageError: If there is none of that name.
        LlmosError: If the package that it needs is not installed.
    """
    if choice == DEFAULT:
        return default_embedding()
    if choice == "minilm":
        from .minilm_embedding import MiniLmEmbedding

        return MiniLmEmbedding()
    raise UsageError(f"there is no embedding {choice!r}", hint=f"there is: {', '.join(CHOICES)}")
