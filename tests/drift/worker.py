"""Replays the demo's goals again and again; writes a line of JSON for each replay.

``python worker.py COUNT WORKSPACE fresh|kept``: whether the made file is removed each time, so
that it has to be made again.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from pathlib import Path

from llmos.boot import LLMOS
from llmos.interfaces.demo import GOALS

MADE = Path("primes.py")


def removed() -> None:
    MADE.unlink(missing_ok=True)


def made() -> str | None:
    return hashlib.sha256(MADE.read_bytes()).hexdigest() if MADE.exists() else None


async def replay(count: int, workspace: str, fresh: bool) -> None:
    async with LLMOS(workspace=workspace) as system:
        for number in range(count):
            goal = number % len(GOALS)
            if fresh:
                removed()
            result = await system.execute(GOALS[goal], replay_only=True)
            row = {
                "goal": goal,
                "mode": result.mode,
                "success": result.success,
                "answer": result.answer,
                "steps": result.steps,
                "drift": None if result.drift is None else result.drift.reason,
                "error": None if result.error is None else result.error.message,
                "made": made(),
            }
            sys.stdout.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    asyncio.run(replay(int(sys.argv[1]), sys.argv[2], sys.argv[3] == "fresh"))
