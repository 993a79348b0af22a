"""A folder with everything in it that a user could lose."""

from __future__ import annotations

import stat
from pathlib import Path


def tree_of(folder: Path) -> dict[str, tuple[str, int, bytes]]:
    """Return every entry below a folder: kind, permission bits, bytes or target."""
    found: dict[str, tuple[str, int, bytes]] = {}
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        name = path.relative_to(folder).as_posix()
        if stat.S_ISLNK(mode):
            found[name] = ("link", 0, str(path.readlink()).encode())
        elif stat.S_ISDIR(mode):
            found[name] = ("folder", stat.S_IMODE(mode), b"")
        else:
            found[name] = ("file", stat.S_IMODE(mode), path.read_bytes())
    return found
