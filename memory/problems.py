"""What is wrong with a trace file, for people."""

from __future__ import annotations

from pathlib import Path

from ..kernel.record import Record


class Problem(Record):
    """A trace file that cannot be used.

    Attributes:
        path: Where it is now.
        reason: Why, in one sentence.
    """

    path: Path
    reason: str
