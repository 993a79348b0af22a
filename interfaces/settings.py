"""What can be set: by argument, else by ``LLMOS_*`` in the environment, else by default."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..kernel.errors import UsageError
from .defaults import DEFAULT_MODEL

PermissionMode = Literal["acceptEdits", "default", "plan", "dontAsk", "bypassPermissions"]

_FROM_ENVIRONMENT = {
    "workspace": "LLMOS_WORKSPACE",
    "budget_usd": "LLMOS_BUDGET",
    "max_budget_usd": "LLMOS_MAX_BUDGET_USD",
    "model": "LLMOS_MODEL",
    "permission_mode": "LLMOS_PERMISSION_MODE",
    "cli_path": "LLMOS_CLI_PATH",
    "max_turns": "LLMOS_MAX_TURNS",
    "timeout_s": "LLMOS_TIMEOUT",
}


class Settings(BaseModel):
    """Everything that can be set.

    Attributes:
        workspace: Folder of the memory.
        budget_usd: Cap on all that is spent in this workspace, dollars.
        max_budget_usd: Most that one model run may cost, dollars.
        model: Full model id.
        permission_mode: What a run may do without being asked.
        cli_path: A Claude Code CLI to use instead of the bundled one.
        max_turns: API calls a model run may make.
        timeout_s: Seconds after which a goal is given up.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    workspace: Path = Path("workspace")
    budget_usd: float = Field(default=10.0, ge=0, allow_inf_nan=False)
    max_budget_usd: float = Field(default=2.0, gt=0, allow_inf_nan=False)
    model: str = Field(default=DEFAULT_MODEL, min_length=1)
    permission_mode: PermissionMode = "acceptEdits"
    cli_path: str | None = None
    max_turns: int | None = Field(default=None, ge=1)
    timeout_s: float | None = Field(default=None, gt=0, allow_inf_nan=False)


def load_settings(given: Mapping[str, object], environ: Mapping[str, str]) -> Settings:
    """Put settings together.

    Args:
        given: What the caller or the command line says; None means not given.
        environ: The environment.

    Returns:
        The settings.

    Raises:
        UsageError: If a value is wrong; it names the setting and where it came from.
    """
    values: dict[str, object] = {}
    for name, variable in _FROM_ENVIRONMENT.items():
        if given.get(name) is not None:
            values[name] = given[name]
        elif environ.get(variable):
            values[name] = environ[variable]
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        source = "" if given.get(name) is not None else f" (from {_FROM_ENVIRONMENT[name]})"
        raise UsageError(
            f"{name} cannot be {values[name]!r}{source}: {first['msg'].lower()}",
            hint="see llmos --help",
        ) from None
