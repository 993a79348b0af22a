"""The shell's history: one file for all shells of a user, appended to in single writes.

It is prompt-toolkit's format: lines that begin with ``#`` say when, in which session and in which
directory an entry was typed, lines that begin with ``+`` are the entry.
"""

from __future__ import annotations

import enum
import json
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from prompt_toolkit.auto_suggest import AutoSuggest, Suggestion
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.history import History

from ...kernel.atomic import append_record, make_private_dir
from ...kernel.record import Record

_MOST = 10_000
"""Entries that are looked through."""
_LARGEST = 16 * 2**20
"""Bytes of the file's end that are read."""


class Scope(enum.Enum):
    """Which entries a search looks through."""

    ALL = "all"
    DIRECTORY = "this directory"
    SESSION = "this session"


class Entry(Record):
    """One entry.

    Attributes:
        text: What was typed.
        session: In which session.
        directory: In which working directory.
    """

    text: str
    session: str = ""
    directory: str = ""


class ShellHistory(History):
    """What was typed, in this shell and in others.

    Args:
        path: The file.
        session: Id of this session.
        directory: The working directory.
        secret: Whether a text holds a secret, and so is not stored.
        whole: Gives the whole text of one in which pasted texts were shortened.
    """

    def __init__(
        self,
        path: Path,
        *,
        session: str,
        directory: Path,
        secret: Callable[[str], bool],
        whole: Callable[[str], str] = str,
    ) -> None:
        super().__init__()
        self.scope = Scope.ALL
        self._path = path
        self._session = session
        self._directory = os.fspath(directory)
        self._secret = secret
        self._whole = whole
        self._entries: list[Entry] | None = None

    def load_history_strings(self) -> Iterable[str]:
        """Yield the entries of the scope, newest first."""
        return (one.text for one in reversed(self._all()) if self._within(one))

    def append_string(self, string: str) -> None:
        """Take what was typed; one that begins with a space is forgotten with this shell."""
        text = self._whole(string)
        self._all().append(Entry(text, self._session, self._directory))
        super().append_string(text)

    def store_string(self, string: str) -> None:
        """Append an entry to the file."""
        if string.startswith(" ") or self._secret(string) or not string.strip():
            return
        about = json.dumps({"session": self._session, "directory": self._directory})
        lines = "".join(f"+{line}\n" for line in string.split("\n"))
        moment = datetime.now(UTC).isoformat(timespec="seconds")
        make_private_dir(self._path.parent)
        data = f"\n# {moment} {about}\n{lines}".encode("utf-8", "backslashreplace")
        append_record(self._path, data)

    def cycle(self) -> Scope:
        """Go to the next scope; what other shells have stored meanwhile is seen from now on."""
        scopes = list(Scope)
        self.scope = scopes[(scopes.index(self.scope) + 1) % len(scopes)]
        self.reload()
        return self.scope

    def reload(self) -> None:
        """Look again at what is stored, within the scope."""
        kept = [] if self._entries is None else self._unstored()
        self._entries = [*_read(self._path), *kept]
        self._loaded_strings = list(self.load_history_strings())
        self._loaded = True

    def newest(self, prefix: str) -> str | None:
        """Return the newest entry that begins so and goes on, or None."""
        for one in reversed(self._all()):
            if one.text.startswith(prefix) and len(one.text) > len(prefix):
                return one.text
        return None

    def _unstored(self) -> list[Entry]:
        """Return what this shell knows and the file does not."""
        return [
            one
            for one in self._all()
            if one.session == self._session and (one.text[:1] == " " or self._secret(one.text))
        ]

    def _all(self) -> list[Entry]:
        if self._entries is None:
            self._entries = list(_read(self._path))
        return self._entries

    def _within(self, entry: Entry) -> bool:
        if self.scope is Scope.SESSION:
            return entry.session == self._session
        return self.scope is Scope.ALL or entry.directory == self._directory


class NewestSuggestion(AutoSuggest):
    """Suggests the newest entry that begins with what is typed.

    Args:
        history: The entries.
    """

    def __init__(self, history: ShellHistory) -> None:
        self._history = history

    def get_suggestion(self, buffer: Buffer, document: Document) -> Suggestion | None:
        """Return the rest of the newest entry that begins so."""
        text = document.text
        if not text.strip() or "\n" in text:
            return None
        found = self._history.newest(text)
        # Of an entry of several lines the first is enough to know it by.
        return None if found is None else Suggestion(found[len(text) :].split("\n", 1)[0])


def _read(path: Path) -> list[Entry]:
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _LARGEST))
            text = file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return []
    return list(_parse(text))[-_MOST:]


def _parse(text: str) -> Iterator[Entry]:
    lines: list[str] = []
    session = directory = ""
    for line in text.split("\n"):
        if line.startswith("+"):
            lines.append(line[1:])
            continue
        if lines:
            yield Entry("\n".join(lines), session, directory)
            lines = []
        if line.startswith("#"):
            session, directory = _about(line)
    if lines:
        yield Entry("\n".join(lines), session, directory)


def _about(line: str) -> tuple[str, str]:
    """Return session and directory of an entry; empty for one of an older llmos."""
    _, brace, rest = line.partition("{")
    try:
        about = json.loads(brace + rest)
        return str(about["session"]), str(about["directory"])
    except (ValueError, KeyError, TypeError):
        return "", ""
