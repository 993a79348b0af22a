"""How long does deciding take in a warm process, with few stored traces and with many?

Five kinds of goals are asked of stores of synthetic ones (templates times values, and a tenth that
are asked in several wordings), in one run:

- exact: the very goal of a trace, at the first ask of it, which reads and verifies its file, and
  again, when the trace is in memory (as many as are kept there). Beside it a dict on the
  normalised goal and an SQLite primary key, which no matcher can beat
- same template: a learned wording with values of its own
- reworded, known: a learned kind of goal in another wording of those that were learned of it, with
  a known value; answered by its family
- reworded, new: a learned goal in words in which nothing was learned; to be declined
- unrelated: nothing is known of it; to be declined

Each figure is of the decision alone, in microseconds: by the clock (min, p50, p99), and the CPU
time of the thread (cpu), which says more on a busy machine; the last row is of all goals, as many
of each kind. Of the goals, replays is the share that would be replayed, and wrong the share that
would be with another call than the right one.

    python benchmarks/matching_scale.py [--traces N ...] [--asks N] [--json]
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
from typing import Any

from scale_goals import TOOLS, Known, kinds, paraphrase, synthetic, unrelated
from scoring import spread, timed

from llmos.memory.goals import normal_form
from workbench import DEFAULT_MATCHER, MATCHERS, Workbench, learn_all, scratch

_SETTLE_S = 2.6
"""Longer than the index takes to believe that a folder is at rest, on any file system."""
_OF_KINDS = 10
"""One in so many stored goals is of the kinds that are asked in several wordings."""

Ask = Callable[[str], object]
Figures = dict[str, dict[str, float]]
Wanted = tuple[str, dict[str, Any] | None]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--traces",
        type=_count,
        nargs="+",
        default=[100, 10_000],
        metavar="N",
        help="sizes of the stores, one after the other (default: 100 10000); 100000 takes long,"
        " since each trace is learned as the Learner does it",
    )
    parser.add_argument(
        "--asks", type=_count, default=1000, metavar="N", help="goals of each kind (default: 1000)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--matcher", choices=sorted(MATCHERS), default=DEFAULT_MATCHER)
    options = parser.parse_args(arguments)
    stores = [_of_size(size, options.asks, options.matcher) for size in options.traces]
    if options.json:
        print(json.dumps({"matcher": options.matcher, "stores": stores}, indent=1))
    else:
        print("\n\n".join(_table(figures, options.matcher) for figures in stores))
    return 0


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a count of 1 or more")
    return int(text)


def _of_size(size: int, asks: int, matcher: str) -> Figures:
    of_kinds, again = kinds(size // _OF_KINDS, seed=4)
    plain = synthetic(size - len(of_kinds), seed=1)
    with scratch() as folder:
        began = time.perf_counter()
        lessons = [(one.goal, [one.call]) for one in (*plain, *of_kinds)]
        learn_all(folder / "all", folder / "state", TOOLS, lessons, matcher)
        print(f"stored {size} in {time.perf_counter() - began:.0f} s", file=sys.stderr)
        with Workbench(folder / "all", folder / "state", TOOLS, matcher) as bench:
            figures = _measure(bench, folder, plain, again, asks)
    figures["process"] = {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
    return figures


def _measure(
    bench: Workbench, folder: Path, plain: Sequence[Known], again: Sequence[Known], asks: int
) -> Figures:
    chosen = random.Random(2)
    exact = chosen.sample(plain, k=min(asks, len(plain)))
    reworded = [one for one in chosen.choices(plain, k=asks) if one.other_words]
    # Each goal with the call that would be right; None where there is none.
    goals: dict[str, list[Wanted]] = {
        "exact, first ask": [(one.goal, one.call) for one in exact],
        "exact, again": [(one.goal, one.call) for one in exact],
        "same template": [(one.goal, one.call) for one in synthetic(asks, seed=3)],
        "reworded, known": [(one.goal, one.call) for one in again[:asks]],
        "reworded, new": [(paraphrase(one, chosen), one.call) for one in reworded],
        "unrelated": [(goal, None) for goal in unrelated(asks, chosen)],
    }
    began = time.perf_counter()
    stored = bench.store.count()
    index_s = time.perf_counter() - began
    first = bench.ask(unrelated(1, random.Random(5))[0])
    figures: Figures = {
        "store": {
            "traces": stored,
            "index_s": index_s,
            "first_ask_us": first.nanoseconds / 1000,
        }
    }
    time.sleep(_SETTLE_S)
    bench.store.count()
    everything: list[tuple[int, int]] = []
    for kind, some in goals.items():
        if some:
            figures[kind] = _ask_matcher(bench, some, everything)
        if kind == "exact, again":
            asked = [goal for goal, _ in some]
            figures["  dict, normalised goal"] = _ask_dict(plain, asked)
            figures["  SQLite primary key"] = _ask_sqlite(folder, plain, asked)
    figures["all of these together"] = spread(everything)
    return figures


def _ask_matcher(
    bench: Workbench, goals: Sequence[Wanted], everything: list[tuple[int, int]]
) -> dict[str, float]:
    answers = [(bench.ask(goal), call) for goal, call in goals]
    took = [(one.nanoseconds, one.cpu_nanoseconds) for one, _ in answers]
    everything += took
    produced = [
        (answer.produced[0]["tool"], answer.produced[0]["input"], call)
        for answer, call in answers
        if answer.produced is not None
    ]
    wrong = sum(call != {"tool": tool, "input": given} for tool, given, call in produced)
    return {
        **spread(took),
        "goals": len(answers),
        "replays": len(produced) / len(answers),
        "wrong": wrong / len(answers),
    }


def _ask_dict(known: Sequence[Known], goals: Sequence[str]) -> dict[str, float]:
    table = {normal_form(one.goal): json.dumps(one.call) for one in known}
    return spread([timed(lambda goal: table[normal_form(goal)], goal) for goal in goals])


def _ask_sqlite(folder: Path, known: Sequence[Known], goals: Sequence[str]) -> dict[str, float]:
    connection = sqlite3.connect(folder / "floor.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE t (goal TEXT PRIMARY KEY, call TEXT) WITHOUT ROWID")
    connection.execute("BEGIN")
    rows = [(normal_form(one.goal), json.dumps(one.call)) for one in known]
    connection.executemany("INSERT OR REPLACE INTO t VALUES (?, ?)", rows)
    connection.execute("COMMIT")

    def ask(goal: str) -> object:
        query = "SELECT call FROM t WHERE goal = ?"
        return connection.execute(query, (normal_form(goal),)).fetchone()

    try:
        return spread([timed(ask, goal) for goal in goals])
    finally:
        connection.close()


def _table(figures: Figures, matcher: str) -> str:
    store = figures["store"]
    lines = [
        f"{store['traces']:.0f} traces, matcher {matcher}; making the index {store['index_s']:.1f} "
        f"s, first goal of the process {store['first_ask_us'] / 1000:.1f} ms, peak memory so far "
        f"{figures['process']['peak_mb']:.0f} MB",
        f"{'asked':24}{'min µs':>10}{'p50 µs':>10}{'p99 µs':>10}{'cpu p50':>10}{'cpu p99':>10}"
        f"{'replays':>9}{'wrong':>8}",
    ]
    for kind, one in figures.items():
        if "us_p50" in one:
            replays = f"{one['replays']:9.3f}{one['wrong']:8.3f}" if "replays" in one else ""
            lines.append(
                f"{kind:24}"
                + "".join(f"{value:10.1f}" for name, value in one.items() if "us_" in name)
                + replays
            )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
