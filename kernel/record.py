"""Frozen records: dataclasses whose methods are written once, not generated for each class.

``@dataclass(frozen=True)`` writes the source of six methods for each class and compiles it at each
start, which for the records on the way of a replay takes a quarter of the whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
from typing import Any, ClassVar, NoReturn, cast, dataclass_transform

_set = object.__setattr__


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Record:
    """Base of frozen dataclasses: a subclass names its fields and takes no decorator.

    `dataclasses.replace`, `dataclasses.fields` and ``match`` see a dataclass.
    """

    __match_args__: ClassVar[tuple[str, ...]] = ()
    _names: ClassVar[tuple[str, ...]] = ()
    _defaults: ClassVar[dict[str, Any]] = {}
    _factories: ClassVar[dict[str, Callable[[], Any]]] = {}

    def __init_subclass__(cls, *, kw_only: bool = False) -> None:
        super().__init_subclass__()
        dataclass(init=False, repr=False, eq=False, kw_only=kw_only)(cls)
        known = fields(cast("Any", cls))
        cls._names = tuple(one.name for one in known)
        cls._defaults = {one.name: one.default for one in known if one.default is not MISSING}
        cls._factories = {
            one.name: one.default_factory for one in known if one.default_factory is not MISSING
        }

    def __init__(self, *arguments: Any, **named: Any) -> None:
        names = self._names
        if named or len(arguments) != len(names) or len(self.__match_args__) != len(names):
            arguments = self._complete(arguments, named)
        for name, value in zip(names, arguments, strict=True):
            _set(self, name, value)

    def _complete(self, arguments: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        """Return the values of all fields, in order."""
        first = self.__match_args__[: len(arguments)]
        given = {**self._defaults, **dict(zip(first, arguments, strict=False)), **named}
        for name, make in self._factories.items():
            if name not in given:
                given[name] = make()
        right = len(first) == len(arguments) and named.keys().isdisjoint(first)
        if not right or given.keys() != set(self._names):
            wanted = ", ".join(self._names)
            raise TypeError(f"{type(self).__name__} takes {wanted}, not {arguments} and {named}")
        return tuple([given[name] for name in self._names])

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self._names)

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        assert isinstance(other, Record)
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{name}={value!r}" for name, value in zip(self._names, self._values(), strict=True)
        )
        return f"{type(self).__qualname__}({shown})"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise FrozenInstanceError(f"cannot delete field {name!r}")
