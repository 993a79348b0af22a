"""Reads settings files, and holds what comes with a project to what the user has set.

A file of a project may come with a repository: until the user has allowed this very content, it
can only narrow what a run may do and spend. What it would widen is left out, and told.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from ..kernel.atomic import atomic_save, make_private_dir
from ..kernel.engine import ValidationError
from ..kernel.errors import UsageError
from ..memory.trust import state_dir
from .commands import nearest
from .plain_text import one_line
from .settings import KEYS, LISTS, Layer, Settings, merged, validator_of
from .user_config import LOCAL, PROJECT, USER

_LARGEST = 2**20
_BY_NAME = {key.name: key for key in KEYS}
_BY_SETTING = {key.setting: key for key in KEYS}
_TABLES = {key.name.split(".")[0] for key in KEYS if "." in key.name}
_LOOSER = ("plan", "dontAsk", "default", "acceptEdits", "bypassPermissions")
"""Permission modes, the one that lets least through first."""


class ConfigFile:
    """One settings file, read and checked.

    Args:
        path: The file.
        own: Whether it is the user's own: then nobody else may be able to write it.

    Raises:
        UsageError: If it cannot be read or believed, or holds what is not known.
    """

    def __init__(self, path: Path, *, own: bool) -> None:
        self.path = path
        self.data = _read(path, own=own)
        try:
            self._text = self.data.decode("utf-8")
            parsed = tomllib.loads(self._text)
        except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
            raise UsageError(
                f"{path} is not valid TOML: {error}", hint="correct it, or move it away"
            ) from None
        self.profiles: dict[str, dict[str, object]] = {}
        profiles = parsed.pop("profiles", {})
        self.profile = str(parsed.pop("profile", ""))
        self.values = self._checked(parsed, "")
        for name, value in self._table(profiles, "profiles").items():
            where = f"profiles.{name}"
            self.profiles[name] = self._checked(self._table(value, where), where)

    def _table(self, value: object, where: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self._wrong(where, "it is a table")
        return cast("dict[str, Any]", value)

    def _checked(self, table: Mapping[str, Any], prefix: str) -> dict[str, object]:
        """Return the values of a table by field of `Settings`."""
        values: dict[str, object] = {}
        for name, value in table.items():
            if name in _TABLES:
                inner = self._table(value, ".".join(filter(None, [prefix, name])))
                found = {f"{name}.{key}": one for key, one in inner.items()}
            else:
                found = {name: value}
            for key, one in found.items():
                values[_setting(key)] = self._value(key, one, prefix)
        return values

    def _value(self, name: str, value: object, prefix: str) -> object:
        where = ".".join(filter(None, [prefix, name]))
        if name not in _BY_NAME:
            near = nearest(name, [*_BY_NAME])
            raise self._wrong(where, "it is not known", near)
        try:
            return check_value(name, value)
        except ValueError as error:
            raise self._wrong(where, str(error)) from None

    def _wrong(self, where: str, why: str, near: str = "") -> UsageError:
        line = _line_of(self._text, where.split("."))
        place = f"{self.path}:{line}" if line else str(self.path)
        hint = f"did you mean {near}?" if near else "llmos config show lists what there is"
        return UsageError(f"{place}: {one_line(where)}: {why}", hint=hint)


def check_value(name: str, value: object) -> object:
    """Return the value of a key as it is set.

    Args:
        name: The key, with dots.
        value: As TOML gives it.

    Raises:
        ValueError: If it cannot be that; the message is for people.
    """
    try:
        return validator_of(_setting(name)).validate_python(
            tuple(cast("list[object]", value)) if isinstance(value, list) else value, strict=True
        )
    except ValidationError as error:
        raise ValueError(error.errors()[0]["msg"].lower()) from None


def read_layers(files: Mapping[str, Path], profile: str) -> tuple[list[Layer], tuple[str, ...]]:
    """Read settings files.

    Args:
        files: The files by kind, the one that counts least first.
        profile: The profile that was asked for; empty for the one that the user's file names.

    Returns:
        What they say, and what to tell people.

    Raises:
        UsageError: If a file is wrong, or no file has the profile.
    """
    layers: list[Layer] = []
    notices: list[str] = []
    profiles: set[str] = set()
    for kind, path in files.items():
        file = ConfigFile(path, own=kind == USER)
        profile = profile or (file.profile if kind == USER else "")
        profiles |= file.profiles.keys()
        for name, values in (("", file.values), (profile, file.profiles.get(profile, {}))):
            said = f"{path} [profiles.{name}]" if name else str(path)
            if kind in (PROJECT, LOCAL) and not is_allowed(path, file.data):
                values, left_out = _narrowed(values, layers)  # noqa: PLW2901
                if left_out:
                    notices.append(
                        f"{said} was not allowed, so this of it does not count: "
                        f"{', '.join(left_out)} (llmos allow lets it)"
                    )
            if values:
                layers.append(Layer(said, values, dict.fromkeys(values, said)))
    if profile and profile not in profiles:
        near = nearest(profile, profiles)
        raise UsageError(
            f"no settings file has a profile {profile!r}",
            hint=f"did you mean {near}?" if near else f"there is: {', '.join(profiles) or 'none'}",
        )
    return layers, tuple(notices)


def is_allowed(path: Path, data: bytes) -> bool:
    """Return whether the user has allowed a project's file with this content, at this place."""
    return _record_of(path, data).exists()


