"""LLMOS: builds the parts and ties them together."""

if not __package__:  # run as `python boot.py`: hand over to this very checkout as `llmos`
    import importlib.util as _util, pathlib as _pathlib, sys as _sys  # noqa: E401, I001

    _root = _pathlib.Path(__file__).resolve().parent
    _sys.path[:] = [entry for entry in _sys.path if _pathlib.Path(entry).resolve() != _root]
    _spec = _util.spec_from_file_location(
        "llmos", _root / "__init__.py", submodule_search_locations=[str(_root)]
    )
    assert _spec is not None
    assert _spec.loader is not None
    _sys.modules["llmos"] = _module = _util.module_from_spec(_spec)
    _spec.loader.exec_module(_module)
    from llmos.__main__ import main as _main

    raise SystemExit(_main())

import logging
import os
import threading
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import anyio
import anyio.from_thread
import anyio.lowlevel
import anyio.to_thread

from .interfaces.core import Core
from .interfaces.decision import Decision
from .interfaces.defaults import MEMORY_TOOLS, STOPPED
from .interfaces.dispatcher import Policy, check_goal, new_run_id
from .interfaces.learner_on_demand import LearnerOnDemand
from .interfaces.loop_waits import LoopWaits, told_in_order
from .interfaces.result import FOLLOWER, Result
from .interfaces.settings import checked_mode
from .interfaces.structured import attached_of
from .kernel.bus import EventBus
from .kernel.drivers import DriverOnDemand, standard_drivers
from .kernel.drivers.plugin import PluginDriver, tool_name
from .kernel.errors import InterruptedRunError, PluginError, UsageError, WorkspaceError
from .kernel.events import (
    CapNear,
    Decided,
    Event,
    GoalDue,
    Interrupt,
    JobFailed,
    Notice,
    PlanEnded,
    RunEnded,
)
from .kernel.money import to_micros
from .kernel.tasks import open_task_group
from .kernel.tools import Driver, Effect, ToolCall, ToolRegistry, ToolSession, ToolSpec
from .memory.session_files import check_name
from .memory.sessions import new_session_id
from .memory.trust import state_dir
from .plugins.loader import load_plugins

if TYPE_CHECKING:
    from .interfaces.cortex import Cortex
    from .interfaces.learner import Learner
    from .interfaces.memory_tools import MemoryOnDemand
    from .interfaces.planning import Plan
    from .interfaces.recall import Recall
    from .kernel.caps import Cap
    from .kernel.scheduler import Scheduler
    from .kernel.watchdog import Watchdog, WatchdogLimits

__all__ = ["LLMOS"]

# Errors reach people through results and the bus; logs are for who asks for them.
for _name in ("llmos", "claude_agent_sdk"):
    logging.getLogger(_name).addHandler(logging.NullHandler())


