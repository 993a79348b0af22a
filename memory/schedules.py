"""Schedules: goals that are answered at their times, and the log of what came of each.

A due time is claimed in one transaction before its goal runs, so that of several processes only
one runs it. What was due while nobody looked is one time, not many: the last one.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from datetime import datetime, tzinfo
from pathlib import Path

from ..kernel.database import lock_of_database, open_database, transaction
from ..kernel.errors import UsageError
from ..kernel.ledger import process_birth
from ..kernel.money import Micros
from ..kernel.record import Record
from ..kernel.triggers import CronTrigger, Instant, LocalZone, last_due

FILE = "schedules.sqlite"
GRACE_S = 300.0
"""How late a time may be looked at that is not to be made up for: a timer comes when it can."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS schedules (
    name TEXT PRIMARY KEY,
    cron TEXT NOT NULL,
    goal TEXT NOT NULL,
    directory TEXT NOT NULL,
    max_cost INTEGER NOT NULL,
    missed TEXT NOT NULL CHECK (missed IN ('once', 'never')),
    handled REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    due REAL NOT NULL,
    began REAL NOT NULL,
    ended REAL,
    state TEXT NOT NULL,
    run_id TEXT NOT NULL DEFAULT '',
    mode TEXT NOT NULL DEFAULT '',
    cost INTEGER,
    said TEXT NOT NULL DEFAULT '',
    pid INTEGER NOT NULL,
    born TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS runs_by_name ON runs (name, began);
