"""Fit the weights by which families without values are judged (`memory/plain_model.py`).

    python benchmarks/fit_plain.py DATA [--without SOURCE] [--streams 24]

From the goals of a data folder streams are drawn, each of a part of the programs, some with
repeats and some without. Each stream is gone through as in use: what is answered is not learned.
At every judgement what speaks for each program is noted, with the program that was right; the
weights are those that make the right ones the most likely. Since weights decide what is learned,
this is done a few times over. At the end the streams of the folder are gone through with the
weights that were found: with `--without` those of a source that had no part in the fit.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from llmos.kernel.database import open_database
from llmos.kernel.tools import ToolCall, ToolRegistry, ToolResult
from llmos.memory.count_tables import add_members
from llmos.memory.families import Families
from llmos.memory.index_tables import SCHEMA
from llmos.memory.learned_goals import LearnedGoals
from llmos.memory.learning import LearnedCall, NotKept, build_trace
from llmos.memory.members import Member, member_of
from llmos.memory.plain_families import PlainFamilies
from llmos.memory.plain_model import WEIGHTS, Signs, Weights
from llmos.memory.traces import Provenance
from workbench import CWD, LEARNED_AT, StubDriver

_PART = 0.6
"""Of the programs, how many a drawn stream has."""
_ENOUGH = 100
_GOALS = 700
_ROUNDS = 3
_STEPS = 50
_PENALTY = 3e-4

Matrix = NDArray[np.float64]
Choice = tuple[Matrix, int]
"""One judgement: a row of signs for each program, the last one for a new program; the right row."""


class Recording(PlainFamilies):
    """Notes what each judgement was made from."""

    def __init__(self, learned: LearnedGoals, weights: Weights) -> None:
        super().__init__(learned, weights)
        self._last: tuple[list[str], Matrix] | None = None

    def take(self) -> tuple[list[str], Matrix] | None:
        """Return what the last judgement was made from, once: names, and a row for each and new."""
        last, self._last = self._last, None
        return last

    def likelihoods(self, signs: Mapping[str, Signs]) -> dict[str, float]:
        """Note the signs, and go on."""
        old = len(Signs.__annotations__)
        rows = np.zeros((len(signs) + 1, len(Weights.__annotations__)))
        rows[:-1, :old] = [astuple(one) for one in signs.values()]
        rows[-1, old:] = (1.0, *self.newness())
        self._last = list(signs), rows
        return super().likelihoods(signs)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--without", default="", help="a source that has no part in the fit")
    parser.add_argument("--streams", type=int, default=24, help="how many streams are drawn")
    options = parser.parse_args(arguments)
    streams = {path.stem: list(_members(path)) for path in _paths(options.data)}
    streams = {name: stream for name, stream in streams.items() if stream}
    drawn = list(_drawn(streams, options.without, options.streams))
    weights = WEIGHTS
    for _ in range(_ROUNDS):
        choices: list[Choice] = []
        for stream in drawn:
            choices += run(stream, weights)[0]
        weights = fit(choices)
        print(f"{len(choices)} judgements: {weights}", flush=True)
    for name, stream in streams.items():
        _, replays, wrong = run(stream, weights)
        print(f"{name:16} {replays:6} replays {wrong:4} wrong {wrong / max(1, replays):8.2%}")
    return 0


def run(stream: Iterable[Member], weights: Weights) -> tuple[list[Choice], int, int]:
    """Go through a stream; return the judgements, how much was answered, and how often wrongly."""
    learned = LearnedGoals()
    plain = Recording(learned, weights)
    families = Families(learned, plain)
    index = open_database(None, ";".join(SCHEMA))
    programs: dict[str, str] = {}
    choices: list[Choice] = []
    replays = wrong = 0
    for number, member in enumerate(stream):
        if member.goal in programs:
            replays += 1
            continue
        proposal = families.propose(index, member.goal)
        noted = plain.take()
        if noted is not None:
            names, rows = noted
            right = names.index(member.program) if member.program in names else len(names)
            choices.append((rows, right))
        if proposal is not None and proposal.accepted and noted is not None:
            replays += 1
            wrong += programs[proposal.trace_id] != member.program
            continue
        programs[member.goal] = programs[str(number)] = member.program
        add_members(index, [(str(number), member.to_json())])
    return choices, replays, wrong


def fit(choices: Sequence[Choice]) -> Weights:
    """Return the weights under which the right rows are the most likely, by Newton's method."""
    rows: Matrix = np.concatenate([one for one, _ in choices])
    starts = [0, *accumulate(len(one) for one, _ in choices)][:-1]
    right = [start + one for start, (_, one) in zip(starts, choices, strict=True)]
    group = [number for number, (one, _) in enumerate(choices) for _ in one]
    scale: Matrix = np.sqrt((rows**2).mean(axis=0)) + 1e-9
    rows = rows / scale
    weights: Matrix = np.zeros(len(Weights.__annotations__))
    fitting = -math.inf
    for _ in range(_STEPS):
        chance, _ = _chances(rows, weights, starts, group, right)
        expected: Matrix = np.add.reduceat(rows * chance[:, None], starts, axis=0)
        slope: Matrix = rows[right].sum(axis=0) - expected.sum(axis=0)
        slope = _moved(slope, weights, -_PENALTY * len(choices))
        curve: Matrix = (rows * chance[:, None]).T @ rows - expected.T @ expected
        curve = _moved(curve, np.eye(len(weights)), _PENALTY * len(choices))
        step, length = _solved(curve, slope), 1.0
        while length > 1e-4:
            moved = _moved(weights, step, length)
            better = _chances(rows, moved, starts, group, right)[1]
            if better >= fitting:
                weights, fitting = moved, better
                break
            length /= 2
        if float(np.abs(step).max()) * length < 1e-6:
            break
    return Weights(
        *(round(float(one) / float(by), 2) for one, by in zip(weights, scale, strict=True))
    )


