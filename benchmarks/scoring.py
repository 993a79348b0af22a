"""What the data says is right, and the statistics of a measurement."""

from __future__ import annotations

import importlib.util
import json
import math
import time
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

Row = dict[str, Any]
CaseOk = Callable[[Sequence[Row], Row, bool], bool]


@lru_cache(maxsize=4)
def load_case_ok(data: Path) -> CaseOk:
    """Load the scoring function that comes with the data."""
    path = data / "canon.py"
    spec = importlib.util.spec_from_file_location("llmos_bench_canon", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise SystemExit(f"{path}: there is no scoring")
    canon = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(canon)
    return cast("CaseOk", canon.case_ok)


def is_right(case_ok: CaseOk, produced: Sequence[Row], row: Row) -> bool:
    """Return whether a replay does what the row asks for.

    Where a row expects no replay at all, `gold_calls` is what would be right all the same. Shell
    commands are compared leniently, as the data's README asks.
    """
    gold = row.get("expected_calls", row.get("calls"))
    if gold is None:
        gold = row.get("gold_calls")
    if gold is None:
        return False
    lenient = bool(gold) and all(call["tool"] == "Bash" for call in gold)
    return case_ok(produced, {**row, "expected_calls": gold}, lenient)


def read_rows(path: Path, start: int = 0, stop: int | None = None) -> list[Row]:
    """Read lines of a JSON-lines file."""
    with path.open(encoding="utf-8") as lines:
        kept = [line for line in lines if line.strip()][start:stop]
    return [json.loads(line) for line in kept]


def upper_bound(wrong: int, total: int) -> float:
    """Return the one-sided 95 % Clopper-Pearson upper bound of a rate (exact, conservative)."""
    if wrong >= total:
        return 1.0
    low, high = wrong / total, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _at_most(wrong, total, middle) > 0.05:
            low = middle
        else:
            high = middle
    return high


def _at_most(successes: int, total: int, rate: float) -> float:
    """Return the chance of at most so many successes."""
    if rate <= 0 or rate >= 1:
        return float(rate <= 0)
    hit, miss = math.log(rate), math.log1p(-rate)
    return math.fsum(
        math.exp(_log_choose(total, k) + k * hit + (total - k) * miss) for k in range(successes + 1)
    )


def _log_choose(total: int, k: int) -> float:
    return math.lgamma(total + 1) - math.lgamma(k + 1) - math.lgamma(total - k + 1)


def percentile(values: Iterable[float], share: float) -> float:
    """Return the value below which a share of the values lies (nearest rank); 0 of none."""
    ordered = sorted(values)
    if not ordered:
        return 0.0
    return ordered[min(len(ordered) - 1, max(0, math.ceil(share * len(ordered)) - 1))]


def timed(ask: Callable[[str], object], goal: str) -> tuple[int, int]:
    """Return wall and CPU nanoseconds of one call."""
    began, cpu_began = time.perf_counter_ns(), time.thread_time_ns()
    ask(goal)
    cpu = time.thread_time_ns() - cpu_began
    return time.perf_counter_ns() - began, cpu


def spread(nanoseconds: Sequence[tuple[int, int]]) -> dict[str, float]:
    """Return microseconds of calls of which wall and CPU nanoseconds are given."""
    wall, cpu = zip(*nanoseconds, strict=True)
    return {
        "us_min": min(wall) / 1000,
        "us_p50": percentile(wall, 0.5) / 1000,
        "us_p99": percentile(wall, 0.99) / 1000,
        "cpu_us_p50": percentile(cpu, 0.5) / 1000,
        "cpu_us_p99": percentile(cpu, 0.99) / 1000,
    }
