"""The user's own settings file: permission rules, and whether replays are confined.

It lies in the user's configuration folder, never in a workspace: what comes with a workspace must
not be able to widen what a run may do.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..kernel.errors import UsageError

if TYPE_CHECKING:
    from pydantic import BaseModel

_LARGEST = 2**20


def config_dir(environ: Mapping[str, str]) -> Path:
    """Return the user's configuration folder.

    Args:
        environ: The environment: ``LLMOS_HOME``, else ``XDG_CONFIG_HOME``, else ``HOME``.
    """
    if home := environ.get("LLMOS_HOME"):
        return Path(home).absolute() / "config"
    config = Path(environ.get("XDG_CONFIG_HOME", ""))
    if config.is_absolute():  # the XDG specification: a relative one is to be ignored
        return config / "llmos"
    return Path(environ.get("HOME", "/")) / ".config/llmos"


def read_user_config(environ: Mapping[str, str]) -> dict[str, object]:
    """Return the settings of the user's ``config.toml``; none if there is no such file.

    Args:
        environ: The environment.

    Raises:
        UsageError: If it cannot be read, holds what is not known, or could have been written by
            somebody else.
    """
    path = config_dir(environ) / "config.toml"
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) or found.st_uid not in (0, os.geteuid()):
        raise UsageError(
            f"{path} can be written by others than you, so it is not believed",
            hint=f"say: chmod 600 {path}",
        )
    if found.st_size > _LARGEST or not stat.S_ISREG(found.st_mode):
        raise UsageError(f"{path} is no settings file")
    return _read(path)


def _read(path: Path) -> dict[str, object]:
    # Most users have no such file, and start faster without these.
    import tomllib

    from pydantic import ValidationError

    model = _model()
    try:
        text = path.read_text(encoding="utf-8")
        config = model.model_validate(tomllib.loads(text))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            f"{path}: {where}: {first['msg'].lower()}",
            hint="it may hold `sandbox = true`, and [permissions] with deny, ask and allow",
        ) from None
    data = config.model_dump(exclude_none=True)
    permissions = data.pop("permissions", {})
    return {**data, **permissions}


def _model() -> type[BaseModel]:
    from pydantic import BaseModel, ConfigDict

    class Permissions(BaseModel):
        model_config = ConfigDict(extra="forbid", strict=True)

        deny: list[str] | None = None
        ask: list[str] | None = None
        allow: list[str] | None = None

    class UserConfig(BaseModel):
        model_config = ConfigDict(extra="forbid", strict=True)

        sandbox: bool | None = None
        permissions: Permissions = Permissions()

    return UserConfig
