"""What the keys of the line editor reach: the shell, as the line editor sees it."""

from __future__ import annotations

from typing import Protocol


class Hooks(Protocol):
    """What keys do beyond the line."""

    @property
    def busy(self) -> bool:
        """Whether something runs."""
        ...

    def interrupt(self) -> bool:
        """Stop what runs; return whether anything did."""
        ...

    def pressed_interrupt(self) -> None:
        """Take note of Ctrl-C on an empty line while nothing runs."""
        ...

    def typed(self, text: str) -> None:
        """Take note of the text in the line, after each change."""
        ...

    def next_mode(self) -> None:
        """Go to the next permission mode."""
        ...

    def help(self) -> None:
        """Show what the keys do."""
        ...

    def details(self) -> None:
        """Say in full what the status line says, and more of the last turn."""
        ...
