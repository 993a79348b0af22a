"""A key at the end of the line is shown at once, before the prompt is drawn with it.

To draw the prompt takes some ms of the processor, and more where others want it too. What was typed
stands at the cursor whatever else changes; so it is written there first, and the cursor set back to
where the drawing takes it to be.
"""

from __future__ import annotations

from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.key_binding.key_processor import KeyProcessor
from prompt_toolkit.layout import Window
from prompt_toolkit.utils import get_cwidth

from .terminal_output import TerminalOutput


class Echo:
    """Shows keys as they are taken.

    Args:
        app: Draws the prompt.
        buffer: The line.
        window: Where the line is drawn.
        output: The terminal.
    """

    def __init__(
        self, app: Application[str], buffer: Buffer, window: Window, output: TerminalOutput
    ) -> None:
        self._app = app
        self._buffer = buffer
        self._window = window
        self._output = output
        self._drawn: Document | None = None
        self._shown: Document | None = None
        app.key_processor.before_key_press += self._pressed
        buffer.on_text_insert += self._inserted
        app.before_render += self._rendering

    def _pressed(self, _keys: KeyProcessor) -> None:
        stands = self._app.renderer.last_rendered_screen is not None and not self._app.invalidated
        self._drawn = self._buffer.document if stands else None

    def _inserted(self, _buffer: Buffer) -> None:
        drawn, self._drawn = self._drawn, None
        screen = self._app.renderer.last_rendered_screen
        if drawn is None or screen is None or not drawn.is_cursor_at_the_end:
            return
        now = self._buffer.document
        key = now.text[len(drawn.text) :]
        if now.text != drawn.text + key or not now.is_cursor_at_the_end:
            return
        if len(key) != 1 or not key.isprintable() or get_cwidth(key) != 1:
            return
        # In the last column there is no way back.
        if screen.get_cursor_position(self._window).x + 1 < self._output.get_size().columns:
            self._output.write_raw(key)
            self._output.cursor_backward(1)
            self._output.flush()
            self._shown = now

    def _rendering(self, _app: Application[str]) -> None:
        shown, self._shown = self._shown, None
        if shown is not None and shown != self._buffer.document:
            # What is drawn is what differs from the last drawing, which does not know of the key.
            with self._output.put_off():
                self._app.renderer.erase()
