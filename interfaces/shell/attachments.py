"""``@path`` in a goal: the file's text becomes part of the goal.

Because it is part of the goal, all that is said of goals holds for it: another text is another
goal, and what was learned from one does not answer the other. White space and case of the text
count as well, which they do not in a goal's words: the block says the hash of the file's bytes.
"""

from __future__ import annotations

import hashlib
import re
import stat
from collections.abc import Callable
from pathlib import Path

from ...kernel.errors import UsageError
from ...kernel.record import Record
from ..pinned import PIN

_LARGEST = 64 * 2**10
"""Bytes of all that a goal may have attached."""
_MENTION = re.compile(r"(?<![\w@\"'`/.])@(\"[^\"\n]+\"|[^\s\"'`,;:()\[\]{}<>]+)")
_PINS = re.compile(rf"(?<!\S){PIN}")
_OUTPUT = "!"
"""The mention of what the last ``!command`` printed."""


class Output(Record):
    """What a command printed.

    Attributes:
        command: The command.
        exit_code: Its exit code.
        text: What it printed.
    """

    command: str
    exit_code: int
    text: str


def mentions(line: str) -> list[str]:
    """Return what a line mentions by ``@``, in order, each once."""
    found = (one.group(1) for one in _MENTION.finditer(line))
    return list(dict.fromkeys(found))


def with_attachments(
    line: str,
    cwd: Path,
    forbids: Callable[[Path], str | None],
    outputs: list[Output],
    *,
    always: bool = False,
) -> str:
    """Return a goal with the texts of the files that it mentions. Blocks.

    Args:
        line: The goal as it was typed.
        cwd: The working directory.
        forbids: Says why a file must not be read, or returns None.
        outputs: What commands have printed since the last goal; ``@!`` mentions the last one.
        always: Whether all of them go with the goal, mentioned or not.

    Raises:
        UsageError: If a file that is mentioned cannot be attached.
    """
    blocks: list[str] = []
    if _PINS.search(line):
        raise UsageError(
            f"{PIN}ID begins a line", hint=f"as in {PIN}75a1 path=b.csv: only that trace is run"
        )
    for mention in mentions(line):
        if mention.rstrip(".?") == _OUTPUT:
            if not outputs:
                raise UsageError("@! stands for what a command printed: run one first, as in !ls")
            blocks.append(_output_block(outputs[-1]))
            continue
        path = _path(mention.strip('"'), cwd, quoted=mention.startswith('"'))
        if path is not None:
            blocks.append(_file_block(path, cwd, forbids))
    if always:
        blocks.extend(one for one in map(_output_block, outputs) if one not in blocks)
    if sum(map(len, blocks)) > _LARGEST:
        raise UsageError(
            f"what is attached is larger than {_LARGEST // 1024} KB",
            hint="name the file without @: the model reads what it needs of it",
        )
    return "\n\n".join([line.strip(), *blocks])


def _path(named: str, cwd: Path, *, quoted: bool) -> Path | None:
    """Return the file that is mentioned; None if the word names no file."""
    for name in (named, named.rstrip(".?!")):
        path = cwd / Path(name).expanduser()
        if path.exists():
            return path
    if quoted or "/" in named or "." in named.strip("."):
        raise UsageError(f"there is no file {named!r}", hint="@ attaches a file; Tab completes")
    return None


def _file_block(path: Path, cwd: Path, forbids: Callable[[Path], str | None]) -> str:
    shown = path.relative_to(cwd) if path.is_relative_to(cwd) else path
    why = forbids(path)
    if why is not None:
        raise UsageError(f"{shown} cannot be attached: {why}")
    try:
        kind = path.stat().st_mode
        if stat.S_ISDIR(kind):
            raise UsageError(f"{shown} is a folder", hint="name a file in it")
        if not stat.S_ISREG(kind):
            raise UsageError(f"{shown} is no regular file")
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{shown} cannot be read: {error.strerror}") from None
    if len(data) > _LARGEST:
        raise UsageError(
            f"{shown} is larger than {_LARGEST // 1024} KB",
            hint="name it without @: the model reads what it needs of it",
        )
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise UsageError(f"{shown} is no text", hint="name it without @")
    return _block("file", f'path="{shown}"', text)


def _output_block(output: Output) -> str:
    command = output.command.replace('"', "'")
    return _block("output", f'command="{command}" exit="{output.exit_code}"', output.text)


def _block(kind: str, about: str, text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    end = "" if text.endswith("\n") or not text else "\n"
    return f'<{kind} {about} sha256="{digest}">\n{text}{end}</{kind}>'
