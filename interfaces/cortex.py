"""The cortex: the model, reached through the Claude Agent SDK. The only importer of the SDK.

`Cortex.learn` lets the model reach a goal with real tools and records what it did;
`Cortex.plan` asks for steps and carries out nothing. Each call is one run of the bundled CLI. A
run that is cancelled or interrupted stops within a second, is billed, and leaves no process.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import anyio
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from ..kernel.bus import EventBus
from ..kernel.drivers.plugin import PREFIX, tool_name
from ..kernel.errors import ModelError
from ..kernel.events import Interrupt, ModelRunEnded, ModelRunStarted
from ..kernel.guard import guarded
from ..kernel.money import Micros, to_usd
from ..kernel.orphans import MARK, end_marked
from ..kernel.tools import JsonObject, ToolCall, ToolSpec
from .defaults import DEFAULT_MODEL
from .model_run import ModelRun, cli_died, cli_not_started, no_process, stopped
from .prices import price_of
from .recorder import RecordedCall
from .stream import StreamReader

if TYPE_CHECKING:
    from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient
    from claude_agent_sdk.types import HookContext, HookInput, HookJSONOutput

    from ..memory.transcript import TranscriptKeeper
    from .declaring import DeclarationTool
    from .permission_gate import PermissionGate

BUILTIN_TOOLS = ("Read", "Write", "Edit", "Bash", "Glob", "Grep")
PERMISSION_MODES = ("acceptEdits", "default", "plan", "dontAsk", "bypassPermissions")

_STRUCTURED = "StructuredOutput"
"""The CLI's tool by which a model gives an answer of a form."""
_BUFFER = 256 * 2**20
_PATIENCE_S = 3600
"""Seconds that a person may take to answer."""
_STOP_S = 0.8
"""Seconds an interrupted run has to report its cost before its processes are killed."""

_LEARNER_PROMPT = """You are the Learner of llmos. Reach the user's goal with the tools.
What you do is recorded and replayed later without you, so prefer few, deterministic steps: paths
relative to the working directory in commands, no random names, no dates that the goal does not
give, no interactive programs. Work only inside the working directory. Read what you rely on.
End with a short answer that states the result."""

_PLANNER_PROMPT = """You are the Planner of llmos. Break the user's goal into the steps that
would reach it with the tools Read, Write, Edit, Bash, Glob and Grep in the working directory.
Carry out nothing."""


class PlanStep(BaseModel):
    """One step of a plan."""

    model_config = ConfigDict(frozen=True)

    description: str
    tool: str = ""


class Plan(BaseModel):
    """Structured steps for a goal; nothing has been carried out."""

    model_config = ConfigDict(frozen=True)

    steps: tuple[PlanStep, ...]

    def describe(self) -> str:
        """Return the plan for people: one numbered line a step."""
        lines: list[str] = []
        for number, step in enumerate(self.steps, start=1):
            tool = f" [{step.tool}]" if step.tool else ""
            lines.append(f"{number}. {step.description}{tool}")
        return "\n".join(lines)


class Witness(Protocol):
    """Sees the world before and after each call of a model run."""

    async def before(self, call: ToolCall) -> None:
        """Called before a call is carried out; the call waits for it."""
        ...

    async def after(self, call: ToolCall) -> None:
        """Called after a call was carried out well."""
        ...


