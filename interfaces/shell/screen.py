"""What is printed while the prompt is open: it goes above it, and the prompt is drawn again.

prompt-toolkit's own way gives the terminal back to the kernel for each piece that is printed: a key
that is pressed in that moment is echoed in the wrong place, or lost. Here the terminal stays as it
is; the prompt is erased, the text written, and the prompt drawn below it, in one go.

A key comes before all of that: its echo is drawn first, and what is printed meanwhile is written a
little at a time, so that the echo does not stand in line behind it.
"""

from __future__ import annotations

import asyncio
import io
import select
import sys
import threading
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO, cast

if TYPE_CHECKING:
    from prompt_toolkit.application import Application

    from .terminal_output import TerminalOutput

_SOON_S = 0.05
"""Seconds for which what is printed is gathered."""
_BETWEEN_S = 0.2
"""Seconds from one drawing to the next: each takes a few ms."""
_MORE_S = 0.05
"""The same where more waits than is written at once, or the terminal takes nothing now."""
_TYPED_S = 0.5
"""Seconds for which somebody who pressed a key is taken to go on typing."""
_AT_ONCE = 12_000
"""Characters that are written at once: with more the kernel, which takes some 16,000, lets a write
wait for whoever shows them."""
_BESIDE_KEYS = 3500
"""The same while somebody types: with the prompt it is less than what is read from a terminal at
once, so that an echo waits for one reading and no more."""


class Screen:
    """The terminal's scrollback, above the prompt.

    Args:
        output: The terminal.
    """

    def __init__(self, output: TerminalOutput) -> None:
        self.output = output
        self.app: Application[str] | None = None
        """What is drawn at the bottom now."""
        self._lock = threading.Lock()
        self._waiting: deque[str] = deque()
        self._due = self._left_some = False
        self._turned_at = self._pressed_at = float("-inf")
        self._stale = False
        self._held = False
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._ready = select.poll()
        self._ready.register(output.fileno(), select.POLLOUT)

    def print(self, text: str) -> None:
        """Print whole lines, soon; from any thread."""
        with self._lock:
            self._waiting.extend([text] if len(text) <= _AT_ONCE else _lines(text))
        self._soon()

    def redraw(self) -> None:
        """Draw the bottom of the screen anew, soon: not once for each word that is streamed."""
        self._stale = True
        self._soon()

    def pressed(self) -> None:
        """Take note of a key."""
        self._pressed_at = self._loop.time()

    def flush(self) -> None:
        """Print now all that waits; on the event loop only."""
        if self._held or not self._waiting:
            return
        self._write(self._take(None))
        self.output.flush()
        app = self._running()
        if app is not None:
            app.invalidate()

    def _soon(self) -> None:
        with self._lock:
            if self._due:
                return
            self._due = True
        if threading.get_ident() == self._thread:
            self._arrange()
        else:
            self._loop.call_soon_threadsafe(self._arrange)

    def _arrange(self) -> None:
        now = self._loop.time()
        between = _MORE_S if self._left_some and not self._types(now) else _BETWEEN_S
        self._loop.call_at(max(now + min(_SOON_S, between), self._turned_at + between), self._turn)

    def _turn(self) -> None:
        app = self._running()
        if app is not None and app.invalidated:
            self._loop.call_soon(self._turn)  # a key was pressed: its echo goes first
            return
        self._turned_at = now = self._loop.time()
        if self._waiting and not self._held and self._ready.poll(0):
            self._write(self._take(_BESIDE_KEYS if self._types(now) else _AT_ONCE))
            self._stale = True
        with self._lock:
            self._due = self._left_some = bool(self._waiting) and not self._held
        if self._due:
            self._arrange()
        if self._stale:
            self._stale = False
            if app is None:
                self.output.flush()
            else:
                app.invalidate()  # what was written goes out with the prompt that is drawn below it

    def _types(self, now: float) -> bool:
        return now - self._pressed_at < _TYPED_S

    def _running(self) -> Application[str] | None:
        return self.app if self.app is not None and self.app.is_running else None

    def _take(self, most: int | None) -> str:
        with self._lock:
            taken: list[str] = []
            size = 0
            while self._waiting and (most is None or size < most):
                taken.append(self._waiting.popleft())
                size += len(taken[-1])
        return "".join(taken)

    def _write(self, text: str) -> None:
        app = self._running()
        if app is not None:
            with self.output.put_off():
                app.renderer.erase()
        # The kernel may not translate line ends while keys are read one by one.
        self.output.write_raw(text.replace("\r\n", "\n").replace("\n", "\r\n"))

    def begin_line(self) -> None:
        """Print what waits, and erase what the kernel has echoed before keys were read here."""
        self.flush()
        self.output.write_raw("\r")
        self.output.erase_down()
        self.output.flush()

    @contextmanager
    def held(self) -> Generator[None]:
        """Print nothing while another program has the terminal."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
            self.flush()

    def alert(self, text: str, *, as_text: bool) -> None:
        """Call the user.

        Args:
            text: Why; harmless for a terminal.
            as_text: Whether the terminal shows notifications; else its bell rings.
        """
        self.output.write_raw(f"\x1b]9;{text}\x07" if as_text else "\a")
        self.output.flush()


def _lines(text: str) -> list[str]:
    return [f"{line}\n" for line in text.removesuffix("\n").split("\n")]


class _Stream(io.TextIOBase):
    """Stands for a standard stream that goes to the terminal; whole lines go to the screen."""

    def __init__(self, screen: Screen, original: TextIO) -> None:
        self._screen = screen
        self._original = original
        self._begun = ""
        self._lock = threading.Lock()

    @property
    def encoding(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self._original.encoding

    def write(self, text: str, /) -> int:
        with self._lock:
            lines, end, rest = (self._begun + text).rpartition("\n")
            self._begun = rest
        if end:
            self._screen.print(lines + end)
        return len(text)

    def flush(self) -> None:
        """Half a line is kept: the prompt would be drawn into it."""

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._original.fileno()

    def rest(self) -> None:
        """Print the line that was begun and never ended."""
        if self._begun:
            self.write("\n")


@contextmanager
def on_screen(screen: Screen) -> Generator[None]:
    """Let what is written to the standard streams go above the prompt, where it goes there."""
    before = sys.stdout, sys.stderr
    streams = [_Stream(screen, one) if one.isatty() else one for one in before]
    sys.stdout, sys.stderr = cast("list[TextIO]", streams)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
        for one in streams:
            if isinstance(one, _Stream):
                one.rest()
        screen.flush()
