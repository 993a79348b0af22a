"""Whether a replay's answer has the form that was asked for; loads what checks it only then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..kernel.json_value import JsonValue
from ..memory.attached import Attached


def attached_of(stdin: str | None, schema: Mapping[str, Any] | None) -> Attached:
    """Return what goes with a goal.

    Args:
        stdin: A text, as if it was piped into llmos.
        schema: JSON schema of an object that the answer must be.

    Raises:
        UsageError: If the schema is wrong.
    """
    if schema is None:
        return Attached(stdin)
    from .answer_form import checked_schema

    return Attached(stdin, checked_schema(schema))


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
