"""Ends the processes that an aborted run left behind.

A run's processes carry a mark in their environment, which children inherit: a process that was
reparented when its parent died is still found.

Run as a script it is the guard that `llmos.kernel.guard` starts, so it imports nothing of llmos.
"""

from __future__ import annotations

import os
import sys

MARK = "LLMOS_RUN_ID"
"""Name of the environment variable that marks every process of a run."""
_GONE_S = 10.0
"""Seconds that a killed process has to disappear; a large one on a busy machine takes its time."""

ALL_IS_WELL = b"."
"""What a guard is told when the run is over and nothing has to be ended."""

_ROUNDS = 5
"""Rounds in which a guard looks again: what is just being started is found by the next one."""


def end_marked(run_id: str, *, grace_s: float = 0.3) -> int:
    """Kill every process of a run and wait until they are gone.

    Blocks for up to `grace_s` and a little more; call it in a thread.

    Args:
        run_id: Value of the mark.
        grace_s: Seconds between the polite signal and the last one.

    Returns:
        How many processes there were.
    """
    import psutil

    marked: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get(MARK) == run_id:
                marked.append(process)
        except psutil.Error:
            continue  # it ended meanwhile, or belongs to another user
    for process in marked:
        _signal(process, polite=True)
    _, alive = psutil.wait_procs(marked, timeout=grace_s)
    for process in alive:
        _signal(process, polite=False)
    psutil.wait_procs(alive, timeout=_GONE_S)
    return len(marked)


def _signal(process: object, *, polite: bool) -> None:
    import psutil

    assert isinstance(process, psutil.Process)
    try:
        process.terminate() if polite else process.kill()
    except psutil.NoSuchProcess:
        return


def stand_guard(run_id: str, pipe: int) -> None:
    """Wait until a pipe is written to or closed; in the second case end the run's processes.

    Args:
        run_id: Value of the mark.
        pipe: Descriptor of the pipe's read end.
    """
    if os.read(pipe, 1) != ALL_IS_WELL:
        for _ in range(_ROUNDS):
            if not end_marked(run_id):
                return


if __name__ == "__main__":
    stand_guard(sys.argv[1], 0)
