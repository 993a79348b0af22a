"""Ends the processes that an aborted run left behind.

A run's processes carry a mark in their environment, which children inherit: a process that was
reparented when its parent died is still found.
"""

from __future__ import annotations

import os

MARK = "LLMOS_RUN_ID"
"""Name of the environment variable that marks every process of a run."""
_GONE_S = 10.0
"""Seconds that a killed process has to disappear; a large one on a busy machine takes its time."""


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
