"""Events as lines of ``stream-json``: Claude's shapes where it has one, ``system`` for the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

from ..kernel.events import (
    Event,
    LowBattery,
    ModelMessage,
    RunEnded,
    ToolCalled,
    ToolReturned,
)
from ..kernel.json_value import JsonValue
from ..kernel.money import to_usd
from ..kernel.record import Record
from .system import System

_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")
_MICROS = frozenset({"cost", "hold", "estimate", "saved", "needed", "available"})
_SAID = frozenset({"text", "thinking"})


def init_json(system: System) -> dict[str, JsonValue]:
    """Return the first line: what runs, and where."""
    return {
        "type": "system",
        "subtype": "init",
        "session_id": system.session_id,
        "cwd": str(system.cwd),
        "model": system.settings.model,
        "permissionMode": system.settings.permission_mode,
    }


def event_json(event: Event, session_id: str) -> dict[str, JsonValue] | None:
    """Return an event as a line, or None for one that says nothing of its own.

    Args:
        event: The event.
        session_id: Id of the session.
    """
    line = _line(event)
    return None if line is None else {**line, "session_id": session_id}


def _line(event: Event) -> dict[str, JsonValue] | None:
    match event:
        case ToolCalled(call=call):
            block: dict[str, JsonValue] = {
                "type": "tool_use",
                "id": call.id or f"{event.run_id}-{event.index}",
                "name": call.name,
                "input": dict(call.input),
            }
            return _message("assistant", block)
        case ToolReturned(call=call, result=result):
            block = {
                "type": "tool_result",
                "tool_use_id": call.id or f"{event.run_id}-{event.index}",
                "content": result.output,
                "is_error": not result.ok,
            }
            return _message("user", block)
        case ModelMessage(kind=kind, text=text):
            if kind in _SAID and text:
                return _message("assistant", {"type": kind, kind: text})
            if kind != "retry":
                return None
        case LowBattery():
            return {
                "type": "budget_exceeded",
                "needed_usd": to_usd(event.needed),
                "available_usd": to_usd(event.available),
            }
        case RunEnded():
            return None  # the result follows
        case _:
            pass
    subtype = _CAPITAL.sub("_", type(event).__name__).lower()
    return {"type": "system", "subtype": subtype, **_fields(event)}


def _message(role: str, block: JsonValue) -> dict[str, JsonValue]:
    return {"type": role, "message": {"role": role, "content": [block]}}


def _fields(event: Event) -> dict[str, JsonValue]:
    fields: dict[str, JsonValue] = {}
    for name, value in vars(event).items():
        if name in _MICROS:
            fields[f"{name}_usd"] = None if value is None else to_usd(value)
        else:
            fields[name] = _plain(value)
    return fields


def _plain(value: object) -> JsonValue:
    if isinstance(value, Record):
        return {name: _plain(one) for name, one in vars(value).items()}
    if isinstance(value, (tuple, list)):
        return [_plain(one) for one in cast("list[object]", value)]
    if isinstance(value, Mapping):
        items = cast("Mapping[str, object]", value).items()
        return {name: _plain(one) for name, one in items}
    return cast("JsonValue", value)
