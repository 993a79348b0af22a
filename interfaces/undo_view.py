"""Past runs as people and programs are shown them: lists, diffs, what was undone and what not."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime

from ..kernel.json_value import JsonValue
from ..memory.effects import effect_of
from ..memory.past_runs import Move, PastRun
from ..memory.tree import Change, Entry
from .colour import shows_colour
from .plain_text import one_line, printable

_NAMED = 10
_GREEN, _RED, _CYAN, _PLAIN = "\x1b[32m", "\x1b[31m", "\x1b[36m", "\x1b[0m"

Content = Callable[[Entry | None], bytes | None]
"""Gives the bytes of an entry's file; None if it has none, or they are too many."""


def row_of(run: PastRun) -> tuple[str, ...]:
    """Return a run as the cells of a row: id, when, mode, state, how many paths, goal."""
    moment, goal = _moment(run.began), one_line(run.goal, 300)
    return (run.id, moment, run.mode, run.state, _paths(run.paths), goal)


def run_json(run: PastRun) -> dict[str, JsonValue]:
    """Return a run as JSON."""
    return {
        "run_id": run.id,
        "directory": _shown(os.fspath(run.root)),
        "goal": run.goal,
        "mode": run.mode,
        "trace_id": run.trace_id,
        "state": run.state,
        "began": run.began,
        "ended": run.ended,
        "paths": run.paths,
        "not_kept": {_shown(path): why for path, why in run.missed.items()},
        "outside": list(outside_of(run)),
    }


def describe_move(move: Move) -> str:
    """Say what was undone or redone, what could not be, and what stays outside."""
    what = "redone" if move.redo else "undone"
    lost = set(move.lost)
    done = [one for one in move.changes if one.path not in lost]
    lines = [f"{what} {move.run.id}: {_paths(len(done))}"]
    lines += [
        f"  {_did(one)} {printable(one.path)}" for one in move.changes if one.path not in lost
    ]
    if move.in_place:
        lines.append(f"  {_paths(len(move.in_place))} were so already")
    lines += [f"  could not be brought back: {printable(path)}" for path in move.lost]
    lines += [f"  was not kept: {printable(path)}" for path in move.impossible]
    lines += _not_covered(move.run)
    return "\n".join(lines)


def move_json(move: Move) -> dict[str, JsonValue]:
    """Return what was undone or redone as JSON."""
    lost = set(move.lost)
    return {
        "type": "redo" if move.redo else "undo",
        **run_json(move.run),
        "state": "done" if move.redo else "undone",
        "changed": [_shown(one.path) for one in move.changes if one.path not in lost],
        "in_place": list(map(_shown, move.in_place)),
        "replaced_although_changed": list(map(_shown, move.conflicts)),
        "lost": list(map(_shown, (*move.lost, *move.impossible))),
        "exit_code": exit_code_of(move),
    }


def exit_code_of(move: Move) -> int:
    """Return 0, or 1 if something could not be brought back."""
    return 1 if move.lost or move.impossible else 0


def outside_of(run: PastRun) -> Iterator[str]:
    """Say of each step of a run that may have acted outside the directory what stays."""
    for number, (tool, told) in enumerate(run.calls, start=1):
        given: dict[str, JsonValue] = {"command": told, "file_path": told}
        effect = effect_of(tool, given, os.fspath(run.root))
        if effect.kind in ("reversible", "outside"):
            back = f"; `{effect.inverse}` takes it back" if effect.inverse else ""
            yield f"step {number} ({tool} {one_line(told, 60)}): {effect.why}{back}"


def _not_covered(run: PastRun) -> list[str]:
    lines = [f"  not kept: {printable(path)} ({why})" for path, why in run.missed.items()]
    more = len(lines) - _NAMED
    lines = lines[:_NAMED] + ([f"  not kept: {more} more"] if more > 0 else [])
    return lines + [f"  outside the directory: {said}" for said in outside_of(run)]


def describe_diff(run: PastRun, changes: Sequence[Change], content: Content) -> list[str]:
    """Return the lines of a unified diff of what a run changed, harmless for a terminal."""
    lines = [f"{run.id}  {run.mode}  {run.state}  {one_line(run.goal, 60)}"]
    for change in changes:
        lines += diff_of(change, content)
    return lines + _not_covered(run)


def diff_of(change: Change, content: Content) -> list[str]:
    """Return the lines of a diff of one change."""
    path = printable(change.path)
    old, new = change.before, change.after
    lines = [f"{_action(change)} {path}"]
    if old and new and old.kind == new.kind and old.mode != new.mode:
        lines.append(f"  mode {old.mode:04o} -> {new.mode:04o}")
    if (old and old.sha256) == (new and new.sha256):
        return lines
    if {one.kind for one in (old, new) if one} == {"file"}:
        return lines + _text_diff(path, old, content(old), new, content(new))
    return lines + [
        f"{sign}{one.kind} {printable(one.sha256)}"
        if one.kind == "symlink"
        else f"{sign}{one.kind}"
        for sign, one in (("-", old), ("+", new))
        if one is not None and one.kind != "directory"
    ]


def _text_diff(
    path: str, old: Entry | None, was: bytes | None, new: Entry | None, now: bytes | None
) -> list[str]:
    unknown = (old is not None and was is None) or (new is not None and now is None)
    if unknown or b"\0" in (was or b"") or b"\0" in (now or b""):
        return ["  the content differs (not shown: it is no text, too large, or not kept any more)"]
    names = (f"a/{path}" if old else "/dev/null", f"b/{path}" if new else "/dev/null")
    one, other = _lines(was), _lines(now)
    return [printable(line) for line in difflib.unified_diff(one, other, *names, lineterm="")]


def _lines(data: bytes | None) -> list[str]:
    return (data or b"").decode("utf-8", "replace").splitlines()


def diff_json(run: PastRun, changes: Sequence[Change], content: Content) -> JsonValue:
    """Return what a run changed as JSON."""
    return {
        "type": "diff",
        **run_json(run),
        "changes": [
            {
                "path": _shown(one.path),
                "action": _action(one),
                "before": _entry_json(one.before),
                "after": _entry_json(one.after),
                "diff": "\n".join(diff_of(one, content)[1:]),
            }
            for one in changes
        ],
    }


def coloured(lines: Iterable[str]) -> str:
    """Return the lines of a diff with colours, where standard output shows them."""
    if not shows_colour(sys.stdout):
        return "\n".join(lines)
    colours = {"+": _GREEN, "-": _RED, "@": _CYAN}
    return "\n".join(
        f"{colours[line[0]]}{line}{_PLAIN}" if line[:1] in colours else line for line in lines
    )


def _action(change: Change) -> str:
    if change.before is None:
        return "made"
    return "removed" if change.after is None else "changed"


def _did(change: Change) -> str:
    """Say what bringing an entry back to its `before` did."""
    if change.before is None:
        return "removed"
    return "made" if change.after is None else "put back"


def _entry_json(entry: Entry | None) -> JsonValue:
    if entry is None:
        return None
    return {"kind": entry.kind, "mode": f"{entry.mode:04o}", "sha256": _shown(entry.sha256)}


def _shown(path: str) -> str:
    """Return a path as text, also if its bytes are none."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _paths(count: int) -> str:
    return f"{count} path{'' if count == 1 else 's'}"


def some_paths(paths: Sequence[str]) -> str:
    """Name some paths, and say how many more there are."""
    more = len(paths) - _NAMED
    return ", ".join(map(printable, paths[:_NAMED])) + (f" and {more} more" if more > 0 else "")


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
