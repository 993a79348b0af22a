"""Where the shell's lines come from: the line editor of a terminal, its kernel's, or a pipe."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import TYPE_CHECKING, Protocol

import anyio

from ...kernel.errors import InterruptedRunError
from ..defaults import STOPPED

if TYPE_CHECKING:
    from .pasted import PastedTexts
    from .screen import Screen
    from .view import View

PROMPT = "llmos> "
REWIND = "\0rewind"
"""What Esc Esc on an empty line gives; nobody can type it."""
ESCAPED = "\x1b"
"""What a question gives that was left by Esc."""
_CHUNK = 65536
_ASIDE = "\0aside"
"""What the prompt gives when it makes place for a question; nobody can type it."""


class Editor(Protocol):
    """Gives lines, and asks questions meanwhile."""

    async def line(self) -> str:
        """Return the next line.

        Raises:
            EOFError: If there is none: the user wants to leave.
        """
        ...

    async def ask(self, question: str, default: str = "") -> str:
        """Ask one question and return the answer, without white space around it, or `ESCAPED`.

        Args:
            question: The question; of several lines the last stands before the answer.
            default: What stands in the answer already.

        Raises:
            InterruptedRunError: If the user wants no answer to be taken (Ctrl-C, Ctrl-D).
        """
        ...

    async def choose(self, question: str, choices: Sequence[str]) -> int | None:
        """Let the user choose; return the number of what was chosen, from 0, or None."""
        ...

    def aside(self) -> AbstractAsyncContextManager[None]:
        """Leave the terminal to another program while the body runs."""
        ...


class StdinLines:
    """The lines of stdin; being cancelled loses none, and leaves no thread that still reads."""

    def __init__(self) -> None:
        self._data = b""
        self._ended = False

    async def next(self) -> str:
        """Return the next line.

        Raises:
            EOFError: If there is none.
        """
        while b"\n" not in self._data and not self._ended:
            chunk = await _read_chunk(0)
            self._data += chunk
            self._ended = not chunk
        if not self._data:
            raise EOFError
        line, _, self._data = self._data.partition(b"\n")
        return line.decode("utf-8", "replace")


class PlainEditor:
    """Reads lines that the terminal's own kernel edits: nothing that was written changes."""

    def __init__(self) -> None:
        self._lines = StdinLines()

    async def line(self) -> str:
        """Return the next line; see `Editor.line`."""
        return await self._prompted(PROMPT)

    async def ask(self, question: str, default: str = "") -> str:
        """Ask one question; see `Editor.ask`."""
        shown = f"{question}[{default}] " if default else question
        try:
            return (await self._prompted(shown)).strip() or default
        except EOFError:
            raise InterruptedRunError(STOPPED) from None

    async def choose(self, question: str, choices: Sequence[str]) -> int | None:
        """Let the user choose by number; see `Editor.choose`."""
        return await choose_by_number(self, question, choices)

    def aside(self) -> AbstractAsyncContextManager[None]:
        """Leave the terminal, which is as other programs know it, as it is."""
        return nullcontext()

    async def _prompted(self, prompt: str) -> str:
        stream = sys.stderr if sys.stderr.isatty() else sys.stdout
        stream.write(prompt)
        stream.flush()
        return await self._lines.next()


class TerminalEditor:
    """The line editor of a terminal: one prompt, which makes place for questions.

    Args:
        view: Draws it.
        screen: Where things are printed.
        pasted: The long texts that were pasted.
    """

    def __init__(self, view: View, screen: Screen, pasted: PastedTexts) -> None:
        self._view = view
        self._screen = screen
        self._pasted = pasted
        self._turn = anyio.Lock()
        self._questions = 0

    async def line(self) -> str:
        """Return the next line; what was begun is kept while a question is asked."""
        app, buffer = self._view.app, self._view.buffer
        while True:
            async with self._turn:
                if self._questions:
                    continue  # they wait in line for their turn, and this goes behind them
                self._screen.begin_line()
                self._screen.app = app
                try:
                    text = await app.run_async(handle_sigint=False)
                except KeyboardInterrupt:
                    buffer.reset()
                    continue
                finally:
                    app.erase_when_done = False
                    self._screen.flush()
                if text == _ASIDE:
                    continue
                buffer.reset()
                return self._pasted.whole(text)

    async def ask(self, question: str, default: str = "") -> str:
        """Ask one question; see `Editor.ask`."""
        from prompt_toolkit import PromptSession
        from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

        keys = KeyBindings()

        @keys.add("escape", eager=True)
        def leave(event: KeyPressEvent) -> None:
            event.app.exit(result=ESCAPED)

        above, _, last = question.rpartition("\n")
        async with self._place():
            session: PromptSession[str] = PromptSession(key_bindings=keys)
            if above:
                self._screen.print(above + "\n")
            self._screen.begin_line()
            self._screen.app = session.app
            try:
                said = await session.prompt_async(last, default=default, handle_sigint=False)
            except (EOFError, KeyboardInterrupt):
                raise InterruptedRunError(STOPPED) from None
        return said.strip()

    async def choose(self, question: str, choices: Sequence[str]) -> int | None:
        """Let the user choose from a list by arrow keys; see `Editor.choose`."""
        from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
        from prompt_toolkit.shortcuts.choice_input import ChoiceInput

        keys = KeyBindings()

        @keys.add("escape", eager=True)
        @keys.add("q")
        @keys.add("c-d")
        def _(event: KeyPressEvent) -> None:
            event.app.exit(exception=KeyboardInterrupt)

        menu = ChoiceInput(
            message=question, options=list(enumerate(choices)), key_bindings=keys, default=0
        )
        async with self._place():
            with self._screen.held():
                try:
                    return await menu.prompt_async()
                except KeyboardInterrupt:
                    return None

    @asynccontextmanager
    async def aside(self) -> AsyncGenerator[None]:
        """Leave the terminal to another program; see `Editor.aside`."""
        async with self._place():
            with self._screen.held(), self._view.app.input.cooked_mode():
                yield
            self._screen.begin_line()

    @asynccontextmanager
    async def _place(self) -> AsyncGenerator[None]:
        """Put the prompt aside while the body runs; one body after the other."""
        app = self._view.app
        self._questions += 1
        try:
            if app.is_running and not app.is_done:
                app.erase_when_done = True
                app.exit(result=_ASIDE)
            async with self._turn:
                yield
        finally:
            self._questions -= 1


async def choose_by_number(editor: Editor, question: str, choices: Sequence[str]) -> int | None:
    """Let the user choose by typing a number; return it from 0, or None for no choice."""
    lines = [question, *(f"  {number} {one}" for number, one in enumerate(choices, start=1))]
    said = await editor.ask("\n".join([*lines, f"number (1-{len(choices)}, empty for none): "]))
    if said.isdigit() and 1 <= int(said) <= len(choices):
        return int(said) - 1
    return None


async def _read_chunk(descriptor: int) -> bytes:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        try:
            await anyio.wait_readable(descriptor)
        except PermissionError:  # /dev/null and the like: always ready, so never waited for
            return os.read(descriptor, _CHUNK)
    return os.read(descriptor, _CHUNK)
