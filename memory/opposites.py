"""Words of plain English that turn a request into its reverse.

The list is short and of common verbs, directions and degrees. A pair that is missing costs
protection that other rules give as well; no pair lets a replay through.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from .wording import canonical

if TYPE_CHECKING:
    from .counts import Counting

_PAIRS = (
    "on off, up down, in out, open close, open shut, start stop, start end, begin end, start "
    "finish, resume pause, increase decrease, increase reduce, raise lower, grow shrink, "
    "expand collapse, add remove, add delete, add subtract, insert delete, create delete, "
    "create remove, make delete, set cancel, set remove, enable disable, activate deactivate, "
    "show hide, lock unlock, mount unmount, push pull, upload download, import export, "
    "encrypt decrypt, encode decode, compress extract, compress decompress, zip unzip, pack "
    "unpack, archive extract, install uninstall, install remove, load unload, connect "
    "disconnect, attach detach, join leave, join split, merge split, send receive, buy sell, "
    "give take, read write, save load, save restore, backup restore, allow deny, allow block, "
    "accept reject, accept decline, include exclude, with without, sort shuffle, ascending "
    "descending, first last, head tail, before after, above below, over under, more less, "
    "more fewer, most least, maximum minimum, max min, newest oldest, newer older, latest "
    "oldest, largest smallest, larger smaller, biggest smallest, bigger smaller, longest "
    "shortest, longer shorter, highest lowest, higher lower, greater less, greater smaller, "
    "faster slower, brighten dim, brighter darker, brighter dimmer, hot cold, warmer colder, "
    "left right, top bottom, forward backward, next previous, all none, any none, always "
    "never, true false, yes no, mute unmute, follow unfollow, like dislike"
)


@lru_cache(maxsize=1)
def _opposites() -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for pair in _PAIRS.split(", "):
        one, other = (canonical(word) for word in pair.split())
        found.setdefault(one, set()).add(other)
        found.setdefault(other, set()).add(one)
    return {word: frozenset(words) for word, words in found.items()}


def has_direction(words: Iterable[str]) -> bool:
    """Return whether one of some canonical words has an opposite here."""
    return not _opposites().keys().isdisjoint(words)


def turned_round(words: Iterable[str], learned: Counting) -> str | None:
    """Return a word by which a goal asks for the reverse of learned ones, or None.

    That is one whose opposite the learned goals hold more often, while the goal holds it not.

    Args:
        words: The canonical words of the goal.
        learned: How many learned goals hold each canonical word.
    """
    asked = frozenset(words)
    opposites = _opposites()
    for word in sorted(asked & opposites.keys()):
        for other in opposites[word] - asked:
            if learned[other] > learned[word]:
                return word
    return None
