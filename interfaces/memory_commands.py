"""``llmos memory add|search|list|rm|export|import|embed``: what people have remembered."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import anyio.to_thread

from ..kernel.atomic import atomic_save
from ..kernel.errors import UsageError, WorkspaceError
from ..kernel.json_value import JsonValue
from ..memory.memory_lines import from_lines, to_lines
from ..memory.semantic_tables import Filter, Memory
from ..memory.spaces import Progress
from ..memory.store import LONGEST, Hit, SemanticMemory
from .command_context import CommandRequest, Context, Grid, Said
from .history_commands import count, moment
from .memory_tools import text_of
from .plain_text import one_line, say
from .trace_commands import day

_MOST = 20
_DAY_S = 24 * 3600
_BATCH = 500
_MODES = ("hybrid", "vector", "text")
Done = TypeVar("Done")


async def add(context: Context, request: CommandRequest) -> Said:
    """Remember a text."""
    options, redact = request.options, context.system.redact
    data = sys.stdin.read(LONGEST + 1) if request.words == ("-",) else " ".join(request.words)
    days = count(options.days, 0)
    expires = time.time() + days * _DAY_S if options.days else None
    metadata = _metadata(options.meta)

    def added(memory: SemanticMemory) -> str:
        return memory.add(redact(data), metadata, kind=options.kind or "note", expires_at=expires)

    memory_id = await _with(context, added)
    return Said(f"remembered as {memory_id}", json={"id": memory_id})


async def search(context: Context, request: CommandRequest) -> Said:
    """Search by meaning and by words."""
    options = request.options
    mode = options.mode or "hybrid"
    if mode not in _MODES:
        raise UsageError(f"there is no mode {mode!r}", hint=f"there is: {', '.join(_MODES)}")
    query, wanted, most = " ".join(request.words), _filter(request), count(options.limit, _MOST)

    def found(memory: SemanticMemory) -> list[Hit]:
        return memory.search(query, most, mode=mode, wanted=wanted)

    hits = await _with(context, found)
    rows = [
        (one.memory.id, one.memory.kind, f"{one.score:.2f}", one_line(text_of(one.memory)))
        for one in hits
    ]
    return Said(
        "" if hits else "nothing was found",
        Grid(("id", "kind", "score", "text"), rows, right=(2,)) if hits else None,
        json=[one.to_json() for one in hits],
    )


async def list_memories(context: Context, request: CommandRequest) -> Said:
    """List what is remembered, newest first."""
    wanted, most = _filter(request), count(request.options.limit, _MOST)

    def listed(memory: SemanticMemory) -> tuple[list[Memory], Progress]:
        return memory.newest(most, wanted=wanted), memory.progress()

    found, progress = await _with(context, listed)
    rows = [(one.id, one.kind, day(one.created_at), one_line(text_of(one))) for one in found]
    said = f"{progress.total:,} in all" if found else "nothing is remembered"
    if progress.done < progress.total:
        said += f"; {progress.done:,} of them are embedded by {progress.space}"
    return Said(
        said,
        Grid(("id", "kind", "when", "text"), rows) if found else None,
        json=[one.to_json() for one in found],
    )


async def remove(context: Context, request: CommandRequest) -> Said:
    """Forget memories, or what has expired."""
    if bool(request.words) == request.options.expired:
        raise UsageError("name what is to be forgotten by its id, or give --expired")

    def removed(memory: SemanticMemory) -> int:
        if request.options.expired:
            return memory.expire()
        return memory.delete(*(_resolved(memory, one) for one in request.words))

    gone = await _with(context, removed)
    return Said(f"forgot {gone}", json={"removed": gone})


async def export(context: Context, request: CommandRequest) -> Said:
    """Write all memories as JSON lines, to a file or to stdout."""

    def written(memory: SemanticMemory) -> tuple[str, int]:
        lines = list(to_lines(memory.each()))
        if not request.words:
            return "\n".join(lines), len(lines)
        path = Path(request.words[0])
        try:
            atomic_save(path, "".join(f"{one}\n" for one in lines).encode("utf-8", "replace"))
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror or error}") from None
        return f"wrote {len(lines)} memories to {path}", len(lines)

    text, lines = await _with(context, written)
    if request.as_json and not request.words:
        rows: list[JsonValue] = [json.loads(one) for one in text.splitlines()]
        return Said(json=rows)
    return Said(text, json={"exported": lines})


async def import_lines(context: Context, request: CommandRequest) -> Said:
    """Take in memories from JSON lines; those of a known id replace what was there."""
    redact = context.system.redact

    def taken(memory: SemanticMemory) -> int:
        found = from_lines(_lines(request.words[0]), time.time())
        for number, one in enumerate(found, start=1):
            if not one.text.strip() or len(one.text) > LONGEST:
                raise UsageError(f"memory {number} is empty or longer than {LONGEST:,} characters")
        # Only a person imports; that it came from elsewhere is noted.
        clean = [
            Memory(
                one.id,
                one.kind,
                redact(one.text),
                {**one.metadata, "imported": True},
                one.created_at,
                one.expires_at,
            )
            for one in found
        ]
        for start in range(0, len(clean), _BATCH):
            memory.put(clean[start : start + _BATCH])
        return len(clean)

    number = await _with(context, taken)
    return Said(f"took in {number} memories", json={"imported": number})


async def embed(context: Context, _request: CommandRequest) -> Said:
    """Embed anew what has no vector of the present embedding, and say how far it is."""

    def go_on(progress: Progress) -> bool:
        say(f"llmos: embedded {progress.done:,} of {progress.total:,}", sys.stderr)
        return True

    def filled(memory: SemanticMemory) -> tuple[bool, Progress]:
        return memory.fill(go_on), memory.progress()

    done, progress = await _with(context, filled)
    said = f"{progress.done:,} of {progress.total:,} memories are embedded by {progress.space}"
    if not done:
        said += "; another process is at it"
    figures: dict[str, JsonValue] = {"done": progress.done, "total": progress.total}
    return Said(said, json={"space": progress.space, **figures})


async def _with(context: Context, work: Callable[[SemanticMemory], Done]) -> Done:
    """Do something with the memory, in a thread."""
    return await anyio.to_thread.run_sync(lambda: work(context.system.remembered.get()))


def _filter(request: CommandRequest) -> Filter:
    options = request.options
    return Filter(
        options.kind,
        _metadata(options.meta) or None,
        moment(options.since),
        moment(options.until),
    )


def _metadata(pairs: Sequence[str] | None) -> dict[str, JsonValue]:
    """Return metadata from ``NAME=VALUE``; what is JSON is taken as it, all else as text."""
    found: dict[str, JsonValue] = {}
    for pair in pairs or ():
        name, equals, value = pair.partition("=")
        if not equals or not name or '"' in name:
            raise UsageError(f"{pair!r} is no NAME=VALUE", hint="as in --meta project=apollo")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found


def _resolved(memory: SemanticMemory, prefix: str) -> str:
    found = memory.by_prefix(prefix, 2)
    if prefix in found or len(found) == 1:
        return prefix if prefix in found else found[0]
    said = "several memories begin" if found else "no memory begins"
    raise UsageError(f"{said} with {prefix!r}", hint="llmos memory list shows their ids")


def _lines(name: str) -> list[str]:
    if name == "-":
        return sys.stdin.read().splitlines()
    try:
        return Path(name).read_text("utf-8", "replace").splitlines()
    except OSError as error:
        raise WorkspaceError(f"{name} cannot be read: {error.strerror or error}") from None
