"""L3: the trace, the program learned from one goal, and its codec.

One JSON file a trace, never changed after it is written. Nothing in a file is believed before it
has been checked: size before reading, then strictness (no duplicate key, no NaN, no lone
surrogate, bounded depth), then the schema version, then every field.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, cast

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from ..kernel.errors import CorruptTraceError, TraceSchemaError

SCHEMA_VERSION = 1
MAX_BYTES = 8 * 2**20
"""Largest trace file, in bytes; larger ones are not read."""
MAX_DEPTH = 32

Moment = Annotated[float, Field(allow_inf_nan=False)]
"""UTC epoch seconds."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class FileState(_Record):
    """The state of one path.

    Attributes:
        sha256: Hash of a regular file's bytes; None if nothing is there; ``link:TARGET``,
            ``directory``, ``unreadable`` or ``other`` for what else can stand there.
        mode: Permission bits, None where they mean nothing.
    """

    sha256: str | None
    mode: int | None


class FileEffect(_Record):
    """A file that the whole run changed.

    Attributes:
        path: Relative to the working directory, with ``/``.
        before: Its state before the run.
        after: Its state after the run.
    """

    path: str
    before: FileState
    after: FileState


class Observation(_Record):
    """What the model saw as the result of a step.

    Attributes:
        text: The text.
        ok: Whether the tool reported success.
        exit_code: Exit code of a command, None otherwise or where it was not told.
        at: UTC epoch seconds at which the call began.
        duration_s: Seconds it took.
    """

    text: str
    ok: bool
    exit_code: int | None
    at: Moment
    duration_s: Moment


class Step(_Record):
    """One tool call with what was observed.

    Attributes:
        tool: Name of the tool.
        input: Its JSON input.
        observation: What was observed.
        before: For a Write or Edit: the state of its file before it.
        after: The same, after it.
    """

    tool: str
    input: dict[str, JsonValue]
    observation: Observation
    before: FileState | None = None
    after: FileState | None = None


class Provenance(_Record):
    """Where and how a trace was learned.

    Attributes:
        model: Full model id.
        session_id: The CLI's session.
        run_id: The run.
        learned_at: UTC epoch seconds.
        cost_micros: What learning it really cost, micro-dollars; None if unknown.
        duration_s: Seconds that the run took.
        llmos_version: Version of llmos.
        cli_version: Version of the CLI.
        platform: Operating system.
    """

    model: str
    session_id: str
    run_id: str
    learned_at: Moment
    cost_micros: int | None
    duration_s: Moment
    llmos_version: str
    cli_version: str
    platform: str


class Trace(_Record):
    """The program learned from one goal.

    Text in steps and answer holds the marker of `placement` for the working directory.

    Attributes:
        schema_version: Version of this format.
        goal: The goal as it was typed.
        permission_mode: The mode under which its calls were allowed.
        steps: Its steps, in order.
        answer: The final answer.
        effects: The files that the run changed in the working directory.
        tools: Plugin tools it uses, with the fingerprint of each.
        valid_on: The one local day on which it may be replayed, or None for any day.
        provenance: Where and how it was learned.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    goal: str
    permission_mode: str
    steps: tuple[Step, ...] = Field(min_length=1)
    answer: str
    effects: tuple[FileEffect, ...] = ()
    tools: dict[str, str] = {}
    valid_on: date | None = None
    provenance: Provenance

    @property
    def content(self) -> bytes:
        """The canonical bytes that its id and its signature are taken over."""
        data = self.model_dump(mode="json")
        return json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()

    @property
    def trace_id(self) -> str:
        """``t-`` and 20 hexadecimal digits of the SHA-256 of the content."""
        return "t-" + hashlib.sha256(self.content).hexdigest()[:20]


@dataclass(frozen=True, slots=True)
class SignedTrace:
    """A trace as it is in its file.

    Attributes:
        trace: The trace.
        signature: What vouches for it, or None.
    """

    trace: Trace
    signature: str | None


class _Envelope(_Record):
    trace: dict[str, Any]
    signature: str | None


MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""From each older schema version, the function that brings a trace's data to the next one."""


def encode(trace: Trace, signature: str | None) -> bytes:
    """Return the bytes of a trace file: readable JSON."""
    data = {"trace": trace.model_dump(mode="json"), "signature": signature}
    return (json.dumps(data, ensure_ascii=False, indent=1) + "\n").encode()


def decode(data: bytes) -> SignedTrace:
    """Read the bytes of a trace file.

    Raises:
        CorruptTraceError: If it is not a valid trace.
        TraceSchemaError: If its schema version is not known.
    """
    if len(data) > MAX_BYTES:
        raise CorruptTraceError(f"it is larger than {MAX_BYTES:,} bytes")
    try:
        envelope = _Envelope.model_validate(_load(data))
    except ValidationError:
        raise CorruptTraceError("it is not a trace with its signature") from None
    try:
        # Through JSON, so that strict validation accepts lists and dates as JSON spells them.
        trace = Trace.model_validate_json(json.dumps(_migrated(envelope.trace)))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise CorruptTraceError(f"{where}: {first['msg'].lower()}") from None
    return SignedTrace(trace, envelope.signature)


def read_trace(path: Path) -> SignedTrace:
    """Read a trace file.

    Raises:
        CorruptTraceError: If it is not a valid trace.
        TraceSchemaError: If its schema version is not known.
        OSError: If it cannot be read.
    """
    with path.open("rb") as file:
        return decode(file.read(MAX_BYTES + 1))


def _migrated(content: dict[str, Any]) -> dict[str, Any]:
    version = content.get("schema_version")
    if not isinstance(version, int) or isinstance(version, bool):
        raise CorruptTraceError("it has no schema version")
    while version in MIGRATIONS:
        content = MIGRATIONS[version](content)
        version += 1
    if version != SCHEMA_VERSION:
        raise TraceSchemaError(
            f"it has schema version {version}, and this llmos knows {SCHEMA_VERSION}",
            hint="it was written by another version of llmos; update llmos, or learn it anew",
        )
    return content


def _load(data: bytes) -> Any:
    try:
        loaded = json.loads(
            data.decode("utf-8"), object_pairs_hook=_no_duplicates, parse_constant=_no_constant
        )
        _check(loaded, 0)
    except (ValueError, RecursionError) as error:
        said = str(error) or type(error).__name__
        raise CorruptTraceError(f"it is not valid JSON: {said[:200]}") from None
    return loaded


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _check(value: object, depth: int) -> None:
    """Refuse what JSON allows and no trace holds: great depth, lone surrogates."""
    if depth > MAX_DEPTH:
        raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
    if isinstance(value, str):
        value.encode("utf-8")  # raises for a lone surrogate
    elif isinstance(value, dict):
        for name, item in cast("Mapping[str, object]", value).items():
            _check(name, depth + 1)
            _check(item, depth + 1)
    elif isinstance(value, list):
        for item in cast("list[object]", value):
            _check(item, depth + 1)
