"""What the journal forgets: old runs, and contents that nothing needs any more."""

from __future__ import annotations

import json
import sqlite3
import time

from ..kernel.database import transaction
from ..kernel.locks import file_lock
from .journal import Journal

KEPT_RUNS = 200
"""Runs of one directory that are kept."""
KEPT_S = 30 * 86400.0
"""Seconds for which a run is kept."""
KEPT_BYTES = 2 * 2**30
"""Bytes of contents above which the older half of the runs goes, again and again."""


def prune(journal: Journal, *, now: float | None = None) -> int:
    """Forget runs that are too many or too old, and contents that nothing needs. Blocks.

    Args:
        journal: The journal.
        now: UTC epoch seconds; the present if None.

    Returns:
        How many runs were forgotten.
    """
    moment = time.time() if now is None else now
    with (
        file_lock(journal.contents_lock, wait=False) as alone,
        journal.using() as connection,
    ):
        if not alone:
            return 0  # somebody keeps contents at this moment; the next prune will do
        forgotten = _forget(connection, moment)
        _sweep(journal, connection)
        while journal.contents.size_of_all() > KEPT_BYTES:
            half = _forget_half(connection)
            if not half:
                break
            forgotten += half
            _sweep(journal, connection)
    return forgotten


def _forget(connection: sqlite3.Connection, now: float) -> int:
    newer = "SELECT count(*) FROM runs AS other WHERE other.tree = runs.tree"
    query = (
        "SELECT number FROM runs WHERE state NOT IN ('open', 'undoing', 'redoing') AND (began < ?"
        f" OR ({newer} AND other.number > runs.number) >= ?)"
    )
    return _remove(connection, connection.execute(query, (now - KEPT_S, KEPT_RUNS)).fetchall())


def _forget_half(connection: sqlite3.Connection) -> int:
    query = "SELECT number FROM runs WHERE state NOT IN ('open', 'undoing', 'redoing')"
    rows = connection.execute(f"{query} ORDER BY number").fetchall()
    return _remove(connection, rows[: (len(rows) + 1) // 2])


def _remove(connection: sqlite3.Connection, rows: list[tuple[int]]) -> int:
    with transaction(connection):
        connection.executemany("DELETE FROM changes WHERE run = ?", rows)
        connection.executemany("DELETE FROM marks WHERE run = ?", rows)
        connection.executemany("DELETE FROM runs WHERE number = ?", rows)
    return len(rows)


def _sweep(journal: Journal, connection: sqlite3.Connection) -> None:
    wanted: set[bytes] = set()
    for (packed,) in connection.execute("SELECT contents FROM folders"):
        wanted.update(packed[at : at + 32] for at in range(0, len(packed), 32))
    for row in connection.execute("SELECT before, after FROM changes"):
        for entry in filter(None, row):
            kind, _, sha256, _ = json.loads(entry)
            if kind == "file":
                wanted.add(bytes.fromhex(sha256))
    journal.contents.remove_all_but(wanted)
