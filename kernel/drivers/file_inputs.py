"""The inputs of Read, Write and Edit, with the CLI's own schemas."""

from __future__ import annotations

from ..record import Record
from .inputs import COUNT_OR_NONE, FLAG, TEXT, TEXT_OR_NONE, InputCheck


class ReadInput(Record, kw_only=True):
    """Input of Read."""

    file_path: str
    offset: int | None = None
    limit: int | None = None
    pages: str | None = None
    allow_large: bool = False


class WriteInput(Record, kw_only=True):
    """Input of Write."""

    file_path: str
    content: str


class EditInput(Record, kw_only=True):
    """Input of Edit."""

    file_path: str
    old_string: str
    new_string: str
    replace_all: bool = False


READ = InputCheck(
    ReadInput,
    {
        "file_path": TEXT,
        "offset": COUNT_OR_NONE,
        "limit": COUNT_OR_NONE,
        "pages": TEXT_OR_NONE,
        "allow_large": FLAG,
    },
)
WRITE = InputCheck(WriteInput, {"file_path": TEXT, "content": TEXT})
EDIT = InputCheck(
    EditInput,
    {"file_path": TEXT, "old_string": TEXT, "new_string": TEXT, "replace_all": FLAG},
)