class Cortex:
    """Plans and learns with a model.

    Args:
        bus: Where messages, calls and costs are published, and interrupts are heard.
        cwd: Directory in which tools run.
        model: Full model id.
        tools: Plugin tools to offer.
        permission_mode: One of `PERMISSION_MODES`.
        cli_path: The CLI to use instead of the bundled one.
        max_turns: API calls a run may make, or None.
        gate: Asked before each call; None lets the permission mode alone decide.
        clock: Gives UTC epoch seconds.
    """

    def __init__(
        self,
        bus: EventBus,
        cwd: Path,
        *,
        model: str = DEFAULT_MODEL,
        tools: Sequence[ToolSpec] = (),
        permission_mode: str = "acceptEdits",
        cli_path: str | None = None,
        max_turns: int | None = None,
        gate: PermissionGate | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._bus = bus
        self._gate = gate
        self._cwd = cwd
        self.model = model
        self.running: str | None = None
        """Id of the model run under way: one that an `Interrupt` stops."""
        self._tools = tuple(tools)
        self.permission_mode = permission_mode
        """The permission mode of the next run."""
        self._cli_path = cli_path
        self._max_turns = max_turns
        self._clock = clock
        self._edited: dict[str, JsonObject] = {}

    async def learn(
        self,
        goal: str,
        run: ModelRun,
        *,
        run_id: str,
        hold: Micros,
        witness: Witness,
        context: str = "",
        declaring: DeclarationTool | None = None,
        schema: Mapping[str, JsonValue] | None = None,
        keeper: TranscriptKeeper | None = None,
    ) -> None:
        """Let the model reach a goal; everything it did is in `run`, however this ends.

        Args:
            goal: The goal, sent to the model as it is.
            run: Filled while the run goes on; `run.error` says what went wrong.
            run_id: Id under which events are published.
            hold: Money set aside, micro-dollars; the CLI stops at it.
            witness: Sees the world before and after each call.
            context: What memory adds, sent beside the goal.
            declaring: The tool for declaring parameters, if it is to be offered.
            schema: JSON schema that the answer must fit, or None.
            keeper: Takes what the model sees and says, and gives what it goes on from; nothing of
                it is kept if None.
        """
        from claude_agent_sdk import HookMatcher

        async def before(data: HookInput, _id: str | None, _context: HookContext) -> HookJSONOutput:
            await witness.before(_call_of(data))
            return {}

        async def after(data: HookInput, _id: str | None, _context: HookContext) -> HookJSONOutput:
            await witness.after(_call_of(data))
            return {}

        async def submitted(
            _data: HookInput, _id: str | None, _context: HookContext
        ) -> HookJSONOutput:
            return {
                "hookSpecificOutput": {
                    "hookEventName": "UserPromptSubmit",
                    "additionalContext": context,
                }
            }

        prompt = _LEARNER_PROMPT if declaring is None else f"{_LEARNER_PROMPT}\n{declaring.prompt}"
        options = self._options(run_id, hold, prompt, BUILTIN_TOOLS)
        options.max_turns = self._max_turns
        if schema is not None:
            options.output_format = {"type": "json_schema", "schema": dict(schema)}
        if keeper is not None:
            _keep_by(keeper, options)
        # A witness that failed leaves the run without a trace, so a call must not be blocked.
        options.hooks = {
            "PreToolUse": [HookMatcher(hooks=[before], timeout=600)],
            "PostToolUse": [HookMatcher(matcher="Write|Edit", hooks=[after], timeout=60)],
        }
        if self._gate is not None:
            # What cannot be asked about is not done.
            asking = HookMatcher(hooks=[self._asked], timeout=_PATIENCE_S, on_failure="block")
            options.hooks["PreToolUse"].append(asking)
        if context:
            options.hooks["UserPromptSubmit"] = [HookMatcher(hooks=[submitted])]
        own = () if declaring is None else (declaring.spec,)
        if self._tools or own:
            options.mcp_servers = {"llmos": _mcp_server(self._tools, own)}
        # To declare changes nothing in the world, and a denied call would fail the whole run.
        options.allowed_tools = [*self._allowed(), *(tool_name(tool.name) for tool in own)]
        self._edited.clear()
        try:
            await self._run(goal, run, options, run_id, hold)
        finally:
            # The stream says what the model asked for; what was carried out is what a person made
            # of it.
            run.calls = tuple(self._as_edited(one) for one in run.calls)
            if keeper is not None:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(_forget_at_cli, run.session_id, self._cwd)
        if schema is not None:
            _take_structured(run, schema)

    async def plan(self, goal: str, run: ModelRun, *, run_id: str, hold: Micros) -> Plan | None:
        """Ask the model for the steps that would reach a goal; nothing is carried out.

        Args:
            goal: The goal.
            run: Filled while the run goes on; `run.error` says what went wrong.
            run_id: Id under which events are published.
            hold: Money set aside, micro-dollars.

        Returns:
            The plan, or None if the run failed (then `run.error` is set).
        """
        options = self._options(run_id, hold, _PLANNER_PROMPT, ())
        options.output_format = {"type": "json_schema", "schema": Plan.model_json_schema()}
        await self._run(goal, run, options, run_id, hold)
        if run.error is not None:
            return None
        try:
            return Plan.model_validate(run.structured)
        except ValidationError:
            run.error = ModelError(
                "the model gave no structured plan", hint="say the goal in other words"
            )
            return None

    def _options(
        self, run_id: str, hold: Micros, prompt: str, tools: Sequence[str]
    ) -> ClaudeAgentOptions:
        from claude_agent_sdk import ClaudeAgentOptions

        # A price that is not known is reckoned as another model's, and would stop the run.
        priced = price_of(self.model) is not None or self.model.startswith("claude-")
        return ClaudeAgentOptions(
            tools=list(tools),
            model=self.model,
            cwd=self._cwd,
            cli_path=self._cli_path,
            permission_mode=cast("Any", self.permission_mode),
            system_prompt=prompt,
            setting_sources=[],
            strict_mcp_config=True,
            max_buffer_size=_BUFFER,
            max_budget_usd=to_usd(hold) if priced else None,
            include_partial_messages=True,
            extra_args={"no-session-persistence": None},
            env=_environment(run_id, os.environ),
        )

    async def _asked(
        self, data: HookInput, _id: str | None, _context: HookContext
    ) -> HookJSONOutput:
        assert self._gate is not None
        said = await self._gate.live(data)
        edited = said.get("hookSpecificOutput", {}).get("updatedInput")
        if edited is not None:
            self._edited[str(data.get("tool_use_id", ""))] = edited
        return cast("HookJSONOutput", said)

    def _as_edited(self, recorded: RecordedCall) -> RecordedCall:
        given = self._edited.get(recorded.call.id)
        if given is None:
            return recorded
        return replace(recorded, call=replace(recorded.call, input=given))

    def _allowed(self) -> list[str]:
        if self.permission_mode in ("acceptEdits", "bypassPermissions"):
            return ["Bash", *(tool_name(tool.name) for tool in self._tools)]
        return []

    async def _run(
        self, goal: str, run: ModelRun, options: ClaudeAgentOptions, run_id: str, hold: Micros
    ) -> None:
        from claude_agent_sdk import ClaudeSDKClient

        stream = StreamReader(run, self._bus, run_id, hold, self._clock)
        options.stderr = stream.complained
        client = ClaudeSDKClient(options)
        try:
            async with self._interruptible(run, run_id, hold), guarded(run_id):
                try:
                    await self._converse(client, goal, stream)
                finally:
                    with anyio.CancelScope(shield=True):
                        await _close(client, run, stream, run_id)
        except OSError as error:
            run.error = run.error or no_process(error)
        finally:
            self.running = None
            self._bus.publish_nowait(ModelRunEnded(run_id))

    async def _converse(self, client: ClaudeSDKClient, goal: str, stream: StreamReader) -> None:
        from claude_agent_sdk import ClaudeSDKError, CLIConnectionError

        run = stream.run
        try:
            await client.connect()
            await client.query(_prompt(goal))
            await _read(client, stream)
        except CLIConnectionError as error:
            run.error = run.error or cli_not_started(error, self._cli_path, stream.stderr)
        except ClaudeSDKError as error:
            run.error = run.error or cli_died(error, stream.stderr)

    @asynccontextmanager
    async def _interruptible(
        self, run: ModelRun, run_id: str, hold: Micros
    ) -> AsyncGenerator[None]:
        """Cut the body off when an `Interrupt` for this run comes, from the very start."""
        with anyio.CancelScope() as scope:

            def stop(event: Interrupt) -> None:
                if event.run_id == run_id and run.error is None and not run.finished:
                    run.error = stopped(event.reason, event.detail, hold)
                    scope.cancel()

            listener = self._bus.on(Interrupt, handler=stop, name=f"cortex {run_id}")
            self.running = run_id
            self._bus.publish_nowait(ModelRunStarted(run_id, run.model, hold))
            try:
                yield
            finally:
                listener.close()


async def _read(client: ClaudeSDKClient, stream: StreamReader) -> None:
    """Take messages until the run's result; never wait for anybody else meanwhile.

    The CLI's control calls hang while more than a hundred messages are unread.
    """
    async for message in client.receive_messages():
        stream.take(message)
        if stream.run.finished:
            return


async def _close(client: ClaudeSDKClient, run: ModelRun, stream: StreamReader, run_id: str) -> None:
    from claude_agent_sdk import ClaudeSDKError

    aborted = not run.finished
    if aborted and stream.begun:
        with anyio.move_on_after(_STOP_S):
            try:
                async with anyio.create_task_group() as group:
                    group.start_soon(client.interrupt)
                    await _read(client, stream)
            except* (ClaudeSDKError, RuntimeError, OSError, anyio.ClosedResourceError):
                stream.note("the CLI was gone before it could be asked to stop")
    if aborted:
        await anyio.to_thread.run_sync(end_marked, run_id)
    stream.settle()
    try:
        await client.disconnect()
    except (ClaudeSDKError, OSError) as error:
        stream.note(f"while closing the CLI: {error}")
    if aborted:
        # What the dying CLI had started in the meantime.
        await anyio.to_thread.run_sync(end_marked, run_id)


def _keep_by(keeper: TranscriptKeeper, options: ClaudeAgentOptions) -> None:
    options.extra_args.pop("no-session-persistence", None)  # else nothing is handed out
    options.session_store = cast("Any", keeper)
    options.session_store_flush = "eager"
    if keeper.earlier is not None:
        options.resume = keeper.earlier.cli_session
        # Each run has a transcript of its own, whole and from its beginning.
        options.fork_session = True


def _forget_at_cli(session_id: str, cwd: Path) -> None:
    """Remove the CLI's own copy of a run, in which secrets stand as they are."""
    from claude_agent_sdk import delete_session

    with suppress(ValueError, OSError):  # a run that was gone on from had its copy elsewhere
        delete_session(session_id, directory=str(cwd))


def _take_structured(run: ModelRun, schema: Mapping[str, JsonValue]) -> None:
    """Hold a finished run to the form of its answer; to give it is no step."""
    from .answer_form import misfit

    run.calls = tuple(one for one in run.calls if one.call.name != _STRUCTURED)
    if run.error is not None:
        return
    # The CLI lets a model pass that answers in words only.
    why = "it answered in words" if run.structured is None else misfit(schema, run.structured)
    if why is not None:
        run.error = ModelError(
            f"the model gave no answer of the form asked for: {why}",
            hint="say in the goal what each field is to hold",
        )
        return
    run.answer = json.dumps(run.structured, ensure_ascii=False)


async def _prompt(goal: str) -> AsyncIterator[dict[str, Any]]:
    # `client_composed` sends the goal as it is: no slash command, no @file expansion.
    yield {
        "type": "user",
        "message": {"role": "user", "content": goal},
        "parent_tool_use_id": None,
        "uuid": str(uuid.uuid4()),
        "client_composed": True,
    }


def _environment(run_id: str, inherited: Mapping[str, str]) -> dict[str, str]:
    return {
        MARK: run_id,
        # The default of ten retries is three minutes of silence, even for a refused key.
        "CLAUDE_CODE_MAX_RETRIES": inherited.get("CLAUDE_CODE_MAX_RETRIES", "3"),
        # Else a timed-out command goes on in the background and injects turns of its own.
        "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "1",
    }


def _call_of(data: Mapping[str, Any]) -> ToolCall:
    return ToolCall(
        str(data.get("tool_name", "")),
        cast("Mapping[str, JsonValue]", data.get("tool_input") or {}),
        str(data.get("tool_use_id", "")),
    )


def _mcp_server(tools: Sequence[ToolSpec], own: Sequence[ToolSpec]) -> Any:
    """Return the server of the plugins' tools and of llmos's own, which change nothing."""
    from claude_agent_sdk import SdkMcpTool, ToolAnnotations, create_sdk_mcp_server

    # Without the hint, plan mode denies even a tool that is allowed.
    harmless = ToolAnnotations(readOnlyHint=True)

    def wrap(spec: ToolSpec) -> SdkMcpTool[Any]:
        async def handle(arguments: dict[str, Any]) -> dict[str, Any]:
            result = await spec.call(arguments)
            content = [{"type": "text", "text": result.output}]
            return {"content": content, "is_error": not result.ok}

        hints = harmless if spec in own else None
        return SdkMcpTool(spec.name, spec.description, dict(spec.input_schema), handle, hints)

    # A plugin's tool of the same name as one of llmos's own stays out of the run.
    offered = {tool_name(spec.name): spec for spec in (*tools, *own)}
    return create_sdk_mcp_server("llmos", tools=[wrap(spec) for spec in offered.values()])


assert PREFIX == "mcp__llmos__"
