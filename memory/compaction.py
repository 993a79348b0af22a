"""Which steps of a trace need not be replayed, because they tell nothing that a kept step does not.

A step that shows something about the world is a guard even where no text of it stands again: the
model may have decided by it. So a step goes only if all that it showed follows from steps that
stay:

1. ``repeated``: the very same look as an earlier step, which saw the same, with nothing done in
   between that could have changed it.
2. ``absent``: a look that said only that its file was not there, where a later Write makes that
   file: the Write is carried out only if the file is absent, or holds what the trace made of it.
3. ``own``: a whole Read that showed what an earlier Write of the trace had put there.
4. ``mistake``: an Edit that changed nothing, because its text did not stand in the file, or stood
   there more than once, where the whole file was read or written by an earlier step.

The last two only in a trace without parameters: with other values they could show something else.
No step between may have changed the file. The last step stays: the answer may be from it. A trace
of which a step moves to another folder, runs git, waits, or may act outside is left as it is, since
what is left has to be tried in a scratch copy.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from posixpath import normpath
from typing import Literal

from .binding import BindingRefused
from .bound import verify_parameters
from .effects import effect_of_step
from .implicit import shows, table_of
from .placement import MARKER
from .traces import Flow, Parameter, Step, Trace

Why = Literal["repeated", "absent", "own", "mistake"]

_NEVER = re.compile(r"\b(?:cd|pushd|popd|git|sleep|wait)\b|&\s*$")
"""What moves, runs hooks, or waits for something: too much depends on it."""
_CHANGES = re.compile(r"\b(?:date|uptime|ps|df|du|free|who)\b")
"""What is another thing at another moment although nothing was done."""
_ONE_FILE = re.compile(r"(?P<program>cat|head|tail|wc)(?: -[a-z]+)* (?P<path>[\w./-]+)\Z")
_ABSENT = re.compile(
    r"File does not exist\.(?: Note: your current working directory is \S+\.)?\Z"
    r"|Exit code 1\n\w+: [^\n]*: No such file or directory\Z"
)
_NOT_EDITED = re.compile(
    r"(?:<tool_use_error>)?(?:String to replace not found in file\."
    r"|Found \d+ matches of the string to replace, but replace_all is false\."
    r"|No changes to make: old_string and new_string are exactly the same\.)"
)
_NUMBER = re.compile(r"^\d+\t", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A step that need not be replayed.

    Attributes:
        index: Its index in the full trace.
        why: By which rule.
        by: Index of the step that says the same.
    """

    index: int
    why: Why
    by: int


@dataclass(frozen=True, slots=True)
class Compaction:
    """A trace with fewer steps, still to be tried.

    Attributes:
        trace: The trace.
        left_out: The steps that it does not have.
    """

    trace: Trace
    left_out: tuple[LeftOut, ...]


def compacted(trace: Trace) -> Compaction | None:
    """Return a trace without the steps that say nothing of their own; None if all of them do.

    Args:
        trace: The trace as it was learned.
    """
    if not may_be_tried(trace):
        return None
    left_out: list[LeftOut] = []
    for index in range(len(trace.steps) - 1):
        gone = {one.index for one in left_out}
        found = _left_out(trace, index, gone)
        if found is not None:
            left_out.append(found)
    if not left_out:
        return None
    shorter = _without(trace, {one.index for one in left_out})
    return None if shorter is None else Compaction(shorter, tuple(left_out))


def may_be_tried(trace: Trace) -> bool:
    """Whether a trace may be carried out in a scratch copy: nothing of it reaches farther."""
    return all(
        effect_of_step(step).kind in ("none", "files") and not _NEVER.search(_command(step))
        for step in trace.steps
    )


def _left_out(trace: Trace, index: int, gone: set[int]) -> LeftOut | None:
    step = trace.steps[index]
    if _changes(step):
        return None
    earlier = [at for at in range(index) if at not in gone]
    for at in reversed(earlier):
        if _says_the_same(trace, at, index) and _quiet(trace.steps[at + 1 : index], step):
            return LeftOut(index, "repeated", at)
        why = _known_from(trace, at, index)
        if why is not None and _quiet(trace.steps[at + 1 : index], step):
            return LeftOut(index, why, at)
    for at in range(index + 1, len(trace.steps)):
        if _makes_what_is_absent(trace, index, at) and _quiet(trace.steps[index + 1 : at], step):
            return LeftOut(index, "absent", at)
    return None


