"""How long does a key take to be echoed in the shell, while a goal streams and prices are computed?

The shell runs in a real pseudo-terminal over a store of many traces. A scripted model, in a process
of its own, streams a long text without any pause; meanwhile goals are typed key by key, some of
them answered by the store, some not, with the pauses of somebody who types fast, so that their
price is computed all the time. The echo of a key is there when the terminal shows the line with it.

Beside it, in the same run and on the same machine: the idle shell; a bare prompt of prompt-toolkit;
and the kernel alone (a program that writes back each byte), which is what the machine itself takes.
The model, its CLI and the shell keep more than two processors busy. So the bare prompt is measured
once more beside the stream, goal by goal in turn with the shell: what it takes there, the machine
takes.

    python benchmarks/key_echo.py [--traces N] [--keys N] [--dir DIR] [--json]

Exits with 1 if the 99th percentile while streaming is above the limit.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from keyboard import PROMPT, Keyboard
from scale_goals import TOOLS, Known, synthetic
from scoring import percentile

from workbench import Workbench, scratch

LIMIT_MS = 16.0
_SHARD = 250
_SWITCH_S = 0.0005
"""Seconds for which what comes may wait for its time to be taken."""
_LINES_A_KEY = 4000
"""Lines that the model has for each key, more than can be streamed meanwhile."""
_CAPS = ("--budget", "--max-budget-usd", "--session-usd", "--daily-usd", "--monthly-usd")
_NO_CAPS = [word for flag in _CAPS for word in (flag, "1000000")]
"""So that nothing but the end of the text ends the stream."""
_BARE = f"from prompt_toolkit import PromptSession; PromptSession().prompt({PROMPT!r})"
_KERNEL = f"""
import os, tty
tty.setraw(0)
os.write(1, {PROMPT.encode()!r})
while data := os.read(0, 64):
    os.write(1, data)
"""
_MODEL = """
import sys, time
from pathlib import Path
from llmos.interfaces.scripted_model import Conversation, ScriptedModel, Text, Turn
lines = int(sys.argv[2])
text = "\\n".join(f"this is line {number} of a long answer" for number in range(lines))
turn = Turn(Text(text), deltas=lines)
with ScriptedModel([Conversation("tell me everything", [turn])]) as model:
    import json
    print(json.dumps(model.environment(Path(sys.argv[1]))), flush=True)
    sys.stdin.read()
