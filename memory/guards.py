"""Guards: is an observation still what the model saw while it learned?

The rule of this release is strict: every observation must be equal, after masking the parts that
are volatile by nature. A part counts as volatile only if it can be shown to describe the run
itself: a timestamp within the run, a duration no longer than the step took, a process id, a
temporary name. A masked part that changed is reported, so that the caller can stop where the old
value flowed into a later input or into the answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ..kernel.record import Record

_NEAR_S = 120.0
"""Seconds around a step within which a timestamp in its output describes the run."""


class Seen(Record):
    """One observation with what is needed to judge its volatile parts.

    Attributes:
        text: What the model saw (or would see).
        ok: Whether the tool reported success.
        exit_code: Exit code of a command, None otherwise.
        at: UTC epoch seconds at which the call began.
        duration_s: Seconds that it took.
    """

    text: str
    ok: bool
    exit_code: int | None
    at: float
    duration_s: float


class Comparison(Record):
    """The outcome of comparing two observations.

    Attributes:
        reason: Why they differ, or None if the new one may stand for the old.
        changed: The old values of volatile parts that changed.
    """

    reason: str | None
    changed: tuple[str, ...] = ()


def compare(recorded: Seen, observed: Seen, *, strict: bool = False) -> Comparison:
    """Compare a recorded observation with a new one.

    Args:
        recorded: What the model saw while it learned.
        observed: What the replay sees.
        strict: Mask nothing.

    Returns:
        The comparison.
    """
    other = other_outcome(recorded, observed)
    if other is not None:
        return Comparison(other)
    if recorded.text == observed.text:
        return Comparison(None)
    if strict:
        return Comparison(first_difference(recorded.text, observed.text))
    old, old_parts = _mask(recorded)
    new, new_parts = _mask(observed)
    if old != new:
        return Comparison(first_difference(old, new))
    changed = tuple(was for was, now in zip(old_parts, new_parts, strict=True) if was != now)
    return Comparison(None, changed)


def other_outcome(recorded: Seen, observed: Seen) -> str | None:
    """Say in what the success or the exit code of two observations differ, or None."""
    if recorded.ok != observed.ok:
        was, now = ("succeeded" if seen.ok else "failed" for seen in (recorded, observed))
        return f"it {was} when it was learned and {now} now"
    if recorded.exit_code != observed.exit_code:
        return f"exit code {observed.exit_code} instead of {recorded.exit_code}"
    return None


def first_difference(old: str, new: str) -> str:
    """Name the first line in which two texts differ, for people."""
    old_lines, new_lines = old.split("\n"), new.split("\n")
    for number, (was, now) in enumerate(zip(old_lines, new_lines, strict=False), start=1):
        if was != now:
            return f"line {number} was {_short(was)} and is {_short(now)}"
    return f"{len(new_lines)} lines instead of {len(old_lines)}"


def _short(line: str, limit: int = 60) -> str:
    return repr(line if len(line) <= limit else line[: limit - 1] + "…")


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ISO = (
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:\s?(?:Z|UTC|[+-]\d\d:?\d\d)(?!\d))?"
)
_CTIME = (
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d"
    r" \d\d:\d\d:\d\d(?: [AP]M)?(?: [A-Z]{3,4})? \d{4}"
)
_LISTING = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d"
_CLOCK = r"(?<![\d:.])\d\d:\d\d:\d\d(?:\.\d{1,6})?(?![\d:])"
_TEMPORARY = r"/tmp/(?:tmp\.?[A-Za-z0-9_]{6,}|[\w.-]+\.[A-Za-z0-9]{6,10})"
_PROCESS = r"\b(?:pid|PID|process id)[ =:#]+\d+"
_DURATION = (
    r"(?:(?<=\bin )|(?<=took )|(?<=elapsed: )|(?<=elapsed )|(?<=real\t)|(?<=user\t)|(?<=sys\t))"
    r"(?:\d+m)?\d+(?:\.\d+)?\s?(?:s|ms|µs|us|ns|sec|secs|seconds|milliseconds)\b"
)
# Compiled when two observations differ for the first time, which they hardly ever do.
_VOLATILE = (
    f"(?P<iso>{_ISO})|(?P<ctime>{_CTIME})|(?P<listing>{_LISTING})|(?P<clock>{_CLOCK})"
    f"|(?P<temporary>{_TEMPORARY})|(?P<process>{_PROCESS})|(?P<duration>{_DURATION})"
)


def _mask(seen: Seen) -> tuple[str, list[str]]:
    """Replace the volatile parts of a text by their kind; also return them in order."""
    parts: list[str] = []

    def replace(found: re.Match[str]) -> str:
        kind, value = found.lastgroup or "", found.group(0)
        if not _describes_the_run(kind, value, seen):
            return value
        parts.append(value)
        return f"⟨{kind}⟩"

    masked = re.sub(_VOLATILE, replace, seen.text)
    rest = re.sub(r"⟨\w+⟩", "", masked)
    if len(re.findall(r"\w", rest)) < sum(len(part) for part in parts) // 2:
        # Little is left: the time (or id) is what was asked for, not decoration.
        return seen.text, []
    return masked, parts


def _describes_the_run(kind: str, value: str, seen: Seen) -> bool:
    if kind in ("temporary", "process"):
        return True
    if kind == "duration":
        return _seconds(value) <= seen.duration_s * 1.05 + 0.001
    return any(_near(moment, kind, seen) for moment in _moments(kind, value, seen))


def _near(moment: datetime, kind: str, seen: Seen) -> bool:
    # A listing has minutes only, so its moment may lie up to a minute before.
    slack = 60.0 if kind == "listing" or moment.second == 0 else 0.0
    delta = moment.timestamp() - seen.at
    return -_NEAR_S - slack <= delta <= seen.duration_s + _NEAR_S


_UNITS = {"ms": 1e-3, "milliseconds": 1e-3, "µs": 1e-6, "us": 1e-6, "ns": 1e-9}


def _seconds(value: str) -> float:
    found = re.fullmatch(r"(?:(\d+)m)?(\d+(?:\.\d+)?)\s?(\D+)", value)
    if found is None:
        return float("inf")
    minutes, amount, unit = found.groups()
    return int(minutes or 0) * 60 + float(amount) * _UNITS.get(unit, 1.0)


def _moments(kind: str, value: str, seen: Seen) -> list[datetime]:
    """Read a timestamp as UTC and as local time, completing it from the time of the step."""
    began = datetime.fromtimestamp(seen.at, UTC)
    try:
        naive = _READERS[kind](value, began)
    except (ValueError, OverflowError):
        return []
    if naive.tzinfo is not None:
        return [naive]
    return [naive.replace(tzinfo=UTC), naive.astimezone()]


def _read_iso(value: str, _began: datetime) -> datetime:
    text = value.replace(",", ".").replace("UTC", "+00:00").replace(" +", "+").replace(" -", "-")
    fraction = re.search(r"\.(\d+)", text)
    if fraction:
        text = text.replace(fraction.group(0), "." + fraction.group(1)[:6].ljust(6, "0"))
    return datetime.fromisoformat(text)


def _read_ctime(value: str, _began: datetime) -> datetime:
    words = value.split()
    clock = words[3] if words[4] != "PM" or words[3].startswith("12") else _afternoon(words[3])
    month = _MONTHS.index(words[1].lower()) + 1
    return datetime.fromisoformat(f"{words[-1]}-{month:02}-{int(words[2]):02}T{clock}")


def _afternoon(clock: str) -> str:
    hour, rest = clock.split(":", 1)
    return f"{int(hour) + 12}:{rest}"


def _read_listing(value: str, began: datetime) -> datetime:
    month, day, clock = value.split()
    number = _MONTHS.index(month.lower()) + 1
    return datetime.fromisoformat(f"{began.year}-{number:02}-{int(day):02}T{clock}")


def _read_clock(value: str, began: datetime) -> datetime:
    hour, minute, second = value.split(":")
    return (began + timedelta(0)).replace(
        hour=int(hour), minute=int(minute), second=int(float(second)), microsecond=0, tzinfo=None
    )


_READERS: dict[str, Callable[[str, datetime], datetime]] = {
    "iso": _read_iso,
    "ctime": _read_ctime,
    "listing": _read_listing,
    "clock": _read_clock,
}
