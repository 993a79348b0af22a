"""The tables of the journal, and how entries stand in them."""

from __future__ import annotations

import json

from ..kernel.record import Record
from .contents import SCHEMA as CONTENTS_SCHEMA
from .tree import Entry

JOURNAL_SCHEMA = f"""
{CONTENTS_SCHEMA}
CREATE TABLE IF NOT EXISTS trees (
    id INTEGER PRIMARY KEY,
    root BLOB NOT NULL UNIQUE,
    left_alone TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS folders (
    tree INTEGER NOT NULL,
    folder BLOB NOT NULL,
    names BLOB NOT NULL,
    stats BLOB NOT NULL,
    contents BLOB NOT NULL,
    PRIMARY KEY (tree, folder)
);
CREATE TABLE IF NOT EXISTS runs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    tree INTEGER NOT NULL,
    goal TEXT NOT NULL,
    mode TEXT NOT NULL,
    trace_id TEXT,
    state TEXT NOT NULL,
    began REAL NOT NULL,
    ended REAL,
    missed TEXT NOT NULL,
    calls TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS runs_by_state ON runs (state);
CREATE INDEX IF NOT EXISTS runs_by_id ON runs (id);
CREATE TABLE IF NOT EXISTS marks (
    run INTEGER PRIMARY KEY,
    mark TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS changes (
    run INTEGER NOT NULL,
    path BLOB NOT NULL,
    before TEXT,
    after TEXT,
    PRIMARY KEY (run, path)
);
"""

OPEN, DONE, UNDONE, ROLLED_BACK, CUT_OFF = "open", "done", "undone", "rolled back", "cut off"
UNDOING, REDOING = "undoing", "redoing"
UNFINISHED = (OPEN, UNDOING, REDOING)
"""States of a run that goes on, or whose process has gone in the middle."""


class RunHeader(Record):
    """What a run is called in the journal.

    Attributes:
        id: Its id.
        goal: The goal.
        mode: ``FOLLOWER`` or ``LEARNER``.
        trace_id: The trace that is replayed, or None.
        calls: Its calls, as far as they are known: tool, and what it is told, without secrets.
        mark: What its processes carry in their environment, if that is not its id.
    """

    id: str
    goal: str
    mode: str
    trace_id: str | None = None
    calls: tuple[tuple[str, str], ...] = ()
    mark: str = ""


def packed_entry(entry: Entry | None) -> str | None:
    """Return an entry as `changes` is to hold it."""
    if entry is None:
        return None
    return json.dumps([entry.kind, entry.mode, entry.sha256, entry.mtime_ns])


def entry_from(packed: str | None) -> Entry | None:
    """Return an entry as `changes` holds it."""
    return None if packed is None else Entry(*json.loads(packed))
