"""Records every tool call of a model run and its observation, from the message stream.

Results arrive in completion order, so calls are paired by id. Calls that the CLI rejects before
they run show up only here, never in a hook.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from ..kernel.json_value import JsonValue
from ..kernel.tools import ToolCall, ToolResult

_EXIT_CODE = re.compile(r"Exit code (-?\d+)(?:\n|$)")


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """One finished tool call.

    Attributes:
        call: The call.
        result: What the model saw.
        at: UTC epoch seconds at which it began.
        textual: False if the result held something else than text (an image).
    """

    call: ToolCall
    result: ToolResult
    at: float
    textual: bool = True


class CallRecorder:
    """Pairs calls and results; keeps them in the order of the calls."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[int, ToolCall, float]] = {}
        self._order: list[str] = []
        self._done: dict[str, RecordedCall] = {}

    def called(self, call: ToolCall, at: float) -> int:
        """Note that a call began; return its index."""
        index = len(self._order)
        self._order.append(call.id)
        self._open[call.id] = (index, call, at)
        return index

    def returned(
        self, call_id: str, content: object, failed: bool, extra: object, at: float
    ) -> tuple[int, RecordedCall] | None:
        """Note a result; return the index and the finished call, or None for a foreign result.

        Args:
            call_id: The call's id.
            content: Content of the tool result block: text, or a list of content blocks.
            failed: Whether the block says so.
            extra: The CLI's own result object beside the block.
            at: UTC epoch seconds.
        """
        begun = self._open.pop(call_id, None)
        if begun is None:
            return None
        index, call, since = begun
        text, textual = text_of(content)
        result = ToolResult(
            output=text,
            ok=not failed,
            exit_code=_exit_code(call.name, text, failed, extra),
            duration_s=max(0.0, at - since),
        )
        recorded = RecordedCall(call, result, since, textual)
        self._done[call_id] = recorded
        return index, recorded

    @property
    def unfinished(self) -> bool:
        """Whether a call has no result (it was cut off)."""
        return bool(self._open)

    @property
    def calls(self) -> tuple[RecordedCall, ...]:
        """All finished calls, in the order in which they were made."""
        return tuple(self._done[call_id] for call_id in self._order if call_id in self._done)


def text_of(content: object) -> tuple[str, bool]:
    """Return the text of a tool result's content, and whether text is all there is."""
    if content is None:
        return "", True
    if isinstance(content, str):
        return content, True
    parts: list[str] = []
    textual = True
    for block in cast("Sequence[dict[str, JsonValue]]", content):
        if block.get("type") == "text":
            parts.append(str(block.get("text", "")))
        else:
            textual = False
    return "\n".join(parts), textual


def _exit_code(tool: str, text: str, failed: bool, extra: object) -> int | None:
    if tool != "Bash":
        return None
    if failed:
        found = _EXIT_CODE.match(text)
        return int(found.group(1)) if found else None
    # grep, diff, test and find may end with 1 and still count as a success; the CLI then says
    # how it read the code and nothing else does.
    fields = cast("dict[str, object]", extra) if isinstance(extra, dict) else {}
    return 1 if fields.get("returnCodeInterpretation") else 0
