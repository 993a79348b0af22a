"""Paths that no run of llmos may write, whatever is allowed: what is there runs by itself later.

A file in them (a git hook, a shell's start file, an editor's tasks, llmos's own memory) would be
run, or believed, without anybody being asked again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

FOLDERS = frozenset({".git", ".claude", ".vscode", ".idea", ".llmos", ".ssh"})
FILES = frozenset({
    ".mcp.json", ".gitconfig", ".gitmodules", ".ripgreprc", ".envrc", ".netrc",
    ".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".bash_aliases", ".profile",
    ".zshrc", ".zprofile", ".zshenv", ".zlogin", ".zlogout",
    ".kshrc", ".mkshrc", ".cshrc", ".tcshrc", ".login", "config.fish",
})  # fmt: skip
_SPELLING = str.maketrans("", "", "'\"\\")
_REMOVES = r"\brm(?:dir)?\b|\bgit\b.*\bconfig\b"


def links_followed(path: Path) -> Path:
    """Return where a path leads; where a link may not be read, the path as it is.

    Args:
        path: An absolute path.
    """
    try:
        return Path(os.path.realpath(path))
    except OSError:  # another process's working directory, which nobody else can follow either
        return Path(os.path.normpath(path))


class ProtectedPaths:
    """Tells which paths are protected.

    Args:
        cwd: The working directory; of a path inside of it only what follows is looked at.
        own: Absolute paths of llmos's own: its memory, its state, its settings, its plugins.
    """

    def __init__(self, cwd: Path, own: Sequence[Path]) -> None:
        self._cwd = cwd
        # As texts: a replay of a hundred steps compares paths ten thousand times.
        known = dict.fromkeys((*own, *(path.resolve() for path in own)))
        self._own = tuple(f"{path}/" for path in known)
        names = {path.name.casefold() for path in own}
        self._hints = (*FOLDERS, *FILES, *names)

    def reason(self, path: Path) -> str | None:
        """Return why a path must not be written, or None if it may.

        Args:
            path: An absolute path; its links are followed here.
        """
        for one in (Path(os.path.normpath(path)), links_followed(path)):
            # Some file systems do not tell upper case from lower case.
            inside = one.relative_to(self._cwd) if one.is_relative_to(self._cwd) else one
            names = [part.casefold() for part in inside.parts]
            for part in names:
                if part in FOLDERS:
                    return f"what is in {part} is protected: it could run by itself later"
            if names and names[-1] in FILES:
                return f"{names[-1]} is protected: it could run by itself later"
            if f"{one}/".startswith(self._own):
                return "llmos's own files are protected"
        return None

    def may_matter(self, command: str) -> bool:
        """Return whether a command has to be looked at: it may name a protected path, or remove.

        Cheap, and True in doubt.

        What a command puts together while it runs is not seen.

        Args:
            command: The command line.
        """
        plain = command.translate(_SPELLING).casefold()
        if any(hint in plain for hint in self._hints):
            return True
        if "rm" not in plain and "config" not in plain:
            return False
        return re.search(_REMOVES, plain, re.DOTALL) is not None
