"""What semantic memory (L4) adds to a model run: results of earlier goals like this one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..kernel.errors import LlmosError

if TYPE_CHECKING:
    from ..memory.store import SemanticMemory

_MOST = 3
_NEAR = 0.5
_LENGTH = 500
"""Characters of one memory that are shown to the model."""


class Recall:
    """Asks and fills the semantic memory; opened only when a goal needs the model.

    Args:
        path: The memory's database.
        redact: Removes secrets from what is written.
        notice: Told, for people, when memory cannot be used; the run goes on without it.
    """

    def __init__(
        self, path: Path, redact: Callable[[str], str], notice: Callable[[str], None]
    ) -> None:
        self._path = path
        self._redact = redact
        self._notice = notice
        self._memory: SemanticMemory | None = None

    def about(self, goal: str) -> str:
        """Return what is known about goals like this one, for the model; empty if nothing is."""
        try:
            hits = self._open().search(goal[:_LENGTH], _MOST)
        except (LlmosError, OSError) as error:
            self._notice(f"the semantic memory was left out: {error}")
            return ""
        near = [hit for hit in hits if (hit.similarity or 0.0) >= _NEAR]
        if not near:
            return ""
        lines = [
            f"- {hit.memory.text[:_LENGTH]} -> "
            f"{str(hit.memory.metadata.get('answer', ''))[:_LENGTH]}"
            for hit in near
        ]
        return "Results of earlier goals like this one (check before relying on them):\n" + (
            "\n".join(lines)
        )

    def remember(self, goal: str, answer: str) -> None:
        """Keep the answer of a goal."""
        text = self._redact(goal)[:_LENGTH]
        try:
            result = {"answer": self._redact(answer)[:_LENGTH]}
            self._open().add(text, result, kind="result", id=text.casefold())
        except (LlmosError, OSError) as error:
            self._notice(f"the semantic memory did not take it: {error}")

    def _open(self) -> SemanticMemory:
        if self._memory is None:
            from ..memory.store import SemanticMemory

            self._memory = SemanticMemory(self._path)
        return self._memory
