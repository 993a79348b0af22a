"""What is worked out from a trace or a short text, kept so long as it is likely asked again."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

from .traces import Trace

T = TypeVar("T")

_TRACES = 1024
_TEXTS = 4096
_SHORT = 512
"""Characters of a text up to which what is worked out from it is kept."""


def per_trace(work: Callable[[Trace], T]) -> Callable[[Trace], T]:
    """Keep the results of a function of a trace, for the very same object.

    By identity, since comparing traces would cost more than the work. A trace is held with its
    result, so that no other object can take its place.
    """
    known: dict[int, tuple[Trace, T]] = {}

    @wraps(work)
    def kept(trace: Trace) -> T:
        found = known.get(id(trace))
        if found is not None:
            return found[1]
        if len(known) >= _TRACES:
            known.clear()
        result = work(trace)
        known[id(trace)] = trace, result
        return result

    return kept


def per_text(work: Callable[[str], T]) -> Callable[[str], T]:
    """Keep the results of a function of a text, if it is short; they must not be changed."""
    cached = lru_cache(maxsize=_TEXTS)(work)

    @wraps(work)
    def kept(text: str) -> T:
        return cached(text) if len(text) <= _SHORT else work(text)

    return kept
