"""The check of a tool's input, and the CLI's words for a wrong one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ..checked import check, optional, record, turned
from ..engine import SchemaValidator, ValidationError
from ..record import Record
from ..tools import JsonObject, ToolResult, ToolSession

if TYPE_CHECKING:
    from pydantic_core import CoreSchema

_I = TypeVar("_I", bound=Record)


def _flag(value: object) -> object:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


TEXT = check("str")
TEXT_OR_NONE = optional(TEXT)
COUNT = check("int", ge=0)
COUNT_OR_NONE = optional(COUNT)
FLAG = turned(_flag, check("bool"), before=True)
"""A boolean that may also come as the text ``true`` or ``false``."""


class InputCheck(Generic[_I]):
    """The check of one tool's input; made when first used. See `kernel.checked.record`.

    Args:
        kind: The record of the input.
        checks: The check of each of its fields.
        aliases: The names that fields have in the input, where they differ.
    """

    def __init__(
        self,
        kind: type[_I],
        checks: Mapping[str, CoreSchema],
        *,
        aliases: Mapping[str, str] | None = None,
    ) -> None:
        self._kind = kind
        self._checks = checks
        self._aliases = aliases

    def made_of(self, given: JsonObject) -> _I:
        """Return the input that JSON gives.

        Raises:
            ValidationError: If it gives none.
        """
        return self._validator.validate_python(dict(given))

    @cached_property
    def _validator(self) -> SchemaValidator:
        return SchemaValidator(record(self._kind, self._checks, aliases=self._aliases))


def validated(tool: str, check: InputCheck[_I], given: JsonObject) -> _I | ToolResult:
    """Return the input of a tool, or the result that says what is wrong with it."""
    try:
        return check.made_of(given)
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
