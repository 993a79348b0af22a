"""The cortex: the model, reached through the Claude Agent SDK. The only importer of the SDK.

`Cortex.learn` lets the model reach a goal with real tools and records what it did;
`Cortex.plan` asks for steps and carries out nothing. Each call is one run of the bundled CLI. A
run that is cancelled or interrupted stops within a second, is billed, and leaves no process.
"""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import anyio
from anyio.abc import TaskGroup
from pydantic import JsonValue, ValidationError

from ..kernel.bus import EventBus
from ..kernel.drivers.plugin import PREFIX, tool_name
from ..kernel.errors import ModelError
from ..kernel.events import Interrupt, ModelRunEnded, ModelRunStarted
from ..kernel.guard import guarded
from ..kernel.money import Micros, to_usd
from ..kernel.orphans import MARK
from ..kernel.tools import ToolSpec
from .defaults import DEFAULT_MODEL
from .model_run import ModelRun, no_process, stopped
from .planning import Plan
from .prices import price_of
from .seat import Seat, Sitting, Witness
from .serving import SdkErrors, Started, serve
from .spare import Spares, Wanted, signature_of
from .stream import StreamReader

if TYPE_CHECKING:
    from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient

    from ..memory.transcript import TranscriptKeeper
    from .declaring import DeclarationTool
    from .permission_gate import PermissionGate

BUILTIN_TOOLS = ("Read", "Write", "Edit", "Bash", "Glob", "Grep")
PERMISSION_MODES = ("acceptEdits", "default", "plan", "dontAsk", "bypassPermissions")

_QUIET = "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"
_BUFFER = 256 * 2**20
_PATIENCE_S = 3600
"""Seconds that a person may take to answer."""

_LEARNER_PROMPT = """You are the Learner of llmos. Reach the user's goal with the tools.
What you do is recorded and replayed later without you, so prefer few, deterministic steps: paths
relative to the working directory in commands, no random names, no dates that the goal does not
give, no interactive programs. Work only inside the working directory. Read what you rely on.
End with a short answer that states the result."""

