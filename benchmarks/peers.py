"""Deciding beside public peers: a dict, a SQLite key, llmos, muscle-mem and GPTCache in one run.

    python benchmarks/peers.py [--goals N ...] [--asks N] [--only NAME ...]
        [--environment DIR] [--dir DIR] [--json]

Each stores the same N goals (templates times values) and is asked in a process of its own:

- exact: a goal that is stored, warm: asked for the second time in that process;
- other value: 200 goals, each a stored one with one value changed. What is stored is wrong for it:
  right is the same call with the new value, or no answer;
- other words: 200 stored goals in words in which nothing was stored, with the same values. Right
  is what is stored.

Beside it: the first answer of a process whose goals were stored by another one (opening what is on
the disk, without its imports), the imports, the peak of memory, and the size on the disk. Who keeps
nothing on a disk holds the goals in the process itself.

The peers are not dependencies of llmos. pip installs them, at pinned versions, in environments of
their own below --environment, which stay there for the next run; without it in a temporary folder.
One that does not install is told with the last line of pip, and the others are measured all the
same. ``peer_lookups.py`` says how each peer is set up and which of its calls is timed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peer_environment import NotInstalledError, environment, interpreter, last_line

GOALS, ASKS = (100, 10_000), 500
_BLOCK = 4096
KINDS = ("exact", "other value", "other words")
HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Contestant:
    """One that is measured.

    Attributes:
        script: Holds its lookup.
        keeps: Whether it has something on the disk that another process can open.
        environment: The environment that it is installed in; empty for the interpreter of this one.
        packages: What is installed there.
    """

    script: str
    keeps: bool
    environment: str = ""
    packages: tuple[str, ...] = ()


_GPTCACHE = ("gptcache==0.1.44", "numpy==2.4.6", "cachetools==8.0.2")
_SIMILAR = (*_GPTCACHE, "faiss-cpu==1.15.1", "SQLAlchemy==2.0.58", "wordllama==0.4.0.post1")
CONTESTANTS = {
    "dict": Contestant("own_lookups.py", keeps=False),
    "SQLite key": Contestant("own_lookups.py", keeps=True),
    "llmos": Contestant("own_lookups.py", keeps=True),
    "muscle-mem": Contestant("peer_lookups.py", False, "muscle-mem", ("muscle-mem==0.1.0",)),
    "GPTCache exact": Contestant("peer_lookups.py", True, "gptcache", _GPTCACHE),
    "GPTCache similar": Contestant("peer_lookups.py", True, "gptcache-similar", _SIMILAR),
    "the same, no report": Contestant("peer_lookups.py", True, "gptcache-similar", _SIMILAR),
}


class Failed(Exception):
    """A contestant could not be measured; its text says why."""


def measure(
    name: str, environments: Path, parent: Path | None, goals: int, asks: int
) -> dict[str, Any]:
    """Return the figures of one contestant, or why there are none."""
    one = CONTESTANTS[name]
    try:
        python, environ = Path(sys.executable), None
        if one.environment:
            python = interpreter(environments / one.environment, one.packages)
            environ = environment(environments, environments / "checkouts")
        with tempfile.TemporaryDirectory(prefix="llmos-peers-", dir=parent) as folder:
            place = Path(folder).resolve()
            size = ("--goals", str(goals), "--asks", str(asks))
            command = [str(python), "-W", "ignore", str(HERE / one.script)]
            found: dict[str, Any] = {"name": name}
            for step in ("fill", "ask") if one.keeps else ("ask",):
                run([*command, step, name, str(place), *size], environ)
                found |= json.loads((place / f"{step}.json").read_text())
            return found | {"disk_mb": on_disk(place / "store") if one.keeps else None}
    except NotInstalledError as error:
        return {"name": name, "failed": f"not installed: {error}"}
    except Failed as error:
        return {"name": name, "failed": str(error)}


def run(command: Sequence[str], environ: Mapping[str, str] | None) -> None:
    """Run a step."""
    done = subprocess.run(
        command,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Failed(last_line(done.stderr))


def on_disk(folder: Path) -> float:
    """Return what the files of a folder take on a disk of blocks of 4 KiB, MB."""
    # Counted, not asked: a file system gives blocks to what was just written when it likes.
    found = (path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return sum(-(-size // _BLOCK) for size in found) * _BLOCK / 2**20


def table(goals: int, rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the figures at one size as a table for people."""
    lines = [
        f"{goals:,} goals; p50 / p99 in µs; right / wrong / no answer",
        f"{'':20}{'imports ms':>11}{'first ms':>10}"
        + "".join(f"{kind:>22}" for kind in KINDS)
        + "".join(f"{kind:>16}" for kind in KINDS[1:])
        + f"{'peak MB':>9}{'disk MB':>9}",
    ]
    for row in rows:
        if "failed" in row:
            lines.append(f"{row['name']:20}{row['failed']}")
            continue
        asked = row["asked"]
        times = (f"{asked[k]['us_p50']:,.1f} / {asked[k]['us_p99']:,.0f}" for k in KINDS)
        answers = ("{right} / {wrong} / {none}".format(**asked[kind]) for kind in KINDS[1:])
        lines.append(
            f"{row['name']:20}{row['imports_ms']:11.0f}{_or_none(row['first_ms']):>10}"
            + "".join(f"{text:>22}" for text in times)
            + "".join(f"{text:>16}" for text in answers)
            + f"{row['peak_mb']:9.0f}{_or_none(row['disk_mb']):>9}"
        )
    return "\n".join(lines)


def _or_none(value: float | None) -> str:
    return "-" if value is None else f"{value:,.1f}"


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a count of 1 or more")
    return int(text)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--goals", type=_count, nargs="+", default=GOALS, metavar="N", help="stored goals")
    add("--asks", type=_count, default=ASKS, metavar="N", help=f"exact goals (default {ASKS})")
    add("--only", nargs="+", choices=CONTESTANTS, metavar="NAME", help=", ".join(CONTESTANTS))
    add("--environment", type=Path, metavar="DIR", help="where peers are installed, and stay")
    add("--dir", type=Path, metavar="DIR", help="where stores are made, and removed again")
    add("--json", action="store_true", help="JSON instead of a table")
    options = parser.parse_args()
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="llmos-environments-") as temporary:
        environments = (options.environment or Path(temporary)).resolve()
        environments.mkdir(parents=True, exist_ok=True)
        for goals in options.goals:
            rows: list[dict[str, Any]] = []
            for name in options.only or CONTESTANTS:
                print(f"{name}, {goals:,} goals", file=sys.stderr)
                rows.append(measure(name, environments, options.dir, goals, options.asks))
            found.append({"goals": goals, "lookups": rows})
            if not options.json:
                print(table(goals, rows), flush=True)
    if options.json:
        print(json.dumps({"asks": options.asks, "sizes": found}))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
