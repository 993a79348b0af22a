"""A program in a pseudo-terminal, and somebody who types."""

from __future__ import annotations

import contextlib
import os
import pty
import queue
import random
import signal
import sys
import termios
import threading
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from screen_model import ScreenModel  # noqa: E402

PROMPT = "llmos> "
_COLUMNS, _LINES = 100, 30
_PAUSES_S = (0.05, 0.06, 0.08, 0.12, 0.2)
"""Between two keys; the last two let the price of what is typed be computed."""


class Keyboard:
    """A program in a pseudo-terminal, and somebody who types.

    Args:
        command: The program.
        cwd: Its working directory.
        environment: Its environment.
    """

    def __init__(self, command: Sequence[str], cwd: Path, environment: dict[str, str]) -> None:
        self.bytes = self.prices = self.streamed = 0
        self.screen = ScreenModel(_COLUMNS, _LINES)
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            os.chdir(cwd)
            os.execvpe(command[0], list(command), environment)
        termios.tcsetwinsize(self._terminal, (_LINES, _COLUMNS))
        self._priced = False
        self._chosen = random.Random(3)
        # What comes is read at once: a terminal is faster than this model of a screen.
        self._came: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
        self._receiver = threading.Thread(target=self._receive, daemon=True)
        self._receiver.start()

    def send(self, text: str) -> None:
        """Type a text."""
        os.write(self._terminal, text.encode())

    def wait(self, text: str) -> None:
        """Wait until the screen shows a text."""
        deadline = time.monotonic() + 60
        while text not in self.screen.text:
            if time.monotonic() > deadline:
                raise SystemExit(f"{text!r} is not shown in:\n{self.screen.text}")
            self._read(0.1)

    def warm(self, goal: str) -> None:
        """Let what the matcher needs be loaded once: that is the start's affair."""
        self.send(goal)
        self.wait("FOLLOWER")
        self.send("\x15")
        self._until(PROMPT)

    def type_goal(self, goal: str, *, clear: bool = True) -> list[float]:
        """Type a goal key by key; return the milliseconds after which each key was echoed."""
        self.drain()
        taken: list[float] = []
        for count, key in enumerate(goal, start=1):
            began = time.perf_counter()
            self.send(key)
            taken.append((self._until(PROMPT + goal[:count]) - began) * 1000)
            self._idle(self._chosen.choice(_PAUSES_S))
        if clear:
            self.send("\x15")
            self._until(PROMPT)
        else:
            self.send("\r\n" + PROMPT)
            self._idle(0.1)
        return taken

    def drain(self) -> None:
        """Take what has come meanwhile."""
        while self._read(0) is not None:
            pass

    def still_streams(self) -> bool:
        """Return whether lines still come."""
        before = self.streamed
        self._idle(1.0)
        return self.streamed > before

    def _until(self, row: str) -> float:
        """Read until the line that is typed is so; return when what shows it was read."""
        deadline = time.monotonic() + 30
        at = time.perf_counter()
        while self._line() != row.rstrip():
            if time.monotonic() > deadline:
                raise SystemExit(f"{row!r} is not shown in:\n{self.screen.text[-3000:]}")
            at = self._read(0.1) or at
        return at

    def _line(self) -> str:
        rows = [row for row in self.screen.rows if row.startswith(PROMPT.rstrip())]
        return rows[-1] if rows else ""

    def _idle(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._read(left)

    def _read(self, seconds: float) -> float | None:
        try:
            at, data = self._came.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return None
        if not data:
            raise SystemExit(f"it ended:\n{self.screen.text[-800:]}")
        self.bytes += len(data)
        text = data.decode("utf-8", "replace")
        self.streamed += text.count("this is line ")
        self.screen.write(text)
        del self.screen.gone[:-200]
        priced = "FOLLOWER t-" in self.screen.rows[-1] or any(
            "LEARNER ~" in row or "FOLLOWER t-" in row for row in self.screen.rows
        )
        self.prices += priced and not self._priced
        self._priced = priced
        return at

    def _receive(self) -> None:
        data = b"begun"
        while data:
            try:
                data = os.read(self._terminal, 65536)
            except OSError:  # the program has ended
                data = b""
            self._came.put((time.perf_counter(), data))

    def __enter__(self) -> Keyboard:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGTERM)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and os.waitpid(self._pid, os.WNOHANG)[0] == 0:
            with contextlib.suppress(SystemExit):
                self._read(0.05)
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        self._receiver.join()
        os.close(self._terminal)
