"""The bottom of the terminal: what runs, the line that is typed, the status line below it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from prompt_toolkit.application import Application, get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import Completer
from prompt_toolkit.enums import DEFAULT_BUFFER, EditingMode
from prompt_toolkit.filters import Condition, has_completions, is_done
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindings, merge_key_bindings
from prompt_toolkit.key_binding.bindings.auto_suggest import load_auto_suggest_bindings
from prompt_toolkit.layout import (
    ConditionalContainer,
    Float,
    FloatContainer,
    FormattedTextControl,
    HSplit,
    Layout,
    Window,
)
from prompt_toolkit.layout.controls import BufferControl
from prompt_toolkit.layout.menus import CompletionsMenu
from prompt_toolkit.layout.processors import (
    AppendAutoSuggestion,
    ConditionalProcessor,
    HighlightIncrementalSearchProcessor,
    HighlightSelectionProcessor,
)
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.styles import Style
from prompt_toolkit.widgets import SearchToolbar

from .echo import Echo
from .history import NewestSuggestion, ShellHistory
from .options import ShellOptions
from .tab import BackgroundCompleter
from .terminal_output import TerminalOutput

PROMPT = "llmos> "
_ESCAPE_S = 0.3
"""Seconds after Esc within which another key belongs to it."""
_MENU = 8
"""Lines of the menu of completions."""

_STYLE = Style.from_dict({
    "status": "reverse",
    "follower": "ansigreen bold",
    "learner": "ansiyellow bold",
    "running": "ansicyan",
    "auto-suggestion": "ansibrightblack",
    "completion-menu.completion": "bg:default fg:default",
    "completion-menu.completion.current": "reverse",
    "completion-menu.meta.completion": "bg:default fg:ansibrightblack",
    "completion-menu.meta.completion.current": "reverse",
    "scrollbar.background": "bg:default",
    "scrollbar.button": "reverse",
})  # fmt: skip

Fragments = StyleAndTextTuples
"""Pieces of text, each with its style."""


class View:
    """Draws the prompt and what belongs to it.

    Args:
        output: The terminal.
        history: What was typed before.
        completer: Completes what is typed.
        options: How the shell looks.
        keys: The shell's own keys.
        above: Gives what is shown above the line; lines that end with a line end.
        below: Gives the status line.
    """

    def __init__(
        self,
        output: TerminalOutput,
        history: ShellHistory,
        completer: Completer,
        options: ShellOptions,
        keys: KeyBindings,
        above: Callable[[], Fragments],
        below: Callable[[], Fragments],
    ) -> None:
        self.buffer = Buffer(
            name=DEFAULT_BUFFER,
            history=history,
            completer=BackgroundCompleter(completer),
            complete_while_typing=Condition(lambda: not options.static and self._opens_menu()),
            multiline=True,
            accept_handler=self._accept,
            tempfile_suffix=".txt",
        )
        if not options.static:
            self._suggests = NewestSuggestion(history)
            self.buffer.on_text_insert += self._inserted
        self._options = options
        search = SearchToolbar(
            ignore_case=True,
            backward_search_prompt=lambda: f"search {history.scope.value}: ",
            forward_search_prompt=lambda: f"search {history.scope.value}: ",
        )
        window = Window(
            BufferControl(
                self.buffer,
                search_buffer_control=search.control,
                preview_search=True,
                input_processors=[
                    HighlightIncrementalSearchProcessor(),
                    HighlightSelectionProcessor(),
                    ConditionalProcessor(AppendAutoSuggestion(), ~is_done),
                ],
                include_default_input_processors=False,
            ),
            get_line_prefix=_prefix,
            wrap_lines=True,
            dont_extend_height=True,
        )
        live = Condition(lambda: not options.static) & ~is_done
        rows = [
            ConditionalContainer(
                Window(FormattedTextControl(above), dont_extend_height=True),
                live & Condition(lambda: any(text for _, text, *_ in above())),
            ),
            window,
            # A place for the menu, which floats: so near the end of the screen it moves up.
            ConditionalContainer(Window(height=_MENU), has_completions & ~is_done),
            ConditionalContainer(search, ~is_done),
            ConditionalContainer(
                Window(FormattedTextControl(below), style="class:status", height=1), live
            ),
        ]
        menu = Float(
            CompletionsMenu(max_height=_MENU, scroll_offset=1),
            xcursor=True,
            ycursor=True,
            transparent=True,
        )
        self.app: Application[str] = Application(
            Layout(FloatContainer(HSplit(rows), [menu]), window),
            style=_STYLE,
            include_default_pygments_style=False,
            key_bindings=merge_key_bindings([load_auto_suggest_bindings(), keys]),
            editing_mode=EditingMode.VI if options.vi_mode else EditingMode.EMACS,
            color_depth=None if options.colour else ColorDepth.DEPTH_1_BIT,
            output=output,
            # Else a busy event loop, as one that takes a stream, puts off the echo of a key.
            max_render_postpone_time=None,
        )
        if not options.static:  # a screen reader would say each key twice
            Echo(self.app, self.buffer, window, output)
        self.app.timeoutlen = _ESCAPE_S
        self.app.ttimeoutlen = 0.05

    def _inserted(self, _buffer: Buffer) -> None:
        # What prompt-toolkit does itself: but there each key is drawn twice, suggestion or not.
        asyncio.get_running_loop().call_soon(self._suggest)

    def _suggest(self) -> None:
        if self.buffer.suggestion is None:
            self.buffer.suggestion = self._suggests.get_suggestion(
                self.buffer, self.buffer.document
            )
            if self.buffer.suggestion is not None:
                self.buffer.on_suggestion_set.fire()

    def _opens_menu(self) -> bool:
        """Whether what is typed begins a command or a mention: a menu opens by itself then."""
        before = self.buffer.document.text_before_cursor
        if before.startswith("/"):
            return " " not in before
        return before.rpartition(" ")[2].startswith("@")

    def _accept(self, buffer: Buffer) -> bool:
        self.app.exit(result=buffer.text)
        return True  # it is drawn once more, with its text


def _prefix(line: int, wrapped: int) -> Fragments:
    first = line == 0 and wrapped == 0
    if first:
        return [("", PROMPT)]
    return [("", " " * len(PROMPT) if get_app().is_done or wrapped else "  ...  ")]
