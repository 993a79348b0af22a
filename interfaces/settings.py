"""What can be set, and who said so.

What counts most first: an argument, ``LLMOS_*`` in the environment, the file of ``--settings``,
the project's own files, the user's file, the default. Lists add up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import isinf
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast, get_args

from ..kernel.checked import check, many, one_of, optional, record, turned
from ..kernel.engine import SchemaValidator, ValidationError
from ..kernel.errors import UsageError
from ..kernel.money import to_micros
from ..kernel.record import Record
from .defaults import DEFAULT_MODEL, EmbeddingName, GuardMode, Notify, PermissionMode
from .user_config import config_places

if TYPE_CHECKING:
    from pydantic_core import CoreSchema

    from ..kernel.caps import CapLimits


class Key(NamedTuple):
    """A key of the settings files.

    Attributes:
        name: Its name, with dots.
        setting: The field of `Settings`.
        help: What it sets.
        older: Another name in the environment.
    """

    name: str
    setting: str
    help: str
    older: str = ""

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return "LLMOS_" + self.name.upper().replace(".", "__")


_READER = "LLMOS_SCREEN_READER"
KEYS = (
    Key("workspace", "workspace", "folder of the memory"),
    Key("model", "model", "full model id"),
    Key("permission_mode", "permission_mode", "what a run may do without being asked"),
    Key("guards", "guards", "how much of what is seen may differ in a replay"),
    Key("sandbox", "sandbox", "confine the commands of a replay to the working directory"),
    Key("cli_path", "cli_path", "a Claude Code CLI to use instead of the bundled one"),
    Key("max_turns", "max_turns", "API calls a model run may make"),
    Key("timeout_s", "timeout_s", "seconds after which a goal is given up", "LLMOS_TIMEOUT"),
    Key("budget.total_usd", "budget_usd", "cap on all spent in a workspace", "LLMOS_BUDGET"),
    Key("budget.run_usd", "max_budget_usd", "cap on one model run", "LLMOS_MAX_BUDGET_USD"),
    Key("budget.session_usd", "session_usd", "cap on one session"),
    Key("budget.daily_usd", "daily_usd", "cap on a day, local time"),
    Key("budget.monthly_usd", "monthly_usd", "cap on a month, local time"),
    Key("shell.screen_reader", "screen_reader", "plain text that never changes", _READER),
    Key("shell.vi_mode", "vi_mode", "keys of vi instead of those of Emacs"),
    Key("shell.confirm_exit", "confirm_exit", "Ctrl-C leaves only when pressed twice"),
    Key("shell.ctrl_j_sends", "ctrl_j_sends", "Ctrl-J sends instead of beginning a new line"),
    Key("shell.notify", "notify", "how you are called: auto, bell, osc9 or off"),
    Key("shell.start_ahead", "start_ahead", "start the model's CLI while a goal for it is typed"),
    Key("shell.output_in_context", "output_in_context", "what !cmd printed goes with a goal"),
    Key(
        "context.tokens", "context_tokens", "most that what is known may add to a goal; 0 for none"
    ),
    Key("context.embedding", "embedding", "static, or minilm, which needs its weights installed"),
    Key("permissions.deny", "deny", "rules: what must not be done"),
    Key("permissions.ask", "ask", "rules: what a person is asked about"),
    Key("permissions.allow", "allow", "rules: what may be done without being asked"),
)
LISTS = frozenset({"deny", "ask", "allow"})


class Settings(Record, kw_only=True):
    """Everything that can be set.

    Attributes:
        workspace: Folder of the memory.
        budget_usd: Cap on all that is spent in this workspace, dollars.
        max_budget_usd: Most that one model run may cost, dollars.
        session_usd: Most that one session may cost, dollars; infinite if there is no cap.
        daily_usd: Most that is spent in this workspace on one day, dollars; or infinite.
        monthly_usd: Most that is spent in this workspace in one month, dollars; or infinite.
        model: Full model id.
        permission_mode: What a run may do without being asked.
        guards: How much of what is observed may differ in a replay.
        cli_path: A Claude Code CLI to use instead of the bundled one.
        max_turns: API calls a model run may make.
        timeout_s: Seconds after which a goal is given up.
        sandbox: Whether commands of a replay are confined to the working directory.
        screen_reader: Whether the shell writes plain text that never changes once it is there.
        vi_mode: Whether the shell has the keys of vi instead of those of Emacs.
        confirm_exit: Whether Ctrl-C leaves the shell only when pressed twice.
        ctrl_j_sends: Whether Ctrl-J sends, as some terminals need; else it begins a new line.
        notify: How the user is called when something waits for an answer, or a long goal ends.
        start_ahead: Whether the model's CLI is started while a goal that needs it is typed.
        output_in_context: Whether what ``!cmd`` printed goes with the next goal.
        context_tokens: Most that what is known may add to a goal for the model, tokens.
        embedding: How texts become vectors in the semantic memory.
        deny: Permission rules: what must not be done.
        ask: Permission rules: what a person is asked about.
        allow: Permission rules: what may be done without being asked.
        notices: What people should know about where settings came from; not set by anybody.
    """

    workspace: Path = Path("workspace")
    budget_usd: float = 10.0
    max_budget_usd: float = 2.0
    session_usd: float = 5.0
    daily_usd: float = 10.0
    monthly_usd: float = 50.0
    model: str = DEFAULT_MODEL
    permission_mode: PermissionMode = "acceptEdits"
    guards: GuardMode = "normal"
    cli_path: str | None = None
    max_turns: int | None = None
    timeout_s: float | None = None
    sandbox: bool = False
    screen_reader: bool = False
    vi_mode: bool = False
    confirm_exit: bool = True
    ctrl_j_sends: bool = False
    notify: Notify = "auto"
    start_ahead: bool = True
    output_in_context: bool = False
    context_tokens: int = 2000
    embedding: EmbeddingName = "static"
    deny: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


def cap_limits(settings: Settings) -> CapLimits:
    """Return the caps beside the budget."""
    from ..kernel.caps import CapLimits

    def cap(usd: float) -> int | None:
        return None if isinf(usd) else to_micros(usd)

    return CapLimits(
        session=cap(settings.session_usd),
        daily=cap(settings.daily_usd),
        monthly=cap(settings.monthly_usd),
    )


class Layer(Record):
    """What one source says.

    Attributes:
        origin: Where it comes from, for people.
        values: Values by field of `Settings`.
        names: How each value is called there; a field that is missing is called by its own name.
    """

    origin: str
    values: Mapping[str, object]
    names: Mapping[str, str]


def load_settings(
    given: Mapping[str, object], environ: Mapping[str, str], cwd: Path | None = None
) -> Settings:
    """Put settings together.

    Args:
        given: What the caller or the command line says; None means not given. Beside settings it
            may hold ``profile``, ``settings`` (a file) and ``bare`` (whether no file is read).
        environ: The environment.
        cwd: The working directory, around which the project's files are looked for; None for none.

    Returns:
        The settings.

    Raises:
        UsageError: If a value is wrong; it names the setting and where it came from. Also if a
            settings file is.
    """
    layers, notices = layers_of(given, environ, cwd)
    values = merged(layers)
    try:
        return _VALIDATOR.validate_python({**values, "notices": notices})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        source = next(one for one in reversed(layers) if name in one.values)
        where = f" (from {source.names[name]})" if name in source.names else ""
        raise UsageError(
            f"{name} cannot be {values[name]!r}{where}: {first['msg'].lower()}",
            hint="see llmos --help",
        ) from None


def checked_mode(mode: str) -> PermissionMode:
    """Return a permission mode.

    Raises:
        UsageError: If there is no such mode.
    """
    if mode not in get_args(PermissionMode):
        known = ", ".join(get_args(PermissionMode))
        raise UsageError(f"there is no permission mode {mode!r}", hint=f"there are {known}")
    return cast("PermissionMode", mode)


def layers_of(
    given: Mapping[str, object], environ: Mapping[str, str], cwd: Path | None
) -> tuple[list[Layer], tuple[str, ...]]:
    """Return what each source says, the one that counts least first, and what to tell people.

    Raises:
        UsageError: If a settings file is wrong.
    """
    files = {} if given.get("bare") else config_places(environ, cwd)
    files = {kind: path for kind, path in files.items() if _is_there(path)}
    if given.get("settings"):
        files["--settings"] = Path(str(given["settings"]))
    profile = given.get("profile") or environ.get("LLMOS_PROFILE")
    layers, notices = list[Layer](), tuple[str, ...]()
    if files or profile:
        # Most users have no such file, and start faster without what reads it.
        from .config_files import read_layers

        layers, notices = read_layers(files, str(profile) if profile else "")
    layers += [_of_environment(environ), _of_caller(given)]
    return layers, notices


def merged(layers: Sequence[Layer]) -> dict[str, Any]:
    """Return the value of each setting that any layer gives: the last one; lists add up."""
    values: dict[str, Any] = {}
    for layer in layers:
        for name, value in layer.values.items():
            if name in LISTS and isinstance(value, (list, tuple)):
                more = cast("Iterable[object]", value)
                values[name] = (*dict.fromkeys([*values.get(name, ()), *more]),)
            else:
                values[name] = value
    return values


def validator_of(setting: str) -> SchemaValidator:
    """Return the check of one setting."""
    return SchemaValidator(_CHECKS[setting])


def _is_there(path: Path) -> bool:
    import os

    return os.path.lexists(path)


def _of_environment(environ: Mapping[str, str]) -> Layer:
    values: dict[str, object] = {}
    names: dict[str, str] = {}
    for key in KEYS:
        for variable in (key.variable, key.older):
            if variable and (value := environ.get(variable)):
                values[key.setting] = [value] if key.setting in LISTS else value
                names[key.setting] = variable
                break
    known = {key.variable for key in KEYS}
    for name in environ:
        if name.startswith("LLMOS_") and "__" in name and name not in known:
            from .commands import nearest

            near = nearest(name, known)
            raise UsageError(
                f"there is no setting {name} (from the environment)",
                hint=f"did you mean {near}?" if near else "see llmos config show",
            )
    return Layer("the environment", values, names)


def _of_caller(given: Mapping[str, object]) -> Layer:
    settings = {key.setting for key in KEYS}
    values = {n: v for n, v in given.items() if v is not None and n in settings}
    for name in LISTS & values.keys():
        values[name] = [*cast("Iterable[object]", values[name])]
    return Layer("the command line", values, {})


def _spelled(value: object) -> object:
    return str(value) if isinstance(value, Path) else value


_AMOUNT = check("float", ge=0, allow_inf_nan=False)
_MORE_THAN_NOTHING = check("float", gt=0, allow_inf_nan=False)
_CAP = check("float", ge=0)
_PATH = turned(_spelled, check("str"), before=True)
_TEXTS = many(check("str"))
_CHECKS: dict[str, CoreSchema] = {
    "workspace": turned(Path, _PATH, before=False),
    "budget_usd": _AMOUNT,
    "max_budget_usd": _MORE_THAN_NOTHING,
    "session_usd": _CAP,
    "daily_usd": _CAP,
    "monthly_usd": _CAP,
    "model": check("str", min_length=1),
    "permission_mode": one_of(get_args(PermissionMode)),
    "guards": one_of(get_args(GuardMode)),
    "cli_path": optional(check("str")),
    "max_turns": optional(check("int", ge=1)),
    "timeout_s": optional(_MORE_THAN_NOTHING),
    "sandbox": check("bool"),
    "screen_reader": check("bool"),
    "vi_mode": check("bool"),
    "confirm_exit": check("bool"),
    "ctrl_j_sends": check("bool"),
    "notify": one_of(get_args(Notify)),
    "start_ahead": check("bool"),
    "output_in_context": check("bool"),
    "context_tokens": check("int", ge=0),
    "embedding": one_of(get_args(EmbeddingName)),
    "deny": _TEXTS,
    "ask": _TEXTS,
    "allow": _TEXTS,
    "notices": _TEXTS,
}
_VALIDATOR = SchemaValidator(record(Settings, _CHECKS))
