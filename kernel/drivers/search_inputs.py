"""The inputs of Glob and Grep, with the CLI's own schemas."""

from __future__ import annotations

from typing import Literal, get_args

from ..checked import one_of
from ..record import Record
from .inputs import COUNT, COUNT_OR_NONE, FLAG, TEXT, TEXT_OR_NONE, InputCheck

OutputMode = Literal["content", "files_with_matches", "count"]


class GlobInput(Record, kw_only=True):
    """Input of Glob."""

    pattern: str
    path: str | None = None


class GrepInput(Record, kw_only=True):
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


GLOB = InputCheck(GlobInput, {"pattern": TEXT, "path": TEXT_OR_NONE})
GREP = InputCheck(
    GrepInput,
    {
        "pattern": TEXT,
        "path": TEXT_OR_NONE,
        "glob": TEXT_OR_NONE,
        "output_mode": one_of(get_args(OutputMode)),
        "before": COUNT_OR_NONE,
        "after": COUNT_OR_NONE,
        "around": COUNT_OR_NONE,
        "context": COUNT_OR_NONE,
        "numbers": FLAG,
        "ignore_case": FLAG,
        "only_matching": FLAG,
        "type": TEXT_OR_NONE,
        "head_limit": COUNT,
        "offset": COUNT,
        "multiline": FLAG,
    },
    aliases={
        "before": "-B",
        "after": "-A",
        "around": "-C",
        "numbers": "-n",
        "ignore_case": "-i",
        "only_matching": "-o",
    },
)
