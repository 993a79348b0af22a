"""Search in the logs of past sessions, and their end: no index, since logs are only appended to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from ..kernel.json_value import JsonValue
from ..kernel.record import Record
from .sessions import list_sessions
from .texts import strings_in


class Past(Record):
    """An entry of a log that a search found.

    Attributes:
        session: The session.
        at: UTC epoch seconds.
        type: The event.
        run_id: The run that it belongs to; empty if none.
        text: The part of it that matches.
    """

    session: str
    at: float
    type: str
    run_id: str
    text: str

    def to_json(self) -> dict[str, JsonValue]:
        """Return it as JSON."""
        return dict(vars(self))


def search_history(
    folder: Path,
    words: Sequence[str],
    *,
    since: float | None = None,
    until: float | None = None,
) -> Iterator[Past]:
    """Yield the entries in which all words stand, newest session first, in any case of letters.

    Args:
        folder: The folder of the logs.
        words: The words, or parts of words.
        since: At or after; UTC epoch seconds.
        until: Before.
    """
    wanted = [word.casefold() for word in words]
    for session in list_sessions(folder):
        try:
            lines = (folder / f"{session}.jsonl").read_text("utf-8", "replace").splitlines()
        except OSError:
            continue  # pruned by another process meanwhile
        for line in reversed(lines):
            # Words stand in a line as they are in its texts, but for what JSON escapes.
            found = _past(session, line, wanted)
            if found is not None and _between(found.at, since, until):
                yield found


def prune_history(folder: Path, *, before: float, keep: str) -> list[str]:
    """Remove the logs of sessions that were last written before a moment.

    Args:
        folder: The folder of the logs.
        before: UTC epoch seconds.
        keep: A session that stays: this one.

    Returns:
        The sessions that were removed.

    Raises:
        OSError: If a log cannot be removed.
    """
    removed: list[str] = []
    for session in list_sessions(folder):
        path = folder / f"{session}.jsonl"
        if session != keep and path.exists() and path.stat().st_mtime < before:
            path.unlink(missing_ok=True)
            removed.append(session)
    return removed


def day_start(text: str) -> float:
    """Return the moment at which a day begins here, or that of a time of it.

    Args:
        text: ``YYYY-MM-DD``, or with a time as ISO 8601 has it.

    Raises:
        ValueError: If it is neither.
    """
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.astimezone()).astimezone(UTC).timestamp()


def _past(session: str, line: str, wanted: Sequence[str]) -> Past | None:
    if "\\" not in line and not all(word in line.casefold() for word in wanted):
        return None
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict):
        return None
    known = cast("dict[str, JsonValue]", entry)
    told = {name: value for name, value in known.items() if name not in ("at", "type", "run_id")}
    texts = list(strings_in(told))
    folded = "\n".join(texts).casefold()
    if not all(word in folded for word in wanted):
        return None
    best = max(texts, key=lambda text: sum(word in text.casefold() for word in wanted))
    at = known.get("at")
    return Past(
        session,
        at if isinstance(at, (int, float)) else 0.0,
        str(known.get("type", "")),
        str(known.get("run_id", "")),
        best,
    )


def _between(at: float, since: float | None, until: float | None) -> bool:
    return (since is None or at >= since) and (until is None or at < until)
