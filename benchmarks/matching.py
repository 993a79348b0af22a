"""How many goals does a store of learned traces answer, and how many of the answers are wrong?

Runs every stream and every case of a data folder through the real store and the real matcher. A
stream is gone through in order: match; on a decline learn the goal from its own calls; on a replay
compare what would run with them. After a wrong replay nothing is learned and it goes on record as
a replay like any other, since nobody would know; with --feedback the user says no, which is
recorded, and the goal is learned.

    python benchmarks/matching.py DIR [--json] [--errors FILE] [--only NAME ...] [--limit N]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from fnmatch import fnmatch
from pathlib import Path

from matching_report import tables, to_json
from matching_runs import Outcome, Task, run, sample
from scoring import Row

from workbench import DEFAULT_MATCHER, MATCHERS

_STRETCH = 300
"""Cases that one process takes at a time."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    tasks = list(_tasks(options))
    if not tasks:
        print(f"{options.data}: there is nothing to run", file=sys.stderr)
        return 2
    outcomes = _run_all(tasks, options.jobs)
    if options.errors is not None:
        _write_errors(options.errors, outcomes)
    if options.json:
        print(json.dumps(to_json(outcomes, options.matcher), indent=1))
    else:
        print(tables(outcomes, options.matcher))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", metavar="DIR", type=Path, help="the data folder")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--errors", metavar="FILE", type=Path, help="write errors and misses there")
    parser.add_argument(
        "--only",
        metavar="NAME",
        nargs="+",
        default=[],
        help="tldr.zipf, cases.tldr, one part of such a name (tldr, zipf, cases), or a pattern",
    )
    parser.add_argument("--limit", metavar="N", type=int, help="the first N rows of each file only")
    parser.add_argument("--jobs", metavar="N", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--feedback", action="store_true", help="the user refuses wrong replays")
    parser.add_argument("--quick", action="store_true", help="do not wait to time decisions well")
    parser.add_argument("--matcher", choices=sorted(MATCHERS), default=DEFAULT_MATCHER)
    return parser


def _tasks(options: argparse.Namespace) -> Iterator[Task]:
    data: Path = options.data.resolve()
    for path in sorted((data / "streams").glob("*.jsonl")):
        if _wanted(path.stem, options.only):
            yield _task(options, data, path.stem, path, 0, options.limit)
    for path in sorted((data / "cases").glob("*.jsonl")):
        name = f"cases.{path.stem}"
        if not _wanted(name, options.only):
            continue
        with path.open("rb") as lines:
            count = sum(1 for line in lines if line.strip())
        end = min(count, count if options.limit is None else options.limit)
        for start in range(0, end, _STRETCH):
            yield _task(options, data, name, path, start, min(end, start + _STRETCH))


def _task(
    options: argparse.Namespace, data: Path, name: str, path: Path, start: int, stop: int | None
) -> Task:
    return Task(data, name, path, start, stop, options.matcher, options.feedback, options.quick)


def _wanted(name: str, only: Sequence[str]) -> bool:
    parts = name.split(".")
    return not only or any(one in parts or fnmatch(name, one) for one in only)


def _run_all(tasks: Sequence[Task], jobs: int) -> list[Outcome]:
    """Run the tasks, the longest first, and return their outcomes in the tasks' own order."""
    found: dict[Task, Outcome] = {}
    ordered = sorted(tasks, key=_weight, reverse=True)
    for outcome in _in_processes(ordered, jobs) if jobs > 1 else map(run, ordered):
        found[outcome.task] = outcome
        print(f"{outcome.task.name}: done ({len(found)} of {len(tasks)})", file=sys.stderr)
    return [found[task] for task in tasks]


def _in_processes(tasks: Sequence[Task], jobs: int) -> Iterator[Outcome]:
    context = multiprocessing.get_context("spawn")  # a fork would share SQLite connections
    with ProcessPoolExecutor(min(jobs, len(tasks)), mp_context=context) as pool:
        for done in as_completed([pool.submit(run, task) for task in tasks]):
            yield done.result()


def _weight(task: Task) -> float:
    """Guess how long a task takes: a stream's store grows with every goal."""
    size = task.path.stat().st_size
    return float(size) if task.is_stream else _STRETCH


def _write_errors(path: Path, outcomes: Iterable[Outcome]) -> None:
    """Write every error, then some misses of each stream and of each source and kind of case."""
    misses: dict[tuple[str, str], list[Row]] = {}
    with path.open("w", encoding="utf-8") as file:
        for outcome in outcomes:
            for error in outcome.errors:
                file.write(json.dumps(error, ensure_ascii=False) + "\n")
            for miss in outcome.misses:
                misses.setdefault((miss["from"], miss.get("kind", "")), []).append(miss)
        for group in misses.values():
            for miss in sample(group):
                file.write(json.dumps(miss, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    sys.exit(main())
