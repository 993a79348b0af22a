"""All benchmarks in one command: a table in which each figure stands beside its floor or peer.

    python benchmarks/run.py [NAME ...] [--data DIR] [--quick] [--json]

Each benchmark is a script of its own that can be run alone; here they run one after the other, and
what they print as JSON is put together. Figures of one row are of one run, so their ratio holds on
a busy machine; rows of different benchmarks cannot be compared. ``peers`` installs packages, so it
is run only when it is named (with --quick without them), and ``money`` when it is given its data.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Row:
    """One figure beside what it is measured against.

    Attributes:
        what: What was measured.
        figure: What came out; None if nothing did.
        unit: Of both figures.
        beside: What it is measured against.
        other: The figure of that; None if there is none.
    """

    what: str
    figure: float | None
    unit: str
    beside: str = ""
    other: float | None = None


def cold_rows(found: Mapping[str, Any]) -> Iterator[Row]:
    """Read ``cold_start.py``."""
    ways = found["ways"]
    for way in ("replay", "why", "decline", "version"):
        for beside in ("imports", "python"):
            yield Row(
                f"cold {way}", ways[way]["median_ms"], "ms", beside, ways[beside]["median_ms"]
            )


def replay_rows(found: Mapping[str, Any]) -> Iterator[Row]:
    """Read ``replay_cost.py``."""
    for goal, row in found["replays"].items():
        replay = row["replay_s"] * 1000
        yield Row(goal, replay, "ms", "shell script", row["script_s"] * 1000)
        for name in (one.removesuffix("_s") for one in row if one.endswith("_s")):
            if name not in ("replay", "script"):
                yield Row(f"  {name}", row[f"{name}_s"] * 1000, "ms", "the replay", replay)
    learned = found["learning"]
    for which in ("first", "again", "prepared", "bare", "by_llmos"):
        yield Row(f"learning adds, {which}", learned[f"{which}_s"], "s")


def undo_rows(found: Mapping[str, Any]) -> Iterator[Row]:
    """Read ``undo_cost.py``."""
    yield Row("journal", found["journal_ms"], "ms", "bare walk", found["look_ms"])
    yield Row("journal", found["journal_ms"], "ms", "the replay", found["replay_s"] * 1000)
    yield Row("journal", found["journal_ms"], "ms", "git", found["git_ms"])


def decide_rows(found: Mapping[str, Any]) -> Iterator[Row]:
    """Read ``matching_scale.py``."""
    for store in found["stores"]:
        size = f"{store['store']['traces']:,.0f} traces"
        peers = ("  dict, normalised goal", "  SQLite primary key")
        for kind, row in store.items():
            if "us_p50" in row and kind not in peers:
                beside = store["  SQLite primary key"]["us_p50"]
                yield Row(f"{kind}, {size}", row["us_p50"], "µs", "SQLite key", beside)


def bus_rows(found: Mapping[str, Any]) -> Iterator[Row]:
    """Read ``bus.py``."""
    for count, ways in found["subscribers"].items():
        for beside in ("queue", "calls"):
            rates = ways["bus"]["per_s"], ways[beside]["per_s"]
            yield Row(f"bus to {count}, deliveries", rates[0], "/s", beside, rates[1])


def ledger_rows(found: Mapping[str, Any]) -> Iterator[Row]:
    """Read ``ledger.py``."""
    for by in ("one", "eight"):
        charge, bare = found["charge"][by], found["sqlite"][by]
        yield Row(f"charges by {by}", charge, "/s", "bare SQLite", bare)
    yield Row("fairness of eight", found["charge"]["fairness"], "")


def million_rows(found: Mapping[str, Any]) -> Iterator[Row]:
    """Read ``million.py``."""
    for store in found["stores"]:
        figures, size = store["figures"], f"{store['traces']:,} traces"
        floor = figures["imports"]["s"] * 1000
        for name in ("replay", "list", "remove", "replay after remove", "import, each"):
            yield Row(f"{name}, {size}", figures[name]["s"] * 1000, "ms", "imports", floor)
        if "rebuild" in figures:
            read = figures["floor of rebuild"]["s"] * 1000
            made = figures["rebuild"]["s"] * 1000
            yield Row(f"rebuild, {size}", made, "ms", "bare reading", read)
        key = figures["SQLite key"]["p50_s"] * 1e6
        yield Row(f"exact, {size}", figures["exact"]["p50_s"] * 1e6, "µs", "SQLite key", key)


def peer_rows(found: Mapping[str, Any]) -> Iterator[Row]:
    """Read ``peers.py``."""
    for size in found["sizes"]:
        asked = {row["name"]: row.get("asked") for row in size["lookups"]}
        for row in size["lookups"]:
            name, goals = row["name"], f"{size['goals']:,}"
            if "failed" in row:
                yield Row(f"{name}: {row['failed']}", None, "")
                continue
            for kind, one in row["asked"].items():
                own = asked["llmos"][kind]["us_p50"] if asked.get("llmos") else None
                yield Row(f"{name}, {kind}, {goals}", one["us_p50"], "µs", "llmos", own)
            wrong = row["asked"]["other value"]
            yield Row(f"{name}, wrong of {wrong['goals']}, {goals}", wrong["wrong"], "")
            yield Row(f"{name}, peak memory, {goals}", row["peak_mb"], "MB")


def money_rows(found: Mapping[str, Any]) -> Iterator[Row]:
    """Read ``matching.py``."""
    for stream in found["streams"]:
        always = stream["goals"] * 0.10
        yield Row(f"dollars of {stream['name']}", stream["dollars"], "$", "always", always)


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A script, how it is called in full and quickly, and what reads its JSON.

    It may be run only when it is named.
    """

    script: str
    full: tuple[str, ...]
    quick: tuple[str, ...]
    rows: Callable[[Mapping[str, Any]], Iterator[Row]]
    named: bool = False


