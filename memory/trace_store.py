"""L3: the trace store. One signed file a trace, never changed; an index derived from the files.

A file that cannot be read is set aside with its reason beside it, never deleted, and the others
go on working.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

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
from .clean import without_secrets
from .codec import SignedTrace, encode, read_trace
from .index_tables import Frame, TraceRow, Unusable
from .problems import Problem
from .trace_index import TraceIndex
from .traces import SCHEMA_VERSION, Trace
from .trust import Standing, Trust
from .verified_traces import VerifiedTraces, stamp_of

if TYPE_CHECKING:
    import sqlite3

    from .long_work import Watch

_Answer = TypeVar("_Answer")
_ASIDE = "set-aside"
_ID = re.compile(r"t-[0-9a-f]{20}\Z")


class TraceStore:
    """The traces of one workspace. Its calls block; safe for several processes.

    Making it touches nothing.

    Args:
        folder: The folder of the files.
        trust: Signs and verifies them.
        index_path: The index's database.
        key: Gives the key under which a goal is found.
        redactor: Finds secrets before anything is written.
        key_version: Names the rule behind `key`; another one makes the index anew.
    """

    def __init__(
        self,
        folder: Path,
        trust: Trust,
        *,
        index_path: Path,
        key: Callable[[str], str],
        redactor: Redactor,
        key_version: str = "",
    ) -> None:
        self._folder = folder
        self._folder_name = str(folder)
        self._trust = trust
        self._key = key
        self._redactor = redactor
        version = f"{SCHEMA_VERSION} {key_version}"
        self._index = TraceIndex(index_path, folder, self._row_of, time.time_ns, version)
        self._problems: dict[Path, Problem] = {}
        self._verified = VerifiedTraces()
        self._clean = False

    @property
    def problems(self) -> Sequence[Problem]:
        """The files that cannot be used, as far as this store has met them.

        Raises:
            WorkspaceError: If the folder or its index cannot be used.
        """
        for one in self._index.unusable():
            self._note(Problem(self._file(one.id), one.reason))
        return tuple(self._problems.values())

    @property
    def watch(self) -> Watch | None:
        """Told of what takes long: bringing the index up to date."""
        return self._index.watch

    @watch.setter
    def watch(self, watch: Watch | None) -> None:
        self._index.watch = watch

    def put(self, trace: Trace) -> str:
        """Store a trace; a second time does nothing.

        Args:
            trace: The trace. Secrets in its observations are redacted.

        Returns:
            Its id.

        Raises:
            TraceError: If its goal, a step's input or its answer holds a secret, or if it is too
                large or otherwise nothing that a file could hold.
            WorkspaceError: If it cannot be written.
        """
        return self._put(trace, signed=True)

    def put_foreign(self, trace: Trace) -> str:
        """Store a trace that was not learned here: it does not run until it is allowed.

        What is there already stays as it is. See `put` for the rest.
        """
        return self._put(trace, signed=False)

    @property
    def folder(self) -> Path:
        """The folder of the trace files."""
        return Path(self._folder_name)

    def _put(self, trace: Trace, *, signed: bool) -> str:
        clean = without_secrets(trace, self._redactor)
        encode(clean, None)  # refuses what has no canonical bytes, before they are signed
        path = self._file(clean.trace_id)
        try:
            self._make_folder()
            if not self._is_kept(path):
                signature = self._trust.sign(clean.content) if signed else None
                atomic_save(path, encode(clean, signature))
        except OSError as error:
            raise WorkspaceError(
                f"the trace cannot be written: {error.strerror or error}",
                hint="make room or name another folder with --workspace DIR",
            ) from None
        return path.stem

    def get(self, trace_id: str) -> Trace:
        """Return a trace that may run.

        Go on calling it by this id: it is that of the file, whatever schema version that has.

        Raises:
            UsageError: If that is not an id.
            TraceError: If it cannot be used; if it is corrupt, it is set aside.
            UntrustedTraceError: If it was not learned here and nobody has allowed it.
        """
        # A path is longer in the making than all else here, for a trace that is in memory.
        stamp = stamp_of(f"{self._folder_name}/{self._checked(trace_id)}.json")
        known = self._verified.get(trace_id, stamp)
        if known is not None:
            return known
        signed = self._load(self._file(trace_id))
        standing = self._trust.standing(signed)
        if not standing.may_run:
            raise UntrustedTraceError(
                standing.value,
                hint=f"look at it with `llmos trace show {trace_id}`, "
                f"then `llmos trace allow {trace_id}`",
            )
        # What is only allowed may be revoked at any moment; a signature stays true.
        if standing is Standing.SIGNED:
            self._verified.keep(trace_id, stamp, signed.trace)
        return signed.trace

    def read(self, trace_id: str) -> Trace:
        """Return a trace to look at, trusted or not.

        Raises:
            UsageError: If that is not an id.
            TraceError: If it cannot be used.
        """
        return self.read_signed(trace_id).trace

    def read_signed(self, trace_id: str) -> SignedTrace:
        """Return a trace to look at, with what vouches for it, as it is in its file.

        Raises:
            UsageError: If that is not an id.
            TraceError: If it cannot be used.
        """
        return self._load(self.path_of(trace_id))

    def candidates(self, key: str) -> list[str]:
        """Return the ids of the traces whose goal has a key, newest first."""
        return self._index.by_key(key)

    def frames(self, template: str) -> list[Frame]:
        """Return the frames of a template's traces."""
        return self._index.frames(template)

    def of_frame(self, frame: Frame, start: int, limit: int) -> list[tuple[float, str]]:
        """Return when learned and id of a frame's traces, newest first.

        Args:
            frame: One of what `frames` gave.
            start: How many of the newest to pass over.
            limit: How many to return.
        """
        return self._index.of_frame(frame, start, limit)

    def at_once(self, ask: Callable[[sqlite3.Connection], _Answer]) -> _Answer:
        """Ask several things of the index as it is at one moment, see `TraceIndex.at_once`."""
        return self._index.at_once(ask)

    def list(self, limit: int, offset: int = 0) -> list[TraceRow]:
        """Return what there is, newest first."""
        return self._index.rows(limit, offset)

    def count(self) -> int:
        """Return how many traces there are."""
        return self._index.count()

    def delete(self, trace_id: str) -> bool:
        """Remove a trace; return whether it was there.

        Raises:
            UsageError: If that is not an id.
            WorkspaceError: If it cannot be removed.
        """
        try:
            self.path_of(trace_id).unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise WorkspaceError(f"the trace cannot be removed: {error.strerror}") from None
        return True

    def path_of(self, trace_id: str) -> Path:
        """Return the file of an id.

        Raises:
            UsageError: If that is not an id; nothing outside the folder has one.
        """
        return self._file(self._checked(trace_id))

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

    @staticmethod
    def _checked(trace_id: str) -> str:
        if not _ID.match(trace_id):
            raise UsageError(f"{trace_id!r} is not the id of a trace", hint="see llmos trace list")
        return trace_id

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.json"

    def _make_folder(self) -> None:
        """Make the folder, and clean it once: a process that died left its file before this one."""
        if not self._clean or not self._folder.is_dir():
            make_private_dir(self._folder)
            sweep_temporaries(self._folder)
            self._clean = True

    def _is_kept(self, path: Path) -> bool:
        try:
            self._load(path)
        except TraceError:
            return False  # a corrupt one is out of the way by now
        return True

    def _load(self, path: Path) -> SignedTrace:
        try:
            signed = read_trace(path)
            if signed.trace_id != path.stem:
                raise CorruptTraceError("its content does not belong to its name")
        except CorruptTraceError as error:
            where = self._set_aside(path, error.message)
            raise CorruptTraceError(
                f"the trace file is corrupt and was set aside: {error.message}",
                hint=f"it is in {where.parent}",
            ) from None
        except TraceSchemaError as error:
            self._note(Problem(path, error.message))
            raise
        except FileNotFoundError:
            raise TraceError("the trace file is gone") from None
        except OSError as error:
            reason = f"the trace file cannot be read: {error.strerror or error}"
            self._note(Problem(path, reason))
            raise TraceError(reason) from None
        return signed

    def _row_of(self, name: str) -> TraceRow | Unusable | None:
        try:
            signed = self._load(self._file(name))
        except TraceSchemaError as error:
            return Unusable(name, error.message)
        except TraceError:
            return None  # noted in `problems`
        # A replay reads no trace for the index, and starts faster without this.
        from .index_rows import row_of

        return row_of(name, signed.trace, self._key)

    def _set_aside(self, path: Path, reason: str) -> Path:
        target = self._folder / _ASIDE / f"{path.name}.{time.time_ns()}"
        try:
            make_private_dir(target.parent)
            path.rename(target)
            atomic_save(target.with_name(target.name + ".reason"), f"{reason}\n".encode())
        except FileNotFoundError:
            return target  # another process was first
        except OSError as error:
            reason = f"{reason}; it cannot be set aside: {error.strerror or error}"
            target = path if path.exists() else target
        self._note(Problem(target, reason))
        return target

    def _note(self, problem: Problem) -> None:
        self._problems[problem.path] = problem
