"""Turns of a script as the Messages API puts them on the wire (JSON, or server-sent events)."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..kernel.json_value import JsonValue

_ids = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Text:
    """A text block."""

    text: str


@dataclass(frozen=True, slots=True)
class Thinking:
    """A thinking block."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool call; its id is made by the server."""

    name: str
    input: Mapping[str, JsonValue]


Block = Text | Thinking | ToolUse


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts of one answer, so that a run's cost is exact."""

    input_tokens: int = 1000
    output_tokens: int = 50
    cache_read_input_tokens: int = 0
    cache_creation_input_tokens: int = 0

    def at_start(self) -> dict[str, int]:
        """Return the counts of ``message_start``: no output yet but one token."""
        return {
            "input_tokens": self.input_tokens,
            "output_tokens": 1,
            "cache_read_input_tokens": self.cache_read_input_tokens,
            "cache_creation_input_tokens": self.cache_creation_input_tokens,
        }

    def at_end(self) -> dict[str, int]:
        """Return the final counts."""
        return {**self.at_start(), "output_tokens": self.output_tokens}


def wire_block(block: Block) -> dict[str, Any]:
    """Return a block as the API gives it."""
    match block:
        case Text(text):
            return {"type": "text", "text": text}
        case Thinking(text):
            return {"type": "thinking", "thinking": text, "signature": "scripted"}
        case ToolUse(name, given):
            return {
                "type": "tool_use",
                "id": f"toolu_{next(_ids):016d}",
                "name": name,
                "input": dict(given),
            }


def message(
    blocks: tuple[Block, ...], model: str, stop_reason: str, usage: Usage
) -> dict[str, Any]:
    """Return a whole message, as a request without streaming gets it."""
    return {
        "id": f"msg_{next(_ids):016d}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [wire_block(block) for block in blocks],
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": usage.at_end(),
    }


def events(
    blocks: tuple[Block, ...], model: str, stop_reason: str, usage: Usage, pieces: int
) -> Iterator[bytes]:
    """Yield the server-sent events of a message.

    Args:
        blocks: What the model says.
        model: The model's id, echoed.
        stop_reason: Why it stops.
        usage: Token counts.
        pieces: Into how many deltas each block is cut.
    """
    whole = message(blocks, model, stop_reason, usage)
    content = whole["content"]
    start: dict[str, Any] = {**whole, "content": [], "stop_reason": None}
    start["usage"] = usage.at_start()
    yield _event("message_start", message=start)
    for index, block in enumerate(content):
        empty, deltas = _deltas(block, pieces)
        yield _event("content_block_start", index=index, content_block=empty)
        for delta in deltas:
            yield _event("content_block_delta", index=index, delta=delta)
        yield _event("content_block_stop", index=index)
    yield _event(
        "message_delta",
        delta={"stop_reason": stop_reason, "stop_sequence": None},
        usage=usage.at_end(),
    )
    yield _event("message_stop")


def _deltas(block: dict[str, Any], pieces: int) -> tuple[dict[str, Any], Iterable[dict[str, Any]]]:
    kind = block["type"]
    if kind == "text":
        texts = _cut(block["text"], pieces)
        return {**block, "text": ""}, ({"type": "text_delta", "text": text} for text in texts)
    if kind == "thinking":
        texts = _cut(block["thinking"], pieces)
        deltas = [{"type": "thinking_delta", "thinking": text} for text in texts]
        deltas.append({"type": "signature_delta", "signature": block["signature"]})
        return {**block, "thinking": "", "signature": ""}, deltas
    texts = _cut(json.dumps(block["input"]), pieces)
    return {**block, "input": {}}, (
        {"type": "input_json_delta", "partial_json": text} for text in texts
    )


def _cut(text: str, pieces: int) -> Iterator[str]:
    size = max(1, -(-len(text) // max(1, pieces)))
    return (text[at : at + size] for at in range(0, max(1, len(text)), size))


def _event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()