BENCHMARKS = {
    "cold": Benchmark("cold_start.py", (), ("--runs", "1"), cold_rows),
    "replay": Benchmark("replay_cost.py", (), ("--runs", "1"), replay_rows),
    "undo": Benchmark("undo_cost.py", (), ("--files", "200", "--runs", "1"), undo_rows),
    "decide": Benchmark(
        "matching_scale.py",
        ("--traces", "100", "10000"),
        ("--traces", "50", "--asks", "5"),
        decide_rows,
    ),
    "million": Benchmark(
        "million.py",
        ("--traces", "100", "10000"),
        ("--traces", "20", "--runs", "1"),
        million_rows,
    ),
    "bus": Benchmark("bus.py", (), (), bus_rows),
    "ledger": Benchmark("ledger.py", (), ("--charges", "10"), ledger_rows),
    "money": Benchmark(
        "matching.py", ("--quick", "--only", "mixed.zipf"), (), money_rows, named=True
    ),
    "peers": Benchmark(
        "peers.py",
        (),
        ("--goals", "30", "--asks", "10", "--only", "dict", "SQLite key", "llmos"),
        peer_rows,
        named=True,
    ),
}


def measure(name: str, *, quick: bool, data: Path | None) -> Mapping[str, Any]:
    """Run a benchmark; return its JSON."""
    one = BENCHMARKS[name]
    where = [str(data)] if name == "money" else []
    options = one.quick if quick and one.quick else one.full
    done = subprocess.run(
        [sys.executable, str(HERE / one.script), *where, *options, "--json"],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{one.script} ended with {done.returncode}")
    return json.loads(done.stdout)


def table(rows: Sequence[Row]) -> str:
    """Return figures as a table for people."""
    lines = [f"{'':40}{'measured':>14}    {'beside':14}{'':>14}{'ratio':>9}"]
    for row in rows:
        line = f"{row.what:40}"
        if row.figure is not None:
            line += f"{row.figure:14,.2f} {row.unit:3}"
        if row.figure is not None and row.other is not None:
            line += f"{row.beside:14}{row.other:14,.2f}{row.figure / row.other:9.2f}"
        lines.append(line.rstrip())
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="All benchmarks, each beside its floor or peer.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}")
    parser.add_argument("--data", type=Path, metavar="DIR", help="data folder, for money")
    parser.add_argument("--quick", action="store_true", help="see that they run; no figures")
    parser.add_argument("--json", action="store_true", help="JSON instead of a table")
    options = parser.parse_args()
    names = options.names or [
        name
        for name, one in BENCHMARKS.items()
        if not one.named or (name == "money" and options.data)
    ]
    for name in names:
        if name not in BENCHMARKS:
            parser.error(f"there is no benchmark {name!r}, there is {', '.join(BENCHMARKS)}")
        if name == "money" and options.data is None:
            parser.error("money needs --data DIR")
    found: dict[str, Mapping[str, Any]] = {}
    for name in names:
        began = time.monotonic()
        found[name] = measure(name, quick=options.quick, data=options.data)
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    if options.json:
        print(json.dumps(found))
        return
    print(table([row for name, one in found.items() for row in BENCHMARKS[name].rows(one)]))


if __name__ == "__main__":
    main()
