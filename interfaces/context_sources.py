"""Where context comes from: memories, learned traces, the plugins' tools, the project's notes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from ..kernel.drivers.plugin import tool_name
from ..kernel.errors import LlmosError
from ..kernel.json_value import JsonValue
from ..kernel.tools import ToolCall, ToolSpec
from ..memory.placement import lower_cwd
from ..memory.semantic_tables import Filter
from ..memory.store import Hit, SemanticMemory
from ..memory.trace_store import TraceStore
from ..memory.traces import Flow, Step, Trace
from .context import Item, within
from .memory_tools import RECALL, text_of, told_of

NOTES = ("AGENTS.md", "CLAUDE.md")
_MOST = 3
_MEMORY_TOKENS = 200
_STEP_LENGTH = 300
_STEPS = 12
_LARGEST_NOTES = 256 * 1024
_TOKEN = re.compile(r"\w(?:[\w.:/@%+-]*\w)?")


def memories(memory: SemanticMemory, goal: str, kind: str) -> Iterator[Item]:
    """Yield what is remembered of a kind and near to a goal.

    Args:
        memory: The memory.
        goal: The goal.
        kind: ``lesson``, or ``note`` for all that people or the model wanted remembered.
    """
    for hit in _near(memory, goal, Filter(kind=kind)):
        one = hit.memory
        seen_as = ToolCall(tool_name(RECALL), {"ids": [one.id]})
        yield Item(
            "lesson" if kind == "lesson" else "memory",
            one.id,
            "- " + within(text_of(one), _MEMORY_TOKENS),
            f"similarity {hit.similarity:.2f}",
            seen_as,
            told_of([one]),
        )


def traces(memory: SemanticMemory, store: TraceStore, goal: str, cwd: str) -> Iterator[Item]:
    """Yield how goals near to this one were reached: those of traces that may run here.

    What is shown of a trace tells nothing of the world: neither its observations nor its answer,
    and of its inputs no word that came from an observation. So it is no observation itself, and
    what is learned with it depends on no more than that trace does.
    """
    for hit in _near(memory, goal, Filter(kind="result")):
        trace_id = hit.memory.metadata.get("trace_id")
        if not isinstance(trace_id, str):
            continue
        try:
            trace = store.get(trace_id)
        except LlmosError:
            continue  # it was removed, or is not trusted: there is nothing that it could tell
        text = _method(trace, cwd)
        yield Item("trace", trace_id, text, f"similarity {hit.similarity:.2f} to its goal")


def tools(memory: SemanticMemory, goal: str, specs: Sequence[ToolSpec]) -> Iterator[Item]:
    """Yield the plugins' tools whose description is near to a goal."""
    if not specs:
        return
    rows = memory.embedding.embed([goal, *(f"{one.name}: {one.description}" for one in specs)])
    for spec, cosine in zip(specs, (rows[1:] @ rows[0]).tolist(), strict=True):
        if cosine >= memory.embedding.near:
            text = f"- {tool_name(spec.name)}: {' '.join(spec.description.split())[:300]}"
            yield Item("tool", spec.name, text, f"similarity {cosine:.2f} to its description")


def notes(cwd: Path, read: Callable[[ToolCall], str | None], tokens: int) -> Iterator[Item]:
    """Yield the notes of the project in the working directory.

    Args:
        cwd: The working directory.
        read: Gives what the model would see if it read a file, or None if it cannot be read.
        tokens: What they may cost together.
    """
    seen: set[str] = set()
    found = [cwd / name for name in NOTES]
    there = [path for path in found if path.is_file() and path.stat().st_size <= _LARGEST_NOTES]
    for path in there:
        text = path.read_text(encoding="utf-8", errors="replace").strip()
        call = ToolCall("Read", {"file_path": str(path)})
        observed = read(call)
        if observed is None or not text or text in seen:
            continue
        seen.add(text)
        shown = within(text, tokens // len(there))
        framed = f'<notes file="{path.name}">\n{shown.replace("</notes", "< /notes")}\n</notes>'
        yield Item("notes", path.name, framed, "a file of the project", call, observed)


def _near(memory: SemanticMemory, goal: str, wanted: Filter) -> list[Hit]:
    hits = memory.search(goal, 2 * _MOST, wanted=wanted)
    near = memory.embedding.near
    return [one for one in hits if one.similarity is not None and one.similarity >= near][:_MOST]


def _method(trace: Trace, cwd: str) -> str:
    lines = [f"- goal: {_template(trace)}"]
    seen: set[str] = set(_TOKEN.findall(trace.goal))
    from_world: set[str] = set()
    for number, step in enumerate(trace.steps[:_STEPS]):
        given = _with_names(step, [(one.name, flow) for one in trace.parameters
                                   for flow in one.flows if flow.step == number])  # fmt: skip
        told = "; ".join(f"{name}: {value}" for name, value in given.items())
        hidden = _hidden(told, from_world)
        seen |= set(_TOKEN.findall(told))
        from_world |= set(_TOKEN.findall(step.observation.text)) - seen
        cut = hidden if len(hidden) <= _STEP_LENGTH else hidden[:_STEP_LENGTH] + "…"
        lines.append(f"  {number + 1}. {step.tool} {lower_cwd(cut, cwd)}")
    if len(trace.steps) > _STEPS:
        lines.append(f"  and {len(trace.steps) - _STEPS} more steps")
    return "\n".join(lines)


def _hidden(text: str, words: set[str]) -> str:
    return _TOKEN.sub(lambda found: "…" if found[0] in words else found[0], text)


def _template(trace: Trace) -> str:
    goal = trace.goal
    for one in sorted(trace.parameters, key=lambda one: one.start, reverse=True):
        goal = f"{goal[: one.start]}{{{one.name}}}{goal[one.end :]}"
    return goal


def _with_names(step: Step, flows: Sequence[tuple[str, Flow]]) -> Mapping[str, JsonValue]:
    """Return a step's input with names of parameters where their values stand, as far as plain."""
    given = dict(step.input)
    for name, flow in sorted(flows, key=lambda one: one[1].start, reverse=True):
        value = given.get(str(flow.path[0])) if len(flow.path) == 1 else None
        if isinstance(value, str) and flow.end:
            given[str(flow.path[0])] = f"{value[: flow.start]}{{{name}}}{value[flow.end :]}"
    return given
