"""The demo: three goals learned by the real SDK and CLI from a scripted model, then replayed.

Only the model's answers are scripted; every step, file, cost figure and replay is real. It needs
no key and no network, and works in a scratch folder of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import anyio

from .plain_text import say
from .render import Narrator
from .result import FOLLOWER, Result
from .scripted_model import Conversation, ScriptedModel, Text, ToolUse, Turn, Usage
from .system import OpenSystem

PRIMES = '''"""Print the primes below a limit."""

import sys


def primes(limit: int) -> list[int]:
    """Return the primes below `limit`, by the sieve of Eratosthenes."""
    sieve = [True] * max(limit, 2)
    sieve[0:2] = [False, False]
    for n in range(2, int(limit**0.5) + 1):
        if sieve[n]:
            sieve[n * n :: n] = [False] * len(sieve[n * n :: n])
    return [n for n in range(limit) if sieve[n]]


if __name__ == "__main__":
    print(primes(int(sys.argv[1]) if len(sys.argv) > 1 else 50))
'''

ANALYSIS = """python3 - <<'EOF'
import csv
from collections import defaultdict
totals = defaultdict(float)
with open("workspace/data.csv", newline="") as file:
    for row in csv.DictReader(file):
        totals[row["region"]] += float(row["amount"])
for region, total in sorted(totals.items()):
    print(f"{region}: {total:.2f}")
EOF"""

GOALS = (
    "Create a Python script to calculate primes",
    "Analyze data in workspace/data.csv",
    "Calculate (17 + 4) * 2 with the calculator plugin",
)


def conversations() -> list[Conversation]:
    """Return the scripted answers: what a model would say to the demo's goals."""
    usage = Usage(input_tokens=2500, output_tokens=400)
    return [
        Conversation(
            GOALS[0],
            [
                Turn(ToolUse("Write", {"file_path": "primes.py", "content": PRIMES}), usage=usage),
                Turn(ToolUse("Bash", {"command": "python3 primes.py 30"}), usage=usage),
                Turn(Text("primes.py prints the primes below a limit, by a sieve."), usage=usage),
            ],
        ),
        Conversation(
            GOALS[1],
            [
                Turn(ToolUse("Read", {"file_path": "workspace/data.csv"}), usage=usage),
                Turn(ToolUse("Bash", {"command": ANALYSIS}), usage=usage),
                Turn(Text("The totals by region are above; the north sells most."), usage=usage),
            ],
        ),
        Conversation(
            GOALS[2],
            [
                Turn(ToolUse("mcp__llmos__calculate", {"expression": "(17 + 4) * 2"}), usage=usage),
                Turn(Text("(17 + 4) * 2 = 42"), usage=usage),
            ],
        ),
    ]


def run_demo(open_system: OpenSystem, *, as_json: bool) -> int:
    """Run the demo and print its table.

    Args:
        open_system: Makes the system.
        as_json: The rows as JSON instead of a table.

    Returns:
        0 if every goal was learned once and replayed once.
    """
    say("The model's answers in this demo are scripted; everything else is real.", sys.stderr)
    with tempfile.TemporaryDirectory(prefix="llmos-demo-") as folder:
        place, home = Path(folder) / "place", Path(folder) / "home"
        _prepare(place, home)
        with ScriptedModel(conversations()) as model, inside(place, model.environment(home)):
            rows = anyio.run(_both_ways, open_system)
    _show(rows, as_json=as_json)
    return 0 if all(_as_promised(*row) for row in rows) else 1


async def _both_ways(open_system: OpenSystem) -> list[tuple[str, Result, Result]]:
    rows: list[tuple[str, Result, Result]] = []
    for goal in GOALS:
        results: list[Result] = []
        # A system of its own for each run: the second knows only what is on disk.
        for _ in range(2):
            async with open_system() as system:
                Narrator().attach(system.bus)
                say(f"\nllmos> {goal}", sys.stderr)
                results.append(await system.execute(goal))
            # Removed, so that the replay really has to make it again.
            await anyio.Path("primes.py").unlink(missing_ok=True)
        rows.append((goal, results[0], results[1]))
    return rows


def _as_promised(_goal: str, learned: Result, replayed: Result) -> bool:
    return (
        learned.success
        and replayed.success
        and replayed.mode == FOLLOWER
        and replayed.cost == 0
        and replayed.answer == learned.answer
    )


def _prepare(place: Path, home: Path) -> None:
    (place / "workspace").mkdir(parents=True)
    home.mkdir()
    data = Path(__file__).parent.parent / "workspace" / "data.csv"
    shutil.copy(data, place / "workspace" / "data.csv")


@contextmanager
def inside(place: Path, environment: dict[str, str]) -> Generator[None]:
    """Work in a folder with an environment built from nothing; put both back afterwards."""
    before, directory = dict(os.environ), Path.cwd()
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(place)
    try:
        yield
    finally:
        os.chdir(directory)
        os.environ.clear()
        os.environ.update(before)


def _show(rows: list[tuple[str, Result, Result]], *, as_json: bool) -> None:
    if as_json:
        data = [
            {"goal": goal, "learned": learned.to_json(), "replayed": replayed.to_json()}
            for goal, learned, replayed in rows
        ]
        say(json.dumps(data), sys.stdout)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Learned once, replayed for $0 (the model's answers are scripted)")
    for heading in ("goal", "mode", "ok"):
        table.add_column(heading)
    for heading in ("steps", "seconds", "cost", "saved"):
        table.add_column(heading, justify="right")
    for goal, learned, replayed in rows:
        for shown, result in ((goal, learned), ("", replayed)):
            cost = "?" if result.cost_usd is None else f"${result.cost_usd:.4f}"
            table.add_row(
                shown,
                result.mode,
                "yes" if result.success else f"no: {result.error}",
                str(result.steps),
                f"{result.duration_s:.2f}",
                cost,
                f"${result.saved_usd:.4f}",
            )
    Console().print(table)
