"""Opens the terminal: the line editor, or the kernel's own where no escape is known."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Protocol

from ...kernel.record import Record
from ...kernel.redaction import Redactor
from ...memory.trust import state_dir
from ..commands import commands
from ..system import System
from .hooks import Hooks
from .line_editor import Editor, PlainEditor, TerminalEditor
from .notify import Alert
from .options import ShellOptions
from .pasted import PastedTexts


class Shown(Hooks, Protocol):
    """What the keys reach, and what stands around the line."""

    def above(self) -> list[str]:
        """Return what is shown above the line."""
        ...

    def below(self) -> list[tuple[str, str]]:
        """Return what the status line says, each part with its style."""
        ...


class Front(Record):
    """The terminal, opened.

    Attributes:
        editor: Gives lines.
        redraw: Draws the bottom of the screen anew, soon.
        alert: Calls the user.
        whole: Gives the full text of a line in which pasted texts are shortened.
        keys: While its body runs, the kernel leaves all keys to the line editor, also between two
            lines: else it would echo what is typed there, take Ctrl-D, and make Enter another key.
    """

    editor: Editor
    redraw: Callable[[], object]
    alert: Alert
    whole: Callable[[str], str]
    keys: Callable[[], AbstractContextManager[object]]


@contextmanager
def open_front(system: System, options: ShellOptions, shown: Shown) -> Generator[Front]:
    """Open the terminal for the body; what is printed meanwhile goes above the prompt.

    Args:
        system: The booted system.
        options: How the shell looks.
        shown: What the keys reach.
    """
    if options.dumb:
        yield Front(PlainEditor(), lambda: None, _ring, str, nullcontext)
        return
    from prompt_toolkit.application import Application, create_app_session
    from prompt_toolkit.buffer import Buffer
    from prompt_toolkit.key_binding.key_processor import KeyProcessor

    from .completion import CommandWord, ShellCompleter
    from .history import ShellHistory
    from .keys import shell_keys
    from .screen import Screen, on_screen
    from .status import status_line
    from .terminal_output import terminal_output
    from .view import View
    from .vocabulary import words_of

    pasted = PastedTexts()
    redactor = Redactor(os.environ)
    history = ShellHistory(
        state_dir() / "history",
        session=system.session_id,
        directory=system.cwd,
        secret=redactor.contains_secret,
        whole=pasted.whole,
    )
    output = terminal_output()
    words = [
        CommandWord(f"/{name}", one.help, one.completes)
        for one in commands(shell=True)
        for name in (one.name, *one.shell_names)
    ]

    def width() -> int:
        return output.get_size().columns

    with ExitStack() as stack:
        session = stack.enter_context(create_app_session(output=output))
        screen = Screen(output)
        view = View(
            output,
            history,
            ShellCompleter(words, words_of(system), system.cwd),
            options,
            shell_keys(shown, options, history, pasted, screen),
            above=lambda: [("", "\n".join(line[: width() - 1] for line in shown.above()))],
            below=lambda: status_line(shown.below(), width()),
        )

        def typed(buffer: Buffer) -> None:
            shown.typed(buffer.text)

        def pressed(_keys: KeyProcessor) -> None:
            screen.pressed()

        def looked(_app: Application[str]) -> None:
            shown.typed(view.buffer.text)

        view.buffer.on_text_changed += typed
        view.app.key_processor.before_key_press += pressed
        # A line that was sent or cleared is no change of text to its buffer.
        view.app.before_render += looked
        stack.enter_context(on_screen(screen))
        editor = TerminalEditor(view, screen, pasted)
        # A static screen has no prompt while a goal runs: there Ctrl-C must stay a signal.
        keys = nullcontext if options.static else session.input.raw_mode
        yield Front(editor, screen.redraw, screen.alert, pasted.whole, keys)


def _ring(text: str, *, as_text: bool) -> None:
    """Ring the bell, of which every terminal knows."""
    sys.stderr.write("\a")
    sys.stderr.flush()