def _says_the_same(trace: Trace, first: int, again: int) -> bool:
    one, other = trace.steps[first], trace.steps[again]
    seen = [(step.observation.text, step.observation.ok, step.observation.exit_code)
            for step in (one, other)]  # fmt: skip
    # Not `==` alone, to which 1, 1.0 and True are equal.
    same = (one.tool, repr(one.input)) == (other.tool, repr(other.input)) and seen[0] == seen[1]
    lasting = shows(one) and not _CHANGES.search(_command(one))
    return same and lasting and _flows(trace, first) == _flows(trace, again)


def _known_from(trace: Trace, earlier: int, index: int) -> Why | None:
    """Say how what a step showed follows from an earlier one about the same file, or None."""
    source, step = trace.steps[earlier], trace.steps[index]
    if trace.parameters or not source.observation.ok or _path(source) != _path(step):
        return None
    wrote = source.tool == "Write" and source.after is not None
    if wrote and _reads_whole(step) and _shown(step) == str(source.input.get("content")).rstrip():
        return "own"
    known = wrote or (_reads_whole(source) and table_of(source.observation.text) is None)
    failed = not step.observation.ok and _NOT_EDITED.match(step.observation.text) is not None
    return "mistake" if step.tool == "Edit" and failed and known else None


def _makes_what_is_absent(trace: Trace, index: int, later: int) -> bool:
    step, maker = trace.steps[index], trace.steps[later]
    if step.observation.ok or not _ABSENT.match(step.observation.text):
        return False
    absent = maker.before is not None and maker.before.sha256 is None
    made = maker.tool == "Write" and maker.observation.ok and maker.after is not None
    same = _path(step) is not None and _path(step) == _path(maker)
    return absent and made and same and _in_path(trace, index) == _in_path(trace, later)


def _quiet(between: Sequence[Step], step: Step) -> bool:
    """Whether no step between could have changed what a step shows."""
    path = _path(step)
    for one in between:
        if not _changes(one):
            continue
        # A Write or Edit changes its own file, and may change what a look at anything else shows.
        if one.tool == "Bash" or path is None or _path(one) == path:
            return False
    return True


def _changes(step: Step) -> bool:
    """Whether a step may have changed anything: it is of effect class ``files``, and it succeeded.

    A command that failed may have done half of what it was to do.
    """
    if step.tool in ("Write", "Edit"):
        return step.observation.ok
    return effect_of_step(step).kind != "none"


def _reads_whole(step: Step) -> bool:
    return step.tool == "Read" and set(step.input) == {"file_path"}


def _shown(step: Step) -> str:
    """Return the text that a Read showed, without the numbers of its lines."""
    return _NUMBER.sub("", step.observation.text).rstrip()


def _path(step: Step) -> str | None:
    """Return the one file that a step reads or writes, relative to the working directory."""
    path = step.input.get("file_path")
    if step.tool == "Bash":
        found = _ONE_FILE.match(_command(step))
        path = None if found is None else found["path"]
    if not isinstance(path, str):
        return None
    return normpath(path.removeprefix(f"{MARKER}/"))


def _command(step: Step) -> str:
    return str(step.input.get("command", "")) if step.tool == "Bash" else ""


def _flows(trace: Trace, index: int) -> set[tuple[str, Flow]]:
    return {
        (one.name, replace(flow, step=0))
        for one in trace.parameters
        for flow in one.flows
        if flow.step == index
    }


def _in_path(trace: Trace, index: int) -> list[tuple[int, int, str, str]]:
    """Return where parameters flow into the path of a step, from its end, and how spelled."""
    given = trace.steps[index].input
    found: list[tuple[int, int, str, str]] = []
    for one in trace.parameters:
        for flow in one.flows:
            if flow.step == index and flow.path in (("file_path",), ("command",)):
                end = len(str(given[str(flow.path[0])]))
                found.append((end - flow.start, end - flow.end, one.name, flow.form))
    return sorted(found)


def _without(trace: Trace, gone: set[int]) -> Trace | None:
    """Return a trace without some steps, or None if a value of its goal would flow nowhere then."""
    kept = [at for at in range(len(trace.steps)) if at not in gone]
    place = {old: new for new, old in enumerate(kept)}
    parameters: list[Parameter] = []
    for one in trace.parameters:
        flows = tuple(
            replace(flow, step=place[flow.step]) for flow in one.flows if flow.step in place
        )
        if not flows:
            return None
        parameters.append(replace(one, flows=flows))
    shorter = replace(
        trace, steps=tuple(trace.steps[at] for at in kept), parameters=tuple(parameters)
    )
    try:
        verify_parameters(shorter)
    except BindingRefused:
        return None
    return shorter
