"""How a store of goals is filled and asked in a process of its own; the same for all that have one.

A script that has lookups calls `main`; it is started with a step, a lookup and a folder, and writes
what it found into that folder. It needs nothing but Python, so that it runs wherever a peer does.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from scale_goals import Known, near_misses, paraphrase, synthetic
from scoring import spread

SEED = 1
OTHERS = 200
"""Goals with another value, and in other words, that are asked."""
_WARM = 10
"""One in so many of these is asked before the others, and not counted."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a lookup gave.

    Attributes:
        answer: The call that was stored, as `spelled` spells it, or None.
        wall_ns: How long it took.
        cpu_ns: How much of that the thread really ran.
    """

    answer: str | None
    wall_ns: int
    cpu_ns: int


Ask = Callable[[str], Asked]
Wanted = tuple[str, Mapping[str, Any]]
"""A goal, and the call that is right for it."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """Something that holds goals with their calls, and is asked for one.

    Attributes:
        load: Imports what it stands on.
        open: Opens what a folder holds, or holds the goals itself; gives what is asked.
        fill: Stores the goals in a folder; None if it keeps nothing on a disk.
        packages: Whose versions are told.
    """

    load: Callable[[], None]
    open: Callable[[Path, Sequence[Known]], Ask]
    fill: Callable[[Path, Sequence[Known]], None] | None = None
    packages: tuple[str, ...] = ()


def spelled(call: Mapping[str, Any]) -> str:
    """Return a call as text."""
    return json.dumps(call, sort_keys=True)


def asking(look: Callable[[str], str | None]) -> Ask:
    """Return what asks by a function, and times it."""

    def ask(goal: str) -> Asked:
        began, cpu_began = time.perf_counter_ns(), time.thread_time_ns()
        answer = look(goal)
        cpu = time.thread_time_ns() - cpu_began
        return Asked(answer, time.perf_counter_ns() - began, cpu)

    return ask


def main(lookups: Mapping[str, Lookup]) -> None:
    """Carry out a step: ``fill`` stores goals in the folder, ``ask`` asks for them."""
    parser = argparse.ArgumentParser(description="A step of peers.py.")
    parser.add_argument("step", choices=("fill", "ask"))
    parser.add_argument("name", choices=lookups)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--goals", type=int, required=True)
    parser.add_argument("--asks", type=int, required=True)
    given = parser.parse_args()
    one, known = lookups[given.name], synthetic(given.goals, seed=SEED)
    began = time.perf_counter()
    one.load()
    found: dict[str, Any] = {"imports_ms": (time.perf_counter() - began) * 1000}
    if given.step == "fill":
        assert one.fill is not None
        began = time.perf_counter()
        one.fill(given.folder / "store", known)
        found["fill_s"] = time.perf_counter() - began
    else:
        found |= _ask(one, given.folder / "store", known, given.asks)
        found["versions"] = {name: version(name) for name in one.packages}
    (given.folder / f"{given.step}.json").write_text(json.dumps(found))


def _ask(one: Lookup, store: Path, known: Sequence[Known], asks: int) -> dict[str, Any]:
    chosen = random.Random(SEED)
    exact = chosen.sample(known, k=min(asks, len(known)))
    began = time.perf_counter()
    ask = one.open(store, known)
    first = ask(exact[0].goal)
    first_ms = (time.perf_counter() - began) * 1000
    if first.answer != spelled(exact[0].call):
        raise SystemExit(f"a stored goal is answered by {first.answer}")
    for goal in exact:
        ask(goal.goal)
    others = min(OTHERS, asks) * (_WARM + 1) // _WARM
    near = near_misses(others, stored=len(known), seed=SEED)
    # No goal twice: to a peer that notes what it does not know, it would not be new again.
    reworded = chosen.sample(known, k=min(others, len(known)))
    goals = {
        "exact": [(one.goal, one.call) for one in exact],
        "other value": _warmed(ask, [(one.goal, one.call) for one in near]),
        "other words": _warmed(ask, [(paraphrase(one, chosen), one.call) for one in reworded]),
    }
    return {
        "first_ms": None if one.fill is None else first_ms,
        "asked": {kind: _kind(ask, some) for kind, some in goals.items()},
        "peak_mb": peak_mb(),
    }


def _warmed(ask: Ask, goals: Sequence[Wanted]) -> Sequence[Wanted]:
    warm = len(goals) // (_WARM + 1)
    for goal, _ in goals[:warm]:
        ask(goal)
    return goals[warm:]


def _kind(ask: Ask, goals: Sequence[Wanted]) -> dict[str, float]:
    found = [(ask(goal), spelled(call)) for goal, call in goals]
    right = sum(one.answer == call for one, call in found)
    none = sum(one.answer is None for one, _ in found)
    return {
        **spread([(one.wall_ns, one.cpu_ns) for one, _ in found]),
        "goals": len(found),
        "right": right,
        "wrong": len(found) - right - none,
        "none": none,
    }


def peak_mb() -> float:
    """Return the most memory that this process has had, MB."""
    try:
        said = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        # What other systems tell; on Linux it would be at least that of the process before it.
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return used / (2**20 if sys.platform == "darwin" else 2**10)
    return int(said.partition("VmHWM:")[2].split()[0]) / 1024
