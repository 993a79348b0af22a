"""What can be set: by argument, else by ``LLMOS_*`` in the environment, else by default."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast, get_args

from pydantic_core import SchemaValidator, ValidationError, core_schema

from ..kernel.checked import record
from ..kernel.errors import UsageError
from ..kernel.record import Record
from .defaults import DEFAULT_MODEL, GuardMode, PermissionMode
from .user_config import read_user_config

_FROM_ENVIRONMENT = {
    "workspace": "LLMOS_WORKSPACE",
    "budget_usd": "LLMOS_BUDGET",
    "max_budget_usd": "LLMOS_MAX_BUDGET_USD",
    "model": "LLMOS_MODEL",
    "permission_mode": "LLMOS_PERMISSION_MODE",
    "guards": "LLMOS_GUARDS",
    "cli_path": "LLMOS_CLI_PATH",
    "max_turns": "LLMOS_MAX_TURNS",
    "timeout_s": "LLMOS_TIMEOUT",
    "sandbox": "LLMOS_SANDBOX",
}
_RULES = ("deny", "ask", "allow")


class Settings(Record, kw_only=True):
    """Everything that can be set.

    Attributes:
        workspace: Folder of the memory.
        budget_usd: Cap on all that is spent in this workspace, dollars.
        max_budget_usd: Most that one model run may cost, dollars.
        model: Full model id.
        permission_mode: What a run may do without being asked.
        guards: How much of what is observed may differ in a replay.
        cli_path: A Claude Code CLI to use instead of the bundled one.
        max_turns: API calls a model run may make.
        timeout_s: Seconds after which a goal is given up.
        sandbox: Whether commands of a replay are confined to the working directory.
        deny: Permission rules: what must not be done.
        ask: Permission rules: what a person is asked about.
        allow: Permission rules: what may be done without being asked.
    """

    workspace: Path = Path("workspace")
    budget_usd: float = 10.0
    max_budget_usd: float = 2.0
    model: str = DEFAULT_MODEL
    permission_mode: PermissionMode = "acceptEdits"
    guards: GuardMode = "normal"
    cli_path: str | None = None
    max_turns: int | None = None
    timeout_s: float | None = None
    sandbox: bool = False
    deny: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()


def load_settings(given: Mapping[str, object], environ: Mapping[str, str]) -> Settings:
    """Put settings together.

    Args:
        given: What the caller or the command line says; None means not given.
        environ: The environment.

    Returns:
        The settings.

    Raises:
        UsageError: If a value is wrong; it names the setting and where it came from. Also if the
            user's settings file is.
    """
    values: dict[str, object] = {}
    for name, variable in _FROM_ENVIRONMENT.items():
        if given.get(name) is not None:
            values[name] = given[name]
        elif environ.get(variable):
            values[name] = environ[variable]
    own = read_user_config(environ)
    values.setdefault("sandbox", own.get("sandbox", False))
    for name in _RULES:
        # Rules add up: what the caller allows does not take back what the user denies.
        values[name] = (*_texts(own.get(name)), *_texts(given.get(name)))
    try:
        return _VALIDATOR.validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        variable = _FROM_ENVIRONMENT.get(name, "")
        source = "" if given.get(name) is not None or not variable else f" (from {variable})"
        raise UsageError(
            f"{name} cannot be {values[name]!r}{source}: {first['msg'].lower()}",
            hint="see llmos --help",
        ) from None


def _texts(rules: object) -> tuple[object, ...]:
    return () if rules is None else tuple(cast("Iterable[object]", rules))


def _spelled(value: object) -> object:
    return str(value) if isinstance(value, Path) else value


_AMOUNT = core_schema.float_schema(ge=0, allow_inf_nan=False)
_MORE_THAN_NOTHING = core_schema.float_schema(gt=0, allow_inf_nan=False)
_PATH = core_schema.no_info_before_validator_function(_spelled, core_schema.str_schema())
_RULES_OF_USER = core_schema.tuple_schema([core_schema.str_schema()], variadic_item_index=0)
_VALIDATOR = SchemaValidator(
    record(
        Settings,
        {
            "workspace": core_schema.no_info_after_validator_function(Path, _PATH),
            "budget_usd": _AMOUNT,
            "max_budget_usd": _MORE_THAN_NOTHING,
            "model": core_schema.str_schema(min_length=1),
            "permission_mode": core_schema.literal_schema(list(get_args(PermissionMode))),
            "guards": core_schema.literal_schema(list(get_args(GuardMode))),
            "cli_path": core_schema.nullable_schema(core_schema.str_schema()),
            "max_turns": core_schema.nullable_schema(core_schema.int_schema(ge=1)),
            "timeout_s": core_schema.nullable_schema(_MORE_THAN_NOTHING),
            "sandbox": core_schema.bool_schema(),
            "deny": _RULES_OF_USER,
            "ask": _RULES_OF_USER,
            "allow": _RULES_OF_USER,
        },
    )
)
