"""``doctor``: whether everything that llmos needs is there, and what to do where it is not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import anyio.to_thread

from ..kernel.errors import LlmosError
from ..kernel.json_value import JsonValue
from ..kernel.record import Record
from .command_context import CommandRequest, Context, Grid, Said
from .model_run import LOGIN_HINT
from .settings import Settings, load_settings
from .user_config import config_places

GOOD, WARNING, BAD = "ok", "warning", "wrong"
_KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN")
_OLDEST = (3, 11)
_CLI_S = 30.0


class Finding(Record):
    """What one check found.

    Attributes:
        name: What was looked at.
        state: ``ok``, ``warning`` or ``wrong``.
        said: What was found.
        hint: What to do about it; empty if nothing is to be done.
    """

    name: str
    state: str
    said: str
    hint: str = ""


async def doctor(context: Context, _request: CommandRequest) -> Said:
    """Check everything; each finding says what to do."""
    work = partial(_examined, context.given, dict(os.environ))
    found = await anyio.to_thread.run_sync(work)
    grid = Grid(("CHECK", "STATE", "FOUND"), [(one.name, one.state, one.said) for one in found])
    hints = [f"{one.name}: {one.hint}" for one in found if one.hint]
    rows: list[JsonValue] = [
        {"check": one.name, "state": one.state, "found": one.said, "hint": one.hint}
        for one in found
    ]
    wrong = any(one.state == BAD for one in found)
    return Said("\n".join(hints), grid, rows, exit_code=1 if wrong else 0)


def _examined(given: Mapping[str, Any], environ: Mapping[str, str]) -> list[Finding]:
    found = [_python(), _sdk()]
    settings: Settings | None = None
    try:
        settings = load_settings(given, environ, Path.cwd())
        found.append(_settings(settings, environ))
    except (LlmosError, OSError) as error:
        found.append(_failed("settings", error))
        settings = Settings()
    found.append(_cli(settings))
    found.append(_login(environ))
    memory = (Path.cwd() / settings.workspace).resolve() / "memory"
    for name, check in (
        ("workspace", _workspace),
        ("traces", _traces),
        ("ledger", _ledger),
    ):
        try:
            found.append(check(memory))
        except (LlmosError, OSError) as error:
            found.append(_failed(name, error))
    found.append(_sandbox(settings))
    return found


def _python() -> Finding:
    said = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < _OLDEST:
        return Finding("python", BAD, said, "use Python 3.11 or later")
    return Finding("python", GOOD, f"{said} at {sys.executable}")


def _sdk() -> Finding:
    try:
        return Finding("sdk", GOOD, f"claude-agent-sdk {metadata.version('claude-agent-sdk')}")
    except metadata.PackageNotFoundError:
        return Finding("sdk", BAD, "not installed", "say: pip install claude-agent-sdk")


def _cli(settings: Settings) -> Finding:
    path = settings.cli_path or next(_bundled(), None) or shutil.which("claude")
    hint = "reinstall claude-agent-sdk, or name a CLI by cli_path or LLMOS_CLI_PATH"
    if path is None:
        return Finding("cli", BAD, "there is no Claude Code CLI", hint)
    try:
        done = subprocess.run(
            [path, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_CLI_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding("cli", BAD, f"{path} cannot be run: {error}", hint)
    said = done.stdout.strip().split("\n", 1)[0]
    if done.returncode != 0 or not said:
        return Finding("cli", BAD, f"{path} ended with {done.returncode}", hint)
    return Finding("cli", GOOD, said)


def _bundled() -> Iterator[str]:
    spec = find_spec("claude_agent_sdk")
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        if (path := Path(folder) / "_bundled/claude").is_file():
            yield os.fspath(path)


def _login(environ: Mapping[str, str]) -> Finding:
    named = [name for name in _KEYS if environ.get(name)]
    if named:
        return Finding("login", GOOD, f"{named[0]} is set")  # what it is, nobody is shown
    home = Path(environ.get("CLAUDE_CONFIG_DIR") or Path(environ.get("HOME", "/")) / ".claude")
    if (home / ".credentials.json").is_file():
        return Finding("login", GOOD, "logged in with the Claude Code CLI")
    return Finding("login", WARNING, "neither a key nor a login", LOGIN_HINT)


def _settings(settings: Settings, environ: Mapping[str, str]) -> Finding:
    files = [str(path) for path in config_places(environ, Path.cwd()).values() if path.exists()]
    if settings.notices:
        hint = "look at the file, then say: llmos allow"
        return Finding("settings", WARNING, "; ".join(settings.notices), hint)
    return Finding("settings", GOOD, ", ".join(files) or "no file; the defaults hold")


def _workspace(memory: Path) -> Finding:
    place = memory
    while not place.exists():
        place = place.parent
    hint = "name another one with --workspace DIR or LLMOS_WORKSPACE"
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        return Finding("workspace", BAD, f"{memory.parent} cannot be written", hint)
    free = shutil.disk_usage(place).free
    if free < 100 * 2**20:
        return Finding("workspace", WARNING, f"only {free >> 20} MB are free", "make room")
    return Finding("workspace", GOOD, os.fspath(memory.parent))


def _traces(memory: Path) -> Finding:
    from ..kernel.redaction import Redactor
    from ..memory.goals import normal_form
    from ..memory.trace_store import TraceStore
    from ..memory.trust import Trust, state_dir

    folder = memory / "traces"
    if not folder.is_dir():
        return Finding("traces", GOOD, "nothing has been learned here yet")
    store = TraceStore(
        folder,
        Trust(state_dir(), folder),
        index_path=memory / "index.sqlite",
        key=normal_form,
        redactor=Redactor(os.environ),
    )
    try:
        count, problems = store.count(), store.problems
    finally:
        store.close()
    if problems:
        first = f"{problems[0].path.name}: {problems[0].reason}"
        hint = "move away what llmos trace validate refuses; its goal is learned anew"
        return Finding("traces", WARNING, f"{len(problems)} of them left out: {first}", hint)
    return Finding("traces", GOOD, f"{count}, and their index")


def _ledger(memory: Path) -> Finding:
    from ..kernel.token_economy import TokenEconomy

    path = memory / "ledger.sqlite"
    if not path.exists():
        return Finding("ledger", GOOD, "nothing has been spent here yet")
    economy = TokenEconomy(ledger=path)
    try:
        whole = economy.audit()
    finally:
        economy.close()
    if not whole:
        return Finding("ledger", BAD, "its totals are not what its rows add up to", "keep a copy")
    return Finding("ledger", GOOD, "its totals are what its rows add up to")


def _sandbox(settings: Settings) -> Finding:
    from ..kernel.sandbox import Bubblewrap

    try:
        Bubblewrap()
    except LlmosError as error:
        state = BAD if settings.sandbox else WARNING
        return Finding("sandbox", state, error.message, error.hint)
    return Finding("sandbox", GOOD, "bubblewrap confines commands, with --sandbox")


def _failed(name: str, error: Exception) -> Finding:
    hint = error.hint if isinstance(error, LlmosError) else ""
    return Finding(name, BAD, str(error), hint)
