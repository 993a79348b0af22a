"""Replays beside the same commands as a shell script, and learning beside the model's own time.

Run with ``python benchmarks/replay_cost.py [--runs N] [--json]``. Goals of 1, 10 and 100 short
commands, of 10 and 100 calls of Write, and one of a command that works for a second, are learned
from a scripted model by the real SDK and CLI. Then, in one process and in turns:

- replay: ``LLMOS.execute`` of the goal, with all guards, the journal and the ledger; and the parts
  of it (``replay_parts.py``), each a median of its own, so that they do not quite add up;
- undo: what undoing that replay takes, so that each replay makes its files;
- script: ``bash`` with the same commands in one file, below which no replay can be.

Learning is timed where the model takes a fixed time for each answer: what is above that is what
llmos, the SDK and the CLI add. First: the first goal of a process, which loads the SDK and starts
the CLI. Again: another goal in the process, which starts the CLI. Prepared: another goal whose CLI
was started before, by ``LLMOS.prepare`` (the shell does so while a goal is typed). Bare: the SDK's
client alone, connected before, from the goal to its result: what is above that is llmos.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import anyio
from replay_parts import PARTS, Parts

from llmos.boot import LLMOS
from llmos.interfaces.defaults import DEFAULT_MODEL
from llmos.interfaces.demo import inside
from llmos.interfaces.scripted_model import Conversation, ScriptedModel, Text, ToolUse, Turn
from llmos.interfaces.undoing import Undoing

RUNS = 9
STEPS = (1, 10, 100)
BY_WRITE = "files by Write"
WORK = "sleep 1; echo worked > work.txt"
DELAY_S = 0.5
ANSWERS = 3
LEARNED = {
    "first_s": "the first goal of a process:",
    "again_s": "another one:",
    "prepared_s": "another one, prepared:",
    "bare_s": "bare SDK, connected before:",
    "by_llmos_s": "prepared, above the bare SDK:",
}
LESSON = [f"echo lesson {number}" for number in range(1, ANSWERS)]


def commands_of(steps: int) -> list[str]:
    """Return short commands that each write a file."""
    return [f"echo line {number} > out{number}.txt" for number in range(steps)]


def plans() -> dict[str, list[str]]:
    """Return the commands of each goal."""
    # No goal may hold another one, or the model would give it the answers of that.
    short = {f"write {steps} lines by commands": commands_of(steps) for steps in STEPS}
    files = {f"write {steps} {BY_WRITE}": commands_of(steps) for steps in STEPS if steps > 1}
    return {**short, **files, "do the work of a second": [WORK]}


def lessons() -> list[Conversation]:
    """Return what the model says to each goal."""
    return [
        written(goal, len(commands)) if goal.endswith(BY_WRITE) else conversation(goal, commands)
        for goal, commands in plans().items()
    ]


def written(goal: str, steps: int) -> Conversation:
    """Return what the model says: the same files, each by a call of Write."""
    calls = [
        ToolUse("Write", {"file_path": f"out{number}.txt", "content": f"line {number}\n"})
        for number in range(steps)
    ]
    return Conversation(goal, [*map(Turn, calls), Turn(Text("done"))])


def conversation(goal: str, commands: Sequence[str], delay_s: float = 0.0) -> Conversation:
    """Return what the model says: one command an answer, then that it is done."""
    turns = [Turn(ToolUse("Bash", {"command": one}), delay_s=delay_s) for one in commands]
    return Conversation(goal, [*turns, Turn(Text("done"), delay_s=delay_s)])


async def answer(system: LLMOS, goal: str, *, replay: bool) -> tuple[float, int]:
    """Replay a goal or learn it; return the seconds it took, and the steps that were replayed."""
    began = time.perf_counter()
    result = await system.execute(goal, replay_only=replay, learn_afresh=not replay)
    took = time.perf_counter() - began
    if not result.success:
        raise SystemExit(f"{goal}: {result.error or result.drift}")
    return took, result.of_steps or 0


async def undo(system: LLMOS) -> float:
    """Undo the last run; return the seconds it took."""
    began = time.perf_counter()
    await Undoing(system).move("", redo=False, force=False)
    return time.perf_counter() - began


def run_script(path: Path) -> float:
    """Run a shell script in an empty folder; return the seconds it took."""
    with tempfile.TemporaryDirectory(dir=path.parent) as place:
        began = time.perf_counter()
        subprocess.run(["bash", str(path)], cwd=place, check=True)
        return time.perf_counter() - began


async def measure(folder: Path, runs: int) -> dict[str, dict[str, float]]:
    """Return medians by goal, seconds: of replays, their parts, their undo, and the script."""
    parts = Parts()
    figures: dict[str, dict[str, float]] = {}
    async with LLMOS(timeout_s=600, max_turns=300) as system:
        for number, (goal, commands) in enumerate(plans().items()):
            script = folder / f"script{number}.sh"
            script.write_text("".join(f"{one}\n" for one in commands))
            await answer(system, goal, replay=False)
            await undo(system)
            found: list[dict[str, float]] = []
            for _ in range(runs):
                parts.begin()
                with parts.measured():
                    replay_s, carried_out = await answer(system, goal, replay=True)
                row = {f"{name}_s": took for name, took in parts.seconds.items()}
                row |= {"rest_s": replay_s - sum(row.values()), "replay_s": replay_s}
                if carried_out != len(commands):
                    raise SystemExit(f"{goal}: its trace has {carried_out} steps")
                found.append(row | {"undo_s": await undo(system), "script_s": run_script(script)})
            medians = {name: statistics.median(row[name] for row in found) for name in found[0]}
            figures[goal] = {"steps": len(commands), **medians}
    return figures


async def learning(runs: int) -> dict[str, float]:
    """Return the seconds that learning takes above the model's own: of a first, of later ones."""
    own = DELAY_S * ANSWERS
    goals = iter(lesson_goals(runs))
    again: list[float] = []
    prepared: list[float] = []
    bare: list[float] = []
    async with LLMOS(timeout_s=600) as system:
        first = (await answer(system, next(goals), replay=False))[0] - own
        for _ in range(runs):
            again.append((await answer(system, next(goals), replay=False))[0] - own)
            await system.prepare()
            prepared.append((await answer(system, next(goals), replay=False))[0] - own)
            bare.append(await answer_bare(next(goals)) - own)
    return {
        "model_s": own,
        "first_s": first,
        "again_s": statistics.median(again),
        "prepared_s": statistics.median(prepared),
        "bare_s": statistics.median(bare),
        "by_llmos_s": statistics.median(prepared) - statistics.median(bare),
    }


