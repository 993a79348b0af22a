"""Where money went: the ledger's lines by day, model, trace or project, and what traces saved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ..kernel.json_value import JsonValue
from ..kernel.ledger import Entry
from ..kernel.money import Micros, to_usd
from ..memory.index_tables import TraceRow

Line = tuple[Entry, str, str]
"""An entry of the ledger, its session, its directory."""
NO_TRACE = "(no trace)"


@dataclass(slots=True)
class Group:
    """What some lines add up to.

    Attributes:
        name: What they have in common.
        runs: Model runs.
        replays: Replays.
        cost: Micro-dollars spent, as far as prices are known.
        unknown: Model runs whose price is not known.
        saved: Micro-dollars that replays saved.
    """

    name: str
    runs: int = 0
    replays: int = 0
    cost: Micros = 0
    unknown: int = 0
    saved: Micros = 0

    def take(self, entry: Entry) -> None:
        """Count one entry."""
        if entry.kind == "saving":
            self.replays += 1
            self.saved += entry.amount or 0
            return
        self.runs += 1
        self.cost += entry.amount or 0
        self.unknown += entry.amount is None

    def to_json(self, what: str) -> dict[str, JsonValue]:
        """Return it as JSON; its name stands under what it was grouped by."""
        return {
            what: self.name,
            "model_runs": self.runs,
            "replays": self.replays,
            "cost_usd": to_usd(self.cost),
            "runs_of_unknown_price": self.unknown,
            "saved_usd": to_usd(self.saved),
        }


def grouped(lines: Iterable[Line], what: str, rows: Sequence[TraceRow]) -> list[Group]:
    """Add up the lines of the ledger.

    Args:
        lines: The lines, oldest first.
        what: ``day``, ``model``, ``trace`` or ``project``.
        rows: All traces; needed for ``trace``.
    """
    learned = _Learned(rows) if what == "trace" else None
    name_of: dict[str, Callable[[Line], str]] = {
        "day": lambda line: day_of(line[0].at),
        "model": lambda line: line[0].model or ("(replay)" if line[0].trace_id else "(unknown)"),
        "project": lambda line: line[2] or "(unknown)",
        "trace": lambda line: line[0].trace_id or (learned.of(line[0]) if learned else NO_TRACE),
    }
    groups: dict[str, Group] = {}
    for line in lines:
        name = name_of[what](line)
        groups.setdefault(name, Group(name)).take(line[0])
    return list(groups.values())


@dataclass(slots=True)
class Payback:
    """What a trace cost and saved.

    Attributes:
        trace_id: The trace.
        goal: What it was learned from.
        group: What its learning cost, failed attempts included, and what its replays saved.
        paid_after: The run after which it had saved what it cost, the learning being the first;
            None while it has not, or if what it cost is not known.
    """

    trace_id: str
    goal: str
    group: Group
    paid_after: int | None = None


def paybacks(lines: Iterable[Line], rows: Sequence[TraceRow]) -> list[Payback]:
    """Hold what each trace saved against what learning it really cost.

    What was spent in vain on the same goal before counts as well: nobody learns for nothing.

    Args:
        lines: The lines of the ledger, oldest first.
        rows: All traces.
    """
    learned = _Learned(rows)
    known = {row.id: Payback(row.id, row.goal, Group(row.id)) for row in rows}
    entries = [line[0] for line in lines]
    for entry in entries:
        owner = learned.of(entry)
        if entry.kind == "cost" and owner in known:
            known[owner].group.take(entry)
    for entry in entries:
        if entry.kind != "saving" or not (one := known.get(entry.trace_id or "")):
            continue
        one.group.take(entry)
        if one.paid_after is None and not one.group.unknown and one.group.saved >= one.group.cost:
            one.paid_after = one.group.replays + 1
    return list(known.values())


def day_of(at: float) -> str:
    """Return the local day of a moment."""
    return datetime.fromtimestamp(at, UTC).astimezone().date().isoformat()


class _Learned:
    """Tells which trace a cost of learning belongs to: the next one that was kept of its goal."""

    def __init__(self, rows: Sequence[TraceRow]) -> None:
        self._kept: dict[str, list[TraceRow]] = {}
        for row in sorted(rows, key=lambda row: row.learned_at):
            self._kept.setdefault(f"Learn: {row.goal[:200]}", []).append(row)

    def of(self, entry: Entry) -> str:
        kept = self._kept.get(entry.operation, [])
        later = [row.id for row in kept if row.learned_at >= entry.at]
        return later[0] if later else kept[-1].id if kept else NO_TRACE