"""
_KEPT = 1000
"""Runs of a schedule that its log keeps."""


class Schedule(Record):
    """A schedule.

    Attributes:
        name: Its name.
        cron: A cron expression of five fields, in local time.
        goal: The goal.
        directory: The working directory in which it runs.
        max_cost: Most that a run may cost, micro-dollars; 0 for replays only.
        missed: ``once`` if a time that was missed is made up for, once; else ``never``.
        handled: The time up to which it was looked after, UTC epoch seconds.
    """

    name: str
    cron: str
    goal: str
    directory: str
    max_cost: Micros
    missed: str
    handled: float

    def next_time(self, now: float, zone: tzinfo | None = None) -> datetime:
        """Return when it is due next after a moment, UTC epoch seconds."""
        trigger = CronTrigger(self.cron, zone or LocalZone())
        trigger.plan(Instant(0.0, now))
        return datetime.fromtimestamp(now + trigger.wait_s(Instant(0.0, now)), zone or LocalZone())


class ScheduledRun(Record):
    """One line of the log.

    Attributes:
        id: Its number.
        name: The schedule.
        due: When it was due, UTC epoch seconds.
        began: When it began.
        ended: When it ended; None while it runs.
        state: ``running``, ``done``, ``failed``, ``missed`` (not made up for), ``skipped`` (the
            one before still ran) or ``cut off`` (its llmos is gone).
        run_id: Id of the run.
        mode: ``FOLLOWER`` or ``LEARNER``.
        cost: Micro-dollars; None if it is not known.
        said: The answer, or why it failed.
    """

    id: int
    name: str
    due: float
    began: float
    ended: float | None
    state: str
    run_id: str
    mode: str
    cost: Micros | None
    said: str


class Schedules:
    """The schedules of a workspace. Its calls block.

    Args:
        folder: The folder of the memory.
        redact: Removes secrets from what is logged.
        clock: Gives UTC epoch seconds.
        zone: In which cron expressions are read; the machine's if None.

    Raises:
        WorkspaceError: If the database cannot be used.
    """

    def __init__(
        self,
        folder: Path,
        *,
        redact: Callable[[str], str] = str,
        clock: Callable[[], float] = time.time,
        zone: tzinfo | None = None,
    ) -> None:
        self._connection = open_database(folder / FILE, _SCHEMA)
        self._lock = lock_of_database(folder / FILE)
        self._redact = redact
        self._clock = clock
        self._zone = zone or LocalZone()

    def add(self, schedule: Schedule) -> None:
        """Add a schedule; what was due before now is not.

        Raises:
            UsageError: If its expression is wrong, or its name is taken.
        """
        CronTrigger(schedule.cron, self._zone)
        with self._lock, transaction(self._connection) as connection:
            done = connection.execute(
                "INSERT OR IGNORE INTO schedules VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    schedule.name, schedule.cron, schedule.goal, schedule.directory,
                    schedule.max_cost, schedule.missed, self._clock(),
                ),
            )  # fmt: skip
            if done.rowcount == 0:
                raise UsageError(
                    f"there is a schedule {schedule.name!r} already",
                    hint=f"give another --name, or say: llmos schedule rm {schedule.name}",
                )

    def remove(self, name: str) -> bool:
        """Remove a schedule; its log stays. Return whether it was there."""
        with self._lock, transaction(self._connection) as connection:
            done = connection.execute("DELETE FROM schedules WHERE name = ?", (name,))
            return done.rowcount > 0

    def all(self) -> list[Schedule]:
        """Return the schedules by name."""
        rows = self._connection.execute("SELECT * FROM schedules ORDER BY name").fetchall()
        return [Schedule(*row) for row in rows]

    def named(self, name: str) -> Schedule:
        """Return a schedule.

        Raises:
            UsageError: If there is none of that name.
        """
        known = {one.name: one for one in self.all()}
        if name not in known:
            there = ", ".join(known) or "none"
            raise UsageError(f"there is no schedule {name!r}", hint=f"there is: {there}")
        return known[name]

    def runs(self, name: str = "", limit: int = 50) -> list[ScheduledRun]:
        """Return the last runs, newest first: of all schedules, or of one."""
        with self._lock, transaction(self._connection) as connection:
            _note_cut_off(connection)
        rows = self._connection.execute(
            "SELECT id, name, due, began, ended, state, run_id, mode, cost, said FROM runs"
            " WHERE ? IN ('', name) ORDER BY began DESC, id DESC LIMIT ?",
            (name, limit),
        ).fetchall()
        return [ScheduledRun(*row) for row in rows]

    def is_due(self, directory: str) -> bool:
        """Return whether something is due in a directory; cheap, and binding nobody."""
        now = self._clock()
        return any(self._due(one, now) for one in self.all() if one.directory == directory)

    def claim_due(self, directory: str) -> list[tuple[Schedule, int]]:
        """Claim what is due in a directory: nobody else will get it.

        Returns:
            The schedules to be run now, each with the number under which its run is logged.
        """
        claimed: list[tuple[Schedule, int]] = []
        now = self._clock()
        with self._lock, transaction(self._connection) as connection:
            _note_cut_off(connection)
            running = {
                row[0]
                for row in connection.execute("SELECT name FROM runs WHERE state = 'running'")
            }
            for one in self.all():
                due = self._due(one, now)
                if one.directory != directory or due is None:
                    continue
                connection.execute(
                    "UPDATE schedules SET handled = ? WHERE name = ?", (due, one.name)
                )
                late = one.missed == "never" and now - due > GRACE_S
                state = "missed" if late else "skipped" if one.name in running else "running"
                number = _begin(connection, one.name, due, now, state)
                if state == "running":
                    claimed.append((one, number))
        return claimed

    def begin_now(self, schedule: Schedule) -> int:
        """Log a run out of turn; return its number."""
        now = self._clock()
        with self._lock, transaction(self._connection) as connection:
            return _begin(connection, schedule.name, now, now, "running")

    def end(
        self, number: int, *, ok: bool, run_id: str, mode: str, cost: Micros | None, said: str
    ) -> None:
        """Log how a run ended.

        Args:
            number: Its number.
            ok: Whether its goal was reached.
            run_id: Id of the run.
            mode: ``FOLLOWER`` or ``LEARNER``.
            cost: Micro-dollars; None if it is not known.
            said: The answer, or why it failed.
        """
        with self._lock, transaction(self._connection) as connection:
            connection.execute(
                "UPDATE runs SET ended = ?, state = ?, run_id = ?, mode = ?, cost = ?, said = ?"
                " WHERE id = ?",
                (
                    self._clock(), "done" if ok else "failed", run_id, mode, cost,
                    self._redact(said)[:4000], number,
                ),
            )  # fmt: skip

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def _due(self, schedule: Schedule, now: float) -> float | None:
        due = last_due(schedule.cron, self._zone, now)
        return due if due is not None and due > schedule.handled else None


def _begin(connection: sqlite3.Connection, name: str, due: float, now: float, state: str) -> int:
    ended = None if state == "running" else now
    born = process_birth(os.getpid()) or "unknown"
    row = connection.execute(
        "INSERT INTO runs (name, due, began, ended, state, pid, born) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (name, due, now, ended, state, os.getpid(), born),
    )
    connection.execute(
        "DELETE FROM runs WHERE name = ? AND id NOT IN"
        " (SELECT id FROM runs WHERE name = ? ORDER BY id DESC LIMIT ?)",
        (name, name, _KEPT),
    )
    assert row.lastrowid is not None
    return row.lastrowid


def _note_cut_off(connection: sqlite3.Connection) -> None:
    query = "SELECT id, pid, born FROM runs WHERE state = 'running'"
    for number, pid, born in connection.execute(query).fetchall():
        if process_birth(pid) not in (born, "unknown"):
            connection.execute("UPDATE runs SET state = 'cut off' WHERE id = ?", (number,))
