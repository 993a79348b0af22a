"""Frozen records: dataclasses whose methods are written once, not generated for each class.

``@dataclass(frozen=True)`` writes the source of six methods for each class and compiles it at each
start, and the module that does so loads what reads source code: for the records on the way of a
replay that is a tenth of the whole. So it is only loaded where somebody asks for what it offers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self, TypeVar, cast, dataclass_transform

if TYPE_CHECKING:
    from dataclasses import Field

_T = TypeVar("_T")
_set = object.__setattr__


class _Factory:
    """Stands for the default of a field that is made anew for each record."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make


def field(*, default_factory: Callable[[], _T]) -> _T:
    """Return what gives a field of a `Record` a default that is made anew for each record."""
    made: Any = _Factory(default_factory)
    return made


class _Fields:
    """What `dataclasses` knows of one kind of record, worked out when it is first asked for."""

    def __init__(self, factories: dict[str, Callable[[], Any]], *, kw_only: bool) -> None:
        self._factories = factories
        self._kw_only = kw_only

    def __get__(self, _record: object, kind: type[Any]) -> dict[str, Field[Any]]:
        from dataclasses import dataclass
        from dataclasses import field as dataclass_field

        for name, make in self._factories.items():
            setattr(kind, name, dataclass_field(default_factory=make))
        # What this finds it puts in the place of this descriptor.
        dataclass(init=False, repr=False, eq=False, kw_only=self._kw_only)(kind)
        return kind.__dataclass_fields__


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Record:
    """Base of frozen dataclasses: a subclass names its fields and takes no decorator.

    `dataclasses.replace`, `dataclasses.fields` and ``match`` see a dataclass; the methods here do
    the same and load nothing.
    """

    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, Any]]
    __match_args__: ClassVar[tuple[str, ...]] = ()
    _names: ClassVar[tuple[str, ...]] = ()
    _defaults: ClassVar[dict[str, Any]] = {}
    _factories: ClassVar[dict[str, Callable[[], Any]]] = {}

    def __init_subclass__(cls, *, kw_only: bool = False) -> None:
        super().__init_subclass__()
        # Annotations are texts here: every module of llmos postpones them.
        own = [
            name for name, kind in cls.__annotations__.items() if not kind.startswith("ClassVar")
        ]
        given = {name: vars(cls)[name] for name in own if name in vars(cls)}
        made = {name: one.make for name, one in given.items() if isinstance(one, _Factory)}
        for name in made:
            delattr(cls, name)
        plain = {name: value for name, value in given.items() if name not in made}
        cls._names = (*dict.fromkeys([*cls._names, *own]),)
        by_position = () if kw_only else own
        kept = [name for name in cls.__match_args__ if name not in own or not kw_only]
        cls.__match_args__ = (*dict.fromkeys([*kept, *by_position]),)
        cls._defaults = {**_without(cls._defaults, own), **plain}
        cls._factories = {**_without(cls._factories, own), **made}
        cls.__dataclass_fields__ = cast("Any", _Fields(made, kw_only=kw_only))

    def __init__(self, *arguments: Any, **named: Any) -> None:
        names = self._names
        if named or len(arguments) != len(names) or len(self.__match_args__) != len(names):
            arguments = self._complete(arguments, named)
        for name, value in zip(names, arguments, strict=True):
            _set(self, name, value)

    @classmethod
    def field_names(cls) -> tuple[str, ...]:
        """Return the names of its fields, in order."""
        return cls._names

    @classmethod
    def needed_names(cls) -> frozenset[str]:
        """Return the names of its fields that have no default."""
        return frozenset(cls._names) - cls._defaults.keys() - cls._factories.keys()

    def replaced(self, **changes: Any) -> Self:
        """Return it with other values in some fields.

        Raises:
            TypeError: If it has no such field.
        """
        return type(self)(**{name: getattr(self, name) for name in self._names} | changes)

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
        raise _frozen(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise _frozen(f"cannot delete field {name!r}")


def as_data(value: Any) -> Any:
    """Return a value with each record in it as a dictionary; what else it holds is shared."""
    if isinstance(value, Record):
        return {name: as_data(getattr(value, name)) for name in value.field_names()}
    if isinstance(value, dict):
        return {name: as_data(one) for name, one in cast("dict[Any, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return [as_data(one) for one in cast("Sequence[Any]", value)]
    return value


def _without(known: dict[str, Any], names: list[str]) -> dict[str, Any]:
    return {name: value for name, value in known.items() if name not in names}


def _frozen(sentence: str) -> AttributeError:
    from dataclasses import FrozenInstanceError

    return FrozenInstanceError(sentence)
