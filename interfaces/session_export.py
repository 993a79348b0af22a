"""A session as a document: Markdown, JSON, or one HTML page that needs nothing else."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime

from ..kernel.json_value import JsonValue
from ..kernel.money import format_usd, to_usd
from ..memory.session_files import Doing, SessionRow, Turn
from .render import describe_call

FORMATS = ("md", "json", "html")

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }}
body {{ max-width: 48rem; margin: 2rem auto; padding: 0 1rem; }}
pre {{ overflow-x: auto; padding: .5rem; border: 1px solid #8886; border-radius: .3rem; }}
.note {{ opacity: .7; font-size: .9rem; }}
</style></head><body>
{body}
</body></html>
"""


def when(moment: float) -> str:
    """Return a moment in local time, to the minute."""
    return datetime.fromtimestamp(moment, UTC).astimezone().strftime("%Y-%m-%d %H:%M")


def summary(row: SessionRow) -> dict[str, JsonValue]:
    """Return the outline of a session as JSON."""
    return {
        "session_id": row.id,
        "name": row.name,
        "cwd": row.cwd,
        "goal": row.goal,
        "goals": row.turns,
        "total_cost_usd": to_usd(row.cost),
        "used_at": row.used_at,
    }


def export(row: SessionRow, turns: Sequence[Turn], form: str, *, steps: bool = True) -> str:
    """Return a session as a document.

    Args:
        row: Its outline.
        turns: What was asked and done.
        form: One of `FORMATS`.
        steps: Whether what was done is in it.
    """
    if form == "json":
        value = {**summary(row), "turns": [_turn_json(one) for one in turns]}
        return json.dumps(value, ensure_ascii=False, indent=2)
    return _as_html(row, turns) if form == "html" else _as_markdown(row, turns, steps)


def _title(row: SessionRow) -> str:
    return f"Session {row.name or row.id}"


def _note(turn: Turn) -> str:
    state = "" if turn.ok else ", not reached"
    return f"{turn.mode}, {format_usd(turn.cost)}, {when(turn.at)}{state}"


def _as_markdown(row: SessionRow, turns: Sequence[Turn], steps: bool) -> str:
    lines = [f"# {_title(row)}", "", f"{row.id}, in `{row.cwd}`"]
    for turn in turns:
        first, _, rest = turn.goal.partition("\n")
        lines += ["", f"## {first}", ""]
        lines += [rest, ""] if rest.strip() else []
        for one in turn.doings if steps else ():
            lines += [f"- {_call(one)}", "", *_fenced(one.output), ""]
        lines += [turn.answer, "", f"*{_note(turn)}*"]
    return "\n".join(lines)


def _call(doing: Doing) -> str:
    return describe_call(doing.tool, doing.input) + ("" if doing.ok else " (failed)")


def _fenced(text: str) -> list[str]:
    """Return a block that the text itself cannot end."""
    longest = max((len(one) for one in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [fence, text, fence]


def _as_html(row: SessionRow, turns: Sequence[Turn]) -> str:
    parts = [f"<h1>{html.escape(_title(row))}</h1>"]
    parts.append(f'<p class="note">{html.escape(f"{row.id}, in {row.cwd}")}</p>')
    for turn in turns:
        parts.append(f"<h2>{html.escape(turn.goal)}</h2>")
        for one in turn.doings:
            parts.append(
                f"<details><summary>{html.escape(_call(one))}</summary>"
                f"<pre>{html.escape(one.output)}</pre></details>"
            )
        parts.append(f"<pre>{html.escape(turn.answer)}</pre>")
        parts.append(f'<p class="note">{html.escape(_note(turn))}</p>')
    return _PAGE.format(title=html.escape(_title(row)), body="\n".join(parts))


def _turn_json(turn: Turn) -> JsonValue:
    steps: list[JsonValue] = [
        {"tool": one.tool, "input": one.input, "output": one.output, "is_error": not one.ok}
        for one in turn.doings
    ]
    return {
        "run_id": turn.run_id,
        "goal": turn.goal,
        "answer": turn.answer,
        "is_error": not turn.ok,
        "mode": turn.mode,
        "total_cost_usd": None if turn.cost is None else to_usd(turn.cost),
        "at": turn.at,
        "steps": steps,
    }
