"""What is printed while the prompt is open: it goes above it, and the prompt is drawn again.

prompt-toolkit's own way gives the terminal back to the kernel for each piece that is printed: a key
that is pressed in that moment is echoed in the wrong place, or lost. Here the terminal stays as it
is; the prompt is erased, the text written, and the prompt drawn below it, in one go.
"""

from __future__ import annotations

import asyncio
import io
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO, cast

if TYPE_CHECKING:
    from prompt_toolkit.application import Application
    from prompt_toolkit.output import Output

_TOGETHER_S = 0.1
"""Seconds for which what is printed is gathered: each drawing of the prompt takes a few ms."""


class Screen:
    """The terminal's scrollback, above the prompt.

    Args:
        output: The terminal.
    """

    def __init__(self, output: Output) -> None:
        self.output = output
        self.app: Application[str] | None = None
        """What is drawn at the bottom now."""
        self._lock = threading.Lock()
        self._waiting: list[str] = []
        self._due = False
        self._held = False
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()

    def print(self, text: str) -> None:
        """Print whole lines, soon; from any thread."""
        with self._lock:
            self._waiting.append(text)
            if self._due:
                return
            self._due = True
        if threading.get_ident() == self._thread:
            self._loop.call_later(_TOGETHER_S, self.flush)
        else:
            self._loop.call_soon_threadsafe(self._loop.call_later, _TOGETHER_S, self.flush)

    def flush(self) -> None:
        """Print now what waits; on the event loop only."""
        if self._held:
            return
        with self._lock:
            text = "".join(self._waiting)
            self._waiting.clear()
            self._due = False
        if not text:
            return
        app = self.app
        if app is not None and app.is_running:
            app.renderer.erase()
        # The kernel may not translate line ends while keys are read one by one.
        self.output.write_raw(text.replace("\r\n", "\n").replace("\n", "\r\n"))
        self.output.flush()
        if app is not None and app.is_running:
            app.invalidate()

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
