"""L3: the trace store. One signed file a trace, never changed; an index derived from the files.

A file that cannot be read is set aside with its reason beside it, never deleted, and the others
go on working.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from pydantic import JsonValue

from ..kernel.atomic import atomic_save, make_private_dir, sweep_temporaries
from ..kernel.errors import (
    CorruptTraceError,
    TraceError,
    TraceSchemaError,
    UntrustedTraceError,
    UsageError,
    WorkspaceError,
)
from ..kernel.redaction import Redactor
from .trace_index import TraceIndex, TraceRow
from .traces import Observation, SignedTrace, Step, Trace, encode, read_trace
from .trust import Trust

_ASIDE = "set-aside"


@dataclass(frozen=True, slots=True)
class Problem:
    """A trace file that cannot be used.

    Attributes:
        path: Where it is now.
        reason: Why, in one sentence.
    """

    path: Path
    reason: str


class TraceStore:
    """The traces of one workspace. Its calls block; safe for several processes.

    Making it touches nothing.

    Args:
        folder: The folder of the files.
        trust: Signs and verifies them.
        index_path: The index's database.
        key: Gives the key under which a goal is found.
        redactor: Finds secrets before anything is written.
    """

    def __init__(
        self,
        folder: Path,
        trust: Trust,
        *,
        index_path: Path,
        key: Callable[[str], str],
        redactor: Redactor,
    ) -> None:
        self._folder = folder
        self._trust = trust
        self._key = key
        self._redactor = redactor
        self._index = TraceIndex(index_path, folder, self._row_of, time.time_ns)
        self.problems: list[Problem] = []

    def put(self, trace: Trace) -> str:
        """Store a trace; a second time does nothing.

        Args:
            trace: The trace. Secrets in its observations are redacted.

        Returns:
            Its id.

        Raises:
            TraceError: If its goal, a step's input or its answer holds a secret.
            WorkspaceError: If it cannot be written.
        """
        clean = self._without_secrets(trace)
        trace_id = clean.trace_id
        try:
            make_private_dir(self._folder)
            sweep_temporaries(self._folder)
            if not self.path_of(trace_id).exists():
                data = encode(clean, self._trust.sign(clean))
                atomic_save(self.path_of(trace_id), data)
        except OSError as error:
            raise WorkspaceError(
                f"the trace cannot be written: {error}",
                hint="make room or name another folder with --workspace DIR",
            ) from None
        self._index.add(self._row(clean))
        return trace_id

    def get(self, trace_id: str) -> Trace:
        """Return a trace that may run.

        Raises:
            TraceError: If it cannot be used; if it is corrupt, it is set aside.
            UntrustedTraceError: If it was not learned here and nobody has allowed it.
        """
        signed = self._load(trace_id)
        trace = signed.trace
        if self._trust.verify(trace, signed.signature) or self._trust.is_allowed(trace):
            return trace
        raise UntrustedTraceError(
            "it was not learned here, or was changed since",
            hint=f"look at it with `llmos trace show {trace_id}`, "
            f"then `llmos trace allow {trace_id}`",
        )

    def read(self, trace_id: str) -> Trace:
        """Return a trace to look at, trusted or not.

        Raises:
            TraceError: If it cannot be used.
        """
        return self._load(trace_id).trace

    def candidates(self, key: str) -> list[str]:
        """Return the ids of the traces whose goal has a key, newest first."""
        return self._index.by_key(key)

    def list(self, limit: int, offset: int = 0) -> list[TraceRow]:
        """Return what there is, newest first."""
        return self._index.rows(limit, offset)

    def count(self) -> int:
        """Return how many traces there are."""
        return self._index.count()

    def delete(self, trace_id: str) -> bool:
        """Remove a trace; return whether it was there."""
        path = self.path_of(trace_id)
        found = path.exists()
        path.unlink(missing_ok=True)
        self._index.remove(trace_id)
        return found

    def path_of(self, trace_id: str) -> Path:
        """Return the file of an id."""
        return self._folder / f"{trace_id}.json"

    def resolve(self, prefix: str) -> str:
        """Return the id that begins with a prefix (with or without ``t-``).

        Raises:
            UsageError: If there is none, or more than one.
        """
        wanted = prefix if prefix.startswith("t-") else f"t-{prefix}"
        found = self._index.by_prefix(wanted, 2)
        if len(found) != 1:
            how = "no trace begins" if not found else "more than one trace begins"
            raise UsageError(f"{how} with {prefix!r}", hint="see llmos trace list")
        return found[0]

    def close(self) -> None:
        """Close the index."""
        self._index.close()

    def _load(self, trace_id: str) -> SignedTrace:
        path = self.path_of(trace_id)
        try:
            signed = read_trace(path)
            if signed.trace.trace_id != trace_id:
                raise CorruptTraceError("its content does not belong to its name")
        except CorruptTraceError as error:
            self._set_aside(path, error.message)
            raise CorruptTraceError(
                f"the trace file is corrupt and was set aside: {error.message}",
                hint=f"it is in {self._folder / _ASIDE}",
            ) from None
        except TraceSchemaError as error:
            self._note(Problem(path, error.message))
            raise
        except OSError as error:
            raise TraceError(f"the trace file cannot be read: {error.strerror}") from None
        return signed

    def _row_of(self, trace_id: str) -> TraceRow | None:
        try:
            return self._row(self._load(trace_id).trace, trace_id)
        except TraceError:
            return None

    def _row(self, trace: Trace, trace_id: str = "") -> TraceRow:
        learned_at = trace.provenance.learned_at
        return TraceRow(trace_id or trace.trace_id, self._key(trace.goal), trace.goal, learned_at)

    def _set_aside(self, path: Path, reason: str) -> None:
        aside = self._folder / _ASIDE
        try:
            make_private_dir(aside)
            target = aside / f"{path.name}.{time.time_ns()}"
            os.rename(path, target)  # noqa: PTH104 - the old file must never be overwritten by it
            atomic_save(target.with_name(target.name + ".reason"), f"{reason}\n".encode())
        except FileNotFoundError:
            return  # another process was first
        except OSError:
            target = path  # it stays where it is, and is told of each time
        self._index.remove(path.stem)
        self._note(Problem(target, reason))

    def _note(self, problem: Problem) -> None:
        if problem not in self.problems:
            self.problems.append(problem)

    def _without_secrets(self, trace: Trace) -> Trace:
        for text in (trace.goal, trace.answer):
            if self._redactor.contains_secret(text):
                raise TraceError("it holds a secret and could not be replayed without it")
        for step in trace.steps:
            given = cast("JsonValue", step.input)
            if self._redactor.redact_json(given) != given:
                raise TraceError("it holds a secret and could not be replayed without it")
        return trace.model_copy(update={"steps": tuple(map(self._clean_step, trace.steps))})

    def _clean_step(self, step: Step) -> Step:
        seen = step.observation
        clean = self._redactor.redact(seen.text)
        if clean == seen.text:
            return step
        observation: Observation = seen.model_copy(update={"text": clean})
        return step.model_copy(update={"observation": observation})
