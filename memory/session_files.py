"""The sessions of a workspace: find, list, name, copy, remove and prune their files.

A session is its log; beside it lies, if a model took part, its transcript, by which the model can
go on. Both are redacted when they are written.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from ..kernel.atomic import atomic_save
from ..kernel.errors import UsageError
from ..kernel.json_value import JsonValue
from ..kernel.money import Micros
from ..kernel.record import Record
from ..kernel.redaction import Redactor
from .attached import plain_goal
from .sessions import SessionLog, new_session_id, read_session

KEPT_DAYS = 30
"""Days after its last use that a session is kept."""
_DAY_S = 86_400
_ID = r"\d{8}-\d{6}-[0-9a-f]{6}\Z"
_NAME = r"\w[\w .:-]{0,79}\Z"
_OUTLINE = r'"type": "(?:SessionBegan|SessionNamed|RunEnded)"'
_UNNAMED = b'\n{"type": "SessionNamed", "name": ""}\n'
"""What a copy begins with after its original: it has no name of its own yet."""
_HEAD = 120
"""Characters of a line within which its type stands."""


class SessionRow(Record):
    """A session, in outline.

    Attributes:
        id: Its id.
        name: The name it was given, or an empty string.
        cwd: The directory in which it began.
        goal: Its first goal.
        turns: Goals that were answered in it, or not.
        cost: Micro-dollars spent in it, as far as known.
        used_at: UTC epoch seconds of its last use.
    """

    id: str
    name: str
    cwd: str
    goal: str
    turns: int
    cost: Micros
    used_at: float


class Doing(Record):
    """A tool call of a turn, as the log holds it."""

    tool: str
    input: dict[str, JsonValue]
    output: str
    ok: bool


class Turn(Record):
    """One goal of a session and what came of it.

    Attributes:
        run_id: Id of the run.
        goal: The goal.
        answer: The answer, or the error sentence.
        ok: Whether the goal was reached.
        mode: ``FOLLOWER`` or ``LEARNER``.
        cost: Micro-dollars; None if the price is unknown.
        doings: What was done.
        at: UTC epoch seconds of its end.
    """

    run_id: str
    goal: str
    answer: str
    ok: bool
    mode: str
    cost: Micros | None
    doings: tuple[Doing, ...]
    at: float


class Sessions:
    """The sessions in a folder. Its calls block.

    Args:
        folder: The folder of the logs.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def log_of(self, session_id: str) -> Path:
        """Return the path of a session's log."""
        return self.folder / f"{session_id}.jsonl"

    def transcript_of(self, session_id: str) -> Path:
        """Return the path of a session's transcript."""
        return self.folder / f"{session_id}.transcript"

    def rows(self, limit: int, *, cwd: Path | None = None) -> list[SessionRow]:
        """Return sessions in which a goal was given, the last used first.

        Args:
            limit: The most to return.
            cwd: Only those that began in this directory.
        """
        found: list[SessionRow] = []
        for path in self._newest_first():
            row = self._row(path)
            if row is not None and row.turns and (cwd is None or row.cwd == str(cwd)):
                found.append(row)
                if len(found) == limit:
                    break
        return found

    def find(self, wanted: str) -> SessionRow:
        """Return the session of an id, the beginning of one, or a name.

        Raises:
            UsageError: If there is none, or several begin so.
        """
        hint = "llmos session list shows what there is"
        if re.match(_ID, wanted) and (row := self._row(self.log_of(wanted))) is not None:
            return row
        begun: list[SessionRow] = []
        for path in self._newest_first():
            row = self._row(path)
            if row is not None and row.name == wanted:
                return row  # the last used of this name
            if row is not None and wanted and row.id.startswith(wanted):
                begun.append(row)
        if not begun:
            raise UsageError(f"there is no session {wanted!r}", hint=hint)
        if len(begun) > 1:
            raise UsageError(f"{len(begun)} sessions begin with {wanted!r}", hint=hint)
        return begun[0]

    def turns(self, session_id: str) -> tuple[Turn, ...]:
        """Return what was asked and done in a session, in order.

        Raises:
            UsageError: If its log cannot be read.
        """
        doings: dict[str, dict[int, Doing]] = {}
        turns: list[Turn] = []
        try:
            for entry in read_session(self.log_of(session_id)):
                match entry.get("type"):
                    case "ToolCalled" | "ToolReturned":
                        _note_doing(doings, entry)
                    case "RunEnded":
                        turns.append(_turn(entry, doings))
                    case _:
                        pass
        except OSError as error:
            raise UsageError(f"session {session_id} cannot be read: {error.strerror}") from None
        return tuple(turns)

    def fork(self, session_id: str) -> str:
        """Copy a session; return the id of the copy.

        Raises:
            UsageError: If it cannot be read.
        """
        copy = new_session_id()
        try:
            log = self.log_of(session_id).read_bytes()
            atomic_save(self.log_of(copy), log + _UNNAMED)
            transcript = self.transcript_of(session_id)
            if transcript.exists():
                atomic_save(self.transcript_of(copy), transcript.read_bytes())
        except OSError as error:
            raise UsageError(f"session {session_id} cannot be copied: {error.strerror}") from None
        return copy

    def rename(self, session_id: str, name: str, redactor: Redactor) -> None:
        """Name a session.

        Raises:
            UsageError: If its log cannot be written.
        """
        log = SessionLog(self.folder, session_id, redactor)
        try:
            log.write({"type": "SessionNamed", "name": check_name(name)})
        except OSError as error:
            raise UsageError(f"session {session_id} cannot be named: {error.strerror}") from None
        finally:
            log.close()

    def remove(self, session_id: str) -> None:
        """Remove a session."""
        for path in (self.log_of(session_id), self.transcript_of(session_id)):
            path.unlink(missing_ok=True)

    def prune(self, days: float = KEPT_DAYS, *, now: float | None = None) -> int:
        """Remove sessions that were not used for so many days; return how many."""
        before = (time.time() if now is None else now) - days * _DAY_S
        removed = 0
        for path in self._logs():
            # The name tells when it began, so most are passed over without a look.
            if path.stem[:8] <= time.strftime("%Y%m%d", time.gmtime(before)):
                used_at = _changed(path)
                if used_at is not None and used_at < before:
                    self.remove(path.stem)
                    removed += 1
        return removed

    def _logs(self) -> list[Path]:
        return [path for path in self.folder.glob("*.jsonl") if re.match(_ID, path.stem)]

    def _newest_first(self) -> list[Path]:
        dated = [(at, path) for path in self._logs() if (at := _changed(path)) is not None]
        return [path for _, path in sorted(dated, reverse=True)]

    def _row(self, path: Path) -> SessionRow | None:
        name, cwd, goal, turns, cost = "", "", "", 0, 0
        used_at = _changed(path)
        if used_at is None:
            return None
        for entry in _outline(path):
            match entry["type"]:
                case "SessionBegan":
                    cwd = str(entry.get("cwd", ""))
                case "SessionNamed":
                    name = str(entry.get("name", ""))
                case _:
                    turns += 1
                    goal = goal or plain_goal(str(entry.get("goal", "")))
                    spent = entry.get("cost")
                    cost += spent if isinstance(spent, int) else 0
        return SessionRow(path.stem, name, cwd, goal, turns, cost, used_at)


