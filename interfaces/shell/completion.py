"""Completes what is typed: commands with their help, their words, ``@paths``, traces, paths."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from ...kernel.record import Record
from ..pinned import PIN
from ..plain_text import one_line

_MOST = 200
"""Entries of a folder, or traces, that are offered."""


class CommandWord(Record):
    """A command as it is completed.

    Attributes:
        name: With its slash.
        help: What it does.
        takes: What its first word is: a key of the values, or empty.
    """

    name: str
    help: str
    takes: str = ""


Values = Mapping[str, Callable[[], Iterable[tuple[str, str]]]]
"""By kind: gives the words there are, each with what it stands for. Called in a worker thread."""


class ShellCompleter(Completer):
    """Completes commands, their words, and paths.

    Args:
        commands: The commands.
        values: What the words of commands may be.
        cwd: The working directory.
    """

    def __init__(self, commands: Iterable[CommandWord], values: Values, cwd: Path) -> None:
        self._commands = list(commands)
        self._values = values
        self._cwd = cwd

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterator[Completion]:
        """Yield what could be meant."""
        before = document.text_before_cursor
        if before.startswith("/") and "\n" not in before:
            yield from self._of_commands(before, asked=complete_event.completion_requested)
            return
        word = before.replace("\n", " ").rpartition(" ")[2]
        if word.startswith('@"'):
            yield from self._paths(word[2:], f'@"{word[2:]}')
        elif word.startswith("@"):
            yield from self._paths(word[1:], word)
            if word == before:
                yield from self._pins(word)
        elif word and complete_event.completion_requested:
            yield from self._paths(word, word)

    def _of_commands(self, before: str, *, asked: bool) -> Iterator[Completion]:
        typed = [one for one in self._commands if one.name.startswith(before)]
        inside = [one for one in self._commands if before[1:] in one.name and one not in typed]
        for one in (*typed, *inside):
            yield Completion(one.name, -len(before), display_meta=one.help)
        command = max(
            (one for one in self._commands if before.startswith(f"{one.name} ")),
            key=lambda one: len(one.name),
            default=None,
        )
        # Unasked they would be looked up at each key, and Tab would have to wait for that.
        if command is None or command.takes not in self._values or not asked:
            return
        yield from self._known(command.takes, before[len(command.name) + 1 :])

    def _pins(self, word: str) -> Iterator[Completion]:
        """Complete what pins a trace, which only the beginning of a line does."""
        if word.startswith(PIN):
            yield from self._known("trace", word.removeprefix(PIN))
        elif PIN.startswith(word):
            yield Completion(PIN, -len(word), display_meta="replay this trace or nothing")

    def _known(self, kind: str, word: str) -> Iterator[Completion]:
        """Complete a word of a kind, by its beginning or by what it stands for."""
        for name, what in self._values[kind]():
            if name.startswith(word) or (word and word.casefold() in what.casefold()):
                yield Completion(name, -len(word), display_meta=one_line(what, 60))

    def _paths(self, typed: str, word: str) -> Iterator[Completion]:
        """Complete a path; `word` is what stands in the line for it."""
        folder, _, begun = typed.rpartition("/")
        base = self._cwd / Path(f"{folder}/" if folder or "/" in typed else ".").expanduser()
        try:
            with os.scandir(base) as entries:
                found = sorted((one.name, one.is_dir()) for one in entries)
        except OSError:
            return  # no such folder: there is nothing to complete
        mention = word.startswith("@")
        shown = 0
        for name, is_folder in found:
            if not name.startswith(begun) or (name.startswith(".") and not begun):
                continue
            whole = f"{folder}/{name}" if "/" in typed else name
            whole += "/" if is_folder else ""
            if mention:
                quoted = word.startswith('@"') or " " in whole
                whole = f'@"{whole}' + ('"' if not is_folder else "") if quoted else f"@{whole}"
            yield Completion(whole, -len(word), display=name + ("/" if is_folder else ""))
            shown += 1
            if shown >= _MOST:
                return
