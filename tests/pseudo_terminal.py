"""The shell in a real pseudo-terminal, for the tests that type into it."""

from __future__ import annotations

import re
import signal
import sys
import time

import pexpect

from screen_model import ScreenModel
from support import Place

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|\r")
PROMPT = "llmos>"


class Terminal:
    """llmos in a pseudo-terminal.

    Args:
        place: Where it runs.
        arguments: Its arguments.
        columns: Width of the terminal.
        lines: Its height.
        timeout_s: Seconds that anything waited for may take.
        env: More of its environment.
    """

    def __init__(
        self,
        place: Place,
        *arguments: str,
        columns: int = 100,
        lines: int = 40,
        timeout_s: float = 60,
        **env: str,
    ) -> None:
        self.screen = ScreenModel(columns, lines)
        self._timeout_s = timeout_s
        self.child: pexpect.spawn[str] = pexpect.spawn(
            sys.executable,
            ["-m", "llmos", *arguments],
            cwd=str(place.cwd),
            env={**place.env, "TERM": "xterm", **env},
            encoding="utf-8",
            timeout=timeout_s,
            dimensions=(lines, columns),
        )
        self.child.logfile_read = self.screen
        self.child.delaybeforesend = None

    def until(self, text: str) -> str:
        """Wait for a text to be written; return what came before it, without escapes."""
        self.child.expect_exact(text)
        return ESCAPES.sub("", self.child.before or "")

    def shows(self, *texts: str, times: int = 1) -> str:
        """Wait until the screen shows some texts so many times; return all that was ever shown."""
        deadline = time.monotonic() + self._timeout_s
        while not all(self.screen.text.count(one) >= times for one in texts):
            if time.monotonic() > deadline:
                raise AssertionError(f"{texts} is not shown in:\n{self.screen.text}")
            self.read()
        return self.screen.text

    def asks(self, question: str) -> None:
        """Wait until a question stands at the bottom of what is shown."""
        deadline = time.monotonic() + self._timeout_s
        while not (self.screen.text.splitlines() or [""])[-1].startswith(question):
            if time.monotonic() > deadline:
                raise AssertionError(f"{question!r} is not asked in:\n{self.screen.text}")
            self.read()

    def hides(self, text: str) -> None:
        """Wait until the screen does not show a text any more."""
        deadline = time.monotonic() + self._timeout_s
        while any(text in row for row in self.screen.rows):
            if time.monotonic() > deadline:
                raise AssertionError(f"{text!r} is still shown in:\n{self.screen.text}")
            self.read()

    def read(self, seconds: float = 0.05) -> None:
        """Take what is written within some seconds."""
        self.child.expect([pexpect.TIMEOUT, pexpect.EOF, r".+"], timeout=seconds)

    def ready(self) -> None:
        """Wait until a prompt stands there with nothing typed."""
        deadline = time.monotonic() + self._timeout_s
        while PROMPT not in self.screen.rows:
            if time.monotonic() > deadline:
                raise AssertionError(f"there is no empty prompt in:\n{self.screen.text}")
            self.read()

    def press(self, keys: str) -> None:
        """Type keys."""
        self.child.send(keys)

    def type(self, line: str) -> None:
        """Type a line and Enter."""
        self.child.send(line + "\r")

    def close(self) -> None:
        """Close the terminal, as when its window is closed; harmless if the program has ended."""
        if self.child.isalive():
            self.child.kill(signal.SIGHUP)
            if not self.child.expect([pexpect.EOF, pexpect.TIMEOUT]):
                self.child.wait()
            else:
                self.child.kill(signal.SIGKILL)
        self.child.close(force=True)

    def leave(self) -> int | None:
        """Leave by Ctrl-D; return the exit code."""
        self.press("\x04")
        return self.ended()

    def ended(self) -> int | None:
        """Wait for its end; return the exit code."""
        self.child.expect(pexpect.EOF)
        self.child.close()
        return self.child.exitstatus
