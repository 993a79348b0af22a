"""What changes about a trace: how its replays went, and in what state they left its files.

It lives in the ledger's database, since the trace's own file is never changed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Literal

from ..kernel.database import Database
from ..kernel.errors import WorkspaceError
from ..kernel.record import Record

Standing = Literal["candidate", "proven", "retired"]
Outcome = Literal["learned", "replayed", "drifted", "failed", "refused"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS outcomes (
    trace_id TEXT NOT NULL,
    outcome TEXT NOT NULL,
    at REAL NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS outcomes_by_trace ON outcomes (trace_id);
CREATE TABLE IF NOT EXISTS answers (
    goal TEXT NOT NULL,
    trace_id TEXT NOT NULL,
    bound TEXT NOT NULL,
    same INTEGER NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (goal, trace_id)
);
CREATE TABLE IF NOT EXISTS left_files (
    trace_id TEXT NOT NULL,
    path TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (trace_id, path)
);
"""


_GOOD_FOR_BAD = 19
_FLOOR = 0.25
"""Confidence below which a trace is retired: six failures with no clean replay, for one."""
_MOST_KNOWN = 10_000
"""Records that are kept in memory."""
_FAILURES = ("drifted", "failed", "refused")


class TraceEvidence(Record):
    """The record of a trace.

    Attributes:
        learned: 1 if a run taught it, 0 if it came from elsewhere.
        successes: Replays whose guards all held.
        failures: Replays that drifted or failed, and times the user refused it.
        last_used_at: UTC epoch seconds, or None.
        refused: Times the user refused it.
        clean: Whether its last replay was clean.
    """

    learned: int
    successes: int
    failures: int
    last_used_at: float | None
    refused: int = 0
    clean: bool = False

    @property
    def standing(self) -> Standing:
        """How far it is trusted.

        It is a candidate until one clean replay, then proven; a failed replay makes it a candidate
        again, and below a floor of confidence it is retired: it answers nothing any more.
        """
        if self.confidence < _FLOOR:
            return "retired"
        return "proven" if self.clean else "candidate"

    @property
    def may_vary(self) -> bool:
        """Whether it may answer other goals than the one it was learned from.

        Once a user has said that it answered wrongly, it may not, until at least 19 good replays
        stand against each such word: so no trace goes on at a known error rate above 5 %.
        """
        return not self.refused or self.successes >= _GOOD_FOR_BAD * self.refused

    @property
    def confidence(self) -> float:
        """The mean of the Beta posterior over "a replay succeeds".

        The prior is Beta(1, 1); learning counts as one success, since the run itself succeeded.
        A trace just learned has 2/3; ten clean replays bring it to 12/13; one that came from
        elsewhere begins at 1/2.
        """
        good = 1 + self.learned + self.successes
        return good / (good + 1 + self.failures)


