"""The topics of ``llmos help TOPIC``: the pages of ``docs/``, which come with the package."""

from __future__ import annotations

from pathlib import Path

_DOCS = Path(__file__).resolve().parent.parent / "docs"
_NAMES = {"traces": "trace-format", "plugins": "plugin-guide"}
"""Topics whose page has another name."""


def topics() -> list[str]:
    """Return the names of all topics."""
    pages = {path.stem for path in _DOCS.glob("*.md")}
    return sorted({*_NAMES, *(pages - {*_NAMES.values()})} | {"exit-codes"})


def page(topic: str) -> str | None:
    """Return the page of a topic, or None if there is no such topic."""
    if topic not in topics():
        return None
    try:
        return (_DOCS / f"{_NAMES.get(topic, topic)}.md").read_text("utf-8")
    except OSError:
        return None
