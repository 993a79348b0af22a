"""The shell in a real pseudo-terminal, for the tests that type into it."""

from __future__ import annotations

import re
import sys

import pexpect

from support import Place

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|\r")
PROMPT = "llmos>"


class Terminal:
    """llmos in a pseudo-terminal.

    Args:
        place: Where it runs.
        columns: Width of the terminal.
        timeout_s: Seconds that anything waited for may take.
    """

    def __init__(self, place: Place, *, columns: int = 100, timeout_s: float = 20) -> None:
        self.child: pexpect.spawn[str] = pexpect.spawn(
            sys.executable,
            ["-m", "llmos"],
            cwd=str(place.cwd),
            env={**place.env, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"},
            encoding="utf-8",
            timeout=timeout_s,
            dimensions=(40, columns),
        )

    def until(self, text: str) -> str:
        """Wait for a text; return what came before it, without escapes."""
        self.child.expect_exact(text)
        return ESCAPES.sub("", self.child.before or "")

    def ready(self) -> str:
        """Wait for the prompt."""
        return self.until(PROMPT)

    def type(self, line: str) -> None:
        self.child.send(line + "\r")

    def leave(self) -> int | None:
        self.child.sendcontrol("d")
        self.child.expect(pexpect.EOF)
        self.child.close()
        return self.child.exitstatus
