"""Reads the message stream of one model run: records calls, counts money, tells the bus."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from ..kernel.bus import EventBus
from ..kernel.errors import LlmosError, ModelError
from ..kernel.events import CostReported, Event, ModelMessage, ToolCalled, ToolReturned
from ..kernel.json_value import JsonValue
from ..kernel.money import Micros, to_micros
from ..kernel.tools import ToolCall
from .model_run import ModelRun, api_failure, denied, over_hold
from .prices import BurnMeter
from .recorder import CallRecorder

if TYPE_CHECKING:
    from claude_agent_sdk import (
        AssistantMessage,
        ResultMessage,
        StreamEvent,
        SystemMessage,
        ToolUseBlock,
        UserMessage,
    )

_TOGETHER_S = 0.05
"""Seconds for which pieces of a text are gathered before they are told."""
_STDERR_KEPT = 2000
"""Characters of the CLI's standard error that are kept, the last ones."""


class StreamReader:
    """Takes the messages of one run, one by one, without ever waiting.

    Args:
        run: Filled as messages come.
        bus: Told of every message.
        run_id: Id under which events are published.
        hold: Money set aside for the run, micro-dollars.
        clock: Gives UTC epoch seconds.
    """

    def __init__(
        self,
        run: ModelRun,
        bus: EventBus,
        run_id: str,
        hold: Micros,
        clock: Callable[[], float],
    ) -> None:
        self.run = run
        self.begun = False
        self.stderr = ""
        self._bus = bus
        self._run_id = run_id
        self._hold = hold
        self._clock = clock
        self._meter = BurnMeter(run.model)
        self._recorder = CallRecorder()
        self._failure = ("", "")
        self._streamed_text = ""
        self._streamed_at = float("-inf")
        self._takers: dict[str, Callable[[Any], None]] = {
            "AssistantMessage": self._assistant,
            "UserMessage": self._user,
            "StreamEvent": self._streamed,
            "SystemMessage": self._system,
            "ResultMessage": self._result,
        }

    def take(self, message: object) -> None:
        """Take one message of the SDK."""
        self.begun = True
        if type(message).__name__ != "StreamEvent":
            self._tell_streamed()
        # By name, so that this module never imports the SDK.
        taker = self._takers.get(type(message).__name__)
        if taker is None:
            self._say("system")
        else:
            taker(message)

    def note(self, text: str) -> None:
        """Tell the bus something about the run's own machinery."""
        self._say("system", text)

    def complained(self, line: str) -> None:
        """Take a line that the CLI wrote to its standard error."""
        self.stderr = f"{self.stderr}{line.strip()}\n"[-_STDERR_KEPT:]
        self._say("stderr", line)

    def settle(self) -> None:
        """Make the run's record final, also when it was cut off before its result."""
        self.run.calls = self._recorder.calls
        if not self.run.finished:
            self.run.cost = self._meter.cost
            if self.run.error is None:
                self.run.error = ModelError("the model run ended without a result")
        self._tell(CostReported(self._run_id, self.run.cost))

    def _assistant(self, message: AssistantMessage) -> None:
        if message.error:
            text = " ".join(getattr(block, "text", "") for block in message.content)
            self._failure = (message.error, text)
        for block in message.content:
            if type(block).__name__ == "ToolUseBlock":
                self._called(cast("ToolUseBlock", block))
            else:
                kind = type(block).__name__.removesuffix("Block").lower()
                self._say(kind, getattr(block, "text", ""))

    def _called(self, block: ToolUseBlock) -> None:
        call = ToolCall(block.name, cast("Mapping[str, JsonValue]", block.input), block.id)
        index = self._recorder.called(call, self._clock())
        self._tell(ToolCalled(self._run_id, index, call))

    def _user(self, message: UserMessage) -> None:
        if isinstance(message.content, str):
            return
        for block in message.content:
            if type(block).__name__ != "ToolResultBlock":
                continue
            returned = self._recorder.returned(
                getattr(block, "tool_use_id", ""),
                getattr(block, "content", None),
                bool(getattr(block, "is_error", False)),
                message.tool_use_result,
                self._clock(),
            )
            if returned is not None:
                index, recorded = returned
                self._tell(ToolReturned(self._run_id, index, recorded.call, recorded.result))

    def _streamed(self, message: StreamEvent) -> None:
        event = message.event
        if event.get("type") == "message_start":
            self._meter.started(event.get("message", {}).get("usage") or {})
            self._burned()
        elif event.get("type") == "message_delta":
            self._meter.updated(event.get("usage") or {})
            self._burned()
        delta: dict[str, Any] = event.get("delta") or {}
        self._streamed_text += str(delta.get("text", ""))
        # A fast model sends a thousand pieces a second, and each event wakes every listener.
        now = time.monotonic()
        if now - self._streamed_at >= _TOGETHER_S:
            self._streamed_at = now
            if self._streamed_text:
                self._tell_streamed()
            else:
                self._say("stream")

    def _tell_streamed(self) -> None:
        if self._streamed_text:
            text, self._streamed_text = self._streamed_text, ""
            self._say("stream", text)

    def _burned(self) -> None:
        self.run.cost = self._meter.cost
        self._tell(CostReported(self._run_id, self.run.cost))

    def _system(self, message: SystemMessage) -> None:
        data = message.data
        if message.subtype == "init":
            self.run.session_id = str(data.get("session_id", ""))
            self.run.cli_version = str(data.get("claude_code_version", ""))
        if message.subtype == "api_retry":
            attempt, most = data.get("attempt"), data.get("max_retries")
            self._say("retry", f"the model service failed, try {attempt} of {most}")
        else:
            self._say("system")

    def _result(self, message: ResultMessage) -> None:
        if (message.origin or {}).get("kind") == "task-notification":
            return
        run = self.run
        run.finished = True
        run.answer = message.result or ""
        run.structured = cast("JsonValue", message.structured_output)
        run.session_id = message.session_id
        run.num_turns = message.num_turns
        run.usage = cast("dict[str, JsonValue]", message.usage or {})
        run.cost = _cost_of(message)
        run.denials = tuple(
            str(cast("dict[str, object]", denial).get("tool_name", "?"))
            for denial in message.permission_denials or []
        )
        run.error = run.error or self._error_of(message)

    def _error_of(self, message: ResultMessage) -> LlmosError | None:
        if message.subtype == "error_max_budget_usd":
            return over_hold(self._hold)
        if message.subtype == "error_max_turns":
            return ModelError(
                "the run reached its limit of turns", hint="allow more with --max-turns N"
            )
        if message.is_error:
            kind, text = self._failure
            said = message.result or text or " ".join(message.errors or [])
            return api_failure(kind, message.api_error_status, said)
        if self.run.denials:
            return denied(self.run.denials)
        if self._recorder.unfinished:
            return ModelError("a tool call of the run has no result")
        return None

    def _say(self, kind: str, text: str = "") -> None:
        self._tell(ModelMessage(self._run_id, kind, text))

    def _tell(self, event: Event) -> None:
        self._bus.publish_nowait(event)


def _cost_of(message: ResultMessage) -> Micros | None:
    """Return what a run cost: a fresh CLI counts from zero, so its total is the difference."""
    for usage in (message.model_usage or {}).values():
        basis = cast("Mapping[str, object]", usage).get("costBasis", "list")
        if basis != "list":
            return None
    return to_micros(message.total_cost_usd or 0.0)
