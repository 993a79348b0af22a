"""Directories as tests compare them: everything that stands in one, with modes, links, contents."""

from __future__ import annotations

import os
import stat
from pathlib import Path

TreeState = dict[str, tuple[int, bytes]]
"""Mode (with the kind) and content of everything, by path."""


def tree_of(root: Path, *, without: str = "") -> TreeState:
    """Return what stands in a directory.

    Args:
        root: The directory.
        without: Name of an entry at its top that is left out.
    """
    found: TreeState = {}
    for path in root.rglob("*"):
        inside = path.relative_to(root)
        if inside.parts[0] == without:
            continue
        mode = path.lstat().st_mode
        content = path.read_bytes() if stat.S_ISREG(mode) else b""
        content = os.fsencode(path.readlink()) if stat.S_ISLNK(mode) else content
        found[inside.as_posix()] = (mode, content)
    return found
