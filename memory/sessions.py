"""L2: the session log, JSON lines, one file a session. Redacted at this one place."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from ..kernel.atomic import make_private_dir, write_all
from ..kernel.events import Event, ModelMessage
from ..kernel.json_value import JsonValue
from ..kernel.record import as_data
from ..kernel.redaction import Redactor

_LONGEST = 10_000
"""Characters of one text that are kept."""


def new_session_id(now: float | None = None) -> str:
    """Return a session id that sorts by time: ``YYYYmmdd-HHMMSS-xxxxxx`` in UTC."""
    moment = datetime.fromtimestamp(time.time() if now is None else now, UTC)
    return f"{moment:%Y%m%d-%H%M%S}-{os.urandom(3).hex()}"


class SessionLog:
    """Appends to the log of one session; the file is made at the first entry.

    Args:
        folder: The folder of the logs.
        session_id: The session.
        redactor: Removes secrets.
        opening: The first entry of a new log, or None.
        clock: Gives UTC epoch seconds.
    """

    def __init__(
        self,
        folder: Path,
        session_id: str,
        redactor: Redactor,
        *,
        opening: dict[str, JsonValue] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.path = folder / f"{session_id}.jsonl"
        self._redactor = redactor
        self._opening = opening
        self._clock = clock
        self._descriptor: int | None = None
        self._torn = False

    def write(self, entry: dict[str, JsonValue]) -> None:
        """Append an entry: one line, in one write, so that two writers do not mix.

        Raises:
            OSError: If it cannot be written.
        """
        if self._descriptor is None:
            make_private_dir(self.path.parent)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._descriptor = os.open(self.path, flags, 0o600)
            if self._opening is not None and not os.fstat(self._descriptor).st_size:
                self._append(self._opening)
        self._append(entry)

    def _append(self, entry: dict[str, JsonValue]) -> None:
        assert self._descriptor is not None
        clean = _clean({"at": self._clock(), **entry}, self._redactor)
        line = ("\n" if self._torn else "") + json.dumps(clean, ensure_ascii=False) + "\n"
        # A lone surrogate becomes its JSON escape.
        data = line.encode("utf-8", "backslashreplace")
        self._torn = True  # until all of the line is known to be there
        write_all(self._descriptor, data)
        self._torn = False

    def close(self) -> bool:
        """Make the log durable and close it; return whether anything was written."""
        if self._descriptor is None:
            return False
        os.fsync(self._descriptor)
        os.close(self._descriptor)
        self._descriptor = None
        return True


def entry_of(event: Event) -> dict[str, JsonValue] | None:
    """Return an event as a log entry, or None for one that is not logged (streamed pieces)."""
    if isinstance(event, ModelMessage) and event.kind in ("stream", "system"):
        return None
    return {"type": type(event).__name__, **as_data(event)}


def read_session(path: Path) -> Iterator[dict[str, JsonValue]]:
    """Yield the entries of a log; a line torn by a crash is left out.

    Raises:
        OSError: If it cannot be read.
    """
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                entry = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(entry, dict):
                yield cast("dict[str, JsonValue]", entry)


def list_sessions(folder: Path) -> list[str]:
    """Return the session ids in a folder, newest first."""
    return sorted((path.stem for path in folder.glob("*.jsonl")), reverse=True)


def _clean(value: object, redactor: Redactor) -> JsonValue:
    if isinstance(value, str):
        # Redacted first: the cut could leave half of a secret, which nobody would know again.
        text = redactor.redact(value)
        left_out = len(text) - _LONGEST
        return f"{text[:_LONGEST]} [{left_out} characters left out]" if left_out > 0 else text
    if isinstance(value, (list, tuple)):
        return [_clean(item, redactor) for item in cast("Sequence[object]", value)]
    if isinstance(value, dict):
        items = cast("dict[str, object]", value).items()
        return {redactor.redact(name): _clean(item, redactor) for name, item in items}
    return cast("JsonValue", value)
