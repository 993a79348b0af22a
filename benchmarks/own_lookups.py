"""The lookups of `peers.py` without a peer: a dict, a key of SQLite, and llmos's own decision."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from lookups import Ask, Asked, Lookup, asking, main, spelled
from scale_goals import TOOLS, Known


def load_goals() -> None:
    """Import how a goal is normalised."""
    import llmos.memory.goals  # noqa: F401  # pyright: ignore[reportUnusedImport]


def load_workbench() -> None:
    """Import the store and the matcher."""
    import workbench  # noqa: F401  # pyright: ignore[reportUnusedImport]


def open_dict(_store: Path, known: Sequence[Known]) -> Ask:
    """Hold the goals in a dict."""
    from llmos.memory.goals import normal_form

    table = {normal_form(one.goal): spelled(one.call) for one in known}
    return asking(lambda goal: table.get(normal_form(goal)))


def fill_sqlite(store: Path, known: Sequence[Known]) -> None:
    """Store the goals in a table whose key they are."""
    from llmos.memory.goals import normal_form

    store.mkdir()
    connection = sqlite3.connect(store / "goals.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE t (goal TEXT PRIMARY KEY, call TEXT) WITHOUT ROWID")
    connection.execute("BEGIN")
    rows = ((normal_form(one.goal), spelled(one.call)) for one in known)
    connection.executemany("INSERT OR REPLACE INTO t VALUES (?, ?)", rows)
    connection.execute("COMMIT")
    connection.close()


def open_sqlite(store: Path, _known: Sequence[Known]) -> Ask:
    """Open that table."""
    from llmos.memory.goals import normal_form

    connection = sqlite3.connect(store / "goals.sqlite", isolation_level=None)

    def look(goal: str) -> str | None:
        query = "SELECT call FROM t WHERE goal = ?"
        row = connection.execute(query, (normal_form(goal),)).fetchone()
        return None if row is None else str(row[0])

    return asking(look)


def fill_llmos(store: Path, known: Sequence[Known]) -> None:
    """Learn the goals, and make the index."""
    from workbench import Workbench, learn_all

    lessons = [(one.goal, [one.call]) for one in known]
    learn_all(store, store.parent / "state", TOOLS, lessons)
    with Workbench(store, store.parent / "state", TOOLS) as bench:
        bench.rest()


def open_llmos(store: Path, _known: Sequence[Known]) -> Ask:
    """Open the store and the matcher, which are asked for the calls that would run."""
    from workbench import Workbench

    bench = Workbench(store, store.parent / "state", TOOLS)

    def ask(goal: str) -> Asked:
        found = bench.ask(goal)
        answer = None if found.produced is None else spelled(found.produced[0])
        return Asked(answer, found.nanoseconds, found.cpu_nanoseconds)

    return ask


LOOKUPS = {
    "dict": Lookup(load_goals, open_dict),
    "SQLite key": Lookup(load_goals, open_sqlite, fill_sqlite),
    "llmos": Lookup(load_workbench, open_llmos, fill_llmos),
}

if __name__ == "__main__":
    main(LOOKUPS)