def allow(path: Path, data: bytes) -> None:
    """Let a project's file with this content, at this place, say what it wants.

    Raises:
        OSError: If it cannot be recorded.
    """
    record = _record_of(path, data)
    make_private_dir(record.parent)
    atomic_save(record, os.fsencode(path.absolute()) + b"\n")


def widening(path: Path, below: list[Layer]) -> list[str]:
    """Return what a project's file would widen, as ``key = value``.

    Args:
        path: The file.
        below: What counts less.
    """
    file = ConfigFile(path, own=False)
    found = _narrowed(file.values, below)[1]
    for name, values in file.profiles.items():
        found += [f"profiles.{name}.{one}" for one in _narrowed(values, below)[1]]
    return found


def _narrowed(
    values: Mapping[str, object], below: list[Layer]
) -> tuple[dict[str, object], list[str]]:
    """Return what narrows what holds without it, and the keys of what does not."""
    base = {**_DEFAULTS, **merged(below)}
    kept = {name: one for name, one in values.items() if _narrows(name, one, base.get(name))}
    left = [f"{_BY_SETTING[name].name} = {_said(values[name])}" for name in values.keys() - kept]
    return kept, sorted(left)


def _narrows(setting: str, value: Any, base: Any) -> bool:
    if value == base or setting in ("deny", "ask"):
        return True
    match setting:
        case "sandbox":
            return value is True
        case "guards":
            return value == "strict"
        case "permission_mode":
            return _LOOSER.index(value) <= _LOOSER.index(base)
        case _ if setting.endswith("_usd") or setting in (
            "max_turns",
            "timeout_s",
            "context_tokens",
        ):
            return base is None or value <= base
        case _:
            return False


def _said(value: object) -> str:
    return one_line(repr(list(cast("tuple[object]", value)) if isinstance(value, tuple) else value))


def _setting(name: str) -> str:
    return _BY_NAME[name].setting if name in _BY_NAME else name


def _record_of(path: Path, data: bytes) -> Path:
    seal = hashlib.sha256(os.fsencode(path.absolute()) + b"\0" + data).hexdigest()
    return state_dir() / "allowed-settings" / seal


def _read(path: Path, *, own: bool) -> bytes:
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > _LARGEST:
            raise UsageError(f"{path} is no settings file")
        others = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        if own and (others or found.st_uid not in (0, os.geteuid())):
            raise UsageError(
                f"{path} can be written by others than you, so it is not believed",
                hint=f"say: chmod 600 {path}",
            )
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None


def _line_of(text: str, where: list[str]) -> int:
    """Return the line of a key, or of the last part of its name that stands alone; 0 if none."""
    table: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[\s*([^\[\]]+?)\s*\]", line):
            table = [part.strip(" \"'") for part in header.group(1).split(".")]
            if table == where:
                return number
        elif found := re.match(r"\s*([\w.\"'-]+)\s*=", line):
            key = [part.strip("\"'") for part in found.group(1).split(".")]
            if [*table, *key] in (where, where[:-1]):
                return number
    return 0


_DEFAULTS = {
    key.setting: getattr(Settings(), key.setting) for key in KEYS if key.setting not in LISTS
}
