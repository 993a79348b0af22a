"""What the Learner itself declares: which parts of its goal vary, and over which values.

A declaration is a claim of the model and is believed as a whole or not at all. Each declared value
must stand in the goal once, must flow into the steps, and putting the learned values back must give
the recorded inputs again. Where it is not clear which occurrences of a value vary (a script that
holds a table of all the values), the model has to say so in `only_in`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from .declared_flows import Claim, flows_of, put_back
from .placement import lift_cwd
from .traces import Flow, Kind, Parameter, canonical
from .value_rules import BindingRefused, check_general, check_kind
from .wording import Token, folded, is_number, tokenize

MAX_PARAMETERS = 20
MAX_DOMAIN = 200
MAX_LENGTH = 200
"""Characters of a declared value."""

_Value = Annotated[str, Field(min_length=1, max_length=MAX_LENGTH)]


class DeclarationRefused(Exception):
    """A declaration is not believed.

    Args:
        reason: One sentence, for the model and for people.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class DeclaredParameter(_Declared):
    """One part of the goal that varies."""

    name: str = Field(
        pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,39}$", description="A short name for it, as sequence."
    )
    value: _Value = Field(
        description="The words of THIS goal that vary, exactly as they stand in it."
    )
    kind: Kind = Field(description="What kind of value it takes.")
    domain: Annotated[tuple[_Value, ...], Field(min_length=1, max_length=MAX_DOMAIN)] | None = (
        Field(
            default=None,
            description="All values for which the steps work, the value of this goal among them. "
            "Give it wherever only certain values work, and always for a plain word.",
        )
    )
    only_in: tuple[Annotated[str, Field(min_length=1, max_length=1000)], ...] = Field(
        default=(),
        max_length=50,
        description="Needed only if a tool input holds the value also where it must not vary, as "
        "in a table of all values or a loop over them: the exact pieces of the inputs, each with "
        'the value in it, in which it varies, as SEQUENCE = "primes". Inputs that hold none of '
        "the other values vary wherever the value stands.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        for value in (self.value, *(self.domain or ())):
            self._check_value(value)
        for piece in self.only_in:
            if folded_case(self.value) not in folded_case(piece):
                raise ValueError(f"the piece {shown(piece)} of only_in does not hold the value")
        if self.domain is None:
            return self
        known = set(map(folded_case, self.domain))
        if folded_case(self.value) not in known:
            raise ValueError(f"the domain lacks the value of this goal, {shown(self.value)}")
        if len(known) < len(self.domain):
            raise ValueError("a value stands twice in the domain")
        return self

    def _check_value(self, value: str) -> None:
        try:
            check_general(value)
            check_kind(self.value, value, self.kind)
        except BindingRefused as error:
            raise ValueError(f"{shown(value)} cannot be a {self.kind}: {error.reason}") from None
        if not value.strip():
            raise ValueError("a value is nothing but white space")
        if self.kind == "url" and "://" not in value:
            raise ValueError(f"{shown(value)} is no URL")


class Declaration(_Declared):
    """What varies between the goals that the same steps would reach."""

    parameters: tuple[DeclaredParameter, ...] = Field(
        max_length=MAX_PARAMETERS,
        description="The parts of the goal that vary; none of them may overlap.",
    )

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        if len({one.name for one in self.parameters}) < len(self.parameters):
            raise ValueError("two parameters have the same name")
        return self


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a value stands in the goal, and whether its form says that it is a value."""

    start: int
    end: int
    marked: bool


def declared_parameters(
    goal: str, inputs: Sequence[Mapping[str, JsonValue]], declared: Declaration
) -> tuple[Parameter, ...]:
    """Find each declared parameter in the goal and all of its flows in the inputs of the steps.

    Args:
        goal: The goal as the user typed it.
        inputs: The input of each step, as the trace holds it.
        declared: What the model declared.

    Returns:
        The parameters, in the order of the goal.

    Raises:
        DeclarationRefused: If any of them cannot be believed.
    """
    tokens = tokenize(goal)
    places = [_place(goal, tokens, one.value) for one in declared.parameters]
    _check_apart(declared, places)
    claims = [_claim(one, place) for one, place in zip(declared.parameters, places, strict=True)]
    try:
        flows = flows_of(inputs, claims, _rivals(tokens, places))
    except ValueError as error:
        raise DeclarationRefused(str(error)) from None
    parameters = [
        _parameter(*each) for each in zip(declared.parameters, places, flows, strict=True)
    ]
    if canonical(put_back(inputs, parameters)) != canonical([dict(one) for one in inputs]):
        raise DeclarationRefused("the declared values do not give back what was done")
    return tuple(sorted(parameters, key=lambda one: one.start))


def lifted(declared: Declaration, cwd: str) -> Declaration:
    """Return a declaration whose pieces hold the working directory's marker, as steps do."""
    own = [
        one.model_copy(update={"only_in": tuple(lift_cwd(piece, cwd) for piece in one.only_in)})
        for one in declared.parameters
    ]
    return declared.model_copy(update={"parameters": tuple(own)})


def merged(found: Sequence[Parameter], declared: Sequence[Parameter]) -> tuple[Parameter, ...]:
    """Join parameters that were found with declared ones, which win where two overlap.

    Args:
        found: What was found in the run; no two overlap.
        declared: What the model declared; no two overlap.

    Returns:
        All that is left, in the order of the goal, each under a name of its own.
    """
    kept = [one for one in found if not any(_overlap(one, other) for other in declared)]
    taken = {one.name for one in (*kept, *declared)}
    names = {one.name for one in declared}
    joined = list(declared)
    for one in kept:
        name, number = one.name, 2
        while name in names or (name != one.name and name in taken):
            name, number = f"{one.name}_{number}", number + 1
        names.add(name)
        joined.append(one if name == one.name else replace(one, name=name))
    return tuple(sorted(joined, key=lambda one: one.start))


def folded_case(text: str) -> str:
    """Return a text as it is compared without case."""
    return folded(text).casefold()


def shown(text: str) -> str:
    """Return a value for a message: in quotes, short, on one line."""
    return repr(text if len(text) <= 60 else f"{text[:59]}...")


def _place(goal: str, tokens: Sequence[Token], value: str) -> _Place:
    """Find the one place of a value in the goal."""
    wanted = folded_case(value)
    places = [
        _Place(first.start, last.end, all(one.is_value for one in tokens[index:until]))
        for index, first in enumerate(tokens)
        for until, last in enumerate(tokens[index:], start=index + 1)
        if (until - index == 1 or not (first.quoted or last.quoted))
        and folded_case(goal[first.start : last.end]) == wanted
    ]
    if not places:
        raise DeclarationRefused(f"{shown(value)} does not stand in the goal as whole words")
    if len(places) > 1:
        raise DeclarationRefused(f"{shown(value)} stands in the goal more than once")
    said = goal[places[0].start : places[0].end]
    if said != value:
        raise DeclarationRefused(
            f"{shown(value)} is spelled {shown(said)} in the goal; give it as it stands there"
        )
    return places[0]


def _check_apart(declared: Declaration, places: Sequence[_Place]) -> None:
    for index, (one, place) in enumerate(zip(declared.parameters, places, strict=True)):
        for other, there in zip(declared.parameters[:index], places[:index], strict=True):
            if place.start < there.end and there.start < place.end:
                raise DeclarationRefused(f"{other.name} and {one.name} overlap in the goal")


def _claim(one: DeclaredParameter, place: _Place) -> Claim:
    mine = folded_case(one.value)
    return Claim(
        name=one.name,
        value=one.value,
        number=one.kind == "number",
        # A value that is known to be one is meant in a longer name, too: primes_list.py.
        loose=place.marked or one.domain is not None,
        path=one.kind == "path",
        others=tuple(value for value in one.domain or () if folded_case(value) != mine),
        only_in=one.only_in,
    )


def _rivals(tokens: Sequence[Token], places: Sequence[_Place]) -> list[Claim]:
    """Return the values of the goal that were not declared: what they flow into is theirs."""
    return [
        Claim(name="", value=token.text, number=is_number(token.text), loose=True)
        for token in tokens
        if token.is_value
        and token.text
        and not any(one.start < token.end and token.start < one.end for one in places)
    ]


def _parameter(one: DeclaredParameter, place: _Place, flows: Sequence[Flow]) -> Parameter:
    return Parameter(
        name=one.name,
        kind=one.kind,
        value=one.value,
        start=place.start,
        end=place.end,
        marked=place.marked,
        domain=one.domain or (),
        flows=tuple(flows),
    )


def _overlap(one: Parameter, other: Parameter) -> bool:
    if one.start < other.end and other.start < one.end:
        return True
    return any(_cross(mine, theirs) for mine in one.flows for theirs in other.flows)


def _cross(one: Flow, other: Flow) -> bool:
    if (one.step, one.path) != (other.step, other.path):
        return False
    # A JSON number is taken as a whole, and its flow has no length.
    return one.end == other.end or (one.start < other.end and other.start < one.end)
