"""The tool by which the model declares, in a learn run, what varies between goals of one family.

It only records: it reads no file and starts nothing, so it is allowed in every permission mode.
A declaration is checked while the model can still correct it, against the calls made so far; the
last valid one counts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from ..kernel.drivers.plugin import tool_name
from ..kernel.json_value import JsonValue
from ..kernel.tools import JsonObject, ToolCall, ToolResult, ToolSpec
from ..memory.declaration import Declaration, DeclarationRefused, declared_parameters, lifted
from ..memory.placement import lift_json
from ..memory.traces import Parameter
from .recorder import RecordedCall

if TYPE_CHECKING:
    from .seat import Witness

Built = TypeVar("Built")

NAME = "declare_parameters"
TOOL_NAME = tool_name(NAME)

PROMPT = f"""If the same steps with other values would reach other goals of the same kind, call
{NAME} once, after your last step and before the answer."""

_DESCRIPTION = """Declare which parts of the user's goal vary, so that what you did can be repeated
without you for goals of the same kind. Call it once, at the end, and only if your tool calls with
nothing but these values exchanged would reach such goals; otherwise do not call it. Wherever the
value stands in your tool inputs, the other value will stand instead. Give a domain where only
certain values work, with the values that you made work and no others. Never declare what you did
not build or try to be general."""

_TRIES = 3
"""Refusals after which the model is told to leave it: the watchdog stops a run that insists."""


class DeclarationTool:
    """The tool of one learn run, and what was declared with it.

    Args:
        goal: The goal as the user typed it.
        cwd: The working directory.
    """

    def __init__(self, goal: str, cwd: str) -> None:
        self._goal = goal
        self._cwd = cwd
        self._inputs: list[dict[str, JsonValue]] = []
        self._refusals = 0
        self._declared: Declaration | None = None
        self._problem = ""
        self.prompt = PROMPT
        """What the model is told of it beside its description."""
        self.spec = ToolSpec(NAME, _DESCRIPTION, Declaration.model_json_schema(), self._call, "")

    def watching(self, witness: Witness) -> Witness:
        """Return a witness that also lets this tool see the calls; its own are nobody's business.

        Args:
            witness: Who else sees them.
        """
        return _Watching(witness, self._inputs, self._cwd)

    def believed(self, build: Callable[[Declaration | None], Built]) -> tuple[Built, str]:
        """Build something with the last valid declaration, or without one if it does not hold.

        Args:
            build: Builds it; may raise `DeclarationRefused`.

        Returns:
            What was built, and why it was built without what the model declared, if so.
        """
        if self._declared is None:
            return build(None), self._problem
        try:
            return build(self._declared), ""
        except DeclarationRefused as error:
            return build(None), error.reason

    @staticmethod
    def without_own(calls: Sequence[RecordedCall]) -> tuple[RecordedCall, ...]:
        """Return calls without those of this tool, which are no steps."""
        return tuple(one for one in calls if one.call.name != TOOL_NAME)

    async def _call(self, given: JsonObject) -> ToolResult:
        try:
            declared = lifted(Declaration.model_validate_json(json.dumps(given)), self._cwd)
            parameters = declared_parameters(self._goal, self._inputs, declared)
        except ValidationError as error:
            return self._refused(_sentence(error))
        except DeclarationRefused as error:
            return self._refused(error.reason)
        self._declared = declared
        return ToolResult(_noted(parameters))

    def _refused(self, reason: str) -> ToolResult:
        self._problem = reason
        self._refusals += 1
        advice = "" if self._refusals < _TRIES else " Leave it undeclared and give your answer."
        return ToolResult(f"Not declared: {reason}.{advice}", ok=False)


class _Watching:
    """A witness that notes the inputs of calls, as the trace will hold them."""

    def __init__(self, witness: Witness, inputs: list[dict[str, JsonValue]], cwd: str) -> None:
        self._witness = witness
        self._inputs = inputs
        self._cwd = cwd

    async def before(self, call: ToolCall) -> None:
        """Note a call before it is carried out."""
        if call.name == TOOL_NAME:
            return
        self._inputs.append(lift_json(call.input, self._cwd))
        await self._witness.before(call)

    async def after(self, call: ToolCall) -> None:
        """Called after a call was carried out well."""
        await self._witness.after(call)


def _sentence(error: ValidationError) -> str:
    """Return what is wrong with a declaration, in one sentence: the first problem only."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(map(str, first["loc"]))
    said = first["msg"].removeprefix("Value error, ")
    return f"{where}: {said}" if where else said


def _noted(parameters: Sequence[Parameter]) -> str:
    if not parameters:
        return "Noted: nothing varies."
    places = ", ".join(
        f"{one.name} in {len(one.flows)} place{'' if len(one.flows) == 1 else 's'}"
        for one in parameters
    )
    return f"Noted; what varies: {places}."
