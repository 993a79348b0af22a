"""What grows with the number of traces: each operation on a store of N, with time, memory, disk.

    python benchmarks/million.py [--traces N ...] [--dir DIR] [--runs N]
        [--rebuild-up-to N] [--json]

For each N a workspace is filled with N signed traces (see ``stored_goals.py``), and:

- rebuild: the index is made from the files; beside it the bare reading of all of them; above
  ``--rebuild-up-to`` traces it is filled with the same rows without reading a million files;
- replay: ``llmos --replay-only GOAL`` for a goal that was learned, from start to exit;
- list: ``llmos trace list``, the first page of 100;
- exact: the goals of traces asked in one process that is warm, and the first of them, with which
  the process opens the store; same template: learned wordings with other values; both beside an
  SQLite primary key;
- words: the first goal of a process that is in no learned wording, and such goals after it;
- remove: ``llmos trace rm``, and the replay after it, which has to see what the folder holds now;
- import: ``llmos trace import`` of 100 files, for one of them; durable when it returns.

Each runs in a process of its own, so that its memory (peak, resident) is its own; ``imports`` is
``python -c "import rich, pydantic"`` in the same run. Everything is on the disk of --dir, and was
just written: what a cold disk adds is not measured. Memory is never told below that of this
script, which starts the others (about 35 MB).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from own_process import SETTLED_S, Place
from scale_goals import TOOLS, synthetic, unrelated
from scoring import percentile

from llmos.memory.goals import normal_form
from stored_goals import fill, index, learned_here
from workbench import Workbench

IMPORTS = ("-c", "import rich, pydantic")
GOAL = "say hello"
SIZES = (100, 10_000)
RUNS = 5
ASKS = 1000
IMPORTED = 100
REBUILD_UP_TO = 100_000

Figures = dict[str, dict[str, float]]


def measure(folder: Path, count: int, runs: int, rebuild_up_to: int) -> Figures:
    """Return all figures of a store of so many traces."""
    place = Place(folder, __file__)
    place.cwd.mkdir(parents=True)
    filled = place.step("store", str(count))
    print(f"filled {count:,} in {filled['s']:.0f} s", file=sys.stderr)
    figures: Figures = {}
    if count <= rebuild_up_to:
        figures["floor of rebuild"] = place.step("read")
        time.sleep(SETTLED_S)
        figures["rebuild"] = place.step("rebuild")
    else:
        place.step("indexed", str(count))
    figures |= operations(place, runs)
    figures["words"] = place.step("words")
    figures |= changes(place)
    figures["disk"] = {"traces_mb": _disk(place.traces), "index_mb": _disk(place.memory, "index.")}
    return figures


def operations(place: Place, runs: int) -> Figures:
    """Return what looking and deciding take where the index is up to date."""
    place.settle()
    figures: Figures = {"imports": _median([place.run(*IMPORTS) for _ in range(runs)])}
    figures["replay"] = _median([place.llmos("--replay-only", GOAL) for _ in range(runs)])
    figures["list"] = _median([place.llmos("trace", "list", "--json") for _ in range(runs)])
    asked: Figures = place.step("ask")
    figures["exact"] = asked["exact"] | {"mb": float(str(asked["mb"]))}
    return figures | {n: one for n, one in asked.items() if n not in ("exact", "mb", "cpu_s")}


def changes(place: Place) -> Figures:
    """Return what it takes when traces come and go."""
    # The names are not kept: what this process holds would count as memory of those it starts.
    names = (entry.name for entry in os.scandir(place.traces))
    some = next(name for name in names if GOAL not in (place.traces / name).read_text())
    return {
        "remove": place.llmos("trace", "rm", some.removesuffix(".json")),
        "replay after remove": place.llmos("--replay-only", GOAL),
        "import, each": _imported(place),
    }


def _imported(place: Place) -> dict[str, float]:
    foreign = place.folder / "foreign"
    fill(foreign / "traces", foreign / "state", IMPORTED, seed=9)
    files = [str(path) for path in sorted((foreign / "traces").iterdir())]
    place.settle()
    found = place.llmos("trace", "import", *files)
    each = {"s": found["s"] / len(files), "cpu_s": found["cpu_s"] / len(files)}
    return found | each


def store(place: Place, count: str) -> dict[str, float]:
    """Fill the store."""
    began = time.perf_counter()
    goals = fill(place.traces, place.state, int(count) - 1)
    learned_here(place.traces, place.state, GOAL, "echo hello")
    (place.folder / "goals.json").write_text(json.dumps(goals))
    return {"s": time.perf_counter() - began}


def read(place: Place) -> dict[str, float]:
    """Read the files of all traces, and do nothing with them."""
    began = time.perf_counter()
    size = sum(len(path.read_bytes()) for path in place.traces.iterdir())
    return {"s": time.perf_counter() - began, "bytes": size}


def rebuild(place: Place) -> dict[str, float]:
    """Make the index of the store."""
    with _bench(place) as bench:
        began = time.perf_counter()
        count = bench.store.count()
        return {"s": time.perf_counter() - began, "traces": count}


def indexed(place: Place, count: str) -> dict[str, float]:
    """Fill the index as reading all files would."""
    with Workbench(place.folder / "empty", place.state, TOOLS) as bench:
        bench.store.count()
    (place.folder / "empty" / "index.sqlite").rename(place.memory / "index.sqlite")
    began = time.perf_counter()
    index(place.memory / "index.sqlite", int(count) - 1)
    return {"s": time.perf_counter() - began}


def ask(place: Place) -> Figures:
    """Ask for learned goals, and for such with other values, in a warm process."""
    chosen = random.Random(2)
    known: list[str] = json.loads((place.folder / "goals.json").read_text())
    goals = chosen.sample(known, k=min(ASKS, len(known)))
    with _bench(place) as bench:
        began = time.perf_counter()
        first = bench.ask(goals[0])
        opened = time.perf_counter() - began
        found = [bench.ask(goal) for goal in goals]
        again = [bench.ask(goal).nanoseconds / 1e9 for goal in goals]
        other = [bench.ask(one.goal) for one in synthetic(len(goals), seed=3)]
    if first.produced is None or any(one.produced is None for one in found):
        raise SystemExit("a learned goal is not answered")
    return {
        "first exact": {"s": opened},
        "exact": _times(again),
        "same template": _times([one.nanoseconds / 1e9 for one in other if one.produced]),
        "SQLite key": _times(_ask_sqlite(place.folder / "floor.sqlite", known, goals)),
    }


def words(place: Place) -> dict[str, float]:
    """Ask for what is in no learned wording."""
    goals = unrelated(ASKS, random.Random(5))
    with _bench(place) as bench:
        first = bench.ask(goals[0]).nanoseconds / 1e9
        return {"s": first, **_times([bench.ask(one).nanoseconds / 1e9 for one in goals[1:]])}


STEPS: Mapping[str, Callable[..., Any]] = {
    "store": store, "read": read, "rebuild": rebuild, "ask": ask, "words": words,
    "indexed": indexed,
}  # fmt: skip


def _bench(place: Place) -> Workbench:
    return Workbench(place.memory, place.state, TOOLS)


def _ask_sqlite(path: Path, known: Sequence[str], goals: Sequence[str]) -> list[float]:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("CREATE TABLE t (goal TEXT PRIMARY KEY, id TEXT) WITHOUT ROWID")
        rows = ((normal_form(goal), "t") for goal in known)
        connection.executemany("INSERT OR IGNORE INTO t VALUES (?, ?)", rows)
        found: list[float] = []
        for goal in goals:
            began = time.perf_counter()
            connection.execute("SELECT id FROM t WHERE goal = ?", (normal_form(goal),)).fetchone()
            found.append(time.perf_counter() - began)
        return found
    finally:
        connection.close()


def _times(seconds: Sequence[float]) -> dict[str, float]:
    return {"p50_s": percentile(seconds, 0.5), "p99_s": percentile(seconds, 0.99)}


def _median(found: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: statistics.median(one[name] for one in found) for name in found[0]}


def _disk(folder: Path, prefix: str = "") -> float:
    found = (entry for entry in os.scandir(folder) if entry.name.startswith(prefix))
    return sum(entry.stat().st_blocks for entry in found if entry.is_file()) * 512 / 2**20


def table(count: int, figures: Figures) -> str:
    """Return the figures of a store as a table for people."""
    disk = figures["disk"]
    lines = [
        f"{count:,} traces: {disk['traces_mb']:,.1f} MB, index {disk['index_mb']:,.1f} MB",
        f"{'':24}{'ms':>14}{'cpu ms':>14}{'p50 ms':>12}{'p99 ms':>12}{'peak MB':>10}",
    ]
    for name, one in figures.items():
        if name != "disk":
            cells = ((one.get(key), width) for key, width in _COLUMNS)
            told = ("" if v is None else f"{v * 1000:,.3f}" for v, _ in cells)
            widths = (width for _, width in _COLUMNS)
            row = "".join(f"{text:>{width}}" for text, width in zip(told, widths, strict=True))
            lines.append(f"{name:24}{row}" + (f"{one['mb']:10,.0f}" if "mb" in one else ""))
    return "\n".join(lines)


_COLUMNS = (("s", 14), ("cpu_s", 14), ("p50_s", 12), ("p99_s", 12))


def main() -> None:
    if sys.argv[1:2] == ["--step"]:
        name, folder, given = sys.argv[2], Path(sys.argv[3]), sys.argv[4:]
        (folder / f"{name}.json").write_text(
            json.dumps(STEPS[name](Place(folder, __file__), *given))
        )
        return
    parser = argparse.ArgumentParser(description="What grows with the number of traces.")
    add = parser.add_argument
    add("--traces", type=int, nargs="+", default=SIZES, metavar="N", help="sizes of the stores")
    add("--dir", type=Path, metavar="DIR", help="where they are made, and removed again")
    add("--runs", type=int, default=RUNS, metavar="N", help=f"starts of each (default {RUNS})")
    add("--rebuild-up-to", type=int, default=REBUILD_UP_TO, metavar="N", help="see above")
    add("--json", action="store_true", help="JSON instead of a table")
    options = parser.parse_args()
    if min(options.traces) < 2 or options.runs < 1:
        parser.error("--traces must be at least 2, --runs at least 1")
    stores: list[dict[str, Any]] = []
    for count in options.traces:
        folder = Path(tempfile.mkdtemp(prefix="llmos-many-", dir=options.dir)).resolve()
        try:
            figures = measure(folder, count, options.runs, options.rebuild_up_to)
        finally:
            shutil.rmtree(folder)
        stores.append({"traces": count, "figures": figures})
        if not options.json:
            print(table(count, figures), flush=True)
    if options.json:
        print(json.dumps({"runs": options.runs, "stores": stores}))


if __name__ == "__main__":
    main()
