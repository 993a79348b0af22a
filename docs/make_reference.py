"""Writes docs/reference.md from the code: ``python docs/make_reference.py``; a test runs it dry."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterable
from pathlib import Path

from llmos.boot import LLMOS
from llmos.interfaces.arguments import EXIT_CODES, GOAL_OPTIONS, NARRATION, SETTINGS
from llmos.interfaces.commands import COMMANDS, Command, Option
from llmos.interfaces.core import Core
from llmos.interfaces.drift_kinds import DriftKind
from llmos.interfaces.result import Result
from llmos.interfaces.script_arguments import RESULT, SESSION, SHOWN
from llmos.interfaces.settings import KEYS, Key, Settings
from llmos.kernel import errors, events
from llmos.kernel.errors import LlmosError
from llmos.kernel.events import Event
from llmos.memory.found import Miss
from llmos.plugins import llm_tool

_OPTIONS = (
    Option(("--json",), "one JSON result on stdout"),
    *GOAL_OPTIONS,
    *RESULT,
    *SESSION,
    *SETTINGS,
    *NARRATION,
    *SHOWN,
    Option(("-V", "--version"), "print the version"),
    Option(("-h", "--help"), "print help"),
)
TARGET = Path(__file__).parent / "reference.md"


def reference() -> str:
    """Return the page."""
    parts = [
        "# Reference",
        "Made from the code by `docs/make_reference.py`.",
        "## Options",
        "`llmos [options] [GOAL | COMMAND]`; what follows `--` is the goal, whatever it says.",
        _table(("option", "does"), map(_option, _OPTIONS)),
        "## Commands",
        _table(("command", "in the shell", "does"), map(_command, COMMANDS)),
        "## Exit codes",
        _block(EXIT_CODES),
        _table(("error", "exit code", "subtype", "when"), map(_error, _below(LlmosError))),
        "## Settings",
        _table(("key", "environment", "default", "sets"), map(_key, KEYS)),
        "## Events",
        "`LLMOS.stream` yields them, `LLMOS.bus` publishes them, `stream-json` prints them.",
        _table(("event", "fields", "says"), map(_event, _below(Event))),
        "## Result",
        _table(("field", "type"), _fields(Result)),
        "## Why a replay stopped, and why none began",
        "`drift.kind`: " + ", ".join(f"`{one.value}`" for one in DriftKind),
        "`refusals[].kind`: " + ", ".join(f"`{one.value}`" for one in Miss),
        "## Library",
        *_methods(),
        "## Plugins",
        f"`llm_tool({_names(llm_tool)})`",
        inspect.getdoc(llm_tool) or "",
    ]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _block(text: str) -> str:
    return f"```text\n{text.rstrip()}\n```"


def _table(headings: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    lines = [f"| {' | '.join(headings)} |", f"|{'---|' * len(headings)}"]
    for row in rows:
        lines.append(f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in row)} |")
    return "\n".join(lines)


def _option(option: Option) -> tuple[str, str]:
    value = f" {option.metavar}" if option.metavar else ""
    return ", ".join(f"`{flag}{value}`" for flag in option.flags), option.help


def _command(command: Command) -> tuple[str, str, str]:
    usage = f"{command.name} {command.usage}".rstrip()
    line = "" if command.where == "shell" else f"`llmos {usage}`"
    names = (command.name, *command.shell_names)
    shell = "" if command.where == "cli" else ", ".join(f"`/{name}`" for name in names)
    return line, shell, command.help


def _below(base: type) -> list[type]:
    module = errors if base is LlmosError else events
    found = [one for one in vars(module).values() if isinstance(one, type)]
    return [one for one in found if issubclass(one, base) and one is not base]


def _first(thing: object) -> str:
    return (inspect.getdoc(thing) or "").split("\n\n", 1)[0].replace("\n", " ")


def _error(kind: type) -> tuple[str, int, str, str]:
    assert issubclass(kind, LlmosError)
    return kind.__name__, kind.exit_code, kind.subtype, _first(kind)


def _key(key: Key) -> tuple[str, str, str, str]:
    field = {one.name: one for one in dataclasses.fields(Settings)}[key.setting]
    default = "" if field.default is dataclasses.MISSING else field.default
    older = f", `{key.older}`" if key.older else ""
    return f"`{key.name}`", f"`{key.variable}`{older}", f"{default}", key.help


def _event(kind: type) -> tuple[str, str, str]:
    names = ", ".join(f"`{one.name}`" for one in dataclasses.fields(kind))  # pyright: ignore
    return f"`{kind.__name__}`", names, _first(kind)


def _fields(kind: type) -> list[tuple[str, str]]:
    fields = dataclasses.fields(kind)  # pyright: ignore
    return [(f"`{one.name}`", f"`{one.type}`") for one in fields]


def _names(function: Callable[..., object]) -> str:
    # Without the types, which each version of Python spells in its own way.
    return ", ".join(name for name in inspect.signature(function).parameters if name != "self")


def _methods() -> list[str]:
    parts = [f"`LLMOS({_names(LLMOS.__init__)})`"]
    for name, member in {**vars(LLMOS), **vars(Core)}.items():
        if not name.startswith("_") and inspect.isfunction(member):
            parts.append(f"`{name}({_names(member)})`: {_first(member)}")
    return parts


if __name__ == "__main__":
    TARGET.write_text(reference(), "utf-8")
    print(TARGET)