"""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--traces", type=int, default=10_000, metavar="N", help="traces stored")
    parser.add_argument("--keys", type=int, default=500, metavar="N", help="keys of each kind")
    parser.add_argument("--dir", type=Path, help="where the traces are kept, to be used once more")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    sys.setswitchinterval(_SWITCH_S)
    with scratch() if options.dir is None else nullcontext(options.dir) as folder:
        figures = _measure(folder, options.traces, options.keys)
    print(json.dumps(figures, indent=1) if options.json else _table(figures))
    return 0 if figures["streaming"]["p99_ms"] <= LIMIT_MS else 1


Figures = dict[str, dict[str, float]]
_ROWS = (
    ("kernel", "bare prompt"),
    ("bare prompt", "bare prompt"),
    ("idle shell", "bare prompt"),
    ("bare, beside", "bare, beside"),
    ("streaming", "bare, beside"),
)
"""What was measured, and beside what."""


def _measure(folder: Path, traces: int, keys: int) -> Figures:
    home, cwd = folder / "home", folder / "cwd"
    known = synthetic(traces, seed=1)
    if not cwd.exists():
        home.mkdir(parents=True)
        _fill(folder / "unfinished/workspace/memory", cwd, home / "llmos/state", known)
    goals = _goals(known)
    python = [sys.executable, "-c"]
    figures: Figures = {}
    with _model(home, keys * _LINES_A_KEY) as environment:
        with Keyboard([*python, _KERNEL], cwd, environment) as kernel:
            kernel.wait(PROMPT.rstrip())
            figures["kernel"] = _figures(_type(goals, keys // 3, kernel, clear=False)[0])
        with (
            Keyboard([*python, _BARE], cwd, environment) as bare,
            Keyboard([sys.executable, "-m", "llmos", *_NO_CAPS], cwd, environment) as shell,
        ):
            bare.wait(PROMPT.rstrip())
            shell.wait(PROMPT.rstrip())
            shell.warm(goals[0])
            alone = _type(goals, keys // 3, bare, shell)
            figures["bare prompt"], figures["idle shell"] = map(_figures, alone)
            shell.send("tell me everything\r")
            shell.wait("this is line 100 ")
            shell.bytes = shell.prices = shell.streamed = 0
            began = time.perf_counter()
            beside, streaming = map(_figures, _type(goals, keys, bare, shell))
            seconds = time.perf_counter() - began
            figures["bare, beside"], figures["streaming"] = beside, streaming
            figures["load"] = {
                "traces": len(known),
                "prices_shown": shell.prices,
                "lines_streamed_per_s": round(shell.streamed / seconds, 1),
                "kb_written_per_s": round(shell.bytes / seconds / 1000, 1),
            }
            if not shell.still_streams():
                print(_table(figures), file=sys.stderr)
                raise SystemExit(f"the model said all before the end:\n{shell.screen.text[-800:]}")
    return figures


def _type(
    goals: Sequence[str], keys: int, *keyboards: Keyboard, clear: bool = True
) -> list[list[float]]:
    """Type goals on each keyboard in turn; return how long each key took, by keyboard."""
    chosen = random.Random(3)
    taken: list[list[float]] = [[] for _ in keyboards]
    while len(taken[-1]) < keys:
        goal = chosen.choice(goals)
        for one, keyboard in zip(taken, keyboards, strict=True):
            one.extend(keyboard.type_goal(goal, clear=clear))
    return taken


def _fill(memory: Path, cwd: Path, state: Path, known: Sequence[Known]) -> None:
    """Store the goals in small folders and put the files together: each `put` looks through its."""
    signed_for = cwd / "workspace/memory"
    whole = memory / "traces"
    whole.mkdir(parents=True, mode=0o700)
    for start in range(0, len(known), _SHARD):
        shard = memory.parent / f"shard-{start}"
        with Workbench(shard, state, TOOLS, signed_for=signed_for) as bench:
            for one in known[start : start + _SHARD]:
                bench.learn(one.goal, [one.call])
        for path in (shard / "traces").glob("t-*.json"):
            path.rename(whole / path.name)
    memory.parent.parent.rename(cwd)


def _goals(known: Sequence[Known]) -> list[str]:
    """Return goals that are answered and goals that are not, in turn."""
    chosen = random.Random(7)
    answered = [one.goal for one in chosen.sample(known, k=50)]
    others = [one.other_words for one in chosen.sample(known, k=50) if one.other_words]
    return [goal for pair in zip(answered, others, strict=False) for goal in pair]


@contextmanager
def _model(home: Path, lines: int) -> Generator[dict[str, str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", _MODEL, str(home), str(lines)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield {**json.loads(process.stdout.readline()), "TERM": "xterm"}
    finally:
        process.kill()
        process.wait()


def _figures(taken: Sequence[float]) -> dict[str, float]:
    return {
        "keys": len(taken),
        "p50_ms": round(percentile(taken, 0.5), 2),
        "p95_ms": round(percentile(taken, 0.95), 2),
        "p99_ms": round(percentile(taken, 0.99), 2),
        "max_ms": round(max(taken), 2),
    }


def _table(figures: Figures) -> str:
    lines = ["                keys   p50 ms   p95 ms   p99 ms   max ms  x bare p99"]
    for name, beside in _ROWS:
        row, bare = figures[name], figures[beside]["p99_ms"]
        lines.append(
            f"{name:<14}{row['keys']:6.0f}{row['p50_ms']:9.2f}{row['p95_ms']:9.2f}"
            f"{row['p99_ms']:9.2f}{row['max_ms']:9.2f}{row['p99_ms'] / bare:12.2f}"
        )
    lines.append(", ".join(f"{name} {value:g}" for name, value in figures["load"].items()))
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