class LLMOS(Core):
    """The operating system: learn a goal once, replay it for $0.

    Use it as ``async with LLMOS(...) as os`` or by `boot` and `shutdown`, which must be awaited
    in the same task. Tools run in the directory in which it was booted.

    Args:
        budget_usd: Cap on all that is spent in this workspace, dollars.
        workspace: Folder of the memory.
        model: Full model id.
        permission_mode: What a run may do without being asked.
        guards: ``normal``, or ``strict``: a replay goes on only while every observation is equal.
        max_budget_usd: Most that one model run may cost, dollars.
        cli_path: A Claude Code CLI to use instead of the bundled one.
        max_turns: API calls a model run may make.
        timeout_s: Seconds after which a goal is given up.
        watchdog: When a model run is stopped; its defaults if None.
        sandbox: Whether commands of a replay are confined to the working directory.
        deny: Permission rules in Claude's grammar: what must not be done.
        ask: What a person is asked about.
        allow: What may be done without being asked.
        session_usd: Most that this session may cost, dollars.
        daily_usd: Most that is spent in this workspace on one day, dollars.
        monthly_usd: Most that is spent in this workspace in one month, dollars.
        profile: A profile of the settings files.
        settings: One more settings file.
        bare: Whether no other settings file is read.
        log: Whether sessions are kept, so that they can be listed and gone on from.

    What is not given comes from the ``LLMOS_*`` environment, then from the settings files of the
    project and of the user, then from the defaults.

    Raises:
        UsageError: If a value is wrong.
    """

    def __init__(
        self,
        budget_usd: float | None = None,
        *,
        workspace: str | Path | None = None,
        model: str | None = None,
        permission_mode: str | None = None,
        guards: str | None = None,
        max_budget_usd: float | None = None,
        cli_path: str | None = None,
        max_turns: int | None = None,
        timeout_s: float | None = None,
        watchdog: "WatchdogLimits | None" = None,
        sandbox: bool | None = None,
        deny: Sequence[str] | None = None,
        ask: Sequence[str] | None = None,
        allow: Sequence[str] | None = None,
        session_usd: float | None = None,
        daily_usd: float | None = None,
        monthly_usd: float | None = None,
        profile: str | None = None,
        settings: str | Path | None = None,
        bare: bool = False,
        log: bool = True,
    ) -> None:
        given: dict[str, object] = {
            "budget_usd": budget_usd,
            "workspace": workspace,
            "model": model,
            "permission_mode": permission_mode,
            "guards": guards,
            "max_budget_usd": max_budget_usd,
            "cli_path": cli_path,
            "max_turns": max_turns,
            "timeout_s": timeout_s,
            "sandbox": sandbox,
            "deny": deny,
            "ask": ask,
            "allow": allow,
            "session_usd": session_usd,
            "daily_usd": daily_usd,
            "monthly_usd": monthly_usd,
            "profile": profile,
            "settings": settings,
            "bare": bare,
        }
        super().__init__(given, log=log)
        self.bus = EventBus()
        self._scheduler: Scheduler | None = None
        self.plugin_problems: tuple[PluginError, ...] = ()
        self.recovered: tuple[str, ...] = ()
        self._remembered: MemoryOnDemand | None = None
        self._leaving = threading.Event()
        self._stack: AsyncExitStack | None = None
        self._limits = watchdog
        self._policies: dict[str, Policy] = {}
        self._planning: anyio.CancelScope | None = None
        self._cortex: Cortex | None = None

    async def boot(self) -> None:
        """Start every part.

        Raises:
            WorkspaceError: If the workspace cannot be used.
            RuntimeError: If it is already booted.
        """
        if self._stack is not None:
            raise RuntimeError("LLMOS is already booted")
        async with AsyncExitStack() as stack:
            self._open_memory()
            stack.callback(self._close_memory)
            self.recovered = await self._recover()
            await stack.enter_async_context(self.bus)
            group = await stack.enter_async_context(open_task_group())
            stack.callback(group.cancel_scope.cancel)
            self._group = group
            self._log = self._new_log()
            stack.callback(self._close_log)
            self._leaving.clear()
            stack.callback(self._close_remembered)
            self._logging = self.bus.on(Event, handler=self._log_event, name="session log")
            self._build()
            self.bus.on(GoalDue, handler=self._run_due, name="scheduled goals")
            self.bus.on(Decided, RunEnded, PlanEnded, handler=self._warn, name="caps")
            if self._scheduler is not None:
                await group.start(self._scheduler.run)
            for problem in self.plugin_problems:
                self.bus.publish_nowait(Notice(problem.message))
            self._stack = stack.pop_all()

    async def shutdown(self) -> None:
        """Stop every part; what was published before is delivered first. Harmless if not booted."""
        stack, self._stack = self._stack, None
        if stack is not None:
            await stack.aclose()

    async def __aenter__(self) -> Self:
        await self.boot()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        stack, self._stack = self._stack, None
        if stack is not None:
            await stack.__aexit__(kind, error, trace)

    async def execute(
        self,
        goal: str,
        *,
        replay_only: bool = False,
        learn_afresh: bool = False,
        accept_near: bool = False,
        force: bool = False,
        stdin: str | None = None,
        schema: Mapping[str, Any] | None = None,
        max_budget_usd: float | None = None,
    ) -> Result:
        """Answer a goal: replay a trace if one matches and its guards hold, else learn it.

        Args:
            goal: What to do, in plain words.
            replay_only: Never call a model.
            learn_afresh: Never replay.
            accept_near: Also replay what `Decision.near` names.
            force: Replace also files that the user has changed since.
            stdin: A text that goes with the goal, as if it was piped into llmos.
            schema: JSON schema of an object that the answer must be.
            max_budget_usd: Most that it may cost, dollars, if that is less than what is set.

        Returns:
            The result, also for every failure of the run (see `Result.error`).

        Raises:
            UsageError: If the goal is empty or too long, or the schema is wrong.
            RuntimeError: If the OS is not booted.
        """
        self._check_booted()
        policy = replace(
            self._policy(replay_only, learn_afresh, accept_near=accept_near, force=force),
            attached=attached_of(stdin, schema),
        )
        if max_budget_usd is not None:
            policy = replace(policy, run_cap=min(policy.run_cap, to_micros(max_budget_usd)))
        async with self._one_goal:
            await self._said_so_far()
            return await self._dispatcher.execute(goal, policy)

    async def stream(
        self,
        goal: str,
        *,
        replay_only: bool = False,
        learn_afresh: bool = False,
        accept_near: bool = False,
        force: bool = False,
        stdin: str | None = None,
        schema: Mapping[str, Any] | None = None,
    ) -> AsyncGenerator[Event | Result]:
        """Answer a goal; yield its events as they happen and, last, its result.

        To leave it early, or to be cancelled meanwhile, stops the goal and waits until it has
        stopped and its cost is settled. Use ``contextlib.aclosing`` to leave it at a known moment.

        Args:
            goal: What to do, in plain words.
            replay_only: Never call a model.
            learn_afresh: Never replay.
            accept_near: Also replay what `Decision.near` names.
            force: Replace also files that the user has changed since.
            stdin: A text that goes with the goal, as if it was piped into llmos.
            schema: JSON schema of an object that the answer must be.

        Yields:
            The events of this goal, and what concerns no run of its own (`Notice`,
            `LowBattery`); then the result, also for every failure of the run.

        Raises:
            UsageError: If the goal is empty or too long, or the schema is wrong.
            RuntimeError: If the OS is not booted.
        """
        self._check_booted()
        from .interfaces.goal_stream import stream_goal

        run_id, begun = new_run_id(), anyio.Event()
        policy = replace(
            self._policy(replay_only, learn_afresh, accept_near=accept_near, force=force),
            attached=attached_of(stdin, schema),
        )

        async def execute() -> Result:
            async with self._one_goal:
                begun.set()
                await self._said_so_far()
                return await self._dispatcher.execute(goal, policy, run_id=run_id)

        def interrupt() -> bool:
            return begun.is_set() and self._dispatcher.interrupt()

        events = stream_goal(self.bus, self._group, execute, interrupt, run_id)
        async with aclosing(events):
            async for event in events:
                yield event

    async def decide(
        self, goal: str, *, stdin: str | None = None, schema: Mapping[str, Any] | None = None
    ) -> Decision:
        """Decide how a goal would be answered, without any side effect.

        Args:
            goal: What to do, in plain words.
            stdin: A text that goes with it.
            schema: JSON schema of an object that the answer must be.

        Raises:
            UsageError: If the goal is empty or too long, or the schema is wrong.
        """
        self._check_booted()
        policy = Policy(attached=attached_of(stdin, schema))
        return await anyio.to_thread.run_sync(self._dispatcher.decide, goal, policy)

    async def answer_near(self, decision: Decision, *, means_the_same: bool) -> None:
        """Keep what the user says to a near miss; see `Decision.near`.

        Args:
            decision: The decision that named it.
            means_the_same: Whether the goal means the same; then it is answered so from now on.
        """
        self._check_booted()
        await anyio.to_thread.run_sync(
            partial(self._dispatcher.answer_near, decision, means_the_same=means_the_same)
        )

    async def plan(self, goal: str) -> "Plan":
        """Ask the model for the steps that would reach a goal; nothing is carried out.

        Raises:
            UsageError: If the goal is empty or too long.
            LlmosError: If the model run failed or the budget does not allow it.
        """
        self._check_booted()
        from .interfaces.model_run import ModelRun

        goal, run_id = check_goal(goal), f"p-{new_session_id()}"
        plan, run = None, ModelRun(self.settings.model, error=InterruptedRunError(STOPPED))
        async with self._one_goal:
            try:
                with anyio.CancelScope() as self._planning:
                    plan, run = await self._learner.plan(
                        goal, run_id=run_id, cap=to_micros(self.settings.max_budget_usd)
                    )
            finally:
                self._planning = None
        steps = 0 if plan is None else len(plan.steps)
        said = "" if run.error is None else run.error.message
        self.bus.publish_nowait(PlanEnded(run_id, goal, steps, said, run.cost))
        if plan is None:
            assert run.error is not None
            raise run.error
        return plan

    async def prepare(self) -> None:
        """Start the model's CLI before a goal needs it; return when it is ready, or cannot be.

        The next goal that is learned then begins sooner, by what it takes to start. What is
        started serves one goal, under the model, permission mode and caps that hold now; it takes
        200 MB, and ends after five minutes, or with the OS. Costs nothing, and says nothing of
        what is wrong: the goal does.

        Raises:
            RuntimeError: If the OS is not booted.
        """
        self._check_booted()
        await self._learner.prepare(cap=to_micros(self.settings.max_budget_usd))

    def use_model(self, model: str) -> None:
        """Take another model from now on.

        Args:
            model: Full model id.

        Raises:
            UsageError: If it is empty.
        """
        if not model.strip():
            raise UsageError("a model is named by its full id")
        self.settings = replace(self.settings, model=model)
        if self._cortex is not None:
            self._cortex.model = model

    async def continue_session(self, wanted: str | None = None, *, fork: bool = False) -> str:
        """Go on from a session: the next goals may refer to what was said in it.

        Such a goal is never answered by a replay and leaves no trace, since its words alone do not
        say what it means.

        Args:
            wanted: Its id, the beginning of it, or its name; None for the last one here.
            fork: Go on in a copy, and leave the session as it is.

        Returns:
            The id of the session that is open now.

        Raises:
            UsageError: If there is none.
            RuntimeError: If the OS is not booted.
        """
        self._check_booted()
        async with self._one_goal:
            await anyio.to_thread.run_sync(self._open_session, wanted, fork)
            self._use_session()
        return self.session_id

    async def new_session(self) -> str:
        """Begin a new session, in which each goal stands alone; return its id."""
        self._check_booted()
        async with self._one_goal:
            self._conversation.begin()
            self._use_session()
        return self.session_id

    def name_session(self, name: str) -> None:
        """Name the session that is open.

        Raises:
            UsageError: If it cannot be named so.
        """
        self._check_booted()
        if not self._keeps_log:
            raise UsageError("a session that is not kept cannot be named")
        self._log.write({"type": "SessionNamed", "name": check_name(name)})

    def _open_session(self, wanted: str | None, fork: bool) -> None:
        if wanted is None:
            rows = self.sessions.rows(1, cwd=self.cwd)
            if not rows:
                raise UsageError("there is no session to go on from in this directory")
            found = rows[0]
        else:
            found = self.sessions.find(wanted)
        self._conversation.open(self.sessions.fork(found.id) if fork else found.id)

    def interrupt(self) -> bool:
        """Stop what runs now; its result says so. Return whether anything was running."""
        if self._stack is None:
            return False
        if self._planning is None:
            return self._dispatcher.interrupt()
        if self._learner.running is None:
            self._planning.cancel()
        else:
            self.bus.publish_nowait(Interrupt(self._learner.running, "user", STOPPED))
        return True

    def set_permission_mode(self, mode: str) -> None:
        """Set what the next goal may do without being asked.

        Args:
            mode: ``default``, ``acceptEdits``, ``plan``, ``dontAsk`` or ``bypassPermissions``.

        Raises:
            UsageError: If there is no such mode.
        """
        self.settings = replace(self.settings, permission_mode=checked_mode(mode))
        self.gate.mode = mode
        if self._stack is not None:
            self._dispatcher.permission_mode = mode
            self._learner.set_permission_mode(mode)

    def schedule(
        self,
        name: str,
        goal: str,
        *,
        cron: str | None = None,
        interval_seconds: float | None = None,
        replay_only: bool = True,
    ) -> None:
        """Answer a goal again and again while the OS lives.

        Args:
            name: Name of the job; replaces an earlier one of that name.
            goal: The goal.
            cron: A cron expression, local time; or
            interval_seconds: Seconds from one run to the next.
            replay_only: Never spend money on it.

        Raises:
            UsageError: If the expression or the goal is wrong.
        """
        self._policies[name] = self._policy(replay_only, learn_afresh=False)
        self.scheduler.register_goal(
            name, check_goal(goal), cron=cron, interval_seconds=interval_seconds
        )

    @property
    def scheduler(self) -> "Scheduler":
        """What runs the jobs; started when it is first asked for."""
        if self._scheduler is None:
            from .kernel.scheduler import Scheduler

            self._scheduler = Scheduler(self.bus)
            if self._stack is not None:
                self._group.start_soon(self._scheduler.run)
        return self._scheduler

    def _build(self) -> None:
        folders = [Path(__file__).parent / "plugins", self.workspace / "plugins"]
        loaded = load_plugins(folders, seen=state_dir() / "plugins")
        self.plugin_problems = loaded.problems
        self._plugins = tuple(one for one in loaded.tools if one.name not in MEMORY_TOOLS)
        registry = ToolRegistry([*standard_drivers(), *map(PluginDriver, self._plugins)])
        for name in MEMORY_TOOLS:
            registry.register(
                DriverOnDemand(tool_name(name), Effect.RUN, partial(self._own_driver, name))
            )
        self._registry = registry
        self._one_goal = anyio.Lock()
        self._learner = LearnerOnDemand(partial(self._make_learner, registry))
        self._tie(
            registry,
            self._learner,
            LoopWaits(),
            publish=self.bus.publish_nowait,
            publish_step=told_in_order(self.bus.publish_nowait),
            recover=self._recover_here,
        )

    async def _recover(self, held: Path | None = None) -> tuple[str, ...]:
        """Bring runs to their end whose process has gone; return what was done, for people."""
        if not self._journal.has_unfinished:
            return ()
        from .memory.recovery import recover

        work = partial(recover, self._journal, self.locks, [self.memory], held=held)
        try:
            return tuple(await anyio.to_thread.run_sync(work))
        except OSError as error:
            raise WorkspaceError(f"a run that was cut off cannot be put back: {error}") from None

    async def _recover_here(self) -> None:
        # Whoever held the directory's lock before may have been killed while this one waited.
        for said in await self._recover(held=self.cwd):
            self.bus.publish_nowait(Notice(said))

    @property
    def remembered(self) -> "MemoryOnDemand":
        """The semantic memory, opened at its first use."""
        if self._remembered is None:
            from .interfaces.memory_tools import MemoryOnDemand

            path = self.memory / "semantic.sqlite"
            self._remembered = MemoryOnDemand(path, self.settings.embedding)
        return self._remembered

    def _close_remembered(self) -> None:
        self._leaving.set()
        if self._remembered is not None:
            self._remembered.close()

    def recall(self) -> "Recall":
        """Return what gives a model run its context, and keeps what came of it."""
        from .interfaces.recall import Recall

        read = self._registry.get("Read")

        def seen(call: ToolCall) -> str | None:
            result = read.run(call.input, ToolSession(self.cwd, self.cwd, {}))
            return result.output if result.ok else None

        return Recall(
            self.remembered,
            self._store,
            self._plugins,
            cwd=self.cwd,
            budget=self.settings.context_tokens,
            read=seen,
            redact=self._redactor.redact,
            notice=self._notice,
            now=time.time,
        )

    def _memory_tools(self) -> tuple[ToolSpec, ...]:
        from .interfaces.memory_tools import memory_tools

        return memory_tools(self.remembered, self._redactor.redact)

    def _own_driver(self, name: str) -> Driver:
        return next(PluginDriver(one) for one in self._memory_tools() if one.name == name)

    async def _make_learner(self, registry: ToolRegistry) -> "Learner":
        # Imported here: loading what only a model run needs would take longer than a replay.
        from .interfaces.compacting import Compactor
        from .interfaces.cortex import Cortex
        from .interfaces.filling import fill_in_background
        from .interfaces.learner import Learner

        self._group.start_soon(fill_in_background, self.remembered, self.bus, self._leaving)
        await self._group.start(self._watchdog().run)
        settings = self.settings
        self._cortex = cortex = Cortex(
            self.bus,
            self.cwd,
            model=settings.model,
            tools=(*self._plugins, *self._memory_tools()),
            permission_mode=settings.permission_mode,
            cli_path=settings.cli_path,
            max_turns=settings.max_turns,
            gate=self.gate,
            group=self._group,
        )
        return Learner(
            cortex,
            self.bus,
            self._store,
            self._evidence,
            self._economy,
            registry,
            self._journal,
            conversation=self._conversation,
            recall=self.recall(),
            redact=self._redactor.redact,
            cwd=self.cwd,
            exclude=self._own,
            permission_mode=settings.permission_mode,
            compactor=Compactor(
                self.bus,
                self._store,
                self._evidence,
                self._journal,
                env=self._redactor.without_secrets(os.environ),
            ),
        )

    def _watchdog(self) -> "Watchdog":
        from .kernel.watchdog import Watchdog, WatchdogLimits

        limits = self._limits or WatchdogLimits()
        if self.settings.timeout_s is not None:
            limits = replace(limits, wall_time_s=self.settings.timeout_s)
        return Watchdog(self.bus, limits)

    def _notice(self, text: str) -> None:
        # Memory works in a thread; the bus belongs to the event loop.
        anyio.from_thread.run_sync(self.bus.publish_nowait, Notice(text))

    async def _warn(self, event: Decided | RunEnded | PlanEnded) -> None:
        if isinstance(event, PlanEnded) or event.mode != FOLLOWER:
            for cap in await anyio.to_thread.run_sync(self._caps_near):
                self.bus.publish_nowait(CapNear(cap.name, cap.said, cap.spent, cap.limit))

    def _caps_near(self) -> "list[Cap]":
        return self._economy.caps.newly_near()

    async def _said_so_far(self) -> None:
        """Let the session's log take what was said, and read it if a goal is to go on from it."""
        if self._conversation.goes_on:
            while not self._logging.idle:
                await anyio.lowlevel.checkpoint()
            await anyio.to_thread.run_sync(self._conversation.refresh)

    async def _run_due(self, event: GoalDue) -> None:
        given = self._policies.get(event.job, self._policy(replay_only=True, learn_afresh=False))
        policy = replace(given, alone=True)
        async with self._one_goal:
            result = await self._dispatcher.execute(event.goal, policy)
        if result.error is not None:
            self.bus.publish_nowait(JobFailed(event.job, result.error.message))

    def _check_booted(self) -> None:
        if self._stack is None:
            raise RuntimeError("LLMOS is not booted: await os.boot() first, or use `async with`")
