"""The caps on spending: in all, in a session, on a day, in a month.

What is spent comes from the ledger, so a cap holds over processes and after a restart; a day and
a month are those of local time. What is held counts for every cap until it is settled.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from .ledger import Ledger
from .money import Micros, format_usd
from .record import Record

_NEAR = 80
"""Per cent of a cap at which people are warned."""


class CapLimits(Record, kw_only=True):
    """The caps beside the budget, micro-dollars; None for no cap.

    Attributes:
        session: On what one session spends.
        daily: On what is spent on a day.
        monthly: On what is spent in a month.
    """

    session: Micros | None = None
    daily: Micros | None = None
    monthly: Micros | None = None


class Cap(Record):
    """A cap and what stands against it, micro-dollars.

    Attributes:
        name: ``total``, ``session``, ``daily`` or ``monthly``.
        limit: The cap.
        spent: What was spent under it.
        held: What is held under it.
    """

    name: str
    limit: Micros
    spent: Micros
    held: Micros

    @property
    def left(self) -> Micros:
        """What is neither spent nor held; never below zero."""
        return max(0, self.limit - self.spent - self.held)

    @property
    def is_near(self) -> bool:
        """Whether 80 % of it or more is spent."""
        return self.spent * 100 >= self.limit * _NEAR

    @property
    def said(self) -> str:
        """What people call it."""
        if self.name == "total":
            return "the budget"
        whose = {"session": "this session's", "daily": "today's", "monthly": "this month's"}
        return f"{whose[self.name]} cap of {format_usd(self.limit)}"

    @property
    def hint(self) -> str:
        """How to raise it."""
        if self.name == "total":
            return "raise it with --budget USD or LLMOS_BUDGET"
        flag = f"raise it with --{self.name}-usd USD"
        return f"{flag}, or for good with llmos config set budget.{self.name}_usd USD"


class Caps:
    """The caps of one session; raising them holds for this process only.

    Args:
        ledger: The ledger.
        budget: The cap on all that is spent, micro-dollars.
        limits: The other caps.
        session: Id of the session.
        clock: Gives UTC epoch seconds.
    """

    def __init__(
        self,
        ledger: Ledger,
        budget: Micros,
        limits: CapLimits,
        session: str,
        clock: Callable[[], float],
    ) -> None:
        self._ledger = ledger
        self.session = session
        self._clock = clock
        self._limits: dict[str, Micros | None] = {
            "total": budget,
            "session": limits.session,
            "daily": limits.daily,
            "monthly": limits.monthly,
        }
        self._warned: set[str] = set()

    @property
    def budget(self) -> Micros:
        """The cap on all that is spent."""
        return self._limits["total"] or 0

    def all(self) -> list[Cap]:
        """Return every cap that there is, the one with the least left first."""
        totals = self._ledger.totals()
        now = time.localtime(self._clock())
        spent, held = self._ledger.of_session(self.session)
        found = {
            "total": (totals.spent, totals.held),
            "session": (spent, held),
            "daily": (self._since(now.tm_mon, now.tm_mday), totals.held),
            "monthly": (self._since(now.tm_mon, 1), totals.held),
        }
        caps = [
            Cap(name, limit, *found[name])
            for name, limit in self._limits.items()
            if limit is not None
        ]
        return sorted(caps, key=lambda cap: cap.left)

    def tightest(self) -> Cap:
        """Return the cap that leaves least."""
        return self.all()[0]

    def raise_by(self, amount: Micros) -> None:
        """Raise what stands in the way of spending so much more than is left now.

        Args:
            amount: Micro-dollars.
        """
        caps = self.all()
        wanted = caps[0].left + amount
        for cap in caps:
            lacking = wanted - (cap.limit - cap.spent - cap.held)
            if lacking > 0:
                self._limits[cap.name] = cap.limit + lacking
                self._warned.discard(cap.name)

    def newly_near(self) -> list[Cap]:
        """Return the caps of which 80 % are spent, each once."""
        near = [cap for cap in self.all() if cap.is_near and cap.name not in self._warned]
        self._warned.update(cap.name for cap in near)
        return near

    def _since(self, month: int, day: int) -> Micros:
        year = time.localtime(self._clock()).tm_year
        return self._ledger.spent_since(time.mktime((year, month, day, 0, 0, 0, 0, 0, -1)))
