"""Loads plugin files: every tagged function becomes a tool; a broken file is reported, not fatal.

A plugin runs inside this process, with all that you may do; do not load files that you have not
read. A file that is new is first loaded in a process of its own (see `probe`), since what ends the
process or never returns cannot be survived here.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import json
import logging
import re
import sys
import traceback
from collections.abc import Generator, Sequence
from contextlib import contextmanager, redirect_stdout
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import anyio.to_thread

from ..kernel.errors import PluginError
from ..kernel.json_value import JsonValue
from ..kernel.record import Record
from ..kernel.tools import JsonObject, ToolResult, ToolSpec
from . import TAG, ToolTag
from .schema import json_schema, problem_of

_logger = logging.getLogger(__name__)
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_MACHINERY = frozenset({"loader.py", "schema.py", "probe.py"})
_SHIPPED = frozenset({"example_tools.py"})


class LoadedPlugins(Record):
    """What the loader found.

    Attributes:
        tools: The tools, in the order of their files and of their definition.
        problems: What was left out, and why.
    """

    tools: tuple[ToolSpec, ...]
    problems: tuple[PluginError, ...]


def load_plugins(folders: Sequence[Path], *, seen: Path | None = None) -> LoadedPlugins:
    """Load the plugin files of some folders.

    Every ``*.py`` file whose name does not begin with ``_`` is loaded, in the order of names. A
    folder that is not there holds none.

    Args:
        folders: The folders; an earlier one's tool wins over a later one's of the same name.
        seen: Folder that notes which files have been tried in a process of their own; None to
            try none.

    Returns:
        The tools and the problems.
    """
    tools: dict[str, ToolSpec] = {}
    problems: list[PluginError] = []
    for path in _plugin_files(folders):
        try:
            source = _source(path)
            if seen is not None and not _is_ours(path):
                _try_first(path, source, seen)
            module = load_module(path, source)
            found = _tools_of(module, path, hashlib.sha256(source).hexdigest())
        except PluginError as error:
            problems.append(error)
            continue
        except OSError as error:
            problems.append(PluginError(str(path), None, error.strerror or str(error)))
            continue
        for spec in found:
            if spec.name in tools:
                reason = f"there is already a tool named {spec.name!r}"
                problems.append(PluginError(str(path), None, reason))
            else:
                tools[spec.name] = spec
    return LoadedPlugins(tuple(tools.values()), tuple(problems))


def _plugin_files(folders: Sequence[Path]) -> list[Path]:
    own = Path(__file__).parent.resolve()
    files: list[Path] = []
    for folder in folders:
        for path in sorted(folder.glob("*.py")):
            machinery = path.name in _MACHINERY and path.parent.resolve() == own
            if not path.name.startswith("_") and not machinery:
                files.append(path)
    return files


def _is_ours(path: Path) -> bool:
    return path.name in _SHIPPED and path.parent.resolve() == Path(__file__).parent.resolve()


def _source(path: Path) -> bytes:
    # Opening a named pipe would wait for ever.
    if path.exists() and not path.is_file():
        raise PluginError(str(path), None, "it is no file")
    return path.read_bytes()


def _try_first(path: Path, source: bytes, seen: Path) -> None:
    from .probe import problem_of_loading

    problem = problem_of_loading(path, source, seen)
    if problem is not None:
        raise PluginError(str(path), None, problem)


def load_module(path: Path, source: bytes) -> ModuleType:
    """Load a plugin file; what it prints goes to standard error.

    Args:
        path: The file.
        source: Its content.

    Raises:
        PluginError: If it raises anything.
    """
    name = f"llmos_plugins.{path.stem}_{hashlib.sha256(bytes(path)).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    try:
        # Compiled from the very bytes that the fingerprint is taken over.
        code = compile(source, str(path), "exec")
        with _known_as_plugins(), _registered(name, module), redirect_stdout(sys.stderr):
            exec(code, module.__dict__)
    except SyntaxError as error:
        raise PluginError(str(path), error.lineno, f"SyntaxError: {error.msg}") from None
    except BaseException as error:
        # That a plugin says `sys.exit()` or raises KeyboardInterrupt must not end llmos.
        said = f"{type(error).__name__}: {error}".removesuffix(": ")
        raise PluginError(str(path), _line_of(error, path), said) from error
    return module


def _line_of(error: BaseException, path: Path) -> int | None:
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == str(path)]
    return lines[-1] if lines else None


@contextmanager
def _known_as_plugins() -> Generator[None]:
    """Make ``plugins`` mean this package while a plugin file is loaded."""
    before = {
        name: module
        for name, module in sys.modules.items()
        if name == "plugins" or name.startswith("plugins.")
    }
    for name in before:
        del sys.modules[name]
    sys.modules["plugins"] = sys.modules[__package__ or "llmos.plugins"]
    try:
        yield
    finally:
        for name in [one for one in sys.modules if one.split(".")[0] == "plugins"]:
            del sys.modules[name]
        sys.modules.update(before)


@contextmanager
def _registered(name: str, module: ModuleType) -> Generator[None]:
    """Register a module, since dataclasses and pickles look it up; not if it fails to load."""
    sys.modules[name] = module
    try:
        yield
    except BaseException:
        sys.modules.pop(name, None)
        raise


def _tools_of(module: ModuleType, path: Path, fingerprint: str) -> list[ToolSpec]:
    found: list[ToolSpec] = []
    for function in vars(module).values():
        tag = getattr(function, TAG, None)
        if isinstance(tag, ToolTag) and getattr(function, "__module__", "") == module.__name__:
            found.append(_spec(tag, function, path, fingerprint))
    return found


def _spec(tag: ToolTag, function: Any, path: Path, fingerprint: str) -> ToolSpec:
    if not inspect.isfunction(inspect.unwrap(function)):
        raise PluginError(str(path), None, f"tool {tag.name!r} is no function")
    line = inspect.unwrap(function).__code__.co_firstlineno
    if not isinstance(tag.name, str) or not _NAME.match(tag.name):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise PluginError(str(path), line, f"{tag.name!r} cannot be a tool's name")
    try:
        schema = json_schema(tag.schema)
    except ValueError as error:
        raise PluginError(str(path), line, f"tool {tag.name!r}: {error}") from None
    call = partial(_call, function, schema)
    return ToolSpec(tag.name, tag.description, schema, call, fingerprint)


async def _call(function: Any, schema: dict[str, JsonValue], given: JsonObject) -> ToolResult:
    problem = problem_of(given, schema)
    if problem is not None:
        return ToolResult(f"Input validation error: {problem}", ok=False)
    try:
        if inspect.iscoroutinefunction(function):
            value = await function(**given)
        else:
            value = await anyio.to_thread.run_sync(
                partial(function, **given), abandon_on_cancel=True
            )
        return _result(value)
    except (Exception, SystemExit, KeyboardInterrupt) as error:
        # A tool that says `sys.exit()` must not end llmos; a real Ctrl-C does not come this way.
        _logger.debug("a plugin tool failed", exc_info=error)
        return ToolResult(_told(error), ok=False)


def _told(error: BaseException) -> str:
    name = type(error).__name__
    try:
        return f"{name}: {error}".removesuffix(": ")
    except Exception:  # noqa: BLE001 (its text is the plugin's code, too)
        return name


def _result(value: Any) -> ToolResult:
    """Return a tool's return value as the text that the model sees."""
    if isinstance(value, str):
        return ToolResult(value)
    if isinstance(value, dict) and isinstance(content := value.get("content"), list):  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
        blocks = cast("list[dict[str, Any]]", content)
        if all(block.get("type") == "text" for block in blocks):
            text = "\n".join(str(block.get("text", "")) for block in blocks)
            failed = bool(cast("dict[str, Any]", value).get("is_error"))
            return ToolResult(text, ok=not failed)
    return ToolResult(json.dumps(value, ensure_ascii=False, allow_nan=False))
