"""The status line: route and price of what is typed, money, permission mode."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import anyio

from ...kernel.events import Event, PlanEnded, RunEnded
from ...kernel.money import Micros, format_usd
from ...kernel.token_economy import TokenEconomy
from ..result import FOLLOWER
from .price_tag import Price

if TYPE_CHECKING:
    from .view import Fragments

_BETWEEN = " \u00b7 "


class Purse:
    """What this session has cost, and what the workspace has left and saved.

    Args:
        economy: The money.
        changed: Called when a figure has changed.
    """

    def __init__(self, economy: TokenEconomy, changed: Callable[[], object]) -> None:
        self._economy = economy
        self._changed = changed
        self.session: Micros | None = 0
        """Micro-dollars spent since the shell began; None once a price was unknown."""
        self.available: Micros = 0
        self.saved: Micros = 0

    def note(self, event: Event) -> bool:
        """Take note of what a run cost; return whether the workspace's figures have changed."""
        if not isinstance(event, (RunEnded, PlanEnded)):
            return False
        known = self.session is not None and event.cost is not None
        self.session = (self.session or 0) + (event.cost or 0) if known else None
        return True

    async def look(self) -> None:
        """Read the workspace's figures."""

        def read() -> tuple[Micros, Micros]:
            return self._economy.available, self._economy.saved

        self.available, self.saved = await anyio.to_thread.run_sync(read)
        self._changed()


def status_parts(price: Price, purse: Purse, mode: str, busy: str) -> list[tuple[str, str]]:
    """Return what the status line says, each part with its style; the first matters most.

    Args:
        price: The price of what is typed.
        purse: The money.
        mode: The permission mode.
        busy: What runs, or an empty string.
    """
    parts: list[tuple[str, str]] = []
    if price.said:
        style = "class:follower" if price.mode == FOLLOWER else "class:learner"
        parts.append((style if price.mode else "", f"{price.mode} {price.said}".strip()))
    elif busy:
        parts.append(("class:running", busy))
    left = f"session {format_usd(purse.session)}", f"left {format_usd(purse.available)}"
    parts.extend(("", one) for one in left)
    if purse.saved:
        parts.append(("", f"saved {format_usd(purse.saved)}"))
    parts.append(("", mode))
    return parts


def fit(parts: list[tuple[str, str]], width: int) -> list[tuple[str, str]]:
    """Leave out what a line of that width has no room for, the money saved and left first."""
    kept = list(parts)
    for word in ("saved", "left", "session"):
        if _length(kept) <= width:
            break
        kept = [one for one in kept if not one[1].startswith(word)]
    return kept


def status_line(parts: list[tuple[str, str]], width: int) -> Fragments:
    """Return the status line.

    Args:
        parts: What it says; see `status_parts`.
        width: Columns that there are.
    """
    line: Fragments = []
    for style, text in fit(parts, width):
        line.extend([("", _BETWEEN), (style, text)] if line else [(style, text)])
    return line


def _length(parts: list[tuple[str, str]]) -> int:
    return sum(len(text) for _, text in parts) + len(_BETWEEN) * (len(parts) - 1)
