"""Traces whose signature was verified, kept in memory so long as nobody touches their files."""

from __future__ import annotations

import os

from .traces import Trace

_KEPT_BYTES = 8 * 2**20
"""Sum of the files whose traces are kept, which take a few times as much in memory."""

Stamp = tuple[int, ...]
"""What changes when a file is touched in any way."""
_SIZE = 1


class VerifiedTraces:
    """The traces read last, as many as fit."""

    def __init__(self) -> None:
        self._traces: dict[str, tuple[Stamp, Trace]] = {}
        self._bytes = 0

    def get(self, trace_id: str, stamp: Stamp | None) -> Trace | None:
        """Return a trace if it was kept with this stamp of its file."""
        known = self._traces.get(trace_id)
        return known[1] if known is not None and known[0] == stamp else None

    def keep(self, trace_id: str, stamp: Stamp | None, trace: Trace) -> None:
        """Keep a trace that was read after its file had a stamp; without a stamp it is not kept."""
        if stamp is None:
            return
        self._forget(trace_id)
        self._traces[trace_id] = stamp, trace
        self._bytes += stamp[_SIZE]
        while self._bytes > _KEPT_BYTES:
            self._forget(next(iter(self._traces)))

    def _forget(self, trace_id: str) -> None:
        known = self._traces.pop(trace_id, None)
        if known is not None:
            self._bytes -= known[0][_SIZE]


def stamp_of(path: str) -> Stamp | None:
    """Return the stamp of a file; None if it cannot be told."""
    try:
        found = os.stat(path)  # noqa: PTH116 (asked at each decision)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