async def answer_bare(goal: str) -> float:
    """Reach a goal with the SDK's client alone, connected before; return the seconds it took."""
    from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient, ResultMessage

    options = ClaudeAgentOptions(
        tools=["Bash"],
        allowed_tools=["Bash"],
        model=DEFAULT_MODEL,
        permission_mode="acceptEdits",
        setting_sources=[],
        strict_mcp_config=True,
    )
    client = ClaudeSDKClient(options)
    await client.connect()
    try:
        began = time.perf_counter()
        await client.query(goal)
        async for message in client.receive_response():
            if isinstance(message, ResultMessage) and message.is_error:
                raise SystemExit(f"{goal}: {message.result}")
        return time.perf_counter() - began
    finally:
        await client.disconnect()


def lesson_goals(runs: int) -> list[str]:
    """Return the goals of `learning`."""
    return [f"learn lesson {number} slowly" for number in range(3 * runs + 1)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Replays beside a script; learning beside a model."
    )
    parser.add_argument("--runs", type=int, default=RUNS, help=f"runs a goal (default {RUNS})")
    parser.add_argument("--json", action="store_true", help="JSON instead of a table")
    options = parser.parse_args()
    if options.runs < 1:
        parser.error("--runs must be at least 1")
    slow = [conversation(goal, LESSON, DELAY_S) for goal in lesson_goals(options.runs)]
    with tempfile.TemporaryDirectory(prefix="llmos-replay-") as name:
        folder = Path(name).resolve()
        place = folder / "place"
        place.mkdir()
        with (
            ScriptedModel([*lessons(), *slow]) as model,
            inside(place, model.environment(folder / "home")),
        ):
            found = anyio.run(measure, folder, options.runs)
            learned = anyio.run(learning, options.runs)
    if options.json:
        print(json.dumps({"runs": options.runs, "replays": found, "learning": learned}))
        return
    print(table(found))
    own = learned["model_s"]
    for name, said in LEARNED.items():
        above = f"{learned[name]:.2f} s above {own:.1f} s of the model"
        print(f"learning, {said:34}{above} ({learned[name] / own:.2f})")


def table(found: Mapping[str, Mapping[str, float]]) -> str:
    """Return the figures of replays as a table for people, in ms."""
    lines = [
        f"{'goal, times in ms':26}{'steps':>6}{'replay':>9}{'script':>9}{'x script':>9}"
        f"{'a step above':>13}" + "".join(f"{name:>9}" for name in (*PARTS, "rest", "undo"))
    ]
    for goal, row in found.items():
        above = (row["replay_s"] - row["script_s"]) / row["steps"] * 1000
        lines.append(
            f"{goal:26}{row['steps']:6.0f}"
            f"{row['replay_s'] * 1000:9.1f}{row['script_s'] * 1000:9.1f}"
            f"{row['replay_s'] / row['script_s']:9.2f}{above:13.2f}"
            + "".join(f"{row[f'{name}_s'] * 1000:9.1f}" for name in (*PARTS, "rest", "undo"))
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
