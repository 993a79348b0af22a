"""The driver of a plugin tool: calls the very function that the model's run called."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Generator
from contextlib import contextmanager

from ..tools import Effect, JsonObject, ToolResult, ToolSession, ToolSpec

_MODEL_KEY = re.compile(r"ANTHROPIC_|CLAUDE_\w*(?:TOKEN|KEY)")
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

    def run(self, input: JsonObject, session: ToolSession) -> ToolResult:
        """Carry out one call on the event loop that started this thread."""
        from concurrent.futures import CancelledError

        import anyio.from_thread

        async def call() -> ToolResult:
            return await self._call(input)

        with _keys_put_away():
            try:
                return anyio.from_thread.run(call)
            except CancelledError:
                session.check_cancelled()
                raise


_lock = threading.Lock()
_put_away: dict[str, str] = {}
_users = 0


@contextmanager
def _keys_put_away() -> Generator[None]:
    """Take the model's keys out of this process's environment, so that no child inherits them."""
    global _users
    with _lock:
        _users += 1
        for name in [one for one in os.environ if _MODEL_KEY.match(one)]:
            _put_away[name] = os.environ.pop(name)
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                os.environ.update(_put_away)
                _put_away.clear()
