"""How long does a key take to be echoed in the shell, while a goal streams and prices are computed?

The shell runs in a real pseudo-terminal over a store of many traces. A scripted model, in a process
of its own, streams a long text without any pause; meanwhile goals are typed key by key, some of
them answered by the store, some not, with the pauses of somebody who types fast, so that their
price is computed all the time. The echo of a key is there when the terminal shows the line with it.

Beside it, in the same run and on the same machine: the idle shell; a bare prompt of prompt-toolkit;
and the kernel alone (a program that writes back each byte), which is what the machine itself takes.

    python benchmarks/key_echo.py [--traces N] [--keys N] [--json]

Exits with 1 if the 99th percentile while streaming is above the limit.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pty
import random
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from scale_goals import TOOLS, Known, synthetic
from scoring import percentile

from workbench import Workbench, scratch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from screen_model import ScreenModel  # noqa: E402

LIMIT_MS = 16.0
_COLUMNS, _LINES = 100, 30
_SHARD = 250
_PAUSES_S = (0.05, 0.06, 0.08, 0.12, 0.2)
"""Between two keys; the last two let the price of what is typed be computed."""
_PROMPT = "llmos> "
_CAPS = ("--budget", "--max-budget-usd", "--session-usd", "--daily-usd", "--monthly-usd")
_NO_CAPS = [word for flag in _CAPS for word in (flag, "1000000")]
"""So that nothing but the end of the text ends the stream."""
_BARE = f"from prompt_toolkit import PromptSession; PromptSession().prompt({_PROMPT!r})"
_KERNEL = f"""
import os, tty
tty.setraw(0)
os.write(1, {_PROMPT.encode()!r})
while data := os.read(0, 64):
    os.write(1, data)
"""
_MODEL = """
import sys, time
from pathlib import Path
from llmos.interfaces.scripted_model import Conversation, ScriptedModel, Text, Turn
text = "\\n".join(f"this is line {number} of a long answer" for number in range(200_000))
turn = Turn(Text(text), deltas=200_000)
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
    parser.add_argument("--keys", type=int, default=1500, metavar="N", help="keys of each kind")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    with scratch() as folder:
        figures = _measure(folder, options.traces, options.keys)
    print(json.dumps(figures, indent=1) if options.json else _table(figures))
    return 0 if figures["streaming"]["p99_ms"] <= LIMIT_MS else 1


Figures = dict[str, dict[str, float]]


