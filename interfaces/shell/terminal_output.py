"""The terminal as prompt-toolkit writes to it; what belongs together can be written in one go.

Each write wakes whoever shows it, who may take the processor: of three writes where one would do,
the second may come 10 ms after the first, with half a prompt on the screen meanwhile.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager

from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.utils import get_bell_environment_variable, get_term_environment_variable


class TerminalOutput(Vt100_Output):
    """Writes to the terminal."""

    _put_off = False

    @contextmanager
    def put_off(self) -> Generator[None]:
        """Keep what the body writes until something is written after it."""
        self._put_off = True
        try:
            yield
        finally:
            self._put_off = False

    def flush(self) -> None:
        """Write what is kept, now; within `put_off` later."""
        if not self._put_off:
            super().flush()


def terminal_output() -> TerminalOutput:
    """Return the terminal behind standard output, or behind standard error if that goes elsewhere.

    It is what prompt-toolkit's ``create_output`` would return there.
    """
    output = TerminalOutput.from_pty(
        sys.stdout if sys.stdout.isatty() else sys.stderr,
        term=get_term_environment_variable(),
        default_color_depth=ColorDepth.from_env(),
        enable_bell=get_bell_environment_variable(),
    )
    assert isinstance(output, TerminalOutput)
    # The prompt is never drawn at the screen's bottom, so nobody needs to know where that is.
    output.enable_cpr = False
    return output
