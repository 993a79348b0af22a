"""Cold start: each way of one short llmos run, beside bare Python and beside two libraries.

Run with ``python benchmarks/cold_start.py [--runs N] [--json]``. A goal is learned once from a
scripted model; then each way starts a new process N times, in turns within one run, so that the
ratios hold on a busy machine:

- replay: ``llmos --replay-only GOAL``: one command, carried out and checked;
- why: ``llmos why GOAL``: what would be done, and nothing done;
- decline: ``llmos --replay-only`` with a goal that no trace answers;
- version, help: what needs no part of llmos;
- floor: the libraries alone that a replay stands on (pydantic's engine as it is loaded here, which
  is without its package; SQLite), and nothing else of llmos;
- imports: ``python -c "import rich, pydantic"``, what a program of this kind loads anyway;
- python: ``python -c pass``, below which nothing can be.

Beside the time from start to end stands the processor's time, which a busy machine disturbs less.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from llmos.interfaces.scripted_model import ScriptedModel, Text, ToolUse, Turn

LLMOS = ("-c", "from llmos.__main__ import main; raise SystemExit(main())")
"""What the installed ``llmos`` does. (`python boot.py` also compiles that file each time.)"""
GOAL = "say hello"
OTHER_GOAL = "count the lines of data.csv"
TURNS = [Turn(ToolUse("Bash", {"command": "echo hello"})), Turn(Text("hello was said"))]
RUNS = 10
DECLINED = 6
WAYS: dict[str, tuple[str, ...]] = {
    "replay": (*LLMOS, "--replay-only", GOAL),
    "why": (*LLMOS, "why", GOAL),
    "decline": (*LLMOS, "--replay-only", OTHER_GOAL),
    "version": (*LLMOS, "--version"),
    "help": (*LLMOS, "--help"),
    "floor": ("-c", "import llmos.kernel.engine, sqlite3"),
    "imports": ("-c", "import rich, pydantic"),
    "python": ("-c", "pass"),
}


@dataclass(frozen=True)
class Run:
    """What one process took, in seconds: from start to end, and of the processor."""

    wall: float
    cpu: float


def start(arguments: Sequence[str], cwd: Path, environment: Mapping[str, str], code: int) -> Run:
    """Run Python with some arguments and an expected exit code; return what it took."""
    used, began = _cpu(), time.perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    run = Run(time.perf_counter() - began, _cpu() - used)
    if done.returncode != code:
        raise SystemExit(f"{arguments} ended with {done.returncode}: {done.stderr}")
    return run


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(runs: int) -> dict[str, list[Run]]:
    """Return what every run took, by way."""
    taken: dict[str, list[Run]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory(prefix="llmos-cold-") as folder:
        cwd, home = Path(folder) / "place", Path(folder) / "home"
        cwd.mkdir()
        with ScriptedModel(TURNS) as model:
            environment = model.environment(home)
            start((*LLMOS, GOAL), cwd, environment, 0)
        # From here on there is no model: what is measured is a replay, or it fails. The first
        # round compiles what is not compiled yet and does not count.
        for _ in range(runs + 1):
            for way, arguments in WAYS.items():
                code = DECLINED if way == "decline" else 0
                taken[way].append(start(arguments, cwd, environment, code))
    return {way: found[1:] for way, found in taken.items()}


def figures(taken: Mapping[str, Sequence[Run]]) -> dict[str, dict[str, float]]:
    """Return median and minimum in milliseconds, and ratios of them, by way."""
    wall = {way: statistics.median(run.wall for run in runs) for way, runs in taken.items()}
    cpu = {way: min(run.cpu for run in runs) for way, runs in taken.items()}
    return {
        way: {
            "median_ms": wall[way] * 1000,
            "min_ms": min(run.wall for run in runs) * 1000,
            "max_ms": max(run.wall for run in runs) * 1000,
            "x_python": wall[way] / wall["python"],
            "x_imports": wall[way] / wall["imports"],
            "cpu_min_ms": cpu[way] * 1000,
            "cpu_x_imports": cpu[way] / cpu["imports"],
        }
        for way, runs in taken.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Cold start of short llmos runs.")
    parser.add_argument("--runs", type=int, default=RUNS, help=f"runs a way (default {RUNS})")
    parser.add_argument("--json", action="store_true", help="JSON instead of a table")
    options = parser.parse_args()
    if options.runs < 1:
        parser.error("--runs must be at least 1")
    found = figures(measure(options.runs))
    if options.json:
        print(json.dumps({"runs": options.runs, "ways": found}))
        return
    print("way       median ms     min     max   x python  x imports   cpu min ms  cpu x imports")
    for way, row in found.items():
        print(
            f"{way:8}{row['median_ms']:11.1f}{row['min_ms']:8.1f}{row['max_ms']:8.1f}"
            f"{row['x_python']:11.2f}{row['x_imports']:11.2f}"
            f"{row['cpu_min_ms']:13.1f}{row['cpu_x_imports']:15.2f}"
        )


if __name__ == "__main__":
    main()
