"""The driver of a plugin tool: calls the very function that the model's run called."""

from __future__ import annotations

import re

from ..tools import Effect, JsonObject, ToolResult, ToolSession, ToolSpec

PREFIX = "mcp__llmos__"
"""What the model sees before the name of a plugin tool."""


def tool_name(name: str) -> str:
    """Return the name under which the model sees a plugin tool."""
    return PREFIX + re.sub(r"[^A-Za-z0-9_-]", "_", name)


class PluginDriver:
    """Carries out a plugin tool.

    Args:
        spec: The tool.
    """

    effect = Effect.RUN

    def __init__(self, spec: ToolSpec) -> None:
        self.name = tool_name(spec.name)
        self.fingerprint = spec.fingerprint
        self._call = spec.call

    async def run(self, input: JsonObject, session: ToolSession) -> ToolResult:
        """Carry out one call; `session` is not used."""
        return await self._call(input)
