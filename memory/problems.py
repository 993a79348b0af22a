"""What is wrong with a trace file, for people."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Problem:
    """A trace file that cannot be used.

    Attributes:
        path: Where it is now.
        reason: Why, in one sentence.
    """

    path: Path
    reason: str
