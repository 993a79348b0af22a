"""``trace export|import|validate|edit|path``: traces as files."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio.to_thread

from ..kernel.atomic import atomic_save
from ..kernel.errors import LlmosError, TraceError, UsageError, WorkspaceError
from ..kernel.json_value import JsonValue
from ..memory.codec import SignedTrace, encode, read_trace
from .command_context import CommandRequest, Context, Said
from .plain_text import printable, say
from .system import System
from .trace_export import FORMS, exported


async def path_of_trace(context: Context, request: CommandRequest) -> Said:
    """Give the folder of the traces, or the file of one."""
    store = context.system.traces

    def find() -> str:
        if not request.words:
            return os.fspath(store.folder)
        return os.fspath(store.path_of(store.resolve(request.words[0])))

    found = await anyio.to_thread.run_sync(find)
    return Said(found, json=found)


async def export_trace(context: Context, request: CommandRequest) -> Said:
    """Give a trace in another form."""
    form = request.options.to or "json"
    if form not in FORMS:
        raise UsageError(f"--to cannot be {form!r}", hint=f"it is one of {', '.join(FORMS)}")
    work = partial(_exported, context.system, request.words[0], form, request.options.output)
    return await anyio.to_thread.run_sync(work)


async def import_traces(context: Context, request: CommandRequest) -> Said:
    """Take trace files in; they do not run until they are allowed."""
    work = partial(_imported, context.system, request.words)
    return await anyio.to_thread.run_sync(work)


async def validate_files(_context: Context, request: CommandRequest) -> Said:
    """Say of files whether they are traces."""
    return await anyio.to_thread.run_sync(_validated, request.words)


async def edit_trace(context: Context, request: CommandRequest) -> Said:
    """Edit a copy of a trace; it becomes a trace of its own."""
    copy = await anyio.to_thread.run_sync(_copied, context.system, request.words[0])
    async with context.aside():
        # An editor that was begun is waited for: it has the terminal.
        await anyio.to_thread.run_sync(_in_editor, copy)
    return await anyio.to_thread.run_sync(_taken_over, context.system, copy)


def _exported(system: System, prefix: str, form: str, output: str | None) -> Said:
    store = system.traces
    trace_id = store.resolve(prefix)
    trace = store.read_signed(trace_id).trace
    if form == "json":
        text = encode(trace, None).decode("utf-8")
    else:
        text = exported(trace_id, trace, form, os.fspath(system.cwd))
    if output is None:
        return Said(text, json={"trace_id": trace_id, "form": form, "text": text})
    path = system.cwd / output
    if path.exists():
        raise UsageError(f"{path} is there already", hint="name another file")
    try:
        atomic_save(path, text.encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
    said = os.fspath(path)
    return Said(f"written to {printable(said)}", json={"trace_id": trace_id, "file": said})


def _imported(system: System, names: tuple[str, ...]) -> Said:
    # All are read before one is taken in, so that a broken one leaves nothing half done. They are
    # not kept, since they may be many.
    for name in _watched(system, "reading traces", names):
        _read(system.cwd / name)
    taken = [
        _taken_in(system, _read(system.cwd / name))
        for name in _watched(system, "taking traces in", names)
    ]
    told = [
        f"{trace_id}: {'may run' if may_run else f'llmos trace allow {trace_id} lets it run'}"
        for trace_id, may_run in taken
    ]
    return Said(
        "\n".join(told),
        json=[{"trace_id": trace_id, "may_run": may_run} for trace_id, may_run in taken],
    )


def _watched(system: System, what: str, names: Sequence[str]) -> Iterator[str]:
    for number, name in enumerate(names, 1):
        yield name
        if system.traces.watch is not None:
            system.traces.watch(what, number, len(names))


def _taken_in(system: System, signed: SignedTrace) -> tuple[str, bool]:
    trace_id = system.traces.put_foreign(signed.trace)
    return trace_id, system.trust.vouches_for(system.traces.read_signed(trace_id))


def _validated(names: tuple[str, ...]) -> Said:
    rows: list[JsonValue] = []
    lines: list[str] = []
    wrong = False
    for name in names:
        try:
            trace_id = _read(Path(name)).trace_id
            rows.append({"file": name, "valid": True, "trace_id": trace_id})
            lines.append(f"{printable(name)}: valid, {trace_id}")
        except LlmosError as error:
            wrong = True
            rows.append({"file": name, "valid": False, "reason": error.message})
            lines.append(printable(error.message))
    return Said("\n".join(lines), json=rows, exit_code=2 if wrong else 0)


def _copied(system: System, prefix: str) -> Path:
    """Write what is edited: a file of its own, named for the trace."""
    _editor()
    trace_id = system.traces.resolve(prefix)
    trace = system.traces.read_signed(trace_id).trace
    copy = Path(tempfile.mkdtemp(prefix="llmos-edit-")) / f"{trace_id}.json"
    atomic_save(copy, encode(trace, None))
    return copy


def _editor() -> str:
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        raise UsageError("no editor is named", hint="set VISUAL or EDITOR")
    return editor


def _in_editor(copy: Path) -> None:
    editor = _editor()
    try:
        done = subprocess.run([*shlex.split(editor), os.fspath(copy)], check=False)
    except (OSError, ValueError) as error:
        raise UsageError(f"the editor {editor!r} cannot be run: {error}") from None
    if done.returncode != 0:
        raise UsageError(f"the editor ended with {done.returncode}; nothing was changed")


def _taken_over(system: System, copy: Path) -> Said:
    store, trace_id = system.traces, copy.stem
    trace = store.read_signed(trace_id).trace
    try:
        edited = read_trace(copy).trace
        # It is another trace: what was known of the old one is not known of it.
        changed = edited != trace
        new_id = store.put_foreign(replace(edited, tools=trace.tools)) if changed else trace_id
    except TraceError as error:
        raise TraceError(
            f"what you wrote is no trace: {error.message}", hint=f"it is kept in {copy}"
        ) from None
    copy.unlink()
    copy.parent.rmdir()
    if not changed:
        return Said("nothing was changed", json={"trace_id": trace_id, "changed": False})
    say(f"{trace_id} stays as it is; llmos trace rm {trace_id} removes it", sys.stderr)
    return Said(
        f"{new_id}: llmos trace allow {new_id} lets it run",
        json={"trace_id": new_id, "from": trace_id, "changed": True},
    )


def _read(path: Path) -> SignedTrace:
    try:
        return read_trace(path)
    except TraceError as error:
        raise TraceError(f"{path}: {error.message}", hint=error.hint) from None
    except OSError as error:
        raise WorkspaceError(f"{path} cannot be read: {error.strerror}") from None
