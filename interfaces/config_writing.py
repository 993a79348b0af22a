"""Sets and unsets one key of a settings file; its comments and its order stay."""

from __future__ import annotations

import contextlib
import math
import tomllib
from collections.abc import MutableMapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ..kernel.atomic import atomic_save, make_private_dir
from ..kernel.errors import UsageError, WorkspaceError
from ..kernel.locks import file_lock
from ..memory.trust import state_dir
from .config_files import ConfigFile, allow, check_value, is_allowed
from .settings import KEYS, LISTS
from .user_config import LOCAL, USER

if TYPE_CHECKING:
    from tomlkit import TOMLDocument


def set_value(path: Path, name: str, text: str, *, kind: str) -> object:
    """Set a key.

    Args:
        path: The settings file; it is made if it is missing.
        name: The key, with dots.
        text: Its value as it is typed: as in TOML, or a plain text.
        kind: Which of the settings files it is.

    Returns:
        The value.

    Raises:
        UsageError: If the value is wrong, or the file is.
        WorkspaceError: If it cannot be written.
    """
    value = _read_value(name, text)
    try:
        checked = check_value(name, value)
    except ValueError as error:
        raise UsageError(f"{name} cannot be {text!r}: {error}", hint="see config show") from None

    def change(document: TOMLDocument) -> None:
        *tables, last = name.split(".")
        inner = cast("MutableMapping[str, Any]", document)
        for table in tables:
            inner = inner.setdefault(table, {})
        inner[last] = value

    _change(path, change, kind)
    return checked


def add_values(path: Path, name: str, values: Sequence[str], *, kind: str) -> None:
    """Add to a list; what it holds already is not added again.

    Args:
        path: The settings file; it is made if it is missing.
        name: The key, with dots.
        values: What is added.
        kind: Which of the settings files it is.

    Raises:
        UsageError: If the file is wrong.
        WorkspaceError: If it cannot be written.
    """

    def change(document: TOMLDocument) -> None:
        *tables, last = name.split(".")
        inner = cast("MutableMapping[str, Any]", document)
        for table in tables:
            inner = inner.setdefault(table, {})
        kept = inner.setdefault(last, [])
        for value in values:
            if value not in kept:
                kept.append(value)

    _change(path, change, kind)


def unset_value(path: Path, name: str, *, kind: str) -> bool:
    """Take a key out; return whether it was there.

    Raises:
        UsageError: If the file is wrong.
        WorkspaceError: If it cannot be written.
    """
    if not path.exists():
        return False
    found: list[bool] = []

    def change(document: TOMLDocument) -> None:
        *tables, last = name.split(".")
        inner = cast("MutableMapping[str, Any]", document)
        for table in tables:
            inner = inner.get(table, {})
        found.append(inner.pop(last, None) is not None)

    _change(path, change, kind)
    return found[0]


def _change(path: Path, change: Any, kind: str) -> None:
    import tomlkit

    try:
        make_private_dir(state_dir())
        make_private_dir(path.parent)
        with file_lock(state_dir() / "settings.lock"):
            before = ConfigFile(path, own=kind == USER).data if path.exists() else b""
            document = tomlkit.parse(before.decode("utf-8"))
            change(document)
            data = tomlkit.dumps(document).encode()  # pyright: ignore[reportUnknownMemberType]
            # What the user himself sets counts; but not together with what he has never seen.
            mine = kind != USER and (not before or is_allowed(path, before))
            atomic_save(path, data)
            if mine:
                allow(path, data)
            if kind == LOCAL:
                _exclude(path)
    except OSError as error:
        raise WorkspaceError(f"{path} cannot be written: {error.strerror or error}") from None


def _read_value(name: str, text: str) -> object:
    """Return what is typed as TOML has it; what is no TOML is a text."""
    setting = next(key.setting for key in KEYS if key.name == name)
    value: object = text
    with contextlib.suppress(tomllib.TOMLDecodeError):
        value = tomllib.loads(f"value = {text}")["value"] if "\n" not in text else text
    if setting in LISTS and not isinstance(value, list):
        return [text]
    if isinstance(value, float) and math.isnan(value):
        return text
    return cast("object", value)


def _exclude(path: Path) -> None:
    """Keep the personal file of a project out of its repository."""
    line = f"/{path.parent.name}/{path.name}"
    info = path.parent.parent / ".git" / "info"
    if not (info.parent / "HEAD").is_file():
        return
    info.mkdir(exist_ok=True)
    exclude = info / "exclude"
    known = (
        exclude.read_text(encoding="utf-8", errors="surrogateescape") if exclude.exists() else ""
    )
    if line not in known.splitlines():
        joined = f"{known}{'' if not known or known.endswith(chr(10)) else chr(10)}{line}\n"
        atomic_save(exclude, joined.encode("utf-8", "surrogateescape"))
