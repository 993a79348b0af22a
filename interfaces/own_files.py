"""The files that this process itself writes to: its log, what its output is redirected to.

In the working directory they grow while a goal runs, which is none of the goal's doing.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

_OPEN_FILES = "/proc/self/fd"


def files_being_written(folder: Path) -> list[Path]:
    """Return the regular files below a folder that this process has open for writing.

    Where the system does not list open files, as outside Linux, there are none to tell.
    """
    try:
        descriptors = os.listdir(_OPEN_FILES)
    except OSError:
        return []
    found: set[Path] = set()
    for one in descriptors:
        try:
            target = os.readlink(f"{_OPEN_FILES}/{one}")  # noqa: PTH115
            writes = fcntl.fcntl(int(one), fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY
        except OSError:  # the one by which the folder was listed is closed again
            continue
        if writes and target.startswith(f"{folder}/"):
            found.add(Path(target))
    return sorted(found)
