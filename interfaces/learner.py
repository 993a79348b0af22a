"""The Learner: pays for a model run, lets the cortex reach the goal, keeps the trace."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.from_thread

from .._version import __version__
from ..kernel.bus import EventBus
from ..kernel.crash_points import crash_point
from ..kernel.errors import LlmosError
from ..kernel.events import ContextGiven, CostReported, Notice, TraceKept, TraceNotKept
from ..kernel.money import Micros
from ..kernel.token_economy import Hold, TokenEconomy
from ..kernel.tools import ToolRegistry, ToolResult
from ..memory.attached import Attached, plain_goal
from ..memory.conversation import Conversation
from ..memory.evidence import Evidence
from ..memory.journal import Journal
from ..memory.journal_tables import RunHeader
from ..memory.learning import LearnedCall, NotKept, build_trace
from ..memory.told import depends
from ..memory.trace_store import TraceStore
from ..memory.traces import Provenance, Trace
from .cortex import Cortex
from .defaults import TYPICAL_COST
from .model_run import ModelRun
from .planning import Plan
from .result import LEARNER, Result
from .witness import DirectoryWitness

if TYPE_CHECKING:
    from ..memory.transcript import TranscriptKeeper
    from .compacting import Compactor
    from .context import Context
    from .declaring import DeclarationTool
    from .recall import Recall

_GOES_ON = "it went on from a conversation, and a trace answers only what its goal alone says"
_PLAN_SHARE = 5
"""A plan may cost a fifth of a run: it is one answer without tools."""


class Learner:
    """Learns goals with a model, under a hold.

    Args:
        cortex: The model.
        bus: Told whether a trace was kept.
        store: Where traces are kept.
        evidence: Their record.
        economy: The money.
        registry: The drivers that would replay a trace.
        journal: Where what a run changes is kept.
        conversation: The session that is open.
        recall: Gives what is known about a goal, and is told what came of it.
        redact: Removes secrets from a text.
        cwd: The working directory.
        exclude: Absolute paths that are llmos's own.
        permission_mode: Permission mode in force.
        compactor: Makes traces shorter; None leaves them as they are.
        clock: Gives UTC epoch seconds.
    """

    def __init__(
        self,
        cortex: Cortex,
        bus: EventBus,
        store: TraceStore,
        evidence: Evidence,
        economy: TokenEconomy,
        registry: ToolRegistry,
        journal: Journal,
        *,
        conversation: Conversation,
        recall: Recall,
        redact: Callable[[str], str],
        cwd: Path,
        exclude: Sequence[Path],
        permission_mode: str,
        compactor: Compactor | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._cortex = cortex
        self._bus = bus
        self._store = store
        self._evidence = evidence
        self._economy = economy
        self._registry = registry
        self._journal = journal
        self._conversation = conversation
        self._recall = recall
        self._redact = redact
        self._cwd = cwd
        self._exclude = tuple(exclude)
        self._permission_mode = permission_mode
        self._compactor = compactor
        self._clock = clock

    async def learn(
        self,
        goal: str,
        *,
        run_id: str,
        cap: Micros,
        attached: Attached | None = None,
        alone: bool = True,
    ) -> Result:
        """Reach a goal with the model and keep the trace.

        Args:
            goal: The goal, with what names what goes with it.
            run_id: Id of the run.
            cap: Most that it may cost, micro-dollars.
            attached: What goes with it.
            alone: Whether it stands alone; else it goes on from the conversation.

        Returns:
            The result, also for every failure of the model run.

        Raises:
            LowBatteryError: If the budget does not allow the estimated cost.
        """
        from .declaring import DeclarationTool  # a replay starts faster without its models

        attached = attached or Attached()
        began = self._clock()
        hold = await self._hold("Learn", goal, cap, run_id)
        crash_point("learn.held")
        header = RunHeader(run_id, self._redact(goal), LEARNER)
        declaring = DeclarationTool(goal, str(self._cwd))
        run = ModelRun(self._cortex.model)
        witness = DirectoryWitness(
            header, self._cwd, self._journal, self._exclude, lambda: run.mark
        )
        keeper = self._conversation.keeper()
        try:
            context = await self._context(plain_goal(goal), run_id)
            told = "" if alone else await anyio.to_thread.run_sync(self._conversation.told)
            with self._burning(hold):
                await self._cortex.learn(
                    attached.prompt(goal),
                    run,
                    run_id=run_id,
                    hold=hold.amount,
                    witness=declaring.watching(witness),
                    context="\n\n".join(filter(None, (context.text, told))),
                    declaring=declaring,
                    schema=attached.schema,
                    keeper=keeper,
                )
        finally:
            await self._settle(hold, run)
            with anyio.CancelScope(shield=True):
                await witness.finish()
                if keeper is not None:
                    await anyio.to_thread.run_sync(self._keep_transcript, keeper, run, run_id)
        run.calls = declaring.without_own(run.calls)
        trace_id = None
        if run.error is None:
            # It has been paid for: a late Ctrl-C must not lose it.
            with anyio.CancelScope(shield=True):
                if alone:
                    trace_id = await self._keep(
                        goal, run, witness, declaring, context, run_id, began
                    )
                else:
                    self._bus.publish_nowait(TraceNotKept(run_id, _GOES_ON))
                if alone and attached.stdin is None:  # else the answer is one about that text
                    await anyio.to_thread.run_sync(self._recall.learned, plain_goal(goal), trace_id)
        else:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(self._recall.failed, plain_goal(goal), run)
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._note_calls, run, run_id, trace_id)
        return _result(run, trace_id, run_id)

    async def prepare(self, *, cap: Micros) -> None:
        """Start what the next goal will need that is learned; return when it is ready.

        A goal that needs anything else is learned as without this.

        Args:
            cap: Most that it may cost, micro-dollars.
        """
        from .declaring import DeclarationTool

        if self._conversation.goes_on:
            return  # a run that goes on is another one each time

        def expected() -> Micros:
            return min(cap, self._economy.available)

        hold = await anyio.to_thread.run_sync(expected)
        if hold:
            declaring = DeclarationTool("", str(self._cwd))
            kept = self._conversation.kept
            await self._cortex.prepare(hold=hold, declaring=declaring, kept=kept)

    async def _context(self, goal: str, run_id: str) -> Context:
        context = await anyio.to_thread.run_sync(self._recall.context, goal)
        sources = tuple(f"{one.kind} {one.source}" for one in context.items)
        given = ContextGiven(run_id, context.tokens, context.budget, sources)
        self._bus.publish_nowait(given)
        return context

    def _keep_transcript(self, keeper: TranscriptKeeper, run: ModelRun, run_id: str) -> None:
        # The run is done and paid: only what a later goal could go on from is poorer.
        try:
            self._conversation.keep(keeper, run.session_id, run_id)
        except OSError as error:
            text = f"the session cannot be gone on from: {error.strerror or error}"
            anyio.from_thread.run_sync(self._bus.publish_nowait, Notice(text))

    def _note_calls(self, run: ModelRun, run_id: str, trace_id: str | None) -> None:
        from ..memory.effects import told

        calls = [(one.call.name, told(one.call.name, one.call.input)) for one in run.calls]
        redacted = [(tool, self._redact(text)) for tool, text in calls]
        with suppress(LlmosError):  # the run is done and paid: only what is said of it is poorer
            self._journal.note_calls(run_id, redacted, trace_id)

    def set_permission_mode(self, mode: str) -> None:
        """Set the permission mode of the next run."""
        self._permission_mode = self._cortex.permission_mode = mode

    @property
    def running(self) -> str | None:
        """Id of the model run under way: one that an `Interrupt` stops, or None."""
        return self._cortex.running

    async def plan(self, goal: str, *, run_id: str, cap: Micros) -> tuple[Plan | None, ModelRun]:
        """Ask the model for the steps to a goal; nothing is carried out.

        Args:
            goal: The goal.
            run_id: Id of the run.
            cap: Most that it may cost, micro-dollars.

        Returns:
            The plan, or None if the run failed, and the run.

        Raises:
            LowBatteryError: If the budget does not allow the estimated cost.
        """
        hold = await self._hold("Plan", goal, cap // _PLAN_SHARE, run_id)
        run = ModelRun(self._cortex.model)
        try:
            with self._burning(hold):
                plan = await self._cortex.plan(goal, run, run_id=run_id, hold=hold.amount)
        finally:
            await self._settle(hold, run)
        return plan, run

    async def _hold(self, kind: str, goal: str, cap: Micros, run_id: str) -> Hold:
        def take() -> Hold:
            needed = min(cap, self._economy.typical_cost(TYPICAL_COST))
            operation = f"{kind}: {goal[:200]}"
            return self._economy.hold(cap, operation, run_id=run_id, at_least=needed)

        return await anyio.to_thread.run_sync(take)

    @contextmanager
    def _burning(self, hold: Hold) -> Generator[None]:
        """Note durably what the run costs while the body runs it, in case llmos is killed."""

        async def note(event: CostReported) -> None:
            if event.run_id == hold.run_id:
                await anyio.to_thread.run_sync(self._economy.burn, hold, event.cost)

        listener = self._bus.on(CostReported, handler=note, name=f"burn of {hold.run_id}")
        try:
            yield
        finally:
            listener.close()

    async def _settle(self, hold: Hold, run: ModelRun) -> None:
        # What a run cost is owed, however it ended.
        with anyio.CancelScope(shield=True):
            # Who notes the burn while it runs may be behind, and is not waited for.
            await anyio.to_thread.run_sync(self._economy.burn, hold, run.cost)
            crash_point("learn.ran")
            await anyio.to_thread.run_sync(
                lambda: self._economy.settle(hold, run.cost, model=run.model)
            )
            crash_point("learn.settled")

    async def _keep(
        self,
        goal: str,
        run: ModelRun,
        witness: DirectoryWitness,
        declaring: DeclarationTool,
        context: Context,
        run_id: str,
        began: float,
    ) -> str | None:
        kept = self._trace(goal, run, witness, declaring, context, run_id, began)
        if isinstance(kept, NotKept):
            self._bus.publish_nowait(TraceNotKept(run_id, kept.reason))
            return None

        def store() -> str:
            trace_id = self._store.put(kept)
            crash_point("save.stored")
            left = {
                effect.path: effect.after.sha256
                for effect in kept.effects
                if effect.after.sha256 is not None
            }
            self._evidence.note_left(trace_id, left)
            self._evidence.record(trace_id, "learned", self._clock(), "")
            crash_point("save.noted")
            return trace_id

        try:
            trace_id = await anyio.to_thread.run_sync(store)
        except LlmosError as error:
            self._bus.publish_nowait(TraceNotKept(run_id, error.message))
            return None
        if self._compactor is not None:
            trace_id = await self._compactor.compact(trace_id, kept, witness.run, witness.changes)
        self._bus.publish_nowait(TraceKept(run_id, trace_id))
        return trace_id

    def _trace(
        self,
        goal: str,
        run: ModelRun,
        witness: DirectoryWitness,
        declaring: DeclarationTool,
        context: Context,
        run_id: str,
        began: float,
    ) -> Trace | NotKept:
        if witness.problem is not None:
            return NotKept(witness.problem)
        calls = _told(context, goal, run, began) + [
            LearnedCall(
                one.call,
                one.result,
                one.at,
                one.textual,
                witness.before_states.get(one.call.id),
                witness.after_states.get(one.call.id),
            )
            for one in run.calls
        ]
        provenance = Provenance(
            model=run.model,
            session_id=run.session_id,
            run_id=run_id,
            learned_at=self._clock(),
            cost_micros=run.cost,
            duration_s=self._clock() - began,
            llmos_version=__version__,
            cli_version=run.cli_version,
            platform=platform.system().lower(),
        )
        built, problem = declaring.believed(
            lambda declared: build_trace(
                goal,
                calls,
                run.answer,
                witness.effects(),
                provenance,
                cwd=str(self._cwd),
                permission_mode=self._permission_mode,
                registry=self._registry,
                declared=declared,
            )
        )
        if problem:
            self._bus.publish_nowait(Notice(f"what varies was not declared well: {problem}"))
        return built


def _told(context: Context, goal: str, run: ModelRun, began: float) -> list[LearnedCall]:
    """Return what the run was told and used, as the calls that would have told it so."""
    calls = [(one.call, one.result) for one in run.calls]
    return [
        LearnedCall(item.seen_as, ToolResult(item.observed), began)
        for item in context.items
        if item.seen_as is not None and depends(item.text, goal, calls, run.answer)
    ]


def _result(run: ModelRun, trace_id: str | None, run_id: str) -> Result:
    return Result(
        success=run.error is None,
        mode=LEARNER,
        answer=run.answer if run.error is None else "",
        cost=run.cost,
        saved=0,
        duration_s=0.0,
        trace_id=trace_id,
        confidence=None,
        steps=len(run.calls),
        drift=None,
        reasons=(),
        run_id=run_id,
        session_id="",
        error=run.error,
        num_turns=run.num_turns,
        usage=run.usage,
        permission_denials=run.denials,
        structured_output=run.structured if run.error is None else None,
    )