_PLANNER_PROMPT = """You are the Planner of llmos. Break the user's goal into the steps that
would reach it with the tools Read, Write, Edit, Bash, Glob and Grep in the working directory.
Carry out nothing."""


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
        group: Where what is started before it is needed runs; None starts nothing before.
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
        group: TaskGroup | None = None,
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
        self._group = group
        self._spares: Spares | None = None

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
        earlier = None if keeper is None else keeper.earlier
        wanted = self.learning(
            hold,
            declaring,
            schema,
            kept=keeper is not None,
            earlier=None if earlier is None else earlier.cli_session,
        )

        def sitting(stream: StreamReader) -> Sitting:
            declare = None if declaring is None else declaring.spec.call
            return Sitting(
                stream.complained,
                witness=witness,
                context=context,
                declare=declare,
                keeper=keeper,
            )

        try:
            await self._run(goal, run, wanted, sitting, run_id, hold)
        finally:
            if keeper is not None:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(self._forget_at_cli, run.session_id)
        if schema is not None:
            from .answer_form import take_structured

            take_structured(run, schema)

    async def prepare(self, *, hold: Micros, declaring: DeclarationTool, kept: bool) -> None:
        """Start what the next `learn` will need, and return when that is ready or cannot be.

        A `learn` that needs anything else starts its own, as one does without this.

        Args:
            hold: Money that will be set aside, micro-dollars.
            declaring: Any tool for declaring parameters: the next one is told in the same words.
            kept: Whether what the model sees and says will be kept.
        """
        if self._group is None:
            return
        await anyio.to_thread.run_sync(importlib.import_module, "claude_agent_sdk")
        if self._spares is None:
            self._spares = Spares(self._group, self._forget_at_cli)
        wanted = self.learning(hold, declaring, None, kept=kept, earlier=None)
        await self._spares.prepare(wanted, Seat(self._gate))

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
        from claude_agent_sdk import ClaudeSDKClient

        def make(seat: Seat, mark: str) -> ClaudeSDKClient:
            options = self._options(mark, hold, _PLANNER_PROMPT, ())
            options.output_format = {"type": "json_schema", "schema": Plan.model_json_schema()}
            options.stderr = seat.complained
            return ClaudeSDKClient(options)

        wanted = Wanted(None, make)
        await self._run(goal, run, wanted, lambda stream: Sitting(stream.complained), run_id, hold)
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
        self, mark: str, hold: Micros, prompt: str, tools: Sequence[str]
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
            env=_environment(mark, os.environ),
        )

    def learning(
        self,
        hold: Micros,
        declaring: DeclarationTool | None,
        schema: Mapping[str, JsonValue] | None,
        *,
        kept: bool,
        earlier: str | None,
    ) -> Wanted:
        """Return what a run that learns needs of its client; see `learn` and `prepare`.

        Args:
            hold: Money that is set aside, micro-dollars.
            declaring: The tool for declaring parameters, if it is to be offered.
            schema: JSON schema that the answer must fit, or None.
            kept: Whether what the model sees and says is kept.
            earlier: The CLI's id of the session that is gone on from, or None.
        """
        from claude_agent_sdk import ClaudeSDKClient

        prompt = _LEARNER_PROMPT if declaring is None else f"{_LEARNER_PROMPT}\n{declaring.prompt}"
        own = () if declaring is None else (declaring.spec,)

        def options_for(seat: Seat, mark: str) -> ClaudeAgentOptions:
            options = self._options(mark, hold, prompt, BUILTIN_TOOLS)
            options.max_turns = self._max_turns
            if schema is not None:
                options.output_format = {"type": "json_schema", "schema": dict(schema)}
            if kept:
                _keep_by(seat, earlier, options)
            options.hooks = self._hooks(seat)
            options.stderr = seat.complained
            if self._tools or own:
                seated = tuple(replace(one, call=seat.declared) for one in own)
                options.mcp_servers = {"llmos": _mcp_server(self._tools, seated)}
            # To declare changes nothing in the world, and a denied call would fail the whole run.
            options.allowed_tools = [*self._allowed(), *(tool_name(tool.name) for tool in own)]
            return options

        offered = [
            (one.name, one.description, dict(one.input_schema)) for one in (*self._tools, *own)
        ]
        return Wanted(
            signature_of(options_for(Seat(self._gate), ""), offered),
            lambda seat, mark: ClaudeSDKClient(options_for(seat, mark)),
        )

    def _hooks(self, seat: Seat) -> Any:
        from claude_agent_sdk import HookMatcher

        def hook(called: Any, **options: Any) -> HookMatcher:
            return HookMatcher(hooks=[called], **options)

        # A witness that failed leaves the run without a trace, so a call must not be blocked.
        before = [hook(seat.before, timeout=600)]
        if self._gate is not None:
            # What cannot be asked about is not done.
            before.append(hook(seat.asked, timeout=_PATIENCE_S, on_failure="block"))
        return {
            "PreToolUse": before,
            "PostToolUse": [hook(seat.after, matcher="Write|Edit", timeout=60)],
            # No prompt passes by an empty seat.
            "UserPromptSubmit": [hook(seat.submitted, on_failure="block")],
        }

    def _allowed(self) -> list[str]:
        if self.permission_mode in ("acceptEdits", "bypassPermissions"):
            return ["Bash", *(tool_name(tool.name) for tool in self._tools)]
        return []

    async def _run(
        self,
        goal: str,
        run: ModelRun,
        wanted: Wanted,
        sitting: Callable[[StreamReader], Sitting],
        run_id: str,
        hold: Micros,
    ) -> None:
        from claude_agent_sdk import ClaudeSDKError, CLIConnectionError

        errors = SdkErrors(ClaudeSDKError, CLIConnectionError)

        async def served(by: Started) -> bool:
            stream = StreamReader(run, self._bus, run_id, hold, self._clock)
            run.mark, run.session_id = by.mark, by.session_id
            by.seat.take(sitting(stream))
            return await serve(by, goal, stream, errors, self._cli_path)

        try:
            async with self._interruptible(run, run_id, hold):
                spare = await self._spares.take(wanted.signature) if self._spares else None
                if spare is None or not await served(spare):
                    if spare is not None:
                        await anyio.to_thread.run_sync(self._forget_at_cli, spare.session_id)
                    seat = Seat(self._gate)
                    client = wanted.make(seat, run_id)
                    await served(Started(client, seat, run_id, guarded(run_id)))
        except OSError as error:
            run.error = run.error or no_process(error)
        finally:
            self.running = None
            self._bus.publish_nowait(ModelRunEnded(run_id))

    def _forget_at_cli(self, session_id: str) -> None:
        """Remove the CLI's own copy of a run, in which secrets stand as they are."""
        from claude_agent_sdk import delete_session

        with suppress(ValueError, OSError):  # a run that was gone on from had its copy elsewhere
            delete_session(session_id, directory=str(self._cwd))

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


def _keep_by(seat: Seat, earlier: str | None, options: ClaudeAgentOptions) -> None:
    options.extra_args.pop("no-session-persistence", None)  # else nothing is handed out
    options.session_store = cast("Any", seat)
    options.session_store_flush = "eager"
    if earlier is not None:
        options.resume = earlier
        # Each run has a transcript of its own, whole and from its beginning.
        options.fork_session = True


def _environment(mark: str, inherited: Mapping[str, str]) -> dict[str, str]:
    return {
        MARK: mark,
        # The default of ten retries is three minutes of silence, even for a refused key.
        "CLAUDE_CODE_MAX_RETRIES": inherited.get("CLAUDE_CODE_MAX_RETRIES", "3"),
        # Else a timed-out command goes on in the background and injects turns of its own.
        "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "1",
        # Usage statistics, error reports and updates: nobody who types a goal has asked for them.
        _QUIET: inherited.get(_QUIET, "1"),
    }


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