def _measure(folder: Path, traces: int, keys: int) -> Figures:
    home, cwd = folder / "home", folder / "cwd"
    cwd.mkdir()
    home.mkdir()
    known = synthetic(traces, seed=1)
    _fill(cwd / "workspace/memory", home / "llmos/state", known)
    goals = _goals(known)
    figures: Figures = {}
    with _model(home) as environment:
        for name, program in (("kernel", _KERNEL), ("bare prompt", _BARE)):
            with Keyboard([sys.executable, "-c", program], cwd, environment) as keyboard:
                keyboard.wait(_PROMPT.rstrip())
                figures[name] = _figures(
                    keyboard.type_goals(goals, keys // 3, clear=name != "kernel")
                )
        command = [sys.executable, "-m", "llmos", *_NO_CAPS]
        with Keyboard(command, cwd, environment) as keyboard:
            keyboard.wait(_PROMPT.rstrip())
            keyboard.warm(goals[0])
            figures["idle shell"] = _figures(keyboard.type_goals(goals, keys // 3))
            keyboard.send("tell me everything\r")
            keyboard.wait("this is line 100 ")
            before, began = keyboard.bytes, time.perf_counter()
            figures["streaming"] = _figures(keyboard.type_goals(goals, keys))
            seconds = time.perf_counter() - began
            lines = keyboard.streamed
            figures["load"] = {
                "traces": len(known),
                "prices_shown": keyboard.prices,
                "lines_streamed_per_s": round(lines / seconds, 1),
                "kb_written_per_s": round((keyboard.bytes - before) / seconds / 1000, 1),
            }
            if not keyboard.still_streams():
                print(_table(figures), file=sys.stderr)
                raise SystemExit(
                    f"the model said all before the end:\n{keyboard.screen.text[-800:]}"
                )
    return figures


def _fill(memory: Path, state: Path, known: Sequence[Known]) -> None:
    """Store the goals in small folders and put the files together: each `put` looks through its."""
    whole = memory / "traces"
    whole.mkdir(parents=True, mode=0o700)
    for start in range(0, len(known), _SHARD):
        shard = memory.parent / f"shard-{start}"
        with Workbench(shard, state, TOOLS, signed_for=memory) as bench:
            for one in known[start : start + _SHARD]:
                bench.learn(one.goal, [one.call])
        for path in (shard / "traces").glob("t-*.json"):
            path.rename(whole / path.name)


def _goals(known: Sequence[Known]) -> list[str]:
    """Return goals that are answered and goals that are not, in turn."""
    chosen = random.Random(7)
    answered = [one.goal for one in chosen.sample(known, k=50)]
    others = [one.other_words for one in chosen.sample(known, k=50) if one.other_words]
    return [goal for pair in zip(answered, others, strict=False) for goal in pair]


@contextmanager
def _model(home: Path) -> Generator[dict[str, str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", _MODEL, str(home)],
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


class Keyboard:
    """A program in a pseudo-terminal, and somebody who types.

    Args:
        command: The program.
        cwd: Its working directory.
        environment: Its environment.
    """

    def __init__(self, command: Sequence[str], cwd: Path, environment: dict[str, str]) -> None:
        self.bytes = self.prices = self.streamed = 0
        self.screen = ScreenModel(_COLUMNS, _LINES)
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            os.chdir(cwd)
            os.execvpe(command[0], list(command), environment)
        termios.tcsetwinsize(self._terminal, (_LINES, _COLUMNS))
        self._priced = False

    def send(self, text: str) -> None:
        """Type a text."""
        os.write(self._terminal, text.encode())

    def wait(self, text: str) -> None:
        """Wait until the screen shows a text."""
        deadline = time.monotonic() + 60
        while text not in self.screen.text:
            if time.monotonic() > deadline:
                raise SystemExit(f"{text!r} is not shown in:\n{self.screen.text}")
            self._read(0.1)

    def warm(self, goal: str) -> None:
        """Let what the matcher needs be loaded once: that is the start's affair."""
        self.send(goal)
        self.wait("FOLLOWER")
        self.send("\x15")
        self._until(_PROMPT)

    def type_goals(self, goals: Sequence[str], keys: int, *, clear: bool = True) -> list[float]:
        """Type goals key by key; return the milliseconds after which each key was echoed."""
        chosen, taken = random.Random(3), list[float]()
        while len(taken) < keys:
            goal = chosen.choice(goals)
            for count, key in enumerate(goal, start=1):
                began = time.perf_counter()
                self.send(key)
                taken.append((self._until(_PROMPT + goal[:count]) - began) * 1000)
                self._idle(chosen.choice(_PAUSES_S))
            if clear:
                self.send("\x15")
                self._until(_PROMPT)
            else:
                self.send("\r\n" + _PROMPT)
                self._idle(0.1)
        return taken

    def still_streams(self) -> bool:
        """Return whether lines still come."""
        before = self.streamed
        self._idle(1.0)
        return self.streamed > before

    def _until(self, row: str) -> float:
        """Read until the line that is typed is so; return when what shows it was read."""
        deadline = time.monotonic() + 30
        at = time.perf_counter()
        while self._line() != row.rstrip():
            if time.monotonic() > deadline:
                raise SystemExit(f"{row!r} is not shown in:\n{self.screen.text[-3000:]}")
            at = self._read(0.1) or at
        return at

    def _line(self) -> str:
        rows = [row for row in self.screen.rows if row.startswith(_PROMPT.rstrip())]
        return rows[-1] if rows else ""

    def _idle(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._read(left)

    def _read(self, seconds: float) -> float | None:
        if not select.select([self._terminal], [], [], seconds)[0]:
            return None
        try:
            data = os.read(self._terminal, 65536)
        except OSError:  # the program has ended
            raise SystemExit(f"it ended:\n{self.screen.text[-800:]}") from None
        at = time.perf_counter()
        self.bytes += len(data)
        text = data.decode("utf-8", "replace")
        self.streamed += text.count("this is line ")
        self.screen.write(text)
        del self.screen.gone[:-200]
        priced = "FOLLOWER t-" in self.screen.rows[-1] or any(
            "LEARNER ~" in row or "FOLLOWER t-" in row for row in self.screen.rows
        )
        self.prices += priced and not self._priced
        self._priced = priced
        return at

    def __enter__(self) -> Keyboard:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGTERM)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and os.waitpid(self._pid, os.WNOHANG)[0] == 0:
            with contextlib.suppress(SystemExit):
                self._read(0.05)
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        os.close(self._terminal)


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
    bare = figures["bare prompt"]["p99_ms"]
    for name in ("kernel", "bare prompt", "idle shell", "streaming"):
        row = figures[name]
        lines.append(
            f"{name:<14}{row['keys']:6.0f}{row['p50_ms']:9.2f}{row['p95_ms']:9.2f}"
            f"{row['p99_ms']:9.2f}{row['max_ms']:9.2f}{row['p99_ms'] / bare:12.2f}"
        )
    lines.append(", ".join(f"{name} {value:g}" for name, value in figures["load"].items()))
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
