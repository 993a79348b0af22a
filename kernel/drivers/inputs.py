"""The inputs of the tools, with the CLI's own schemas, and its words for a wrong one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from pydantic_core import SchemaValidator, ValidationError
from pydantic_core.core_schema import (
    CoreSchema,
    bool_schema,
    int_schema,
    literal_schema,
    no_info_before_validator_function,
    nullable_schema,
    str_schema,
)

from ..checked import record
from ..tools import JsonObject, ToolResult, ToolSession

_I = TypeVar("_I")
OutputMode = Literal["content", "files_with_matches", "count"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadInput:
    """Input of Read."""

    file_path: str
    offset: int | None = None
    limit: int | None = None
    pages: str | None = None
    allow_large: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteInput:
    """Input of Write."""

    file_path: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EditInput:
    """Input of Edit."""

    file_path: str
    old_string: str
    new_string: str
    replace_all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BashInput:
    """Input of Bash."""

    command: str
    timeout: int | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GlobInput:
    """Input of Glob."""

    pattern: str
    path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GrepInput:
    """Input of Grep."""

    pattern: str
    path: str | None = None
    glob: str | None = None
    output_mode: OutputMode = "files_with_matches"
    before: int | None = None
    after: int | None = None
    around: int | None = None
    context: int | None = None
    numbers: bool = True
    ignore_case: bool = False
    only_matching: bool = False
    type: str | None = None
    head_limit: int = 250
    offset: int = 0
    multiline: bool = False


def _flag(value: object) -> object:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


_TEXT = str_schema()
_TEXT_OR_NONE = nullable_schema(_TEXT)
_COUNT = int_schema(ge=0)
_COUNT_OR_NONE = nullable_schema(_COUNT)
_FLAG = no_info_before_validator_function(_flag, bool_schema())
"""A boolean that may also come as the text ``true`` or ``false``."""

_CHECKS: dict[type[Any], Mapping[str, CoreSchema]] = {
    ReadInput: {
        "file_path": _TEXT,
        "offset": _COUNT_OR_NONE,
        "limit": _COUNT_OR_NONE,
        "pages": _TEXT_OR_NONE,
        "allow_large": _FLAG,
    },
    WriteInput: {"file_path": _TEXT, "content": _TEXT},
    EditInput: {
        "file_path": _TEXT,
        "old_string": _TEXT,
        "new_string": _TEXT,
        "replace_all": _FLAG,
    },
    BashInput: {"command": _TEXT, "timeout": _COUNT_OR_NONE, "description": _TEXT_OR_NONE},
    GlobInput: {"pattern": _TEXT, "path": _TEXT_OR_NONE},
    GrepInput: {
        "pattern": _TEXT,
        "path": _TEXT_OR_NONE,
        "glob": _TEXT_OR_NONE,
        "output_mode": literal_schema(list(get_args(OutputMode))),
        "before": _COUNT_OR_NONE,
        "after": _COUNT_OR_NONE,
        "around": _COUNT_OR_NONE,
        "context": _COUNT_OR_NONE,
        "numbers": _FLAG,
        "ignore_case": _FLAG,
        "only_matching": _FLAG,
        "type": _TEXT_OR_NONE,
        "head_limit": _COUNT,
        "offset": _COUNT,
        "multiline": _FLAG,
    },
}
_ALIASES = {
    GrepInput: {
        "before": "-B",
        "after": "-A",
        "around": "-C",
        "numbers": "-n",
        "ignore_case": "-i",
        "only_matching": "-o",
    }
}


@cache
def _validator(kind: type[Any]) -> SchemaValidator:
    return SchemaValidator(record(kind, _CHECKS[kind], aliases=_ALIASES.get(kind)))


def validated(tool: str, kind: type[_I], given: JsonObject) -> _I | ToolResult:
    """Return the input of a tool, or the result that says what is wrong with it."""
    try:
        return _validator(kind).validate_python(dict(given))
    except ValidationError as error:
        lines = [_issue(issue) for issue in error.errors()]
    word = "issue" if len(lines) == 1 else "issues"
    return tool_error(
        f"InputValidationError: {tool} failed due to the following {word}:\n" + "\n".join(lines)
    )


def _issue(issue: Mapping[str, Any]) -> str:
    name = ".".join(str(part) for part in issue["loc"])
    match issue["type"]:
        case "missing":
            return f"The required parameter `{name}` is missing"
        case "extra_forbidden":
            return f"An unexpected parameter `{name}` was provided"
        case _:
            return f"The parameter `{name}` is invalid: {issue['msg']}"


def tool_error(text: str) -> ToolResult:
    """Return the result of a call that was refused before it was carried out."""
    return ToolResult(f"<tool_use_error>{text}</tool_use_error>", ok=False)


def absolute(path: str, session: ToolSession) -> Path:
    """Return the absolute path that an input names; its symbolic links are not followed."""
    return Path(os.path.normpath(session.cwd / os.path.expanduser(path)))  # noqa: PTH111 - keeps `~x`


def denied(what: str, path: Path) -> ToolResult:
    """Return the result of a call outside the working directory, which is not carried out."""
    return ToolResult(
        f"Claude requested permissions to {what} {path}, but you haven't granted it yet.", ok=False
    )


def inside(path: Path, session: ToolSession) -> bool:
    """Return whether a path, its links followed, lies in the directory llmos was started in."""
    return path.resolve().is_relative_to(session.start_dir.resolve())


def not_there(session: ToolSession, what: str = "File does not exist.") -> str:
    """Return the CLI's words for a missing file."""
    return f"{what} Note: your current working directory is {session.cwd}."
