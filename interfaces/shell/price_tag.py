"""The price before Enter: how what is typed would be answered, and for how much.

The real matcher says so, in a worker thread. Keys never wait for it; only the newest text counts.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio

from ...kernel.errors import LlmosError
from ...kernel.money import format_usd
from ...kernel.record import Record
from ..decision import Decision
from ..pinned import PIN
from ..plain_text import one_line
from ..result import FOLLOWER, LEARNER

_PAUSE_S = 0.08
"""Seconds without a key after which the price is asked for."""
_OVERHEAD_S = 0.1
"""Seconds that a replay takes beyond its steps."""
_LONGEST = 20_000
"""Characters of a text whose price is still told while it is typed."""


class Price(Record):
    """What is said of a text.

    Attributes:
        text: The text.
        mode: ``FOLLOWER``, ``LEARNER``, or empty where neither is meant.
        said: In one line.
        needs_model: Whether nothing but a model answers it, not even if the user is asked.
    """

    text: str
    mode: str
    said: str
    needs_model: bool = False


class PriceTag:
    """Keeps the price of what is typed.

    Args:
        decide: Decides about a goal; must not block the event loop.
        whole: Gives the goal that a line stands for, with the files that it names.
        changed: Called when there is a new price.
    """

    def __init__(
        self,
        decide: Callable[[str], Awaitable[Decision]],
        whole: Callable[[str], Awaitable[str]],
        changed: Callable[[], object],
    ) -> None:
        self._decide = decide
        self._whole = whole
        self._changed = changed
        self._text = ""
        self._typed = anyio.Event()
        self._price = Price("", "", "")

    @property
    def price(self) -> Price:
        """The price of what is typed; one without words while it is not known yet."""
        if self._price.text == self._text:
            return self._price
        return _at_once(self._text) or Price(self._text, "", "...")

    def typed(self, text: str) -> None:
        """Take note of the text in the line."""
        stripped = text.strip()
        if stripped != self._text:
            self._text = stripped
            self._typed.set()

    def again(self) -> None:
        """Ask again: what is known has changed."""
        self._price = Price("", "", "")
        self._typed.set()

    async def run(self) -> None:
        """Keep the price until cancelled."""
        while True:
            await self._typed.wait()
            self._typed = anyio.Event()
            with anyio.move_on_after(_PAUSE_S) as pause:
                await self._typed.wait()
            if not pause.cancelled_caught:
                continue  # another key came
            text = self._text
            price = await self._of(text)
            if text == self._text:
                self._price = price
                self._changed()

    async def of(self, text: str) -> Price:
        """Return the price of a text now."""
        return await self._of(text.strip())

    async def _of(self, text: str) -> Price:
        at_once = _at_once(text)
        if at_once is not None:
            return at_once
        try:
            return _said(text, await self._decide(await self._whole(text)))
        except (LlmosError, OSError) as error:
            return Price(text, "", one_line(str(error), 60))


def _at_once(text: str) -> Price | None:
    """Return the price of what needs no matcher."""
    if not text or text.startswith("/"):
        return Price(text, "", "")
    if text.startswith("!"):
        return Price(text, "", "runs in your shell, $0.00")
    if text.startswith(PIN):
        return Price(text, FOLLOWER, "this trace or nothing, $0.00")
    if len(text) > _LONGEST:
        return Price(text, "", "too long to say its price while it is typed")
    return None


def _said(text: str, decision: Decision) -> Price:
    if decision.matches:
        match = decision.matches[0]
        seconds = _OVERHEAD_S + sum(step.observation.duration_s for step in match.steps)
        said = f"{match.trace_id[:10]} {match.confidence:.2f} $0.00 ~{seconds:.1f} s"
        return Price(text, FOLLOWER, said)
    near = f", near {decision.near.trace_id[:10]}" if decision.near is not None else ""
    said = f"~{format_usd(decision.estimate)}{near}"
    return Price(text, LEARNER, said, needs_model=decision.near is None)
