"""L3: the trace, the program learned from one goal. `codec` reads and writes its file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from typing import Any, Literal, TypeAlias, cast

from ..kernel.json_value import JsonValue
from ..kernel.record import Record, field

SCHEMA_VERSION = 2

Moment: TypeAlias = float
"""UTC epoch seconds."""

Kind = Literal["number", "path", "glob", "url", "text", "word"]
"""What kind of value a parameter takes."""
Form = Literal["same", "lower", "upper", "capital"]
"""How a value is spelled where it flows to: as in the goal, or in another case."""


class FileState(Record, kw_only=True):
    """The state of one path.

    Attributes:
        sha256: Hash of a regular file's bytes; None if nothing is there; ``link:TARGET``,
            ``directory``, ``unreadable`` or ``other`` for what else can stand there.
        mode: Permission bits, None where they mean nothing.
    """

    sha256: str | None
    mode: int | None


class FileEffect(Record, kw_only=True):
    """A file that the whole run changed.

    Attributes:
        path: Relative to the working directory, with ``/``.
        before: Its state before the run.
        after: Its state after the run.
    """

    path: str
    before: FileState
    after: FileState


class Observation(Record, kw_only=True):
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


class Step(Record, kw_only=True):
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


class Flow(Record, kw_only=True):
    """One place in the steps into which a parameter's value flows.

    Attributes:
        step: Index of the step, from 0.
        path: Where in the step's input: keys and indexes.
        start: First character of the string there that the value is; 0 for a JSON number.
        end: One past the last of them; 0 for a JSON number, which the value is as a whole.
        form: How the value is spelled there.
    """

    step: int
    path: tuple[str | int, ...]
    start: int
    end: int
    form: Form = "same"


class Parameter(Record, kw_only=True):
    """A part of the goal that flows into steps.

    Attributes:
        name: Its name, unique in the trace.
        kind: What kind of value it takes.
        value: The learned value, as it stands in the goal.
        start: First character of the value in the goal.
        end: One past the last of them.
        unit: What follows the value in the same word and must be there again (``MB``).
        marked: Whether its own form says that it is a value. One that is not (a plain word) takes
            another value only by its domain, or by the evidence of other traces.
        domain: The values it was declared for; empty if it was not declared.
        flows: Where it flows to.
    """

    name: str
    kind: Kind
    value: str
    start: int
    end: int
    unit: str = ""
    marked: bool = True
    domain: tuple[str, ...] = ()
    flows: tuple[Flow, ...]


class Provenance(Record, kw_only=True):
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


class Trace(Record, kw_only=True):
    """The program learned from one goal.

    Text in steps and answer holds the marker of `placement` for the working directory.

    Attributes:
        schema_version: Version of this format.
        goal: The goal as it was typed.
        permission_mode: The mode under which its calls were allowed.
        steps: Its steps, in order.
        answer: The final answer.
        effects: The files that the run changed in the working directory.
        parameters: The parts of the goal that flow into the steps, in the order of the goal.
        tools: Plugin tools it uses, with the fingerprint of each.
        valid_on: The one local day on which it may be replayed, or None for any day.
        provenance: Where and how it was learned.
    """

    schema_version: Literal[2] = SCHEMA_VERSION
    goal: str
    permission_mode: str
    steps: tuple[Step, ...]
    answer: str
    effects: tuple[FileEffect, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    tools: dict[str, str] = field(default_factory=dict[str, str])
    valid_on: date | None = None
    provenance: Provenance

    def to_json(self) -> dict[str, JsonValue]:
        """Return the trace as JSON, every field named."""
        return {name: _json_of(item) for name, item in vars(self).items()}

    @property
    def content(self) -> bytes:
        """The canonical bytes that its id and its signature are taken over."""
        return canonical(self.to_json())

    @property
    def trace_id(self) -> str:
        """``t-`` and 20 hexadecimal digits of the SHA-256 of the content."""
        return id_of(self.content)


_PLAIN = frozenset({str, int, float, bool, type(None)})


def _json_of(value: Any) -> JsonValue:
    # Each reading of a trace comes through here, so what is most frequent comes first.
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Record):
        return {name: _json_of(item) for name, item in vars(value).items()}
    if isinstance(value, (tuple, list)):
        return [_json_of(item) for item in cast("tuple[Any, ...]", value)]
    if isinstance(value, Mapping):
        return {name: _json_of(item) for name, item in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, date):
        return value.isoformat()
    return value


def canonical(data: JsonValue) -> bytes:
    """Return the one spelling of a JSON value that ids and signatures are taken over."""
    return json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def id_of(content: bytes) -> str:
    """Return the id of a trace with this canonical content."""
    return "t-" + hashlib.sha256(content).hexdigest()[:20]
