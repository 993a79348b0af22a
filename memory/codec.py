"""The codec of trace files: strict JSON, checked before it is believed.

In this order: that it is a regular file and not too large, before it is read; strictness (no
duplicate key, no NaN or infinity, no lone surrogate, bounded depth); the schema version; then
every field. What `encode` would not let `decode` read again is never written.
"""

from __future__ import annotations

import copy
import json
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn, cast

from ..kernel.engine import ValidationError
from ..kernel.errors import CorruptTraceError, TraceError, TraceSchemaError
from ..kernel.record import Record
from .json_layout import laid_out
from .trace_check import checked_trace
from .traces import SCHEMA_VERSION, Trace, canonical, id_of

MAX_BYTES = 8 * 2**20
"""Largest trace file, in bytes; larger ones are neither written nor read."""
_NO_TRACE = "it is not a trace with its signature"


def _with_parameters(content: dict[str, Any]) -> dict[str, Any]:
    return {**content, "schema_version": 2, "parameters": []}


MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _with_parameters}
"""From each older schema version, the function that brings a trace's data to the next one."""


class SignedTrace(Record):
    """A trace as it is in its file.

    Attributes:
        trace: The trace, in the current schema version.
        signature: What vouches for it. None if there is nothing, or if the file is not byte for
            byte what `encode` wrote: then somebody else wrote it.
        content: The canonical bytes that id and signature are taken over. They are those of the
            file, so that a migration changes neither.
    """

    trace: Trace
    signature: str | None
    content: bytes

    @property
    def trace_id(self) -> str:
        """The id under which it is kept."""
        return id_of(self.content)


def encode(trace: Trace, signature: str | None) -> bytes:
    """Return the bytes of a trace file: readable JSON. Their layout is part of the format.

    Raises:
        TraceError: If it holds what no trace file may hold.
    """
    try:
        content = trace.to_json()
        encoded = laid_out({"trace": content, "signature": signature})
        _validated(content)
    except CorruptTraceError as error:
        raise TraceError(f"it cannot be kept: {error.message}") from None
    except (ValueError, RecursionError) as error:
        raise TraceError(f"it cannot be kept: {_said(error)}") from None
    if len(encoded) > MAX_BYTES:
        raise TraceError(f"it cannot be kept: it is larger than {MAX_BYTES:,} bytes")
    return encoded


def decode(data: bytes) -> SignedTrace:
    """Read the bytes of a trace file.

    Raises:
        CorruptTraceError: If it is not a valid trace.
        TraceSchemaError: If its schema version is not known.
    """
    if len(data) > MAX_BYTES:
        raise CorruptTraceError(f"it is larger than {MAX_BYTES:,} bytes")
    loaded, layout = _load(data)
    filed, signature = loaded.get("trace"), loaded.get("signature")
    if not isinstance(filed, dict):
        raise CorruptTraceError(_NO_TRACE)
    content = cast("dict[str, Any]", filed)
    migrated = _migrated(content)
    # After the version, since another version may have more beside the trace.
    if set(loaded) != {"trace", "signature"} or not isinstance(signature, str | None):
        raise CorruptTraceError(_NO_TRACE)
    trace = _validated(migrated)
    return SignedTrace(
        trace,
        signature if layout == data else None,
        trace.content if migrated is content else canonical(content),
    )


def read_trace(path: Path) -> SignedTrace:
    """Read a trace file.

    Raises:
        CorruptTraceError: If it is not a valid trace.
        TraceSchemaError: If its schema version is not known.
        OSError: If it cannot be read.
    """
    # O_NONBLOCK: opening a named pipe would wait for somebody to write into it.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise CorruptTraceError("it is not a regular file")
        if found.st_size > MAX_BYTES:
            raise CorruptTraceError(f"it is larger than {MAX_BYTES:,} bytes")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            # Not the most that it may be, for which memory would be taken.
            data = file.read(found.st_size + 1)
            if len(data) > found.st_size:
                data += file.read(MAX_BYTES)  # it has grown since
            return decode(data)
    finally:
        os.close(descriptor)


def _validated(content: Mapping[str, Any]) -> Trace:
    try:
        # Through JSON, so that strict validation accepts lists and dates as JSON spells them.
        return checked_trace(json.dumps(content))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        # Names in the file are whatever somebody put there.
        where = ascii(".".join(str(part) for part in first["loc"]))[1:-1]
        raise CorruptTraceError(f"{where[:100]}: {first['msg'][:200].lower()}") from None


def _migrated(content: dict[str, Any]) -> dict[str, Any]:
    version = content.get("schema_version")
    if not isinstance(version, int) or isinstance(version, bool):
        raise CorruptTraceError("it has no schema version")
    while version in MIGRATIONS:
        try:
            content = MIGRATIONS[version](copy.deepcopy(content))
        except (LookupError, TypeError, ValueError, AttributeError):
            raise CorruptTraceError(f"it is not a trace of schema version {version}") from None
        version += 1
    if version != SCHEMA_VERSION:
        shown = str(version) if abs(version) < 10**9 else "of many digits"
        raise TraceSchemaError(
            f"it has schema version {shown}, and this llmos knows {SCHEMA_VERSION}",
            hint="it was written by another version of llmos; update llmos, or learn it anew",
        )
    return content


def _load(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Return what a file holds, and the bytes that `encode` would write for it."""
    try:
        loaded = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_no_duplicates,
            parse_constant=_no_constant,
        )
        layout = laid_out(loaded)
    except (ValueError, RecursionError) as error:
        raise CorruptTraceError(f"it is not valid JSON: {_said(error)}") from None
    if not isinstance(loaded, dict):
        raise CorruptTraceError(_NO_TRACE)
    return cast("dict[str, Any]", loaded), layout


def _said(error: Exception) -> str:
    return "it is nested too deep" if isinstance(error, RecursionError) else str(error)[:200]


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
