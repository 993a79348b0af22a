"""A prompt on a terminal that remembers what was written to it, and what it shows."""

from __future__ import annotations

import os
import pty
from collections.abc import Generator
from contextlib import contextmanager

import anyio
from prompt_toolkit import PromptSession
from prompt_toolkit.application import create_app_session
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import PipeInput, create_pipe_input

from llmos.interfaces.shell.screen import Screen
from llmos.interfaces.shell.terminal_output import TerminalOutput
from screen_model import ScreenModel

PROMPT = "llmos>"


class Shown:
    """Stands for standard output: remembers what was written, and what a terminal shows then."""

    encoding = "utf-8"

    def __init__(self, terminal: int) -> None:
        self.model = ScreenModel(80, 24)
        self.writes: list[str] = []
        self.without_prompt: list[str] = []
        self._terminal = terminal
        self._written = anyio.Event()

    def write(self, data: str) -> int:
        self.writes.append(data)
        self.model.write(data)
        if not any(row.startswith(PROMPT) for row in self.model.rows):
            self.without_prompt.append(data)
        self._written.set()
        return len(data)

    async def until(self, begin: str, end: str = "") -> None:
        """Wait until a line begins and ends so."""
        with anyio.fail_after(30):
            while not any(
                line.startswith(begin) and line.endswith(end)
                for line in self.model.text.split("\n")
            ):
                self._written = anyio.Event()
                await self._written.wait()

    def flush(self) -> None:
        """Nothing waits."""

    def fileno(self) -> int:
        return self._terminal

    def isatty(self) -> bool:
        return True

    @property
    def typed(self) -> str:
        """What stands in the line of the prompt."""
        rows = [row for row in self.model.rows if row.startswith(PROMPT)]
        return rows[-1].removeprefix(PROMPT).removeprefix(" ")

    @property
    def lines(self) -> list[str]:
        """What stands above the prompt."""
        return [line for line in self.model.text.split("\n") if not line.startswith(PROMPT)]


@contextmanager
def prompt() -> Generator[tuple[Screen, Shown, PromptSession[str], PipeInput]]:
    """Give a screen and a prompt that is not run yet."""
    above, below = pty.openpty()
    try:
        shown = Shown(below)
        output = TerminalOutput(shown, lambda: Size(24, 80))  # pyright: ignore[reportArgumentType]
        output.enable_cpr = False
        with create_pipe_input() as keys, create_app_session(input=keys, output=output):
            yield Screen(output), shown, PromptSession(PROMPT + " "), keys
    finally:
        os.close(above)
        os.close(below)
