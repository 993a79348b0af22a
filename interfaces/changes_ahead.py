"""What a replay would write, as diffs, before it is carried out; for ``--dry-run``."""

from __future__ import annotations

import os
from pathlib import Path

from ..memory.file_state import resolve
from .approval import proposed_change
from .decision import Decision

_SHOWN = 60
"""Lines of a change that are shown."""


def changes_ahead(decision: Decision, cwd: Path) -> list[str]:
    """Return what the file tools of a replay would change in what stands there now. Blocks.

    Args:
        decision: How the goal would be answered; without a trace nothing is known beforehand.
        cwd: The working directory.
    """
    lines: list[str] = []
    seen: set[Path] = set()
    for number, step in enumerate(decision.matches[0].steps if decision.matches else (), start=1):
        if step.tool not in ("Write", "Edit"):
            continue
        path = resolve(str(step.input.get("file_path", "")), cwd)
        if path in seen:
            lines.append(f"  step {number} goes on from there in {os.path.relpath(path, cwd)}")
            continue
        seen.add(path)
        change = proposed_change(step.tool, {**step.input, "file_path": os.fspath(path)})
        same = f"  step {number} leaves {os.path.relpath(path, cwd)} as it is"
        lines += change[:_SHOWN] or [same]
        if len(change) > _SHOWN:
            lines.append(f"  ({len(change) - _SHOWN} more lines)")
    return lines
