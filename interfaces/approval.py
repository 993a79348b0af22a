"""Asks a person whether a call may be carried out: y/a/p/n/e/?, with what it would change."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

import anyio

from ..kernel.errors import InterruptedRunError
from ..kernel.tools import JsonObject
from .permission_gate import NO, Answer, Question
from .plain_text import one_line, printable, say
from .render import describe_call
from .saved_rules import rules_file
from .shell.line_editor import ESCAPED
from .undo_view import coloured

_SHOWN = 30
"""Lines of a change that are shown before the whole is asked for."""
_LARGEST = 2**20
"""Bytes of a file that is compared."""


class Ask(Protocol):
    """Asks one question; raises InterruptedRunError if the person wants to stop."""

    def __call__(self, question: str, default: str = "") -> Awaitable[str]:
        """Ask, with something that stands in the answer already; return the answer."""
        ...


class Approver:
    """Asks about calls, one after the other.

    Args:
        ask: Asks the person.
        interrupt: Stops the run whose call it is.
        call: Calls the person, who may look elsewhere, with one sentence.
    """

    def __init__(
        self,
        ask: Ask,
        interrupt: Callable[[], object],
        call: Callable[[str], object] = str,
    ) -> None:
        self._ask = ask
        self._interrupt = interrupt
        self._call = call
        self._turn = anyio.Lock()

    async def __call__(self, question: Question) -> Answer:
        """Ask whether a call may be carried out; return what the person says."""
        async with self._turn:
            try:
                return await self._asked(question)
            except InterruptedRunError:
                self._interrupt()
                return NO

    async def _asked(self, question: Question) -> Answer:
        change = await anyio.to_thread.run_sync(
            proposed_change, question.call.name, question.call.input
        )
        say(f"{describe_call(question.call.name, question.call.input)}", sys.stderr)
        say(f"  {one_line(question.reason, 200)}", sys.stderr)
        _show(change[:_SHOWN])
        if len(change) > _SHOWN:
            say(f"  ({len(change) - _SHOWN} more lines; ? shows them)", sys.stderr)
        self._call("a goal waits for your answer")
        while True:
            said = await self._ask(f"do it? [{_letters(question)}] ")
            if said == ESCAPED:
                return NO
            letter, _, comment = said.partition(" ")
            match letter.lower():
                case "y" | "yes":
                    return Answer("once")
                case "a":
                    return Answer("session")
                case "p" if question.rules:
                    return Answer("always")
                case "n" | "no" | "":
                    return Answer("no", comment=comment.strip())
                case "e" if question.editable:
                    return await self._edited(question)
                case _:
                    say(_explained(question), sys.stderr)
                    _show(change)

    async def _edited(self, question: Question) -> Answer:
        before = str(question.call.input.get("command", ""))
        after = await self._ask("command: ", before)
        if after in ("", ESCAPED, before):
            return Answer("once") if after == before else NO
        return Answer("once", given={**question.call.input, "command": after})


def proposed_change(tool: str, given: JsonObject) -> list[str]:
    """Return the lines of a diff of what a call would change; none if that is not known. Blocks.

    Args:
        tool: The tool's name.
        given: Its input, with absolute paths.
    """
    if tool not in ("Write", "Edit"):
        return []
    path = Path(str(given.get("file_path", "")))
    try:
        before = _text_of(path)
    except FileNotFoundError:
        before = None
    except (OSError, ValueError) as error:
        return [f"  what stands there cannot be shown: {error}"]
    if tool == "Write":
        after = str(given.get("content", ""))
    else:
        old, new = str(given.get("old_string", "")), str(given.get("new_string", ""))
        text = before or ""
        if old and old not in text:
            return ["  the text to be replaced is not in the file: the edit will fail"]
        after = text.replace(old, new, -1 if given.get("replace_all") else 1) if old else new
    shown = os.path.relpath(path)
    names = ("/dev/null" if before is None else f"a/{shown}", f"b/{shown}")
    lines = difflib.unified_diff(
        (before or "").splitlines(), after.splitlines(), *names, lineterm=""
    )
    return [printable(line) for line in lines]


def _text_of(path: Path) -> str:
    if not path.exists():
        raise FileNotFoundError(path)
    if not path.is_file():
        raise ValueError("it is no regular file")
    with path.open("rb") as file:
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise ValueError("it is larger than 1 MB")
    return data.decode("utf-8", "replace")


def _show(lines: list[str]) -> None:
    if lines:
        say(coloured(lines), sys.stderr)


def _letters(question: Question) -> str:
    return "/".join(
        [
            "y",
            "a",
            *(["p"] if question.rules else []),
            "n",
            *(["e"] if question.editable else []),
            "?",
        ]
    )


def _explained(question: Question) -> str:
    lines = [
        "  y  yes, this once",
        "  a  yes, and the same call for the rest of this session",
    ]
    if question.rules:
        rules = ", ".join(map(printable, question.rules))
        lines.append(f"  p  always: saves {rules} in {rules_file()}")
    else:
        lines.append("  (p, always, is not offered: no rule could say it safely)")
    lines.append("  n  no (also Esc); what you write behind it is told to the model")
    if question.editable:
        lines.append("  e  edit the command, then do it")
    lines += ["  Ctrl-C stops the goal", f"  {question.call.name}:"]
    for name, value in question.call.input.items():
        text = printable(str(value))
        lines += [f"    {name}: {text}"] if "\n" not in text else [f"    {name}:", _indented(text)]
    return "\n".join(lines)


def _indented(text: str) -> str:
    return "\n".join(f"      {line}" for line in text.splitlines())
