"""Glob and Grep as the CLI's tools of these names do it (CLI 2.1, which uses ripgrep).

Patterns run on RE2, whose syntax is nearly ripgrep's and whose time is linear. What would mean
something else there, or depends on what is not known here, is refused, and a refusal is drift.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..processes import run_process
from ..tools import Effect, JsonObject, ToolResult, ToolSession
from .globs import glob_regex
from .grep import GrepError, grep_files
from .inputs import absolute, denied, inside, not_there, validated
from .search_inputs import GLOB, GREP, GlobInput

_MOST_FILES = 100
_GIT_S = 30.0
_IGNORE_FILES = (".ignore", ".rgignore")


class GlobDriver:
    """Finds files by a pattern, the oldest first."""

    name = "Glob"
    effect = Effect.READ
    fingerprint = ""

    def run(self, input: JsonObject, session: ToolSession) -> ToolResult:
        """Carry out one call."""
        given = validated(self.name, GLOB, input)
        if isinstance(given, ToolResult):
            return given
        return _glob(given, session)


class GrepDriver:
    """Searches files by a regular expression."""

    name = "Grep"
    effect = Effect.READ
    fingerprint = ""

    def run(self, input: JsonObject, session: ToolSession) -> ToolResult:
        """Carry out one call."""
        given = validated(self.name, GREP, input)
        if isinstance(given, ToolResult):
            return given
        path = session.cwd if given.path is None else absolute(given.path, session)
        if not inside(path, session):
            return denied("read from", path)
        if not _exists(path):
            return _failed(not_there(session, f"Path does not exist: {given.path}."))
        try:
            files = _not_ignored(_below(path, session), path, session)
            checked = _one_by_one(files, session)
            return ToolResult(grep_files(checked, given, path, session.cwd))
        except GrepError as error:
            return _failed(str(error))


@dataclass(frozen=True, slots=True)
class _Found:
    path: str
    mtime_ns: int


def _glob(given: GlobInput, session: ToolSession) -> ToolResult:
    root = session.cwd if given.path is None else absolute(given.path, session)
    if not inside(root, session):
        return denied("read from", root)
    if not root.is_dir():
        return _failed(not_there(session, f"Directory does not exist: {given.path}."))
    pattern = given.pattern
    if pattern.startswith("/"):
        return _failed("an absolute pattern is not carried out in a replay")
    negated = pattern.startswith("!")
    regex = glob_regex(pattern.removeprefix("!"))
    found = sorted(
        (
            one
            for one in _files(root, session)
            if regex is not None and (regex.match(one.path) is not None) != negated
        ),
        key=lambda one: (one.mtime_ns, one.path),
    )
    if len(found) > _MOST_FILES:
        return _failed(f"more than {_MOST_FILES} files match; which are shown cannot be compared")
    names = [_shown(root / one.path, session.cwd) for one in found]
    return ToolResult("\n".join(names) or "No files found")


def _files(root: Path, session: ToolSession) -> Iterator[_Found]:
    """Yield every regular file below a folder, links not followed."""
    pending = [""]
    while pending:
        session.check_cancelled()
        inner = pending.pop()
        try:
            with os.scandir(root / inner) as scan:
                entries = list(scan)
        except (PermissionError, FileNotFoundError):
            continue
        for entry in entries:
            path = f"{inner}/{entry.name}" if inner else entry.name
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in (".git", ".svn", ".hg", ".bzr", ".jj", ".sl"):
                    pending.append(path)
            elif entry.is_file(follow_symlinks=False):
                yield _Found(path, entry.stat(follow_symlinks=False).st_mtime_ns)


def _one_by_one(files: Sequence[Path], session: ToolSession) -> Iterator[Path]:
    for file in files:
        session.check_cancelled()
        yield file


def _below(path: Path, session: ToolSession) -> list[Path]:
    """Return the files below a path (or the file that it is), sorted by path.

    Raises:
        GrepError: If ripgrep would leave out some of them by rules of its own.
    """
    if not path.is_dir():
        return [path] if path.is_file() else []
    found = [path / one.path for one in _files(path, session)]
    if any(file.name in _IGNORE_FILES for file in found):
        raise GrepError("an ignore file of ripgrep's own is not understood in a replay")
    return sorted(found, key=lambda file: file.relative_to(path).parts)


def _not_ignored(files: list[Path], path: Path, session: ToolSession) -> list[Path]:
    """Return the files that a repository does not ignore; outside a repository, all of them."""
    repository = [one for one in (path, *path.parents) if _exists(one / ".git")]
    if not repository or files == [path]:
        return files
    argv = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        outcome = run_process(
            argv,
            cwd=path,
            env=session.env,
            timeout_s=_GIT_S,
            max_output=2**26,
            check_cancelled=session.check_cancelled,
        )
    except OSError as error:
        raise GrepError(f"git is needed to search a repository: {error}") from None
    if outcome.exit_code != 0 or outcome.left_out:
        raise GrepError("git could not list the files of this repository")
    known = {path / os.fsdecode(name) for name in outcome.output.split(b"\0") if name}
    return [file for file in files if file in known]


def _exists(path: Path) -> bool:
    return os.path.lexists(path)


def _shown(path: Path, cwd: Path) -> str:
    return str(path.relative_to(cwd)) if path.is_relative_to(cwd) else str(path)


def _failed(text: str) -> ToolResult:
    return ToolResult(text, ok=False)
