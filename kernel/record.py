"""Frozen records: dataclasses whose methods are written once, not generated for each class.

``@dataclass(frozen=True)`` writes the source of six methods for each class and compiles it at each
start, which for the records on the way of a replay takes a quarter of the whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
from typing import Any, ClassVar, NoReturn, cast, dataclass_transform


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
        given: dict[str, Any] = dict(zip(self.__match_args__, arguments, strict=False))
        if len(arguments) > len(given) or given.keys() & named.keys():
            raise TypeError(f"{type(self).__name__} takes {', '.join(self._names)}, once each")
        given.update(named)
        values = self.__dict__
        for name in self._names:
            if name in given:
                values[name] = given.pop(name)
            elif name in self._defaults:
                values[name] = self._defaults[name]
            elif name in self._factories:
                values[name] = self._factories[name]()
            else:
                raise TypeError(f"{type(self).__name__} needs {name!r}")
        if given:
            raise TypeError(f"{type(self).__name__} has no {', '.join(map(repr, given))}")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash(tuple(self.__dict__.values()))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__dict__.items())
        return f"{type(self).__qualname__}({shown})"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise FrozenInstanceError(f"cannot delete field {name!r}")
