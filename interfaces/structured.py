"""Whether a replay's answer has the form that was asked for; loads what checks it only then."""

from __future__ import annotations

from collections.abc import Callable

from ..kernel.json_value import JsonValue
from ..memory.attached import Attached


def misfit_of(attached: Attached) -> Callable[[str], str | None]:
    """Return what says of an answer why it is not of the form that was asked for, or None."""
    schema = attached.schema

    def misfit(answer: str) -> str | None:
        if schema is None:
            return None
        from .answer_form import parsed_answer

        return parsed_answer(schema, answer)[1]

    return misfit


def structured(attached: Attached, answer: str) -> JsonValue:
    """Return an answer that `misfit_of` has nothing against as JSON; None if no form was asked."""
    if attached.schema is None:
        return None
    from .answer_form import parsed_answer

    return parsed_answer(attached.schema, answer)[0]
