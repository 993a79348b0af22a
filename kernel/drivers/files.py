"""Read, Write and Edit as the CLI's tools of these names do it (CLI 2.1).

Write and Edit never leave a half-written file, never follow a link out of the directory in which
llmos was started, and keep a file's mode, byte-order mark and encoding.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from ..reading import read_whole
from ..tools import Effect, JsonObject, ToolResult, ToolSession
from .file_inputs import EDIT, READ, WRITE, EditInput, ReadInput, WriteInput
from .inputs import (
    absolute,
    denied,
    inside,
    not_there,
    tool_error,
    validated,
)
from .text import TextFile, as_written, decode, find_old, recurl

_LARGEST = 256 * 1024
_SNIFFED = 8192
_SAID = 500
_I = TypeVar("_I", ReadInput, WriteInput, EditInput)
_CURRENT = " (file state is current in your context — no need to Read it back)"
_NOT_UTF8 = (
    "\n\n[This file is not valid UTF-8: it uses a legacy encoding such as Windows-1252, Shift-JIS "
    "or GBK, or it is binary. Its undecodable bytes show above as U+FFFD. Edit and Write will "
    "refuse it: change it with a shell command that keeps its encoding, or ask the user whether "
    "to convert it to UTF-8.]"
)
_NO_TEXT = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".pdf", ".ipynb")


class ReadDriver:
    """Reads a text file with numbered lines. Images, PDFs and notebooks are refused."""

    name = "Read"
    effect = Effect.READ
    fingerprint = ""

    def run(self, input: JsonObject, session: ToolSession) -> ToolResult:
        """Carry out one call."""
        given = validated(self.name, READ, input)
        if isinstance(given, ToolResult):
            return given
        return _told(_read, given, session)


class WriteDriver:
    """Writes a whole file."""

    name = "Write"
    effect = Effect.WRITE
    fingerprint = ""

    def run(self, input: JsonObject, session: ToolSession) -> ToolResult:
        """Carry out one call."""
        given = validated(self.name, WRITE, input)
        if isinstance(given, ToolResult):
            return given
        return _told(_write, given, session)


class EditDriver:
    """Replaces a string in a file."""

    name = "Edit"
    effect = Effect.WRITE
    fingerprint = ""

    def run(self, input: JsonObject, session: ToolSession) -> ToolResult:
        """Carry out one call."""
        given = validated(self.name, EDIT, input)
        if isinstance(given, ToolResult):
            return given
        return _told(_edit, given, session)


def _told(
    work: Callable[[_I, ToolSession], ToolResult], given: _I, session: ToolSession
) -> ToolResult:
    """Carry out one call; what the world makes impossible (too long a name, no room) is told."""
    try:
        return work(given, session)
    except (OSError, ValueError, RuntimeError) as error:
        # A NUL in a path is a ValueError, and links in a circle are a RuntimeError.
        said = error.strerror if isinstance(error, OSError) else None
        return _failed(f"{said or error}"[:_SAID])


def _read(given: ReadInput, session: ToolSession) -> ToolResult:
    path = absolute(given.file_path, session)
    if not inside(path, session):
        return denied("read from", path)
    if path.is_dir():
        return _failed(f"EISDIR: illegal operation on a directory, read '{path}'")
    try:
        data = read_whole(path)
    except (FileNotFoundError, NotADirectoryError):
        return _failed(not_there(session))
    except PermissionError:
        return _failed(f"EACCES: permission denied, open '{path}'")
    if given.pages is not None or path.suffix.lower() in _NO_TEXT:
        return _failed("this file is not read as text, which a replay cannot compare")
    if _is_binary(data):
        return tool_error(
            f"This tool cannot read binary files. The file appears to be a binary {path.suffix} "
            "file. Use a skill for this file type if one is available, or a shell command or "
            "script that can read the format."
        )
    if len(data) > _LARGEST and not given.limit and not given.allow_large:
        return _failed(
            f"File content ({_size(len(data))}) exceeds maximum allowed size (256KB). Use offset "
            "and limit parameters to read specific portions of the file, or search for specific "
            "content instead of reading the whole file. To read it anyway, up to what still fits "
            "in your context, call Read again with allow_large: true — only if you genuinely need "
            "all of it or the user asked for the whole file."
        )
    _remember(path, data, session)
    return ToolResult(_numbered(decode(data), given))


def _numbered(file: TextFile, given: ReadInput) -> str:
    if not file.text:
        return _reminder("Warning: the file exists but the contents are empty.")
    lines = file.text.split("\n")
    first = 1 if given.offset is None else given.offset
    start = max(0, first - 1)
    if start >= len(lines):
        return _reminder(
            "Warning: the file exists but is shorter than the provided offset "
            f"({first}). The file has {len(lines)} lines."
        )
    shown = lines[start : start + given.limit] if given.limit else lines[start:]
    text = "\n".join(f"{number}\t{line}" for number, line in enumerate(shown, start=first))
    return text if file.exact else text + _NOT_UTF8


def _write(given: WriteInput, session: ToolSession) -> ToolResult:
    path = absolute(given.file_path, session)
    if path.is_dir():
        return tool_error(
            f"{given.file_path} is a directory, not a file. To create a file inside it, include "
            "the file name in file_path."
        )
    refused = _refused_link(path) or _refused_parent(path, "Write")
    if refused is not None:
        return refused
    if not inside(path, session):
        return denied("write to", path)
    # An existing file that was not read before is overwritten, as by the CLI: that it is the one
    # which the model meant to replace is for the caller to check.
    old = _bytes_of(path)
    content = as_written(path.name, given.content)
    before = TextFile("") if old is None else decode(old)
    data = before.encode(content, keep_line_ends=False)
    failed = _saved(path, data, session)
    if failed is not None:
        return failed
    done = "File created successfully at: {}" if old is None else _UPDATED
    return ToolResult(done.format(given.file_path) + _CURRENT)


_UPDATED = "The file {} has been updated successfully."


def _edit(given: EditInput, session: ToolSession) -> ToolResult:
    path = absolute(given.file_path, session)
    if given.old_string == given.new_string:
        return tool_error("No changes to make: old_string and new_string are exactly the same.")
    if path.is_dir():
        return tool_error(
            "Error calling tool (Edit): EISDIR: illegal operation on a directory, read"
        )
    if path.suffix == ".ipynb":
        return tool_error("a notebook is not edited as text")
    refused = _refused_link(path) or _refused_parent(path, "Edit")
    if refused is not None:
        return refused
    if not inside(path, session):
        return denied("write to", path)
    old = _bytes_of(path)
    if old is None and given.old_string:
        return tool_error(not_there(session))
    seen = old is None or path.resolve() in session.seen_files
    edited = _edited(old or b"", given, exists=old is not None)
    if isinstance(edited, ToolResult):
        return edited
    failed = _saved(path, edited, session)
    if failed is not None:
        return failed
    name = given.file_path
    done = (
        f"The file {name} has been updated. All occurrences were successfully replaced."
        if given.replace_all
        else _UPDATED.format(name)
    )
    return ToolResult(done + (_CURRENT if seen else ""))


def _edited(data: bytes, given: EditInput, *, exists: bool) -> bytes | ToolResult:
    file = decode(data)
    if file.encoding == "utf-8" and b"\0" in data[:_SNIFFED]:
        return tool_error(_NUL_BYTES)
    if not file.exact:
        return tool_error("the file is not valid UTF-8, so nothing was written")
    old, new = given.old_string, _stripped_edit(given)
    if not old:
        if exists and file.text.strip():
            return tool_error("Cannot create new file - file already exists.")
        return file.encode(new, keep_line_ends=True)
    found = find_old(file.text, old)
    if found is None:
        return tool_error(f"String to replace not found in file.\nString: {old}")
    count = file.text.count(found)
    if count > 1 and not given.replace_all:
        return tool_error(
            f"Found {count} matches of the string to replace, but replace_all is false. To "
            "replace all occurrences, set replace_all to true. To replace only one occurrence, "
            "please provide more context to uniquely identify the instance."
            f"\nString: {old}"
        )
    new = recurl(found, old, new)
    if not new and not found.endswith("\n") and found + "\n" in file.text:
        found += "\n"
    changed = file.text.replace(found, new, -1 if given.replace_all else 1)
    return file.encode(changed, keep_line_ends=True)


_NUL_BYTES = (
    "File has NUL bytes in its first 8 KB: binary data, UTF-16/UTF-32 without a byte-order mark, "
    "or text with embedded NULs. These tools write UTF-8 (or UTF-16LE behind its byte-order mark) "
    "and never convert a file's encoding on their own, so nothing was written. If the file is "
    "text, make the change with a shell command that reads and writes it in its own encoding "
    "(iconv, or PowerShell Get-Content/Set-Content -Encoding), or ask the user whether to convert "
    "it to UTF-8 first. To replace the whole file with new UTF-8 text anyway, delete it first, "
    "then Write it."
)


def _stripped_edit(given: EditInput) -> str:
    return as_written(given.file_path, given.new_string)


def _refused_link(path: Path) -> ToolResult | None:
    if not path.is_symlink():
        return None
    target = os.path.normpath(path.parent / path.readlink())
    return _failed(
        f"Refusing to write {path}: it is a symbolic link. Write to the link's target path "
        f"instead: {target}."
    )


def _refused_parent(path: Path, tool: str) -> ToolResult | None:
    for parent in path.parents:
        if parent.is_dir():
            return None
        if parent.exists():
            return tool_error(
                f"Error calling tool ({tool}): ENOTDIR: not a directory, stat '{path}'"
            )
    return None


def _saved(path: Path, data: bytes, session: ToolSession) -> ToolResult | None:
    """Write a file; return the failure if the disk, a mode or a limit does not allow it."""
    try:
        _save(path, data, session)
    except OSError as error:
        code = errno.errorcode.get(error.errno or 0, "EIO")
        return _failed(f"{code}: {(error.strerror or str(error)).lower()}, write '{path}'")
    return None


def _save(path: Path, data: bytes, session: ToolSession) -> None:
    """Write a file whole or not at all, with its old mode, through a parent that is pinned."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # The parent is opened once and everything happens relative to it, so that a link that is
    # swapped in meanwhile cannot lead the write out of the directory.
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    temporary = f".tmp-{os.getpid()}-{os.urandom(6).hex()}"
    try:
        opened = _path_of(folder)
        if not opened.is_relative_to(session.start_dir.resolve()):
            raise PermissionError(f"{path} leads out of the working directory")
        descriptor = os.open(
            temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666, dir_fd=folder
        )
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                mode = _mode_of(path.name, folder)
                if mode is not None:
                    os.fchmod(file.fileno(), mode)
            os.replace(temporary, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            os.unlink(temporary, dir_fd=folder)
            raise
    finally:
        os.close(folder)
    _remember(path, data, session)


def _path_of(descriptor: int) -> Path:
    """Return where an open folder really is."""
    linked = Path(f"/proc/self/fd/{descriptor}")
    if linked.exists():
        return linked.readlink()
    import fcntl

    # macOS has no /proc, and a call of its own for this.
    return Path(os.fsdecode(fcntl.fcntl(descriptor, 50, bytes(1024)).rstrip(b"\0")))


def _mode_of(name: str, folder: int) -> int | None:
    try:
        return stat.S_IMODE(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return None


def _bytes_of(path: Path) -> bytes | None:
    try:
        return read_whole(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _remember(path: Path, data: bytes, session: ToolSession) -> None:
    session.seen_files[path.resolve()] = hashlib.sha256(data).hexdigest()


def _is_binary(data: bytes) -> bool:
    return b"\0" in data[:_SNIFFED] and decode(data).encoding == "utf-8"


def _size(count: int) -> str:
    return f"{count / 1024:.1f}".removesuffix(".0") + "KB"


def _reminder(text: str) -> str:
    return f"<system-reminder>{text}</system-reminder>"


def _failed(text: str) -> ToolResult:
    return ToolResult(text, ok=False)
