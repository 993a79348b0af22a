"""How the shell looks and behaves: what is set, and what the terminal can show."""

from __future__ import annotations

from collections.abc import Mapping

from ...kernel.record import Record
from ..defaults import Notify
from ..settings import Settings


class ShellOptions(Record, kw_only=True):
    """How the shell looks and behaves.

    Attributes:
        vi_mode: Keys of vi instead of those of Emacs.
        confirm_exit: Whether Ctrl-C leaves the shell only when pressed twice.
        ctrl_j_sends: Whether Ctrl-J sends; else it begins a new line.
        screen_reader: Plain text that never changes once it was written: no status line, no menu
            that opens by itself, no suggestion.
        notify: How the user is called when a goal waits for an answer, or a long one ends.
        start_ahead: Whether the model's CLI is started while a goal that needs it is typed.
        output_in_context: Whether what ``!cmd`` printed goes with the next goal.
        colour: Whether colours are used.
        dumb: Whether the terminal knows no escapes at all.
    """

    vi_mode: bool = False
    confirm_exit: bool = True
    ctrl_j_sends: bool = False
    screen_reader: bool = False
    notify: Notify = "auto"
    start_ahead: bool = True
    output_in_context: bool = False
    colour: bool = True
    dumb: bool = False

    @property
    def static(self) -> bool:
        """Whether nothing that was written may change."""
        return self.screen_reader or self.dumb


def options_of(
    settings: Settings, environ: Mapping[str, str], *, screen_reader: bool = False
) -> ShellOptions:
    """Put the options together.

    Args:
        settings: What is set.
        environ: The environment, which says what the terminal can show.
        screen_reader: Whether it was asked for on the command line.
    """
    dumb = environ.get("TERM", "") in ("", "dumb", "unknown")
    return ShellOptions(
        vi_mode=settings.vi_mode,
        confirm_exit=settings.confirm_exit,
        ctrl_j_sends=settings.ctrl_j_sends,
        screen_reader=settings.screen_reader or screen_reader,
        notify=settings.notify,
        start_ahead=settings.start_ahead,
        output_in_context=settings.output_in_context,
        colour=not environ.get("NO_COLOR") and not dumb,
        dumb=dumb,
    )
