"""A record is a frozen dataclass to whoever uses it."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError, dataclass, fields, is_dataclass, replace
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmos.kernel.record import Record, as_data, field


class Place(Record):
    """A record with everything that a dataclass may have."""

    kept: ClassVar[bool] = True

    name: str
    size: int = 1
    tags: list[str] = field(default_factory=list[str])


class Named(Place):
    """A record of a record."""

    owner: str = "nobody"


class Keyed(Record, kw_only=True):
    """A record whose fields are named."""

    name: str = ""
    size: int


@dataclass(frozen=True)
class Same:
    """What `Place` would be as a frozen dataclass."""

    kept: ClassVar[bool] = True

    name: str
    size: int = 1
    tags: list[str] = dataclasses.field(default_factory=list[str])


POSITIONS = st.lists(st.integers() | st.text(max_size=3), max_size=4)
NAMES = st.dictionaries(st.sampled_from(["name", "size", "tags", "kept", "x"]), st.integers())


@given(POSITIONS, NAMES)
def test_it_takes_the_arguments_that_a_dataclass_takes(
    positions: list[Any], named: dict[str, Any]
) -> None:
    def made(kind: Any) -> list[Any] | None:
        try:
            one = kind(*positions, **named)
        except TypeError:
            return None
        return [one.name, one.size, one.tags]

    assert made(Place) == made(Same)


def test_it_prints_as_a_dataclass_does() -> None:
    assert repr(Place("a", 2)) == repr(Same("a", 2)).replace("Same", "Place")


def test_it_is_equal_to_the_same_kind_with_the_same_values_only() -> None:
    assert Place("a") == Place("a", 1, [])
    assert Place("a") != Place("b")
    assert Place("a") != Named("a")
    assert Place("a") != Same("a")


def test_equal_ones_have_one_hash() -> None:
    assert hash(Keyed(size=1, name="a")) == hash(Keyed(name="a", size=1))
    with pytest.raises(TypeError):
        hash(Place("a"))  # it holds a list


def test_it_is_frozen() -> None:
    one: Any = Place("a")
    with pytest.raises(FrozenInstanceError):
        one.name = "b"
    with pytest.raises(FrozenInstanceError):
        one.other = "b"
    with pytest.raises(FrozenInstanceError):
        del one.name
    assert one == Place("a")


def test_a_default_is_made_for_each() -> None:
    assert Place("a").tags is not Place("a").tags


def test_the_functions_for_dataclasses_know_it() -> None:
    assert is_dataclass(Place)
    assert [one.name for one in fields(Named("a"))] == ["name", "size", "tags", "owner"]
    assert replace(Named("a"), size=3) == Named("a", 3)


def test_it_is_matched_by_position_and_by_name() -> None:
    match Named("a", 2):
        case Place(name, 2, tags=[]):
            assert name == "a"
        case _:
            pytest.fail("it was not matched")


def test_it_is_copied_and_pickled() -> None:
    one = Named("a", tags=["x"])
    assert copy.deepcopy(one) == one
    assert pickle.loads(pickle.dumps(one)) == one  # noqa: S301 (it was pickled here)


def test_it_replaces_and_names_its_fields_without_what_is_for_dataclasses() -> None:
    assert Named("a").replaced(size=3, owner="b") == Named("a", 3, owner="b")
    with pytest.raises(TypeError):
        Named("a").replaced(colour="red")
    assert Named.field_names() == ("name", "size", "tags", "owner")
    assert (Named.needed_names(), Keyed.needed_names()) == ({"name"}, {"size"})


def test_its_data_are_those_of_a_dataclass_of_all_records_in_it() -> None:
    one = Place("a", tags=["x"])
    assert as_data({"in": (one, 1)}) == {"in": [{"name": "a", "size": 1, "tags": ["x"]}, 1]}


def test_records_load_nothing_that_reads_source_code() -> None:
    program = (
        "import sys\n"
        "from llmos.kernel.record import Record, field\n"
        "class Place(Record):\n"
        "    __annotations__ = {'name': 'str', 'tags': 'list[str]'}\n"
        "    tags = field(default_factory=list)\n"
        "assert Place('a').replaced(name='b') == Place('b', [])\n"
        "assert not {'dataclasses', 'inspect'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
