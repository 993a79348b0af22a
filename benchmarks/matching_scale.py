"""How long does deciding take with many stored traces, warm?

Four kinds of goals are asked of a store of synthetic ones (templates times values): the very same
goal; a learned template with a value of its own; a learned goal in other words; a goal of which
nothing is known. Beside them, in turns within the same run: a dict on the normalised text and an
SQLite primary key, which no matcher can beat.

    python benchmarks/matching_scale.py [--traces N] [--asks N] [--json]
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from scale_goals import Known, paraphrase, synthetic, unrelated
from scoring import percentile

from llmos.memory.goals import normal_form
from workbench import DEFAULT_MATCHER, MATCHERS, Workbench, scratch

_SHARD = 250
_SETTLE_S = 2.6
"""Longer than the index takes to believe that a folder is at rest, on any file system."""

Ask = Callable[[str], object]
Figures = dict[str, dict[str, float]]
Wanted = tuple[str, str | None]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--traces", type=int, default=10_000)
    parser.add_argument("--asks", type=int, default=1000, help="goals of each kind")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--matcher", choices=sorted(MATCHERS), default=DEFAULT_MATCHER)
    options = parser.parse_args(arguments)
    known = synthetic(options.traces, seed=1)
    with scratch() as folder:
        began = time.perf_counter()
        _fill(folder, known, options.matcher)
        print(f"stored {options.traces} in {time.perf_counter() - began:.0f} s", file=sys.stderr)
        with Workbench(folder / "all", folder / "state", {"Bash"}, options.matcher) as bench:
            figures = _measure(bench, folder, known, options.asks)
    figures["process"] = {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
    print(json.dumps(figures, indent=1) if options.json else _table(figures, options))
    return 0


def _fill(folder: Path, known: Sequence[Known], matcher: str) -> None:
    """Store the goals in small folders and put the files together.

    Each `put` looks through its folder; in one folder that would be quadratic. What is in the
    files is the same.
    """
    whole = folder / "all" / "traces"
    whole.mkdir(parents=True, mode=0o700)
    for start in range(0, len(known), _SHARD):
        shard = folder / f"shard-{start}"
        with Workbench(shard, folder / "state", {"Bash"}, matcher) as bench:
            for one in known[start : start + _SHARD]:
                bench.learn(one.goal, [{"tool": "Bash", "input": {"command": one.command}}])
        for path in (shard / "traces").glob("t-*.json"):
            path.rename(whole / path.name)


def _measure(bench: Workbench, folder: Path, known: Sequence[Known], asks: int) -> Figures:
    chosen = random.Random(2)
    again, reworded = chosen.choices(known, k=asks), chosen.choices(known, k=asks)
    # Each goal with the command that would be right; None where there is none.
    goals: dict[str, list[Wanted]] = {
        "exact goal": [(one.goal, one.command) for one in again],
        "same template, other value": [(one.goal, one.command) for one in synthetic(asks, seed=3)],
        "same goal, other words": [(paraphrase(one, chosen), one.command) for one in reworded],
        "unrelated goal": [(goal, None) for goal in unrelated(asks, chosen)],
    }
    began = time.perf_counter()
    stored = bench.store.count()
    first = bench.ask(again[0].goal)
    figures: Figures = {
        "store": {
            "traces": stored,
            "index_s": time.perf_counter() - began,
            "first_ask_us": first.nanoseconds / 1000,
        }
    }
    time.sleep(_SETTLE_S)
    bench.ask(reworded[0].goal)
    for kind, some in goals.items():
        figures[kind] = _ask_matcher(bench, some)
        if kind == "exact goal":
            asked = [goal for goal, _ in some]
            figures["  dict on normalised text"] = _ask_dict(known, asked)
            figures["  SQLite primary key"] = _ask_sqlite(folder, known, asked)
    return figures


def _ask_matcher(bench: Workbench, goals: Sequence[Wanted]) -> dict[str, float]:
    answers = [(bench.ask(goal), command) for goal, command in goals]
    produced = [
        (answer.produced[0]["input"]["command"], command)
        for answer, command in answers
        if answer.produced is not None
    ]
    return {
        **_times([(one.nanoseconds, one.cpu_nanoseconds) for one, _ in answers]),
        "replays": len(produced) / len(answers),
        "wrong": sum(one != right for one, right in produced) / len(answers),
    }


def _ask_dict(known: Sequence[Known], goals: Sequence[str]) -> dict[str, float]:
    table = {normal_form(one.goal): one.command for one in known}
    return _times([_time(lambda goal: table[normal_form(goal)], goal) for goal in goals])


def _ask_sqlite(folder: Path, known: Sequence[Known], goals: Sequence[str]) -> dict[str, float]:
    connection = sqlite3.connect(folder / "floor.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE t (goal TEXT PRIMARY KEY, command TEXT) WITHOUT ROWID")
    connection.execute("BEGIN")
    rows = [(normal_form(one.goal), one.command) for one in known]
    connection.executemany("INSERT OR REPLACE INTO t VALUES (?, ?)", rows)
    connection.execute("COMMIT")

    def ask(goal: str) -> object:
        query = "SELECT command FROM t WHERE goal = ?"
        return connection.execute(query, (normal_form(goal),)).fetchone()

    try:
        return _times([_time(ask, goal) for goal in goals])
    finally:
        connection.close()


def _time(ask: Ask, goal: str) -> tuple[int, int]:
    """Return wall and CPU nanoseconds of one call."""
    began, cpu_began = time.perf_counter_ns(), time.thread_time_ns()
    ask(goal)
    cpu = time.thread_time_ns() - cpu_began
    return time.perf_counter_ns() - began, cpu


def _times(nanoseconds: Sequence[tuple[int, int]]) -> dict[str, float]:
    wall, cpu = zip(*nanoseconds, strict=True)
    return {
        "us_min": min(wall) / 1000,
        "us_p50": percentile(wall, 0.5) / 1000,
        "us_p99": percentile(wall, 0.99) / 1000,
        "cpu_us_p50": percentile(cpu, 0.5) / 1000,
        "cpu_us_p99": percentile(cpu, 0.99) / 1000,
    }


def _table(figures: Figures, options: argparse.Namespace) -> str:
    store = figures["store"]
    lines = [
        f"matcher {options.matcher}, {store['traces']:.0f} traces; "
        f"making the index {store['index_s']:.1f} s, first goal {store['first_ask_us']:.0f} µs, "
        f"peak memory {figures['process']['peak_mb']:.0f} MB",
        f"{'asked':30}{'min µs':>10}{'p50 µs':>10}{'p99 µs':>10}{'cpu p50':>10}{'cpu p99':>10}"
        f"{'replays':>9}{'wrong':>8}",
    ]
    for kind, one in figures.items():
        if "us_p50" in one:
            replays = f"{one['replays']:9.3f}{one['wrong']:8.3f}" if "replays" in one else ""
            lines.append(
                f"{kind:30}"
                + "".join(f"{value:10.1f}" for name, value in one.items() if "us_" in name)
                + replays
            )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
