"""When two goals are the same goal, and whether a goal depends on the present moment.

The same goal means: equal but for white space outside quotes, the case of words that carry no
value, and the punctuation that ends a sentence. Anything more liberal belongs to matching.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from .kept import per_text

_SPACE = re.compile(r"\s+")
_SENTENCE_END = re.compile(r"(?<=[\w\"'`)\]])[.!?…]+$")
_QUOTED = r"\"[^\"]*\"|(?<!\w)'[^']*'(?!\w)|`[^`]*`"
_WORD = r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?"

# Words by which plain English points at the moment of speaking. "current" and "now" also have
# uses that do not ("the current directory", "Now create ..."), which `depends_on_now` lets pass.
_NOW_WORD = (
    r"\b(today|todays|tonight|yesterday|tomorrow|now|nowadays|currently|current|latest|newest"
    r"|recent|recently|ago|so far|up to date|up-to-date"
    r"|(?:this|last|next|past|coming|previous)\s+(?:\w+\s+)?"
    r"(?:second|minute|hour|day|night|morning|afternoon|evening|week|weekend|month|quarter|year"
    r"|monday|tuesday|wednesday|thursday|friday|saturday|sunday|spring|summer|autumn|winter)s?"
    r"|what time|which day|the time|the date)\b"
)
_PLACE_AFTER_CURRENT = (
    r"\s+(?:working\s+)?(?:dir|directory|folder|path|branch|user|shell|project|repo|repository"
    r"|file|line|process|window|selection|workspace)\b"
)


@cache
def _ignoring_case(pattern: str) -> re.Pattern[str]:
    # Compiled when it is first needed, which a replay of a learned goal never comes to.
    return re.compile(pattern, re.IGNORECASE)


@per_text
def normal_form(goal: str) -> str:
    """Return the key under which goals that may be the same goal are found.

    White space is folded, case is folded, punctuation that ends the sentence is dropped. Equal
    keys propose; `difference` decides.
    """
    folded = _SPACE.sub(" ", unicodedata.normalize("NFC", goal)).strip()
    return _SENTENCE_END.sub("", folded).casefold()


def difference(learned: str, asked: str, inputs: Iterable[str]) -> str | None:
    """Say in what a goal differs from a learned one of the same `normal_form`, if it matters.

    A spelling difference (case, closing punctuation) matters where the word flows into what the
    steps do: ``show README`` is not ``show readme``.

    Args:
        learned: The goal of the trace.
        asked: The new goal.
        inputs: All strings in the inputs of the trace's steps.

    Returns:
        A reason for people, or None if both are the same goal.
    """
    if learned == asked:
        return None
    if normal_form(learned) != normal_form(asked):
        return "the words differ"
    if re.findall(_QUOTED, learned) != re.findall(_QUOTED, asked):
        return "quoted text differs"
    old = unicodedata.normalize("NFC", learned).split()
    new = unicodedata.normalize("NFC", asked).split()
    flowing = _words_in(inputs)
    for position, (was, now) in enumerate(zip(old, new, strict=False)):
        if was != now and not _only_style(was, now, position, flowing):
            return f"{now!r} is not {was!r}, and the steps use that word"
    return None


def _words_in(inputs: Iterable[str]) -> set[str]:
    return {word.casefold() for text in inputs for word in re.findall(r"\w+", text)}


def _only_style(was: str, now: str, position: int, flowing: set[str]) -> bool:
    bare_was, bare_now = (_SENTENCE_END.sub("", word) for word in (was, now))
    plain = re.fullmatch(_WORD, bare_was) is not None
    flows = any(part.casefold() in flowing for part in re.findall(r"\w+", bare_was))
    if bare_was == bare_now:
        # Only closing punctuation differs. A full stop after a value such as `data.csv` can only
        # end the sentence; after a bare word that flows it could be part of a text value, and
        # `?` and `!` mean something to a shell.
        ends = {was[len(bare_was) :], now[len(bare_now) :]}
        return not flows or (not plain and ends <= {"", "."})
    # Another case. The capital that opens a sentence is style even where the word flows.
    if position == 0 and plain and bare_was[1:] == bare_now[1:] and bare_was[1:].islower():
        return True
    return plain and not flows


def depends_on_now(goal: str) -> str | None:
    """Return the word by which a goal points at the present moment, or None.

    Such a goal means something else tomorrow, so what was learned for it is good for the day on
    which it was learned at most.
    """
    for found in _ignoring_case(_NOW_WORD).finditer(goal):
        word = found.group(0)
        if word.lower() == "current" and _ignoring_case(_PLACE_AFTER_CURRENT).match(
            goal, found.end()
        ):
            continue
        if word.lower() == "now" and found.start() == 0:
            continue
        return word
    return None
