"""What a model saw and said in a session, as its CLI keeps it: by it the model can go on.

One file a session, redacted, replaced as a whole after each model run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from ..kernel.atomic import atomic_save, make_private_dir
from ..kernel.json_value import JsonValue
from ..kernel.record import Record
from ..kernel.redaction import Redactor

_THOUGHTS = ("thinking", "redacted_thinking")
_OF_THE_CLI_ALONE = frozenset({"cost-state", "queue-operation"})
"""Entries that would make the next run count what this one has cost."""


class Transcript(Record):
    """What the model would be shown again.

    Attributes:
        cli_session: The CLI's id of it.
        covers: Ids of the runs whose goals and answers it holds.
        entries: The CLI's own lines.
    """

    cli_session: str
    covers: tuple[str, ...]
    entries: tuple[dict[str, JsonValue], ...]


def save_transcript(path: Path, transcript: Transcript, redactor: Redactor) -> None:
    """Keep a transcript, without secrets.

    Raises:
        OSError: If it cannot be written.
    """
    head: JsonValue = {"cli_session": transcript.cli_session, "covers": list(transcript.covers)}
    entries = (_redacted(entry, redactor) for entry in transcript.entries)
    lines = [json.dumps(one, ensure_ascii=False) for one in (head, *entries)]
    make_private_dir(path.parent)
    atomic_save(path, "\n".join([*lines, ""]).encode("utf-8", "backslashreplace"))


def read_transcript(path: Path) -> Transcript | None:
    """Read a transcript; None if there is none, or it is none that can be gone on from."""
    try:
        lines = path.read_text("utf-8").splitlines()
        head, *entries = (cast("dict[str, Any]", json.loads(line)) for line in lines)
        covers = tuple(map(str, head["covers"]))
        return Transcript(str(head["cli_session"]), covers, tuple(entries))
    except (OSError, ValueError, KeyError, TypeError):
        return None


class TranscriptKeeper:
    """Stands for the CLI's own store of sessions during one model run; the SDK calls it.

    Args:
        earlier: What the run goes on from, or None.
    """

    def __init__(self, earlier: Transcript | None) -> None:
        self.earlier = earlier
        self._entries: list[dict[str, JsonValue]] = []
        self._seen: set[str] = set()

    async def append(self, key: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> None:
        """Take lines of the run that goes on; one that comes again is taken once."""
        if key.get("subpath"):
            return
        for entry in entries:
            known = str(entry.get("uuid") or "")
            if known in self._seen or entry.get("type") in _OF_THE_CLI_ALONE:
                continue
            if known:
                self._seen.add(known)
            self._entries.append(dict(entry))

    async def load(self, key: Mapping[str, Any]) -> list[dict[str, JsonValue]] | None:
        """Give the lines of the session that is gone on from."""
        if self.earlier is None or key.get("session_id") != self.earlier.cli_session:
            return None
        return list(self.earlier.entries)

    def transcript(self, cli_session: str, covers: Sequence[str]) -> Transcript | None:
        """Return what the run left, or None if it said nothing."""
        if not self._entries or not cli_session:
            return None
        return Transcript(cli_session, tuple(covers), tuple(self._entries))


def _redacted(entry: dict[str, JsonValue], redactor: Redactor) -> JsonValue:
    clean = cast("dict[str, Any]", redactor.redact_json(entry))
    message, as_it_was = clean.get("message"), cast("dict[str, Any]", entry.get("message") or {})
    if isinstance(message, dict) and isinstance(as_it_was.get("content"), list):
        # A thought is signed: one that is not whole would be refused by the service.
        pairs = zip(cast("list[Any]", message["content"]), as_it_was["content"], strict=True)
        message["content"] = [
            new
            for new, old in pairs
            if new == old or cast("dict[str, Any]", old).get("type") not in _THOUGHTS
        ]
    return clean
