"""Finds the flows of declared values in the inputs of steps, and puts values back into them."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..kernel.json_value import JsonValue
from .occurrences import Found, Leaf, leaves, occurrences
from .placement import marker_spans
from .substitution import in_form
from .traces import Flow, Parameter

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Claim:
    """A value that claims its places in the inputs.

    Attributes:
        name: Name of its parameter; empty for a value that only keeps others away.
        value: The value.
        number: Whether it is a number.
        loose: Whether ``_``, ``-`` and ``.`` end a word next to it.
        path: Whether it is a path.
        others: The other values of its domain.
        only_in: Pieces of the inputs in which alone it varies, where they stand.
    """

    name: str
    value: str
    number: bool
    loose: bool
    path: bool = False
    others: tuple[str, ...] = ()
    only_in: tuple[str, ...] = ()

    def places(self, leaf: Leaf) -> list[Found]:
        """Return where the value stands in a leaf."""
        return occurrences(leaf, self.value, number=self.number, loose=self.loose)


def flows_of(
    inputs: Sequence[Mapping[str, JsonValue]], claims: Sequence[Claim], rivals: Sequence[Claim]
) -> list[tuple[Flow, ...]]:
    """Find the flows of each claim; none overlaps another, the longest value comes first.

    Args:
        inputs: The input of each step.
        claims: What was declared.
        rivals: Other values of the goal: what they flow into is not a claim's.

    Returns:
        The flows of each claim, in the order of the claims.

    Raises:
        ValueError: If a claim has no flow, or if it is not clear where it varies.
    """
    found = leaves(inputs)
    _check_pieces(claims, found)
    taken: list[list[Span]] = [_kept_free(leaf) for leaf in found]
    standing: dict[str, list[list[Found]]] = {}
    for claim in sorted([*claims, *rivals], key=lambda one: len(one.value), reverse=True):
        places = [
            _free(claim.places(leaf), spans) for leaf, spans in zip(found, taken, strict=True)
        ]
        for spans, more in zip(taken, places, strict=True):
            spans += [(one.start, one.end) for one in more]
        if claim.name:
            standing[claim.name] = places
    return [_flows(claim, found, standing[claim.name], taken) for claim in claims]


def put_back(
    inputs: Sequence[Mapping[str, JsonValue]], parameters: Sequence[Parameter]
) -> list[JsonValue]:
    """Return the inputs with each parameter's own value put where it flows to."""
    flows = [(flow, one.value) for one in parameters for flow in one.flows]
    changed: list[Any] = copy.deepcopy([dict(one) for one in inputs])
    # From the end, so that no place moves before its turn.
    for flow, value in sorted(flows, key=lambda one: one[0].start, reverse=True):
        holder: Any = changed[flow.step]
        for key in flow.path[:-1]:
            holder = holder[key]
        old, last = holder[flow.path[-1]], flow.path[-1]
        if isinstance(old, str):
            holder[last] = old[: flow.start] + in_form(value, flow.form) + old[flow.end :]
        else:
            holder[last] = json.loads(value)
    return changed


def _kept_free(leaf: Leaf) -> list[Span]:
    """Return what no value may claim: the markers of the working directory."""
    return marker_spans(leaf.value) if isinstance(leaf.value, str) else []


def _free(places: Sequence[Found], taken: Sequence[Span]) -> list[Found]:
    return [one for one in places if not any(_crosses(one, span) for span in taken)]


def _crosses(one: Found, span: Span) -> bool:
    return (one.start, one.end) == span or (one.start < span[1] and span[0] < one.end)


def _flows(
    claim: Claim,
    found: Sequence[Leaf],
    standing: Sequence[Sequence[Found]],
    taken: Sequence[Sequence[Span]],
) -> tuple[Flow, ...]:
    flows: list[Flow] = []
    for leaf, places, spans in zip(found, standing, taken, strict=True):
        _check_no_bare_folder(claim, leaf, spans)
        flows += [
            Flow(step=leaf.step, path=leaf.path, start=one.start, end=one.end, form=one.form)
            for one in _varying(claim, leaf, places, spans)
        ]
    if not flows:
        raise ValueError(f"{claim.name} flows nowhere: no tool input holds {claim.value!r}")
    return tuple(flows)


def _varying(
    claim: Claim, leaf: Leaf, places: Sequence[Found], taken: Sequence[Span]
) -> Sequence[Found]:
    """Return the places in a leaf that vary.

    A text that holds other values of the domain, too, is a table or a loop over them: there the
    value stands for itself, but for the pieces that the model named.
    """
    if not places or not isinstance(leaf.value, str):
        return places
    pieces = [span for piece in claim.only_in for span in _spans(leaf.value, piece)]
    other = _other_value(claim, leaf, taken)
    if not pieces and other is None:
        return places
    if not claim.only_in:
        raise ValueError(
            f"{claim.name}: {_where(leaf)} holds {claim.value!r} and also {other!r}, so it is not "
            "clear where the value varies; name the pieces that vary in only_in"
        )
    return [
        one for one in places if any(start <= one.start and one.end <= end for start, end in pieces)
    ]


def _other_value(claim: Claim, leaf: Leaf, taken: Sequence[Span]) -> str | None:
    """Return another value of the domain that stands in a leaf and is nobody's."""
    for other in claim.others:
        places = occurrences(leaf, other, number=claim.number, loose=claim.loose)
        if _free(places, taken):
            return other
    return None


def _check_pieces(claims: Sequence[Claim], found: Sequence[Leaf]) -> None:
    texts = [leaf.value for leaf in found if isinstance(leaf.value, str)]
    for claim in claims:
        for piece in claim.only_in:
            if not any(piece in text for text in texts):
                raise ValueError(f"{claim.name}: no tool input holds the piece {piece[:60]!r}")


def _check_no_bare_folder(claim: Claim, leaf: Leaf, taken: Sequence[Span]) -> None:
    """Refuse ``input/`` where a step also says ``input``: that one would not vary with it."""
    bare = claim.value.rstrip("/")
    # What a call is said to be for does nothing.
    if not claim.path or bare in (claim.value, "") or leaf.path == ("description",):
        return
    if _free(occurrences(leaf, bare, number=False, loose=False), taken):
        raise ValueError(f"{claim.name}: {_where(leaf)} holds {claim.value!r} without its slash")


def _spans(text: str, piece: str) -> list[Span]:
    spans: list[Span] = []
    at = text.find(piece)
    while at >= 0:
        spans.append((at, at + len(piece)))
        at = text.find(piece, at + 1)
    return spans


def _where(leaf: Leaf) -> str:
    return f"step {leaf.step + 1} ({'.'.join(map(str, leaf.path))[:60]})"