def _chances(
    rows: Matrix, weights: Matrix, starts: list[int], group: list[int], right: list[int]
) -> tuple[Matrix, float]:
    """Return how likely each row is, and how well the weights fit.

    That is the mean log likelihood, less what large weights cost.
    """
    scores: Matrix = rows @ weights
    scores -= np.maximum.reduceat(scores, starts)[group]
    parts: Matrix = np.exp(scores)
    sums: Matrix = np.add.reduceat(parts, starts)
    likely: Matrix = parts / sums[group]
    penalty = _PENALTY / 2 * float(weights @ weights)
    return likely, float(np.log(likely[right]).mean()) - penalty


def _moved(weights: Matrix, step: Matrix, length: float) -> Matrix:
    return weights + length * step


def _solved(matrix: Matrix, vector: Matrix) -> Matrix:
    return np.linalg.solve(matrix, vector)  # pyright: ignore


def _paths(folder: Path) -> list[Path]:
    found = sorted((folder / "streams").glob("*.jsonl"))
    if not found:
        sys.exit(f"{folder} has no streams/*.jsonl")
    return found


def _drawn(
    streams: Mapping[str, Sequence[Member]], without: str, count: int
) -> Iterator[list[Member]]:
    """Draw streams, each of a part of the programs of a source."""
    pools: dict[str, dict[str, Member]] = defaultdict(dict)
    for name, members in streams.items():
        source = name.split(".")[0]
        if source not in (without, "mixed"):
            pools[source].update({one.goal: one for one in members})
    usable = [pool for _, pool in sorted(pools.items()) if len(pool) >= _ENOUGH]
    for number in range(count):
        chance = random.Random(number)
        pool = usable[number % len(usable)]
        tools = sorted({one.tools for one in pool.values()})
        kept = set(chance.sample(tools, max(1, round(_PART * len(tools)))))
        rows = [one for one in pool.values() if one.tools in kept]
        chance.shuffle(rows)
        if number // len(usable) % 2:
            often = [1 / (1 + place) ** 0.8 for place in range(len(rows))]
            yield chance.choices(rows, often, k=2 * _GOALS)
        else:
            yield rows[:_GOALS]


def _members(path: Path) -> Iterator[Member]:
    """Yield the goals of a stream that are answered without values and without commands."""
    known: dict[str, Member] = {}
    for line in path.read_text().splitlines():
        row = json.loads(line)
        if any(call["tool"] == "Bash" for call in row["calls"]):
            continue
        if row["goal"] not in known:
            registry = ToolRegistry(
                [StubDriver(name) for name in {c["tool"] for c in row["calls"]}]
            )
            calls = [
                LearnedCall(ToolCall(c["tool"], c["input"]), ToolResult(""), LEARNED_AT)
                for c in row["calls"]
            ]
            trace = build_trace(
                row["goal"], calls, "done", (), _provenance(), cwd=CWD,
                permission_mode="acceptEdits", registry=registry,
            )  # fmt: skip
            if isinstance(trace, NotKept):
                continue
            known[row["goal"]] = member_of("", trace)
        if not known[row["goal"]].slots:
            yield known[row["goal"]]


def _provenance() -> Provenance:
    return Provenance(
        model="none", session_id="s", run_id="r", learned_at=LEARNED_AT, cost_micros=1,
        duration_s=1.0, llmos_version="0", cli_version="0", platform="any",
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
