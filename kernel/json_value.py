"""The type of JSON in memory: pydantic's `JsonValue`, which takes long to import."""

from __future__ import annotations

from typing import TypeAlias

JsonValue: TypeAlias = "list[JsonValue] | dict[str, JsonValue] | str | int | float | bool | None"
