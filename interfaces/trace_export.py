"""A trace in other forms: its own file, Markdown for people, a script for where llmos is not."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import cast

from ..kernel.errors import UsageError
from ..kernel.json_value import JsonValue
from ..kernel.money import to_usd
from ..memory.capabilities import capabilities_of
from ..memory.effects import effect_of_step
from ..memory.placement import lower_json
from ..memory.replay_rules import rules_of
from ..memory.traces import Step, Trace

FORMS = ("json", "md", "bash", "python")
_LOOKS = frozenset({"Read", "Glob", "Grep", "LS"})
_TYPES = {"number": "number", "path": "file"}
_WRITES = "write_text"


def exported(trace_id: str, trace: Trace, form: str, cwd: str) -> str:
    """Return a trace in another form.

    Args:
        trace_id: Its id.
        trace: The trace.
        form: One of `FORMS`, but for ``json``, which is the file itself.
        cwd: The working directory, which scripts name.

    Raises:
        UsageError: If it cannot be said in this form.
    """
    if form == "md":
        return _markdown(trace_id, trace)
    steps = [(one, lower_json(one.input, cwd)) for one in trace.steps]
    return _bash(trace_id, trace, steps) if form == "bash" else _python(trace_id, trace, steps)


def _markdown(trace_id: str, trace: Trace) -> str:
    can = capabilities_of(trace)
    origin = trace.provenance
    learned = datetime.fromtimestamp(origin.learned_at, UTC).isoformat(timespec="seconds")
    cost = None if origin.cost_micros is None else to_usd(origin.cost_micros)
    about: dict[str, JsonValue] = {
        "name": _name(trace.goal),
        "description": trace.goal,
        "license": "",
        "compatibility": "llmos",
        "allowed-tools": " ".join(dict.fromkeys(step.tool for step in trace.steps)),
        "metadata": {
            "trace_id": trace_id,
            "goal": _with_placeholders(trace),
            "version": trace.schema_version,
            "parameters": [
                {
                    "key": one.name,
                    "input_type": "select" if one.domain else _TYPES.get(one.kind, "string"),
                    "requirement": "optional",
                    "description": f"stands for {one.value!r} in the goal",
                    "default": one.value,
                    "options": list(one.domain),
                }
                for one in trace.parameters
            ],
            "requires": {
                "tools": list(can.tools),
                "hosts": list(can.hosts),
                "paths": list(can.writes),
            },
            "steps": [
                {"tool": one.tool, "input": dict(one.input), "effect": effect_of_step(one).kind}
                for one in trace.steps
            ],
            "checks": [f"{rule.may}: {rule.why}" for rule in rules_of(trace)],
            "cost_usd": cost,
            "learned_at": learned,
            "model": origin.model,
            "source_session": origin.session_id,
        },
    }
    lines = ["---", *_yaml(about, ""), "---", "", f"# {trace.goal.splitlines()[0]}", ""]
    for number, step in enumerate(trace.steps, start=1):
        given = step.input.get("command")
        lines += [f"## Step {number}: {step.tool}", ""]
        lines += _fenced(str(given), "bash") if given else _fenced(_pretty(step.input), "json")
    return "\n".join([*lines, "## Answer", "", *_fenced(trace.answer, "text")])


def _fenced(text: str, language: str) -> list[str]:
    fence = "```"
    while fence in text:
        fence += "`"
    return [f"{fence}{language}", text, fence, ""]


def _pretty(value: Mapping[str, JsonValue]) -> str:
    return json.dumps(dict(value), indent=2, ensure_ascii=False)


def _name(goal: str) -> str:
    """Return a name as agentskills.io has it: lower case, digits, hyphens, at most 64 long."""
    kept = "".join(one if one.isascii() and one.isalnum() else " " for one in goal.lower())
    return "-".join(kept.split())[:64].strip("-") or "trace"


def _with_placeholders(trace: Trace) -> str:
    text = trace.goal
    for one in sorted(trace.parameters, key=lambda one: one.start, reverse=True):
        text = f"{text[: one.start]}{{{{ {one.name} }}}}{text[one.end :]}"
    return text


def _yaml(value: Mapping[str, JsonValue], indent: str) -> Iterator[str]:
    """Yield lines of YAML; scalars are spelled as in JSON, which YAML includes."""
    for key, one in value.items():
        if isinstance(one, dict) and one:
            yield f"{indent}{key}:"
            yield from _yaml(one, indent + "  ")
        elif isinstance(one, list) and one:
            yield f"{indent}{key}:"
            for item in one:
                if isinstance(item, dict):
                    first, *rest = _yaml(item, indent + "    ")
                    yield f"{indent}  - {first.strip()}"
                    yield from rest
                else:
                    yield f"{indent}  - {_scalar(item)}"
        else:
            yield f"{indent}{key}: {_scalar(one)}"


def _scalar(value: JsonValue) -> str:
    # ASCII only: then no character is one that YAML would not take as it stands.
    return json.dumps(value)


def _bash(trace_id: str, trace: Trace, steps: list[tuple[Step, dict[str, JsonValue]]]) -> str:
    lines = ["#!/usr/bin/env bash", *_heading(trace_id, trace), "set -eu", ""]
    for number, (step, given) in enumerate(steps, start=1):
        lines += [f"# step {number}: {step.tool}"]
        match step.tool:
            case "Bash":
                lines += [_expecting(str(given["command"]), step)]
            case "Write":
                path = shlex.quote(str(given["file_path"]))
                lines += [
                    f'mkdir -p -- "$(dirname -- {path})"',
                    f"printf %s {shlex.quote(str(given['content']))} > {path}",
                ]
            case "Edit":
                lines += [f"python3 -c {shlex.quote(_edit_program(given))}"]
            case _:
                lines += [_looks(step, number)]
        lines += [""]
    return "\n".join([*lines, f"printf '%s\\n' {shlex.quote(trace.answer)}", ""])


def _expecting(command: str, step: Step) -> str:
    code = step.observation.exit_code
    run = f"bash -c {shlex.quote(command)}"
    if step.observation.ok:
        return run
    wanted = f'[ "$?" -eq {code} ]' if code is not None else "true"
    return f"{run} || {wanted}  # it failed when it was learned"


def _python(trace_id: str, trace: Trace, steps: list[tuple[Step, dict[str, JsonValue]]]) -> str:
    lines = [
        "#!/usr/bin/env python3",
        *_heading(trace_id, trace),
        "import subprocess",
        "from pathlib import Path",
        "",
    ]
    for number, (step, given) in enumerate(steps, start=1):
        lines += [f"# step {number}: {step.tool}"]
        match step.tool:
            case "Bash":
                code = step.observation.exit_code
                wanted = "check=True" if step.observation.ok else "check=False"
                lines += [f"done = subprocess.run(['bash', '-c', {given['command']!r}], {wanted})"]
                if not step.observation.ok and code is not None:
                    lines += [f"assert done.returncode == {code}"]
            case "Write":
                lines += [
                    f"path = Path({given['file_path']!r})",
                    "path.parent.mkdir(parents=True, exist_ok=True)",
                    f"path.{_WRITES}({given['content']!r}, encoding='utf-8')",
                ]
            case "Edit":
                lines += [_edit_program(given)]
            case _:
                lines += [_looks(step, number)]
        lines += [""]
    return "\n".join([*lines, f"print({trace.answer!r})", ""])


def _edit_program(given: Mapping[str, JsonValue]) -> str:
    count = "-1" if given.get("replace_all") else "1"
    old, new = str(given["old_string"]), str(given["new_string"])
    return "\n".join(
        [
            "from pathlib import Path",
            f"path = Path({str(given['file_path'])!r})",
            "text = path.read_text(encoding='utf-8')",
            f"assert {old!r} in text, 'the file is not as it was'",
            f"path.{_WRITES}(text.replace({old!r}, {new!r}, {count}), encoding='utf-8')",
        ]
    )


def _looks(step: Step, number: int) -> str:
    if step.tool in _LOOKS:
        given = json.dumps(cast("JsonValue", dict(step.input)))
        return f"# it only looked: {given}"
    raise UsageError(
        f"step {number} calls {step.tool}, which no script can do without llmos",
        hint="export it as json or md",
    )


def _heading(trace_id: str, trace: Trace) -> list[str]:
    goal = " ".join(trace.goal.split()).encode("ascii", "backslashreplace").decode()
    return [
        f"# {goal[:200]}",
        f"# From the llmos trace {trace_id}. Nothing is checked and nothing can be undone here:",
        "# llmos would stop where what is seen is not what was seen when this was learned.",
    ]
