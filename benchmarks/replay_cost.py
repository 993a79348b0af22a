"""Replays beside the same commands as a shell script, and learning beside the model's own time.

Run with ``python benchmarks/replay_cost.py [--runs N] [--json]``. Goals of 1, 10 and 100 short
commands, and one of a command that works for a second, are learned from a scripted model by the
real SDK and CLI. Then, in one process and in turns:

- replay: ``LLMOS.execute`` of the goal, with all guards, the journal and the ledger;
- script: ``bash`` with the same commands in one file, below which no replay can be.

Learning is timed where the model takes a fixed time for each answer: what is above that is what
llmos, the SDK and the CLI add (first: with the CLI's start; again: another goal in the process).
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import anyio

from llmos.boot import LLMOS
from llmos.interfaces.demo import inside
from llmos.interfaces.scripted_model import Conversation, ScriptedModel, Text, ToolUse, Turn

RUNS = 9
STEPS = (1, 10, 100)
WORK = "sleep 1; echo worked > work.txt"
DELAY_S = 0.5
ANSWERS = 3
LESSON = [f"echo lesson {number}" for number in range(1, ANSWERS)]


def commands_of(steps: int) -> list[str]:
    """Return short commands that each write a file."""
    return [f"echo line {number} > out{number}.txt" for number in range(steps)]


def plans() -> dict[str, list[str]]:
    """Return the commands of each goal."""
    short = {f"write the files of plan {steps}": commands_of(steps) for steps in STEPS}
    return {**short, "do the work of a second": [WORK]}


def conversation(goal: str, commands: Sequence[str], delay_s: float = 0.0) -> Conversation:
    """Return what the model says: one command an answer, then that it is done."""
    turns = [Turn(ToolUse("Bash", {"command": one}), delay_s=delay_s) for one in commands]
    return Conversation(goal, [*turns, Turn(Text("done"), delay_s=delay_s)])


async def answer(system: LLMOS, goal: str, *, replay: bool) -> float:
    """Replay a goal or learn it; return the seconds it took."""
    began = time.perf_counter()
    result = await system.execute(goal, replay_only=replay, learn_afresh=not replay)
    took = time.perf_counter() - began
    if not result.success:
        raise SystemExit(f"{goal}: {result.error or result.drift}")
    return took


def run_script(path: Path) -> float:
    """Run a shell script; return the seconds it took."""
    began = time.perf_counter()
    subprocess.run(["bash", str(path)], check=True)
    return time.perf_counter() - began


async def measure(folder: Path, runs: int) -> dict[str, dict[str, float]]:
    """Return seconds by goal: median replay, median script, and what learning added."""
    figures: dict[str, dict[str, float]] = {}
    async with LLMOS(timeout_s=600, max_turns=300) as system:
        for number, (goal, commands) in enumerate(plans().items()):
            script = folder / f"script{number}.sh"
            script.write_text("".join(f"{one}\n" for one in commands))
            await answer(system, goal, replay=False)
            replays: list[float] = []
            scripts: list[float] = []
            for _ in range(runs):
                replays.append(await answer(system, goal, replay=True))
                scripts.append(run_script(script))
            figures[goal] = {
                "steps": len(commands),
                "replay_s": statistics.median(replays),
                "script_s": statistics.median(scripts),
            }
    return figures


async def learning(runs: int) -> dict[str, float]:
    """Return the seconds that learning takes above the model's own: of a first, of later ones."""
    own = DELAY_S * ANSWERS
    async with LLMOS(timeout_s=600) as system:
        took = [
            await answer(system, f"learn lesson {number} slowly", replay=False) - own
            for number in range(runs + 1)
        ]
    return {"model_s": own, "first_s": took[0], "again_s": statistics.median(took[1:])}


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Replays beside a script; learning beside a model."
    )
    parser.add_argument("--runs", type=int, default=RUNS, help=f"runs a goal (default {RUNS})")
    parser.add_argument("--json", action="store_true", help="JSON instead of a table")
    options = parser.parse_args()
    if options.runs < 1:
        parser.error("--runs must be at least 1")
    lessons = [
        conversation(f"learn lesson {number} slowly", LESSON, DELAY_S)
        for number in range(options.runs + 1)
    ]
    script = [conversation(goal, commands) for goal, commands in plans().items()]
    with tempfile.TemporaryDirectory(prefix="llmos-replay-") as name:
        folder = Path(name).resolve()
        place = folder / "place"
        place.mkdir()
        with (
            ScriptedModel([*script, *lessons]) as model,
            inside(place, model.environment(folder / "home")),
        ):
            found = anyio.run(measure, folder, options.runs)
            learned = anyio.run(learning, options.runs)
    if options.json:
        print(json.dumps({"runs": options.runs, "replays": found, "learning": learned}))
        return
    print(
        "goal                          steps   replay ms   script ms   x script   ms a step above"
    )
    for goal, row in found.items():
        above = (row["replay_s"] - row["script_s"]) / row["steps"] * 1000
        print(
            f"{goal:30}{row['steps']:5.0f}{row['replay_s'] * 1000:12.1f}"
            f"{row['script_s'] * 1000:12.1f}{row['replay_s'] / row['script_s']:11.2f}{above:18.2f}"
        )
    own, first, again = learned["model_s"], learned["first_s"], learned["again_s"]
    print(f"learning, above {own:.1f} s of the model: first {first:.2f} s, again {again:.2f} s")


if __name__ == "__main__":
    main()
