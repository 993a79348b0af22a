"""The token economy: the battery of the workspace.

The budget caps everything that the ledger has recorded as spent plus everything that is held.
Before a model run money is held; after it the hold is settled at the real cost. In no
interleaving of threads and processes can spent plus held pass the budget, but for one surplus:
what a run cost above its hold was really spent, so it is recorded (and shown as overdraft). The
same holds for the caps of a session, a day and a month, see `llmos.kernel.caps`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from .crash_points import crash_point
from .errors import LowBatteryError, UsageError
from .ledger import Entry, Ledger, add_entry, add_origin, process_birth
from .money import Micros, to_micros, to_usd
from .record import Record

if TYPE_CHECKING:
    from .caps import Cap, CapLimits, Caps

_SAMPLE = 20
_UNKNOWN = -1
"""What a hold of a run with an unknown price has burned."""


class Hold(Record):
    """Money set aside.

    Attributes:
        id: Its id; settling is idempotent by it.
        amount: Micro-dollars.
        operation: What it is for.
        run_id: Id of the run.
    """

    id: str
    amount: Micros
    operation: str
    run_id: str


class TokenEconomy:
    """Budget, holds and savings; safe for several threads and processes. Its calls block.

    Args:
        budget_usd: Cap on all that is spent and held, dollars.
        ledger: The ledger's database; None keeps it in memory.
        redact: Removes secrets from what a cost is for, before it is written.
        clock: Gives UTC epoch seconds.
        limits: Gives the caps beside the budget, when money is asked for; none if None.
        session: Id of the session, whose spending has a cap of its own.
        directory: The working directory, for those who ask where money went.

    Raises:
        UsageError: If the budget is negative or not a number.
        WorkspaceError: If the ledger cannot be used.
    """

    def __init__(
        self,
        budget_usd: float = 10.0,
        *,
        ledger: Path | None = None,
        redact: Callable[[str], str] = str,
        clock: Callable[[], float] = time.time,
        limits: Callable[[], CapLimits] | None = None,
        session: str = "",
        directory: str = "",
    ) -> None:
        self._budget = _amount(budget_usd, "the budget")
        self._ledger = Ledger(ledger)
        self._redact = redact
        self._clock = clock
        self._limits = limits
        self._session = session
        self._directory = directory.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        self._caps: Caps | None = None
        self._born: str | None = None
        self.recover()

    @property
    def budget(self) -> Micros:
        """The cap on all that is spent, micro-dollars."""
        return self._budget if self._caps is None else self._caps.budget

    @property
    def caps(self) -> Caps:
        """All caps."""
        if self._caps is None:
            from .caps import CapLimits, Caps  # a replay spends nothing and needs none

            limits = CapLimits() if self._limits is None else self._limits()
            self._caps = Caps(self._ledger, self._budget, limits, self._session, self._clock)
        return self._caps

    def use_session(self, session: str) -> None:
        """Count what is spent from now on for another session, with what it has spent before."""
        self._session = session
        if self._caps is not None:
            self._caps.session = session

    @property
    def ledger(self) -> Ledger:
        """The record itself, to be read."""
        return self._ledger

    @property
    def spent(self) -> Micros:
        """All that was spent, micro-dollars."""
        return self._ledger.totals().spent

    @property
    def held(self) -> Micros:
        """All that is held, micro-dollars."""
        return self._ledger.totals().held

    @property
    def saved(self) -> Micros:
        """What replays saved, against what learning their traces really cost, micro-dollars."""
        return self._ledger.totals().saved

    @property
    def available(self) -> Micros:
        """What may be spent under every cap, micro-dollars; never below zero."""
        return self.caps.tightest().left

    @property
    def overdraft(self) -> Micros:
        """By how much spending has passed the budget, micro-dollars."""
        return max(0, self._ledger.totals().spent - self.budget)

    def check_budget(self, estimated_cost: float) -> None:
        """Raise if an estimated cost is not available.

        Args:
            estimated_cost: Dollars.

        Raises:
            LowBatteryError: If it is not available.
            UsageError: If it is not an amount.
        """
        self._require(_amount(estimated_cost, "the estimated cost"), self.caps.tightest())

    def deduct(self, actual_cost: float, operation: str) -> None:
        """Spend money, if it is available: one atomic step.

        A cost that has already been incurred goes through `hold` and `settle`, which record it
        in any case.

        Args:
            actual_cost: Dollars.
            operation: What it is for.

        Raises:
            LowBatteryError: If it is not available; nothing is recorded then.
            UsageError: If it is not an amount.
        """
        cost = _amount(actual_cost, "the cost")
        with self._ledger.change() as connection:
            self._require(cost, self.caps.tightest())
            entry = self._entry(os.urandom(16).hex(), "cost", cost, operation, "")
            add_entry(connection, entry)
            add_origin(connection, entry.id, self._session, self._directory)

    def hold(
        self,
        amount: Micros,
        operation: str,
        *,
        run_id: str = "",
        at_least: Micros | None = None,
    ) -> Hold:
        """Set money aside.

        Args:
            amount: Micro-dollars.
            operation: What it is for.
            run_id: Id of the run.
            at_least: If given, less than `amount` is taken when less is available, but not less
                than this.

        Returns:
            The hold.

        Raises:
            LowBatteryError: If it is not available.
        """
        with self._ledger.change() as connection:
            cap = self.caps.tightest()
            needed = amount if at_least is None else at_least
            # A hold of nothing would let a run spend what is not there.
            self._require(max(1, needed), cap)
            operation = self._redact(operation)
            taken = Hold(os.urandom(16).hex(), min(amount, cap.left), operation, run_id)
            connection.execute(
                "INSERT INTO holds VALUES (?, ?, 0, ?, ?, ?, ?, ?)",
                (
                    taken.id,
                    taken.amount,
                    operation,
                    run_id,
                    os.getpid(),
                    self._birth(),
                    self._clock(),
                ),
            )
            connection.execute("UPDATE account SET held = held + ?", (taken.amount,))
            add_origin(connection, taken.id, self._session, self._directory)
        return taken

    def burn(self, hold: Hold, so_far: Micros | None) -> None:
        """Note durably what a run has cost so far, in case its process dies.

        Args:
            hold: The hold of the run.
            so_far: Micro-dollars; None if the price is unknown.
        """
        burned = _UNKNOWN if so_far is None else so_far
        with self._ledger.change() as connection:
            connection.execute("UPDATE holds SET burned = ? WHERE id = ?", (burned, hold.id))

    def settle(self, hold: Hold, actual: Micros | None, *, model: str | None = None) -> None:
        """Settle a hold at the real cost; a second time does nothing.

        Args:
            hold: The hold.
            actual: Micro-dollars; None if the price is unknown (recorded, nothing charged).
            model: The model that was paid.
        """
        with self._ledger.change() as connection:
            row = connection.execute("DELETE FROM holds WHERE id = ?", (hold.id,))
            if row.rowcount == 0:
                return
            crash_point("settle.deleted")
            connection.execute("UPDATE account SET held = held - ?", (hold.amount,))
            entry = self._entry(hold.id, "cost", actual, hold.operation, hold.run_id, model=model)
            add_entry(connection, entry)
            crash_point("settle.entered")

    def release(self, hold: Hold) -> None:
        """Give a hold back; nothing was spent."""
        self.settle(hold, 0)

    @contextmanager
    def holding(self, amount: Micros, operation: str, *, run_id: str = "") -> Generator[Hold]:
        """Hold money for the body, which settles it; else it is settled at what it burned."""
        taken = self.hold(amount, operation, run_id=run_id)
        try:
            yield taken
        finally:
            self._settle_at_burned(taken.id)

    def record_saving(self, trace_id: str, amount: Micros, *, run_id: str) -> None:
        """Record what a replay saved.

        Args:
            trace_id: The trace.
            amount: What learning it had cost, micro-dollars.
            run_id: Id of the run; recorded once.
        """
        with self._ledger.change() as connection:
            entry = self._entry(f"saving-{run_id}", "saving", amount, "Replay", run_id)
            add_entry(
                connection,
                Entry(
                    entry.id,
                    entry.kind,
                    amount,
                    entry.operation,
                    run_id,
                    trace_id,
                    None,
                    entry.at,
                ),
            )
            add_origin(connection, entry.id, self._session, self._directory)

    def typical_cost(self, default: Micros) -> Micros:
        """Return the median of the last learn costs here, or a default if there are none."""
        costs = self._ledger.learn_costs(_SAMPLE)
        if not costs:
            return default
        from statistics import median

        return round(median(costs))

    def entries(self, limit: int = 100) -> list[Entry]:
        """Return the newest ledger entries, newest first."""
        return self._ledger.entries(limit)

    def audit(self) -> bool:
        """Return whether the running totals are what the rows add up to."""
        return self._ledger.totals() == self._ledger.audit()

    def recover(self) -> int:
        """Settle the holds of dead processes at what they had burned; return how many."""
        orphans = [
            hold_id
            for hold_id, pid, born, _ in self._ledger.holders()
            if process_birth(pid) not in (born, "unknown")
        ]
        for hold_id in orphans:
            self._settle_at_burned(hold_id)
        return len(orphans)

    def close(self) -> None:
        """Close the ledger."""
        self._ledger.close()

    def _settle_at_burned(self, hold_id: str) -> None:
        with self._ledger.change() as connection:
            row = connection.execute(
                "SELECT amount, operation, run_id, burned FROM holds WHERE id = ?", (hold_id,)
            ).fetchone()
            if row is None:
                return
            amount, operation, run_id, burned = row
            connection.execute("DELETE FROM holds WHERE id = ?", (hold_id,))
            connection.execute("UPDATE account SET held = held - ?", (amount,))
            cost = None if burned == _UNKNOWN else burned
            add_entry(connection, self._entry(hold_id, "cost", cost, operation, run_id))

    def _entry(
        self,
        entry_id: str,
        kind: str,
        amount: Micros | None,
        operation: str,
        run_id: str,
        *,
        model: str | None = None,
    ) -> Entry:
        said = self._redact(operation)
        return Entry(entry_id, kind, amount, said, run_id, None, model, self._clock())

    def _require(self, needed: Micros, cap: Cap) -> None:
        if needed > cap.left:
            raise LowBatteryError(to_usd(needed), to_usd(cap.left), cap=cap.said, hint=cap.hint)

    def _birth(self) -> str:
        if self._born is None:
            self._born = process_birth(os.getpid()) or "unknown"
        return self._born


def _amount(usd: float, what: str) -> Micros:
    try:
        amount = to_micros(usd)
    except ValueError as error:
        raise UsageError(f"{what} is {error}") from None
    if amount < 0:
        raise UsageError(f"{what} is negative: {usd}")
    return amount
