"""An embedding of English that costs a twentieth of a millisecond: a mean of learned word vectors.

The vectors are those of WordLlama (MIT), read from its package without importing it: nothing is
ever fetched. Sources: WordLlama, github.com/dleemiller/WordLlama (2024); Wieting et al., "Towards
Universal Paraphrastic Sentence Embeddings" (2016) for the mean of vectors trained on paraphrases.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from ..kernel.errors import LlmosError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_WEIGHTS = Path("weights", "l2_supercat_256.safetensors")
_TOKENIZER = Path("tokenizers", "l2_supercat_tokenizer_config.json")
_LONGEST = 20_000
"""Characters of a text that are read; the mean of more says no more."""


class _Encoding(Protocol):
    @property
    def ids(self) -> list[int]: ...


class _Tokenizer(Protocol):
    def encode(self, sequence: str, *, add_special_tokens: bool) -> _Encoding: ...


class StaticEmbedding:
    """The mean of the vectors of a text's word pieces. Its files are read at the first use."""

    name = "wordllama-l2-supercat-256"
    dimensions = 256
    near = 0.5

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit row for each text.

        Raises:
            LlmosError: If the package with the vectors is damaged or not installed.
        """
        import numpy as np

        rows = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            # A lone surrogate is no text that the tokenizer could take.
            clean = text[:_LONGEST].encode("utf-8", "replace").decode("utf-8")
            pieces = self._tokenizer.encode(clean, add_special_tokens=False).ids
            if pieces:
                row[:] = self._vectors[pieces].astype(np.float32).mean(axis=0)
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        rows /= np.where(norms == 0, 1, norms)
        return rows

    @cached_property
    def _vectors(self) -> NDArray[np.float16]:
        from safetensors import safe_open

        with safe_open(_file(_WEIGHTS), framework="numpy") as opened:  # pyright: ignore
            return cast("NDArray[np.float16]", opened.get_tensor("embedding.weight"))  # pyright: ignore

    @cached_property
    def _tokenizer(self) -> _Tokenizer:
        from tokenizers import Tokenizer  # pyright: ignore[reportMissingTypeStubs]

        return cast("_Tokenizer", Tokenizer.from_file(str(_file(_TOKENIZER))))


@lru_cache(maxsize=1)
def static_embedding() -> StaticEmbedding:
    """Return the one static embedding of this process."""
    return StaticEmbedding()


def _file(inside: Path) -> Path:
    # To find a package is not to import it, which would cost more than all that is done here.
    found = find_spec("wordllama")
    folders = (found.submodule_search_locations if found is not None else None) or []
    for folder in folders:
        path = Path(folder, inside)
        if path.is_file():
            return path
    raise LlmosError(
        f"the package wordllama has no {inside}", hint="pip install --force-reinstall wordllama"
    )


__all__ = ["StaticEmbedding", "static_embedding"]