def check_name(name: str) -> str:
    """Return a name for a session.

    Raises:
        UsageError: If it could be taken for something else, or cannot be shown.
    """
    name = name.strip()
    if not re.match(_NAME, name) or re.match(_ID, name):
        raise UsageError(
            f"a session cannot be named {name[:40]!r}",
            hint="use up to 80 letters, digits, spaces and - _ . :",
        )
    return name


def _changed(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:
        return None


def _outline(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                if re.search(_OUTLINE, line[:_HEAD]):
                    try:
                        yield json.loads(line)
                    except ValueError:
                        continue
    except OSError:
        return


def _note_doing(doings: dict[str, dict[int, Doing]], entry: dict[str, Any]) -> None:
    call = cast("dict[str, Any]", entry.get("call") or {})
    result = cast("dict[str, Any]", entry.get("result") or {})
    doings.setdefault(str(entry.get("run_id")), {})[int(entry.get("index", 0))] = Doing(
        str(call.get("name", "")),
        dict(call.get("input") or {}),
        str(result.get("output", "")),
        bool(result.get("ok", False)),
    )


def _turn(entry: dict[str, Any], doings: dict[str, dict[int, Doing]]) -> Turn:
    run_id = str(entry.get("run_id", ""))
    done = doings.pop(run_id, {})
    cost = entry.get("cost")
    return Turn(
        run_id,
        plain_goal(str(entry.get("goal", ""))),
        str(entry.get("answer", "")),
        bool(entry.get("ok")),
        str(entry.get("mode", "")),
        cost if isinstance(cost, int) else None,
        tuple(done[index] for index in sorted(done)),
        float(entry.get("at") or 0.0),
    )
