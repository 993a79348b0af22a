"""The strings inside JSON values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def strings_in(value: object) -> Iterable[str]:
    """Yield every string inside a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():  # pyright: ignore[reportUnknownVariableType]
            yield from strings_in(item)  # pyright: ignore[reportUnknownArgumentType]
    elif isinstance(value, (list, tuple)):
        for item in value:  # pyright: ignore[reportUnknownVariableType]
            yield from strings_in(item)  # pyright: ignore[reportUnknownArgumentType]
