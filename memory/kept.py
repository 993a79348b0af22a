"""What is worked out from an object or a short text, kept so long as it is likely asked again."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Concatenate, ParamSpec, TypeVar

K = TypeVar("K")
P = ParamSpec("P")
T = TypeVar("T")

_OBJECTS = 1024
_TEXTS = 4096
_SHORT = 512
"""Characters of a text up to which what is worked out from it is kept."""


def per_object(
    work: Callable[Concatenate[K, P], T],
) -> Callable[Concatenate[K, P], T]:
    """Keep the results of a function, for the very same object as its first argument.

    By identity, since comparing would cost more than the work. The object, which nobody may
    change, is held with its results, so that no other one can take its place. Other arguments
    must be hashable.
    """
    known: dict[object, tuple[K, T]] = {}

    @wraps(work)
    def kept(one: K, *others: P.args, **named: P.kwargs) -> T:
        key = (id(one), others, *named.values()) if others or named else id(one)
        found = known.get(key)
        if found is not None:
            return found[1]
        if len(known) >= _OBJECTS:
            known.clear()
        result = work(one, *others, **named)
        known[key] = one, result
        return result

    return kept


def per_text(work: Callable[[str], T]) -> Callable[[str], T]:
    """Keep the results of a function of a text, if it is short; they must not be changed."""
    cached = lru_cache(maxsize=_TEXTS)(work)

    @wraps(work)
    def kept(text: str) -> T:
        return cached(text) if len(text) <= _SHORT else work(text)

    return kept
