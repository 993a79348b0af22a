"""Where the result of a command goes: standard output, or a file that appears whole at the end."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NamedTuple

from ..kernel.errors import UsageError
from ..kernel.json_value import JsonValue
from .plain_text import printable
from .streams import OutputLostError, as_json_line, print_data


class Output:
    """Takes the result of a command.

    While plugins are loaded standard output is theirs in name only; so the stream is taken once.

    Args:
        path: The file of ``-o``, or None for standard output.

    Raises:
        UsageError: If a file cannot be made there.
    """

    def __init__(self, path: str | None = None) -> None:
        self._stream = sys.stdout
        self._target = None if path is None else _target(path)
        self._lines: list[str] = []

    def isatty(self) -> bool:
        """Return whether a person sees what is taken."""
        return self._target is None and self._stream.isatty()

    def text(self, text: str) -> None:
        """Take text for people; on a terminal nothing in it commands the terminal.

        Raises:
            OutputLostError: If standard output cannot be written.
        """
        self._take(printable(text) if self.isatty() else text)

    def json(self, data: JsonValue) -> None:
        """Take one line of JSON.

        Raises:
            OutputLostError: If standard output cannot be written.
        """
        self._take(as_json_line(data, "utf-8" if self._target else self._stream.encoding))

    def close(self) -> None:
        """Save what was taken if it goes to a file, which then holds all of it or is as it was.

        Raises:
            OutputLostError: If it cannot be written.
        """
        if self._target is None or not self._lines:
            return
        from ..kernel.atomic import atomic_save

        data = "".join(self._lines).encode("utf-8", "backslashreplace")
        try:
            atomic_save(self._target.path, data, mode=self._target.mode)
        except OSError as error:
            said = f"{self._target.path} cannot be written: {error.strerror}"
            raise OutputLostError(said, quietly=False) from None

    def _take(self, text: str) -> None:
        if self._target is None:
            print_data(text, self._stream)
        else:
            self._lines.append(text if text.endswith("\n") else text + "\n")


class _Target(NamedTuple):
    path: Path
    mode: int


def _target(given: str) -> _Target:
    """Find out before anything is paid for whether a file can be written."""
    path = Path(given)
    try:
        path = path.resolve()
        if path.is_file():
            mode = path.stat().st_mode & 0o777
            writable = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK | os.X_OK)
        elif path.exists():
            raise UsageError(f"-o {given} is no regular file", hint="without -o it goes to stdout")
        else:
            mask = os.umask(0)
            os.umask(mask)
            mode = 0o666 & ~mask
            writable = path.parent.is_dir() and os.access(path.parent, os.W_OK | os.X_OK)
    except (OSError, ValueError) as error:
        raise UsageError(f"-o {given} cannot be used: {error}") from None
    if not writable:
        raise UsageError(f"-o {given} cannot be written", hint="name a file in a folder of yours")
    return _Target(path, mode)
