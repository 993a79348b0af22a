"""What is fuzzed: each target takes bytes, and may raise only what llmos raises on purpose."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import cast

from pydantic import JsonValue

from factory import make_trace
from llmos.interfaces.arguments import parse
from llmos.interfaces.dispatcher import check_goal
from llmos.interfaces.settings import load_settings
from llmos.kernel.drivers import standard_drivers
from llmos.kernel.errors import LlmosError, PluginError, TraceError, UsageError
from llmos.kernel.redaction import Redactor
from llmos.kernel.tools import ToolRegistry
from llmos.memory.codec import decode, encode
from llmos.memory.evidence import Evidence
from llmos.memory.found import Place
from llmos.memory.goals import normal_form
from llmos.memory.matching import Matcher
from llmos.memory.permission_rules import read_rules
from llmos.memory.permissions import Permissions
from llmos.memory.trace_store import TraceStore
from llmos.memory.trust import Trust
from llmos.plugins.loader import load_module
from llmos.plugins.schema import json_schema, problem_of
from parameters import with_parameters

Target = Callable[[bytes], None]


def codec(data: bytes) -> None:
    """Read a trace file; what can be read can be written, and read again."""
    try:
        signed = decode(data)
    except TraceError:
        return
    again = decode(encode(signed.trace, signed.signature))
    assert again.trace == signed.trace


def matcher(data: bytes) -> None:
    """Look for what answers a goal."""
    with contextlib.suppress(LlmosError):
        goal = check_goal(data.decode("utf-8", "surrogateescape"))
        found = _matcher().match(goal, _place())
        for match in found.matches:
            assert match.trace_id.startswith("t-")


def arguments(data: bytes) -> None:
    """Read a command line, and the settings and rules in it."""
    given = [os.fsdecode(one) for one in data.split(b"\0")]
    with contextlib.suppress(UsageError, SystemExit), contextlib.redirect_stdout(io.StringIO()):
        request = parse(given)
        settings = load_settings(request.given, {})
        read_rules(settings.deny, settings.ask, settings.allow)


def commands(data: bytes) -> None:
    """Take a command apart, and judge it."""
    command = data.decode("utf-8", "surrogateescape")
    _permissions().judge("Bash", {"command": command})


def plugins(data: bytes) -> None:
    """Load a plugin file; read its schema and an input against it."""
    with contextlib.suppress(PluginError):
        load_module(Path("/nowhere/fuzzed.py"), data)
    with contextlib.suppress(ValueError, RecursionError):
        import json

        value = cast("JsonValue", json.loads(data))
        schema = json_schema(value if isinstance(value, dict) else {"text": value})
        problem_of({"text": value}, schema)


def secrets(data: bytes) -> None:
    """Redact a text."""
    text = data.decode("utf-8", "surrogateescape")
    once = _redactor().redact(text)
    assert "hunter2hunter2" not in once


TARGETS: dict[str, Target] = {
    one.__name__: one for one in (codec, matcher, arguments, commands, plugins, secrets)
}


def seeds(name: str) -> list[bytes]:
    """Return inputs of a target from which others are bred."""
    trace = make_trace("count the lines of data.csv", given={"command": "wc -l data.csv"})
    match name:
        case "codec":
            return [encode(trace, None), encode(trace, "place1:x:y")]
        case "matcher":
            return [b"count the lines of data.csv", b"count the lines of b.csv", b"say hello"]
        case "arguments":
            return [b"--json\0--allow\0Bash(npm run test:*)\0say hello", b"trace\0allow\0mine\0-y"]
        case "commands":
            return [b"a=1 npm run test && rm -rf x | (cat <<E\nx\nE\n) > .git/config", b"eval $X"]
        case "plugins":
            return [b'{"text": {"type": "string"}}', b"x = 1\ndef f(a):\n    return a\n"]
        case _:
            return [b"password=hunter2hunter2 sk-ant-api03-abc", b"Cookie: a=b; mysql -pabc"]


@cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="llmos-fuzz-"))


@cache
def _matcher() -> Matcher:
    folder = _folder()
    store = TraceStore(
        folder / "traces",
        Trust(folder / "state", folder / "traces"),
        index_path=folder / "index.sqlite",
        key=normal_form,
        redactor=Redactor({}),
    )
    trace = make_trace("count the lines of data.csv", given={"command": "wc -l data.csv"})
    store.put(with_parameters(trace, {"data.csv": "path"}))
    store.put(make_trace("say hello"))
    return Matcher(store, Evidence(None))


@cache
def _place() -> Place:
    return Place("/work", date(2026, 1, 1), "acceptEdits", ToolRegistry(standard_drivers()))


@cache
def _permissions() -> Permissions:
    rules = read_rules(["Bash(rm:*)", "Read(./secrets/**)"], ["Bash(git push:*)"], ["Bash(npm *)"])
    folder = _folder()
    return Permissions(rules, folder, folder, mode="default", own=[folder / "memory"])


@cache
def _redactor() -> Redactor:
    return Redactor({"MY_TOKEN": "hunter2hunter2"})
