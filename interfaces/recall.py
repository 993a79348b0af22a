"""What semantic memory (L4) gives to a model run and takes from it: context, results, lessons."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..kernel.errors import (
    AuthenticationError,
    InterruptedRunError,
    LlmosError,
    ModelUnavailableError,
)
from ..kernel.tools import ToolCall, ToolSpec
from ..memory.goals import normal_form
from ..memory.trace_store import TraceStore
from .context import Context, Item, chosen, harmless
from .context_sources import memories, notes, tools, traces
from .memory_tools import MemoryOnDemand
from .render import describe_call

if TYPE_CHECKING:
    from ..memory.store import SemanticMemory
    from .model_run import ModelRun

_GOAL = 2_000
"""Characters of a goal that are looked up and kept."""
_TRIED = 6
_ERROR = 400
_NOTES_SHARE = 2
"""The notes of the project may cost half of the context."""
_LESSON_DAYS = 90
_SAYS_NOTHING = (InterruptedRunError, ModelUnavailableError, AuthenticationError)
"""Failures that are none of what was tried."""
_DAY_S = 24 * 3600


class Recall:
    """Asks and fills the semantic memory; used only when a goal needs the model.

    Args:
        memory: The memory.
        store: The traces.
        plugins: The plugins' tools.
        cwd: The working directory.
        budget: Tokens that context may cost; 0 for none.
        read: Gives what the model would see if it read a file, or None.
        redact: Removes secrets from what is written, and from what is sent.
        notice: Told, for people, when memory cannot be used; the run goes on without it.
        now: Gives UTC epoch seconds.
    """

    def __init__(
        self,
        memory: MemoryOnDemand,
        store: TraceStore,
        plugins: Sequence[ToolSpec],
        *,
        cwd: Path,
        budget: int,
        read: Callable[[ToolCall], str | None],
        redact: Callable[[str], str],
        notice: Callable[[str], None],
        now: Callable[[], float],
    ) -> None:
        self._memory = memory
        self._store = store
        self._plugins = tuple(plugins)
        self._cwd = cwd
        self._budget = budget
        self._read = read
        self._redact = redact
        self._notice = notice
        self._now = now

    def context(self, goal: str) -> Context:
        """Return what the model is to be given beside a goal. Blocks."""
        if not self._budget:
            return Context()
        return chosen(map(self._clean, self._items(goal[:_GOAL])), self._budget)

    def learned(self, goal: str, trace_id: str | None) -> None:
        """Note how a goal was reached; what was said of its failures is forgotten. Blocks."""

        def note(memory: SemanticMemory) -> None:
            memory.delete(_id("l", goal))
            if trace_id is not None:
                text = self._redact(goal)[:_GOAL]
                result = {"trace_id": trace_id}
                memory.add(text, result, kind="result", id=_id("r", goal))

        self._noted(note)

    def failed(self, goal: str, run: ModelRun) -> None:
        """Keep a lesson of a run that failed: what was tried, and what came of it. Blocks."""
        if run.error is None or not run.calls or isinstance(run.error, _SAYS_NOTHING):
            return
        text, lesson = self._redact(goal)[:_GOAL], self._redact(_lesson(run, run.error))
        expires = self._now() + _LESSON_DAYS * _DAY_S
        self._noted(
            lambda memory: memory.add(
                text, {"lesson": lesson}, kind="lesson", id=_id("l", goal), expires_at=expires
            )
        )

    def _noted(self, note: Callable[[SemanticMemory], object]) -> None:
        try:
            note(self._memory.get())
        except (LlmosError, OSError) as error:
            self._notice(f"the semantic memory did not take it: {error}")

    def _items(self, goal: str) -> Iterator[Item]:
        try:
            memory = self._memory.get()
            yield from memories(memory, goal, "lesson")
            yield from traces(memory, self._store, goal, str(self._cwd))
            yield from memories(memory, goal, "note")
            yield from tools(memory, goal, self._plugins)
        except (LlmosError, OSError) as error:
            self._notice(f"the semantic memory was left out: {error}")
        try:
            yield from notes(self._cwd, self._read, self._budget // _NOTES_SHARE)
        except OSError as error:
            self._notice(f"the notes of the project were left out: {error}")

    def _clean(self, item: Item) -> Item:
        text = harmless(self._redact(item.text))
        return Item(item.kind, item.source, text, item.why, item.seen_as, item.observed)


def _id(kind: str, goal: str) -> str:
    digest = hashlib.sha256(normal_form(goal).encode("utf-8", "replace")).hexdigest()
    return f"{kind}-{digest[:12]}"


def _lesson(run: ModelRun, error: LlmosError) -> str:
    lines = [f"It failed: {error.message[:_ERROR]}"]
    failed = [one for one in run.calls if not one.result.ok]
    worked = [one for one in run.calls if one.result.ok]
    for one in failed[-_TRIED:]:
        said = " ".join(one.result.output.split())[:_ERROR]
        lines.append(f"Failed: {describe_call(one.call.name, one.call.input)}: {said}")
    lines += [f"Tried: {describe_call(one.call.name, one.call.input)}" for one in worked[-_TRIED:]]
    return "\n".join(lines)
