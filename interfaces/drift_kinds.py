"""Why a replay stops: the enumerated list. `memory.found.Miss` is that of why none begins."""

from __future__ import annotations

import enum
from collections.abc import Iterable


class DriftKind(enum.Enum):
    """Which guard failed; the values appear in JSON."""

    FILE_CHANGED = "file_changed"
    OTHERS_FILE = "others_file"
    LEADS_OUT = "leads_out"
    FORBIDDEN = "forbidden"
    NOT_UNDOABLE = "not_undoable"
    TOOL_MISSING = "tool_missing"
    OTHER_OUTCOME = "other_outcome"
    OTHER_OBSERVATION = "other_observation"
    VALUE_USED = "value_used"
    CONCLUSION = "conclusion"
    OTHER_RESULT = "other_result"
    NO_ANSWER = "no_answer"
    OTHER_FORM = "other_form"


class Stop(Exception):
    """A guard failed. Its text is the reason, for people.

    Args:
        reason: What is not as it was.
        kind: Which guard it is.
        overwrites: Paths that somebody else has changed and that going on would replace.
    """

    def __init__(self, reason: str, kind: DriftKind, overwrites: Iterable[str] = ()) -> None:
        super().__init__(reason)
        self.kind = kind
        self.overwrites = tuple(overwrites)
