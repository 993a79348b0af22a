"""Where the shell's lines come from: prompt-toolkit on a terminal, else stdin line by line."""

from __future__ import annotations

import os
import stat
from collections.abc import AsyncGenerator, Sequence
from typing import TYPE_CHECKING

import anyio

from ..kernel.errors import InterruptedRunError
from ..memory.trust import state_dir
from .shell_signals import Signals

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession

PROMPT = "llmos> "
_CHUNK = 65536


async def piped_lines() -> AsyncGenerator[str]:
    """Yield the lines of stdin; being cancelled leaves no thread behind that still reads."""
    waiting = b""
    while chunk := await _read_chunk(0):
        *lines, waiting = (waiting + chunk).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "replace")
    if waiting:
        yield waiting.decode("utf-8", "replace")


async def _read_chunk(descriptor: int) -> bytes:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        try:
            await anyio.wait_readable(descriptor)
        except PermissionError:  # /dev/null and the like: always ready, so never waited for
            return os.read(descriptor, _CHUNK)
    return os.read(descriptor, _CHUNK)


async def terminal_lines(signals: Signals, names: Sequence[str]) -> AsyncGenerator[str]:
    """Yield what is typed at the prompt until the user leaves."""
    from prompt_toolkit.patch_stdout import patch_stdout

    session = _prompt_session(names)
    while True:
        try:
            with patch_stdout(raw=True):
                # Ctrl-C is a key here, and a signal for `Signals.listen` everywhere else.
                line = await session.prompt_async(PROMPT, handle_sigint=False)
        except KeyboardInterrupt:
            if not session.default_buffer.text:
                signals.pressed()
            continue
        except EOFError:
            return
        yield line


def _prompt_session(names: Sequence[str]) -> PromptSession[str]:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
    from prompt_toolkit.completion import WordCompleter
    from prompt_toolkit.history import FileHistory

    from ..kernel.atomic import make_private_dir
    from ..kernel.redaction import Redactor

    redactor = Redactor(os.environ)

    class _History(FileHistory):
        def store_string(self, string: str) -> None:
            # A line that starts with a space is not stored, as in other shells; nor is a secret.
            if not string.startswith(" ") and not redactor.contains_secret(string):
                super().store_string(string)

    folder = state_dir()
    make_private_dir(folder)
    history = folder / "history"
    history.touch(mode=0o600)
    return PromptSession(
        history=_History(str(history)),
        auto_suggest=AutoSuggestFromHistory(),
        completer=WordCompleter(list(names), sentence=True),
        complete_while_typing=False,
    )


async def ask(question: str) -> str:
    """Ask one question on the terminal.

    Args:
        question: The question.

    Returns:
        The answer in lower case.

    Raises:
        InterruptedRunError: If the user wants no answer to be taken (Ctrl-C, Ctrl-D).
    """
    from prompt_toolkit import PromptSession

    session: PromptSession[str] = PromptSession()
    try:
        return (await session.prompt_async(question, handle_sigint=False)).strip().lower()
    except (EOFError, KeyboardInterrupt):
        raise InterruptedRunError("stopped by the user") from None


async def confirmed(question: str) -> bool:
    """Ask whether something may be done; see `ask`."""
    return await ask(f"{question}. Do it? [y/n] ") in ("y", "yes")
