"""What a run took from what it was told: the rule of observations, for context.

What memory and the project's notes tell the model is seen by it like the result of a call. If a
word of it stands in what the model did or answered, and in nothing else that it had seen until
then, the run depends on it, and a replay must see it again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ..kernel.json_value import JsonValue
from ..kernel.tools import ToolCall, ToolResult
from .hybrid import STOP_WORDS

_WORD = re.compile(r"\w(?:[\w.:/@%+-]*\w)?")


def depends(
    told: str, goal: str, calls: Sequence[tuple[ToolCall, ToolResult]], answer: str
) -> bool:
    """Return whether a run used a word that only what it was told could have given it.

    Args:
        told: What it was told.
        goal: The goal.
        calls: Its calls and what they gave, in order.
        answer: Its answer.
    """
    said = _words([told])
    known = _words([goal])
    for call, result in calls:
        if (_words(_texts(dict(call.input))) - known) & said:
            return True
        known |= _words([result.output])
    return bool((_words([answer]) - known) & said)


def _words(texts: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for text in texts:
        for word in _WORD.findall(text.casefold()):
            found.add(word)
            # `port:8080` tells 8080, and `src/app.py` tells app.py.
            found.update(part for part in re.split(r"[:/@%+=]", word) if part)
    return {word for word in found if word not in STOP_WORDS and (len(word) > 1 or word.isdigit())}


def _texts(value: JsonValue) -> Iterable[str]:
    """Yield every string and every number inside a JSON value."""
    if isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value)
