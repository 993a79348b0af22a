"""Where settings files lie: the user's, and those of the project around the working directory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

USER, PROJECT, LOCAL = "user", "project", "local"


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


def project_dir(cwd: Path, environ: Mapping[str, str]) -> Path:
    """Return the folder of a project's settings.

    Args:
        cwd: The working directory; it, or a folder above it up to the root of its repository, is
            the project. What lies above without a repository is somebody else's affair.
        environ: The environment; what is above the home folder is looked at by nobody.
    """
    above: list[Path] = []
    for folder in (cwd, *cwd.parents):
        above.append(folder)
        if os.path.lexists(folder / ".git"):
            break
        if os.fspath(folder) == environ.get("HOME"):
            above = [cwd]
            break
    else:
        above = [cwd]
    found = next((one for one in above if os.path.lexists(one / ".llmos")), above[-1])
    return found / ".llmos"


def config_places(environ: Mapping[str, str], cwd: Path | None) -> dict[str, Path]:
    """Return where settings files may lie, by kind, the one that counts least first.

    Args:
        environ: The environment.
        cwd: The working directory; None if there is no project.
    """
    places = {USER: config_dir(environ) / "config.toml"}
    if cwd is not None:
        project = project_dir(cwd, environ)
        places |= {PROJECT: project / "config.toml", LOCAL: project / "config.local.toml"}
    return places