class Evidence:
    """The records of all traces. Its calls block; safe for several threads and processes.

    Making it and every call raise WorkspaceError if the database cannot be used.

    Args:
        where: The ledger's database, its path, or None for memory only.
        redact: Removes secrets from what is written.
    """

    def __init__(self, where: Database | Path | None, redact: Callable[[str], str] = str) -> None:
        self._redact = redact
        self._owns = not isinstance(where, Database)
        if isinstance(where, Database):
            self._database = where
            where.extend(_SCHEMA)
        else:
            self._database = Database(where, _SCHEMA)
        # The records asked for, so long as nobody has written anything: see `_version`.
        self._known: dict[str, TraceEvidence] = {}
        self._known_at: tuple[int, int] | None = None

    def record(self, trace_id: str, outcome: Outcome, at: float, detail: str) -> None:
        """Add an outcome to a trace's record.

        Args:
            trace_id: The trace.
            outcome: What happened.
            at: UTC epoch seconds.
            detail: Why, for people.
        """
        with self._change() as connection:
            row = (trace_id, outcome, at, self._redact(detail))
            connection.execute("INSERT INTO outcomes VALUES (?, ?, ?, ?)", row)

    def of(self, trace_id: str) -> TraceEvidence:
        """Return the record of a trace."""
        with self._use() as connection:
            version = self._version(connection)
            if version != self._known_at or len(self._known) >= _MOST_KNOWN:
                self._known.clear()
                self._known_at = version
            known = self._known.get(trace_id)
            if known is None:
                known = self._known[trace_id] = self._read(connection, trace_id)
        return known

    @staticmethod
    def _version(connection: sqlite3.Connection) -> tuple[int, int]:
        """Return what is another one after any write: by others, and by this connection."""
        (others,) = connection.execute("PRAGMA data_version").fetchone()
        return others, connection.total_changes

    @staticmethod
    def _read(connection: sqlite3.Connection, trace_id: str) -> TraceEvidence:
        query = (
            "SELECT outcome, count(*), max(at), max(rowid) FROM outcomes WHERE trace_id = ? "
            "GROUP BY outcome"
        )
        rows = connection.execute(query, (trace_id,)).fetchall()
        counts = {outcome: count for outcome, count, _, _ in rows}
        failures = sum(counts.get(name, 0) for name in _FAILURES)
        last = max((at for _, _, at, _ in rows), default=None)
        # Rows stand in the order in which they came; clocks may jump.
        order = {outcome: row for outcome, _, _, row in rows}
        failed = max(order.get(name, 0) for name in _FAILURES)
        return TraceEvidence(
            min(1, counts.get("learned", 0)),
            counts.get("replayed", 0),
            failures,
            last,
            counts.get("refused", 0),
            order.get("replayed", 0) > failed,
        )

    def note_answer(
        self,
        goal: str,
        trace_id: str,
        values: Mapping[str, str],
        *,
        means_the_same: bool,
        at: float,
    ) -> None:
        """Note what the user said when asked whether a goal means what a trace does.

        An answer about a goal with a secret in it is not kept.

        Args:
            goal: Normal form of the goal.
            trace_id: The trace.
            values: What its parameters would be bound to.
            means_the_same: The user's answer; a later one replaces an earlier one.
            at: UTC epoch seconds.
        """
        bound = json.dumps(dict(values), sort_keys=True)
        if self._redact(goal) != goal or self._redact(bound) != bound:
            return
        with self._change() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)",
                (goal, trace_id, bound, int(means_the_same), at),
            )

    def answers(self, goal: str) -> list[tuple[str, dict[str, str], bool]]:
        """Return what the user has said about a goal: trace, values, whether it means the same."""
        query = "SELECT trace_id, bound, same FROM answers WHERE goal = ? ORDER BY at DESC"
        with self._use() as connection:
            rows = connection.execute(query, (goal,)).fetchall()
        return [(trace_id, json.loads(bound), bool(same)) for trace_id, bound, same in rows]

    def may_vary(self, trace_id: str) -> bool:
        """Return whether a trace may answer other goals; see `TraceEvidence.may_vary`."""
        return self.of(trace_id).may_vary

    def left(self, trace_id: str) -> dict[str, str]:
        """Return the files of a trace as its runs left them, whatever values they had.

        Returns:
            Path to SHA-256, as the last run that left the path did.
        """
        query = "SELECT path, sha256 FROM left_files WHERE trace_id = ?"
        with self._use() as connection:
            return dict(connection.execute(query, (trace_id,)).fetchall())

    def note_left(self, trace_id: str, files: Mapping[str, str]) -> None:
        """Note in what state a run left the trace's files.

        Other files stay noted as they are: a run with other values left them.
        """
        with self._change() as connection:
            rows = [(trace_id, path, sha256) for path, sha256 in files.items()]
            connection.executemany("INSERT OR REPLACE INTO left_files VALUES (?, ?, ?)", rows)

    def close(self) -> None:
        """Close the database, unless it is another's."""
        if self._owns:
            self._database.close()

    def _use(self) -> AbstractContextManager[sqlite3.Connection]:
        return _telling(self._database.reading())

    def _change(self) -> AbstractContextManager[sqlite3.Connection]:
        return _telling(self._database.change())


@contextmanager
def _telling(
    using: AbstractContextManager[sqlite3.Connection],
) -> Generator[sqlite3.Connection]:
    """Turn an error of the database into one that says what to do."""
    try:
        with using as connection:
            yield connection
    except (sqlite3.Error, OSError) as error:
        raise WorkspaceError(
            f"the record of the traces cannot be used: {error}",
            hint="make room, or look at the workspace's ledger.sqlite",
        ) from None
