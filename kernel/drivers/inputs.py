"""The inputs of the tools, with the CLI's own schemas, and its words for a wrong one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from ..tools import JsonObject, ToolResult, ToolSession


def _flag(value: object) -> object:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


Flag = Annotated[bool, BeforeValidator(_flag)]
"""A boolean that may also come as the text ``true`` or ``false``."""


class ToolInput(BaseModel):
    """Base of all inputs: nothing beyond the schema."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class ReadInput(ToolInput):
    """Input of Read."""

    file_path: str
    offset: int | None = Field(default=None, ge=0)
    limit: int | None = Field(default=None, ge=0)
    pages: str | None = None
    allow_large: Flag = False


class WriteInput(ToolInput):
    """Input of Write."""

    file_path: str
    content: str


class EditInput(ToolInput):
    """Input of Edit."""

    file_path: str
    old_string: str
    new_string: str
    replace_all: Flag = False


class BashInput(ToolInput):
    """Input of Bash."""

    command: str
    timeout: int | None = Field(default=None, ge=0)
    description: str | None = None


class GlobInput(ToolInput):
    """Input of Glob."""

    pattern: str
    path: str | None = None


class GrepInput(ToolInput):
    """Input of Grep."""

    pattern: str
    path: str | None = None
    glob: str | None = None
    output_mode: Literal["content", "files_with_matches", "count"] = "files_with_matches"
    before: int | None = Field(default=None, alias="-B", ge=0)
    after: int | None = Field(default=None, alias="-A", ge=0)
    around: int | None = Field(default=None, alias="-C", ge=0)
    context: int | None = Field(default=None, ge=0)
    numbers: Flag = Field(default=True, alias="-n")
    ignore_case: Flag = Field(default=False, alias="-i")
    only_matching: Flag = Field(default=False, alias="-o")
    type: str | None = None
    head_limit: int = Field(default=250, ge=0)
    offset: int = Field(default=0, ge=0)
    multiline: Flag = False


_I = TypeVar("_I", bound=ToolInput)


def validated(tool: str, kind: type[_I], given: JsonObject) -> _I | ToolResult:
    """Return the input of a tool, or the result that says what is wrong with it."""
    try:
        return kind.model_validate(dict(given))
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
