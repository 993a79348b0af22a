"""What undo costs a replay: the journal's share of a replay of one second in a large tree.

Run with ``python benchmarks/undo_cost.py [--files N] [--seconds S] [--runs N] [--json]``. A trace
whose command works for S seconds and makes a file is replayed again and again by the real
Follower in a tree of N files. Within each replay the journal's calls (looking at the tree before
and after, and its commits) are timed, so that numerator and denominator are of one run:

- share: seconds in the journal / seconds of the replay without them; cpu_share: the same with the
  processor's seconds in the journal, which a busy machine does not change;
- look: one bare walk of the tree, below which no mechanism that looks at every file can be;
- git: the same two looks by a shadow repository (``git add -A`` and ``git write-tree``), which
  keeps neither empty folders nor modes but the executable bit;
- copy: one copy of the tree (``cp -a``), what a snapshot without a cache would cost each time.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from llmos.interfaces.follower import Follower
from llmos.kernel.drivers import standard_drivers
from llmos.kernel.tools import ToolRegistry
from llmos.memory.journal import Journal
from llmos.memory.traces import Observation, Provenance, Step, Trace

FILES, SECONDS, RUNS = 10_000, 1.0, 9
A_FOLDER = 25
P = ParamSpec("P")
T = TypeVar("T")


class Watch:
    """Adds up the time that the methods of an object take: on the clock, and of the processor."""

    def __init__(self) -> None:
        self.seconds = self.cpu = 0.0

    def over(self, work: Callable[P, T]) -> Callable[P, T]:
        """Return a function whose time is added."""

        def timed(*given: P.args, **named: P.kwargs) -> T:
            began, burned = time.perf_counter(), time.thread_time()
            try:
                return work(*given, **named)
            finally:
                self.seconds += time.perf_counter() - began
                self.cpu += time.thread_time() - burned

        return timed


def make_tree(root: Path, files: int) -> None:
    """Make a tree of text files, 25 a folder."""
    for number in range(files):
        folder = root / f"part{number // A_FOLDER // 20}" / f"module{number // A_FOLDER}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"file{number}.txt").write_text(f"{number} " * 100)


def make_trace(seconds: float) -> Trace:
    """Return a trace whose command works for some seconds and makes a file."""
    command = f"sleep {seconds}; date > stamp.$(date +%s%N); echo done"
    return Trace(
        goal="work",
        permission_mode="acceptEdits",
        steps=(
            Step(
                tool="Bash",
                input={"command": command},
                observation=Observation(text="done", ok=True, exit_code=0, at=0.0, duration_s=1.0),
            ),
        ),
        answer="done",
        provenance=Provenance(
            model="none", session_id="", run_id="", learned_at=0.0, cost_micros=0, duration_s=1.0,
            llmos_version="", cli_version="", platform="linux",
        ),
    )  # fmt: skip


def replays(folder: Path, seconds: float, runs: int) -> list[tuple[float, float, float]]:
    """Replay again and again; return the seconds in the journal, of its processor, and in all."""
    root, journal, watch = folder / "tree", Journal(folder / "undo"), Watch()
    for name in ("begin", "look_again", "close_run"):
        setattr(journal, name, watch.over(getattr(journal, name)))
    env = {"PATH": os.environ["PATH"]}
    trace, found = make_trace(seconds), list[tuple[float, float, float]]()
    registry = ToolRegistry(standard_drivers())
    follower = Follower(registry, journal, lambda _event: None, root, env=env)
    for number in range(runs + 1):
        watch.seconds, watch.cpu, began = 0.0, 0.0, time.perf_counter()
        replay = follower.follow("t-1", trace, run_id=f"r-{number}", left={})
        if replay.drift is not None:
            raise SystemExit(f"the replay drifted: {replay.drift.reason}")
        found.append((watch.seconds, watch.cpu, time.perf_counter() - began))
    journal.close()
    return found


def walk(root: Path) -> None:
    """Look at every entry of a tree once, and do nothing else."""
    waiting = [os.fspath(root)]
    while waiting:
        with os.scandir(waiting.pop()) as scan:
            for one in scan:
                one.stat(follow_symlinks=False)
                if one.is_dir(follow_symlinks=False):
                    waiting.append(one.path)


def timed(work: Callable[[], object], runs: int) -> list[float]:
    """Return the seconds of some runs of a function."""
    seconds: list[float] = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return seconds


def others(folder: Path, runs: int) -> dict[str, list[float]]:
    """Return the seconds of the other mechanisms."""
    root = folder / "tree"
    env = {**os.environ, "GIT_DIR": str(folder / "git"), "GIT_WORK_TREE": str(root)}

    def git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], env=env, check=True, capture_output=True)

    def look_by_git() -> None:
        git("add", "-A")
        git("write-tree")

    def copy() -> None:
        subprocess.run(["cp", "-a", str(root), str(folder / "copy")], check=True)
        shutil.rmtree(folder / "copy")

    git("init", "-q")
    look_by_git()
    return {
        "look": timed(lambda: walk(root), runs),
        "git": timed(look_by_git, runs),
        "copy": timed(copy, min(runs, 3)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="What undo costs a replay.")
    parser.add_argument("--files", type=int, default=FILES, help=f"default {FILES}")
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"default {SECONDS}")
    parser.add_argument("--runs", type=int, default=RUNS, help=f"default {RUNS}")
    parser.add_argument("--json", action="store_true", help="JSON instead of a table")
    options = parser.parse_args()
    if min(options.files, options.runs) < 1 or options.seconds < 0:
        parser.error("--files and --runs must be at least 1, --seconds at least 0")
    with tempfile.TemporaryDirectory(prefix="llmos-undo-") as name:
        folder = Path(name).resolve()
        make_tree(folder / "tree", options.files)
        first, *rest = replays(folder, options.seconds, options.runs)
        beside = others(folder, options.runs)
    shares = [journal / (everything - journal) for journal, _, everything in rest]
    burned = [cpu / (everything - journal) for journal, cpu, everything in rest]
    figures = {
        "files": options.files,
        "replay_s": statistics.median(everything - journal for journal, _, everything in rest),
        "first_journal_s": first[0],
        "journal_ms": statistics.median(journal for journal, _, _ in rest) * 1000,
        "share_median": statistics.median(shares),
        "share_min": min(shares),
        "share_max": max(shares),
        "cpu_share": statistics.median(burned),
        **{f"{way}_ms": statistics.median(seconds) * 1000 for way, seconds in beside.items()},
    }
    if options.json:
        print(json.dumps(figures))
        return
    for figure, value in figures.items():
        print(f"{figure:16}{value:12.3f}")


if __name__ == "__main__":
    main()
