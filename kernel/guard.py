"""A guard for a model run: ends what the run started when llmos itself is killed in the middle.

`kill -9` leaves llmos no time to end anything, and a CLI without its parent goes on working, and
spending, for as long as a tool runs. The guard is a process of its own that waits on a pipe whose
other end only llmos holds. When that end closes and nothing was said before, llmos is dead.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import anyio.abc

from . import orphans
from .redaction import Redactor


@asynccontextmanager
async def guarded(run_id: str) -> AsyncGenerator[None]:
    """Have every process of a run ended if this process dies while the body runs.

    Args:
        run_id: The run; its processes carry it in `orphans.MARK`.

    Raises:
        OSError: If the guard cannot be started.
    """
    environment = Redactor.without_secrets(os.environ)
    # A run inside a run: what ends the outer one must not take the inner one's guard along.
    environment.pop(orphans.MARK, None)
    guard = await anyio.open_process(
        [sys.executable, "-I", orphans.__file__, run_id],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        cwd="/",
        start_new_session=True,  # Ctrl-C and a closed terminal are not its affair
    )
    try:
        yield
    finally:
        with anyio.CancelScope(shield=True):
            await _dismiss(guard)


async def _dismiss(guard: anyio.abc.Process) -> None:
    assert guard.stdin is not None
    try:
        await guard.stdin.send(orphans.ALL_IS_WELL)
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        guard.kill()  # it has gone already, or cannot be told
    await guard.aclose()
