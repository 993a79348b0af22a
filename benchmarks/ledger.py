"""The ledger: charges a second, by one process and by eight at once, beside bare SQLite.

Run with ``python benchmarks/ledger.py [--charges N] [--json]``. A charge is a hold and its
settlement, as each model run makes them, both durable.

- charge: `TokenEconomy.hold` and `settle`;
- sqlite: two transactions of one row each in a database of the same settings, which no ledger
  of this kind can beat;
- fairness: the fewest charges that one of the processes made, over the most, while all run.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from llmos.kernel.database import open_database, transaction
from llmos.kernel.token_economy import TokenEconomy

CHARGES = 400
PROCESSES = 8
SECONDS = 3.0


def charge_by_ledger(path: Path) -> Callable[[], None]:
    """Return what makes one charge."""
    economy = TokenEconomy(1_000_000, ledger=path)

    def charge() -> None:
        economy.settle(economy.hold(10, "benchmark"), 7)

    return charge


def charge_by_sqlite(path: Path) -> Callable[[], None]:
    """Return what writes two rows, each in a transaction of its own."""
    connection = open_database(path, "CREATE TABLE IF NOT EXISTS rows (pid INTEGER, at REAL);")

    def charge() -> None:
        for _ in range(2):
            with transaction(connection):
                row = (os.getpid(), time.time())
                connection.execute("INSERT INTO rows VALUES (?, ?)", row)

    return charge


WAYS = {"charge": charge_by_ledger, "sqlite": charge_by_sqlite}


def alone(way: str, folder: Path, charges: int) -> float:
    """Return charges a second of one process."""
    charge = WAYS[way](folder / f"{way}.sqlite")
    charge()
    began = time.perf_counter()
    for _ in range(charges):
        charge()
    return charges / (time.perf_counter() - began)


def _worker(way: str, path: str, ready: Any, made: Any) -> None:
    charge = WAYS[way](Path(path))
    ready.wait()
    count, end = 0, time.monotonic() + SECONDS
    while time.monotonic() < end:
        charge()
        count += 1
    made.put(count)


def together(way: str, folder: Path) -> tuple[float, float]:
    """Return charges a second of several processes, and fairness."""
    context = multiprocessing.get_context("spawn")
    ready, made = context.Barrier(PROCESSES), context.Queue()
    path = str(folder / f"{way}-together.sqlite")
    WAYS[way](Path(path))()
    workers = [
        context.Process(target=_worker, args=(way, path, ready, made)) for _ in range(PROCESSES)
    ]
    for worker in workers:
        worker.start()
    counts = [made.get(timeout=120) for _ in workers]
    for worker in workers:
        worker.join()
    return sum(counts) / SECONDS, min(counts) / max(counts)


def main() -> None:
    parser = argparse.ArgumentParser(description="Charges a second.")
    parser.add_argument("--charges", type=int, default=CHARGES, help=f"default {CHARGES}")
    parser.add_argument("--json", action="store_true", help="JSON instead of a table")
    options = parser.parse_args()
    if options.charges < 1:
        parser.error("--charges must be at least 1")
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory(prefix="llmos-ledger-") as name:
        for way in WAYS:
            rate, fairness = together(way, Path(name))
            found[way] = {
                "one": alone(way, Path(name), options.charges),
                "eight": rate,
                "fairness": fairness,
            }
    if options.json:
        print(json.dumps(found))
        return
    print("way       charges/s by one   by eight   fairness")
    for way, row in found.items():
        print(f"{way:8}{row['one']:18.0f}{row['eight']:11.0f}{row['fairness']:11.2f}")


if __name__ == "__main__":
    main()
