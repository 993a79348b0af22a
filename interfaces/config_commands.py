"""``config get|set|unset|show|path`` and ``allow``: settings files, and who said what."""

from __future__ import annotations

import math
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import anyio.to_thread

from ..kernel.errors import ApprovalError, UsageError
from ..kernel.json_value import JsonValue
from .command_context import CommandRequest, Context, Grid, Said
from .commands import nearest
from .plain_text import one_line, printable, say
from .settings import KEYS, LISTS, Key, Layer, layers_of, load_settings
from .user_config import LOCAL, PROJECT, USER, config_places

if TYPE_CHECKING:
    from .config_files import ConfigFile


async def show(context: Context, request: CommandRequest) -> Said:
    """Show every setting, and with --origin who said so."""
    return await anyio.to_thread.run_sync(_show, context, bool(request.options.origin))


async def get(context: Context, request: CommandRequest) -> Said:
    """Give one setting."""
    key = _key(request.words[0])
    value = getattr(_loaded(context), key.setting)
    return Said(_text(value), json=_json(value))


async def path(_context: Context, request: CommandRequest) -> Said:
    """Give the path of a settings file."""
    found = os.fspath(_places()[_kind(request)])
    return Said(found, json=found)


async def set_key(_context: Context, request: CommandRequest) -> Said:
    """Set a key in a settings file."""
    from .config_writing import set_value

    key, kind = _key(request.words[0]), _kind(request)
    work = partial(set_value, _places()[kind], key.name, request.words[1], kind=kind)
    value = await anyio.to_thread.run_sync(work)
    return _written(key, kind, _json(value), f"{key.name} = {_text(value)}")


async def unset_key(_context: Context, request: CommandRequest) -> Said:
    """Take a key out of a settings file."""
    from .config_writing import unset_value

    key, kind = _key(request.words[0]), _kind(request)
    work = partial(unset_value, _places()[kind], key.name, kind=kind)
    there = await anyio.to_thread.run_sync(work)
    said = "" if there else f"{key.name} was not set in {_places()[kind]}"
    return _written(key, kind, None, said or f"{key.name} is not set any more")


async def allow(context: Context, request: CommandRequest) -> Said:
    """Let the project's settings files say what they want, after a look at them."""
    from . import config_files

    found = await anyio.to_thread.run_sync(_not_allowed, request.words)
    if not found:
        return Said("there is nothing that is not allowed already", json=[])
    if not request.options.yes:
        if context.ask is None:
            raise ApprovalError(
                "nothing was allowed: nobody can be asked here",
                hint="look at what is shown above, then say it again with --yes",
            )
        if await context.ask("may it? [y/n] ") not in ("y", "yes"):
            raise ApprovalError("nothing was allowed: you did not say yes")
    for file in found:
        config_files.allow(file.path, file.data)
    names: list[JsonValue] = [os.fspath(file.path) for file in found]
    text = "\n".join(f"allowed {printable(str(name))}; an edit needs a new look" for name in names)
    return Said(text, json=names)


def _not_allowed(names: tuple[str, ...]) -> list[ConfigFile]:
    """Return the files that are not allowed yet, after telling what they would widen."""
    from . import config_files

    cwd = Path.cwd()
    places = config_places(os.environ, cwd)
    asked = [cwd / one for one in names]
    asked = asked or [one for one in (places[PROJECT], places[LOCAL]) if os.path.lexists(one)]
    below = layers_of({}, os.environ, None)[0][:-2]
    found: list[ConfigFile] = []
    for one in asked:
        file = config_files.ConfigFile(one, own=False)
        if not config_files.is_allowed(one, file.data):
            found.append(file)
            say(printable(f"{one} would set, beyond what you have set yourself:"), sys.stderr)
            for line in config_files.widening(one, below) or ["nothing"]:
                say(f"  {one_line(line, 300)}", sys.stderr)
    return found


def _show(context: Context, origin: bool) -> Said:
    cwd = Path.cwd()
    loaded = load_settings(context.given, os.environ, cwd)
    settings = loaded if context.booted is None else context.booted.settings
    layers, _ = layers_of(context.given, os.environ, cwd)
    rows: list[tuple[Key, object, str]] = []
    for key in KEYS:
        value = getattr(settings, key.setting)
        same = value == getattr(loaded, key.setting)
        rows.append((key, value, _origin(key, layers) if same else "this session"))
    grid = Grid(
        ("KEY", "VALUE", "FROM") if origin else ("KEY", "VALUE"),
        [
            (key.name, one_line(_text(value), 60), *([where] if origin else []))
            for key, value, where in rows
        ],
    )
    shown: dict[str, JsonValue] = {
        key.name: {"value": _json(value), "origin": where} if origin else _json(value)
        for key, value, where in rows
    }
    return Said("\n".join(settings.notices), grid, shown)


def _origin(key: Key, layers: list[Layer]) -> str:
    said = [one.names.get(key.setting, one.origin) for one in layers if key.setting in one.values]
    if not said:
        return "default"
    return ", ".join(said) if key.setting in LISTS else said[-1]


def _loaded(context: Context) -> object:
    if context.booted is not None:
        return context.booted.settings
    return load_settings(context.given, os.environ, Path.cwd())


def _key(name: str) -> Key:
    for key in KEYS:
        if name in (key.name, key.setting):
            return key
    near = nearest(name, [key.name for key in KEYS])
    raise UsageError(
        f"there is no setting {name!r}",
        hint=f"did you mean {near}?" if near else "config show lists them",
    )


def _kind(request: CommandRequest) -> str:
    if request.options.project and request.options.local:
        raise UsageError("--project and --local exclude each other")
    if request.options.project:
        return PROJECT
    return LOCAL if request.options.local else USER


def _places() -> dict[str, Path]:
    return config_places(os.environ, Path.cwd())


def _written(key: Key, kind: str, value: JsonValue, text: str) -> Said:
    where = os.fspath(_places()[kind])
    return Said(f"{text} ({where})", json={"key": key.name, "value": value, "file": where})


def _text(value: object) -> str:
    match value:
        case None:
            return "not set"
        case bool():
            return "true" if value else "false"
        case tuple():
            return "\n".join(map(str, cast("tuple[object, ...]", value)))
        case float() if math.isinf(value):
            return "inf"
        case _:
            return str(value)


def _json(value: object) -> JsonValue:
    match value:
        case tuple():
            return [str(one) for one in cast("tuple[object, ...]", value)]
        case float() if math.isinf(value):
            return None
        case str() | bool() | int() | float() | None:
            return value
        case _:
            return str(value)
