"""What a client calls back in this process: by a seat, in which one model run sits.

A client is told at its start what it may call. The run that it serves may not be known then, so it
is told of a seat, and the run takes it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, cast

from ..kernel.json_value import JsonValue
from ..kernel.tools import JsonObject, ToolCall, ToolResult
from .recorder import RecordedCall

if TYPE_CHECKING:
    from ..memory.transcript import TranscriptKeeper
    from .permission_gate import PermissionGate

_NOBODY = {"decision": "block", "reason": "no run has begun"}
"""The answer to a prompt that is no goal: it goes no further, and the model never sees it."""


class Witness(Protocol):
    """Sees the world before and after each call of a model run."""

    async def before(self, call: ToolCall) -> None:
        """Called before a call is carried out; the call waits for it."""
        ...

    async def after(self, call: ToolCall) -> None:
        """Called after a call was carried out well."""
        ...


class Sitting:
    """One model run, as its client calls back to it.

    Args:
        complained: Takes a line that the client wrote to its standard error.
        witness: Sees the world before and after each call; None if there are no calls.
        context: What memory adds, sent beside the goal.
        declare: Carries out the tool for declaring parameters, if it is offered.
        keeper: Takes what the model sees and says; nothing of it is kept if None.
    """

    def __init__(
        self,
        complained: Callable[[str], None],
        *,
        witness: Witness | None = None,
        context: str = "",
        declare: Callable[[JsonObject], Awaitable[ToolResult]] | None = None,
        keeper: TranscriptKeeper | None = None,
    ) -> None:
        self.complained = complained
        self.witness = witness
        self.context = context
        self.declare = declare
        self.keeper = keeper


class Seat:
    """What one client calls back; each method is of the form that the SDK asks for.

    Args:
        gate: Asked before each call; None lets the permission mode alone decide.
    """

    def __init__(self, gate: PermissionGate | None) -> None:
        self._gate = gate
        self._run: Sitting | None = None
        self._edited: dict[str, JsonObject] = {}
        self._early: list[tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]] = []

    def take(self, run: Sitting) -> None:
        """Let a run sit down; from now on all calls are for it."""
        self._run = run

    def as_carried_out(self, recorded: RecordedCall) -> RecordedCall:
        """Return a call as a person made it, where the stream says what the model asked for."""
        given = self._edited.get(recorded.call.id)
        if given is None:
            return recorded
        return replace(recorded, call=replace(recorded.call, input=given))

    async def submitted(self, _data: object, _id: object, _context: object) -> dict[str, Any]:
        """Answer the hook of a prompt: with what goes beside the goal."""
        if self._run is None:
            return dict(_NOBODY)
        if not self._run.context:
            return {}
        return {
            "hookSpecificOutput": {
                "hookEventName": "UserPromptSubmit",
                "additionalContext": self._run.context,
            }
        }

    async def before(
        self, data: Mapping[str, Any], _id: object, _context: object
    ) -> dict[str, Any]:
        """Answer the hook before a call."""
        await self._witness.before(_call_of(data))
        return {}

    async def after(self, data: Mapping[str, Any], _id: object, _context: object) -> dict[str, Any]:
        """Answer the hook after a call."""
        await self._witness.after(_call_of(data))
        return {}

    async def asked(self, data: Mapping[str, Any], _id: object, _context: object) -> dict[str, Any]:
        """Answer whether a call may be carried out."""
        assert self._gate is not None
        said = await self._gate.live(data)
        edited = said.get("hookSpecificOutput", {}).get("updatedInput")
        if edited is not None:
            self._edited[str(data.get("tool_use_id", ""))] = edited
        return said

    async def declared(self, given: JsonObject) -> ToolResult:
        """Carry out the tool for declaring parameters."""
        assert self._run is not None
        assert self._run.declare is not None
        return await self._run.declare(given)

    def complained(self, line: str) -> None:
        """Take a line of the client's standard error; while no run has begun, nobody wants it."""
        if self._run is not None:
            self._run.complained(line)

    async def append(self, key: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> None:
        """Take lines of the transcript."""
        if self._run is None:
            self._early.append((key, entries))
        elif self._run.keeper is not None:
            if any(one.get("type") == "user" for one in entries):
                # What was written before is what the goal follows on; it is nothing without one.
                early, self._early = self._early, []
                for one in early:
                    await self._run.keeper.append(*one)
            await self._run.keeper.append(key, entries)

    async def load(self, key: Mapping[str, Any]) -> list[dict[str, JsonValue]] | None:
        """Give the lines of a session that is gone on from."""
        if self._run is None or self._run.keeper is None:
            return None
        return await self._run.keeper.load(key)

    @property
    def _witness(self) -> Witness:
        assert self._run is not None
        assert self._run.witness is not None
        return self._run.witness


def _call_of(data: Mapping[str, Any]) -> ToolCall:
    return ToolCall(
        str(data.get("tool_name", "")),
        cast("Mapping[str, JsonValue]", data.get("tool_input") or {}),
        str(data.get("tool_use_id", "")),
    )
