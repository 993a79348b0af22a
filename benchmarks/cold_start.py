"""Cold start: a replayed one-shot, beside bare Python and beside importing two libraries.

Run with ``python benchmarks/cold_start.py [--runs N] [--json]``. A goal is learned once from a
scripted model; then each way starts a new process N times, in turns within one run, so that the
ratios hold on a busy machine:

- replay: ``python boot.py GOAL``, answered from its trace: one command, carried out and checked;
- imports: ``python -c "import rich, pydantic"``, what a program of this kind loads anyway;
- python: ``python -c pass``, below which nothing can be.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from llmos.interfaces.scripted_model import ScriptedModel, Text, ToolUse, Turn

BOOT = Path(__file__).resolve().parent.parent / "boot.py"
GOAL = "say hello"
TURNS = [Turn(ToolUse("Bash", {"command": "echo hello"})), Turn(Text("hello was said"))]
RUNS = 10
WAYS: dict[str, tuple[str, ...]] = {
    "replay": (str(BOOT), "--replay-only", GOAL),
    "imports": ("-c", "import rich, pydantic"),
    "python": ("-c", "pass"),
}


def start(arguments: Sequence[str], cwd: Path, environment: Mapping[str, str]) -> float:
    """Run Python with some arguments; return the seconds from start to end."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - began
    if done.returncode != 0:
        raise SystemExit(f"{arguments} ended with {done.returncode}: {done.stderr}")
    return seconds


def measure(runs: int) -> dict[str, list[float]]:
    """Return the seconds of every run, by way."""
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory(prefix="llmos-cold-") as folder:
        cwd, home = Path(folder) / "place", Path(folder) / "home"
        cwd.mkdir()
        with ScriptedModel(TURNS) as model:
            environment = model.environment(home)
            start((str(BOOT), GOAL), cwd, environment)
        # From here on there is no model: what is measured is a replay, or it fails.
        for arguments in WAYS.values():
            start(arguments, cwd, environment)
        for _ in range(runs):
            for way, arguments in WAYS.items():
                seconds[way].append(start(arguments, cwd, environment))
    return seconds


def figures(seconds: Mapping[str, Sequence[float]]) -> dict[str, dict[str, float]]:
    """Return median, minimum and maximum in milliseconds, and ratios of medians, by way."""
    medians = {way: statistics.median(runs) for way, runs in seconds.items()}
    return {
        way: {
            "median_ms": medians[way] * 1000,
            "min_ms": min(runs) * 1000,
            "max_ms": max(runs) * 1000,
            "x_python": medians[way] / medians["python"],
            "x_imports": medians[way] / medians["imports"],
        }
        for way, runs in seconds.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Cold start of a replayed one-shot.")
    parser.add_argument("--runs", type=int, default=RUNS, help=f"runs a way (default {RUNS})")
    parser.add_argument("--json", action="store_true", help="JSON instead of a table")
    options = parser.parse_args()
    if options.runs < 1:
        parser.error("--runs must be at least 1")
    found = figures(measure(options.runs))
    if options.json:
        print(json.dumps({"runs": options.runs, "ways": found}))
        return
    print("way       median ms     min     max   x python  x imports")
    for way, row in found.items():
        print(
            f"{way:8}{row['median_ms']:11.1f}{row['min_ms']:8.1f}{row['max_ms']:8.1f}"
            f"{row['x_python']:11.2f}{row['x_imports']:11.2f}"
        )


if __name__ == "__main__":
    main()
