"""The way of one goal: decide, pay, replay or learn, tell the bus.

FOLLOWER when a trace matches and its guards hold; LEARNER otherwise. A replay that drifts is
undone, then the next trace is tried, then the Learner takes over (unless only a replay is wanted).
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Awaitable, Callable, Set
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Protocol

from ..kernel.crash_points import crash_point
from ..kernel.errors import (
    ApprovalError,
    DriftError,
    InterruptedRunError,
    LlmosError,
    LowBatteryError,
    NoTraceError,
    RunTimeoutError,
    UsageError,
)
from ..kernel.events import Decided, Event, Interrupt, LowBattery, Notice, RunEnded
from ..kernel.locks import directory_lock
from ..kernel.money import Micros, to_micros
from ..kernel.record import Record
from ..kernel.token_economy import TokenEconomy
from ..kernel.tools import ToolRegistry
from ..memory.attached import Attached
from ..memory.conversation import Conversation
from ..memory.evidence import Evidence, Outcome
from ..memory.found import Found, Match, Miss, Place, Refusal, Way
from ..memory.goals import normal_form
from ..memory.journal_tables import RunHeader
from ..memory.matching import Matcher
from ..memory.placement import lower_cwd
from ..memory.trace_store import TraceStore
from .decision import Decision
from .defaults import STOPPED, TYPICAL_COST
from .follower import Follower, Replay
from .permission_gate import PermissionGate
from .result import FOLLOWER, LEARNER, Drift, Result, failure
from .structured import misfit_of, structured
from .waits import Scope, Waits

_GOES_ON = "it goes on from what was said before, so its words alone do not say what it means"
_TOLD = 3
"""Unusable traces that a miss names."""

MAX_GOAL = 10 * 2**20
"""Longest goal, in characters."""


class Policy(Record):
    """What a goal's answer may use.

    Attributes:
        replay_only: Never call a model.
        learn_afresh: Never replay.
        run_cap: Most that one model run may cost, micro-dollars.
        timeout_s: Seconds after which the goal is given up, or None. (A model run is stopped by
            the watchdog then, a replay is cancelled and undone.)
        accept_near: Replay a near miss as well: the user has said that it means the same.
        force: Replace also files that the user has changed since.
        attached: What goes with the goal beside its words.
        alone: It never goes on from what was said before.
    """

    replay_only: bool = False
    learn_afresh: bool = False
    run_cap: Micros = 2_000_000
    timeout_s: float | None = None
    accept_near: bool = False
    force: bool = False
    attached: Attached = Attached()
    alone: bool = False


class NoLearnerError(Exception):
    """A goal has to be learned, and here nothing can.

    Attributes:
        drift: Where a replay of it stopped before, or None.
    """

    drift: Drift | None = None


class Learns(Protocol):
    """What answers a goal by the model."""

    @property
    def running(self) -> str | None:
        """The id of the model run that goes on, or None."""
        ...

    async def learn(
        self, goal: str, *, run_id: str, cap: Micros, attached: Attached, alone: bool
    ) -> Result:
        """Reach a goal with the model and keep the trace."""
        ...


class Dispatcher:
    """Decides between Follower and Learner, pays, and publishes.

    Args:
        publish: Told of decisions and results.
        waits: How it waits.
        store: The traces.
        evidence: Their record.
        economy: The money.
        follower: Replays.
        learner: Learns.
        registry: The drivers.
        cwd: The working directory.
        locks: Folder of the directory locks.
        permission_mode: Permission mode in force.
        conversation: The session that is open.
        gate: Says which steps may be carried out.
        redact: Removes secrets from a text.
        recover: Brings runs in the directory to their end whose process has gone.
        clock: Gives UTC epoch seconds.
    """

    def __init__(
        self,
        publish: Callable[[Event], object],
        waits: Waits,
        store: TraceStore,
        evidence: Evidence,
        economy: TokenEconomy,
        follower: Follower,
        learner: Learns,
        registry: ToolRegistry,
        *,
        cwd: Path,
        locks: Path,
        permission_mode: str,
        conversation: Conversation,
        gate: PermissionGate,
        redact: Callable[[str], str],
        recover: Callable[[], Awaitable[None]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._publish = publish
        self._waits = waits
        self._store = store
        self._evidence = evidence
        self._economy = economy
        self._follower = follower
        self._learner = learner
        self._matcher = Matcher(store, evidence)
        self._matching = threading.Lock()
        self._registry = registry
        self._cwd = cwd
        self._locks = locks
        self.permission_mode = permission_mode
        """The permission mode of the next goal."""
        self._conversation = conversation
        self._redact = redact
        self._recover = recover
        self._clock = clock
        self._gate = gate
        self._scope: Scope | None = None

    def interrupt(self) -> bool:
        """Stop the goal that runs now; its result says so. Return whether one was running.

        A model run ends by an `Interrupt`, so that its cost is known; anything else is cancelled.
        """
        if self._learner.running is not None:
            self._publish(Interrupt(self._learner.running, "user", STOPPED))
        elif self._scope is not None:
            self._scope.cancel()
        return self._scope is not None

    def decide(self, goal: str, policy: Policy | None = None) -> Decision:
        """Decide how a goal would be answered, without any side effect. Blocks for milliseconds.

        Args:
            goal: The goal.
            policy: What the answer may use.

        Returns:
            The decision.

        Raises:
            UsageError: If the goal is empty or too long.
        """
        policy = policy or Policy()
        goal = policy.attached.bind(check_goal(goal))
        if policy.learn_afresh:
            found = Found()
        elif self._goes_on(policy):
            found = Found(refusals=(Refusal(Miss.CONVERSATION, None, _GOES_ON),))
        else:
            found = self._found(goal)
        # One trace may be refused by each way of matching, for the same reason.
        matches, refusals = found.matches, tuple(dict.fromkeys(found.refusals))
        if policy.accept_near and found.near is not None and not matches:
            matches = (found.near,)
        if not matches and not refusals and not policy.learn_afresh:
            refusals = (
                Refusal(Miss.NO_TRACE, None, "no trace was learned from this goal"),
                *self._left_out(),
            )
        estimate = 0 if matches else self._economy.typical_cost(TYPICAL_COST)
        return Decision(goal, matches, refusals, estimate, None if matches else found.near)

    def _goes_on(self, policy: Policy) -> bool:
        return self._conversation.goes_on and not policy.alone

    def answer_near(self, decision: Decision, *, means_the_same: bool) -> None:
        """Keep what the user says to a near miss: whether the goal means what was proposed. Blocks.

        Args:
            decision: A decision with a near miss.
            means_the_same: Whether it does; then the goal is answered by that trace from now on.
        """
        if decision.near is not None:
            self._evidence.note_answer(
                normal_form(decision.goal),
                decision.near.trace_id,
                decision.near.values,
                means_the_same=means_the_same,
                at=self._clock(),
            )

    def _found(self, goal: str, without: Set[str] = frozenset()) -> Found:
        place = Place(str(self._cwd), self._today(), self.permission_mode, self._registry)
        with self._matching:
            return self._gate.screen(self._matcher.match(goal, place, without))

    async def execute(
        self, goal: str, policy: Policy | None = None, *, run_id: str | None = None
    ) -> Result:
        """Answer a goal.

        Args:
            goal: The goal.
            policy: What the answer may use.
            run_id: Id under which events are published; a new one if None.

        Returns:
            The result, also for every failure of the run.

        Raises:
            UsageError: If the goal is empty or too long.
        """
        policy = policy or Policy()
        goal = check_goal(goal)
        run_id, began = run_id or new_run_id(), self._clock()
        session_id = self._conversation.session_id
        result = failure(InterruptedRunError(STOPPED), LEARNER, run_id=run_id)
        try:
            with self._waits.scope() as self._scope:
                async with directory_lock(
                    self._locks, self._cwd, waiting=self._waiting, sleep=self._waits.sleep
                ):
                    await self._recover()
                    result = await self._decided(goal, policy, run_id)
        finally:
            self._scope = None
        result = result.replaced(duration_s=self._clock() - began, session_id=session_id)
        self._publish_result(policy.attached.bind(goal), result)
        return result

    async def _decided(self, goal: str, policy: Policy, run_id: str) -> Result:
        decision = await self._waits.work(partial(self.decide, goal, policy))
        self._publish_decision(run_id, decision)
        try:
            result = await self._answer(decision, policy, run_id)
        except LlmosError as error:
            if isinstance(error, LowBatteryError):
                self._publish(
                    LowBattery(to_micros(error.needed_usd), to_micros(error.available_usd))
                )
            result = failure(error, decision.mode, run_id=run_id)
        return result.replaced(reasons=decision.reasons)

    def _left_out(self) -> list[Refusal]:
        """Return the traces that cannot be used; which goals they would answer is not known."""
        return [
            Refusal(Miss.UNUSABLE, problem.path.name, problem.reason)
            for problem in self._store.problems[:_TOLD]
        ]

    async def _answer(self, decision: Decision, policy: Policy, run_id: str) -> Result:
        drift: Drift | None = None
        declined: Drift | None = None
        waiting = list(decision.matches)
        while waiting:
            match = waiting.pop(0)
            if not await self._gate.agrees(match):
                raise ApprovalError(f"trace {match.trace_id} was not replayed: you said no")
            replay = await self._replay(match, decision.goal, policy, run_id)
            if replay.drift is None:
                return await self._replayed(match, replay, drift, policy.attached, run_id)
            drift = drift or replay.drift
            if replay.drift.overwrites:
                declined = declined or replay.drift
            if replay.drift.lost:
                # The world is no longer as the user left it: nothing further may run on its own.
                return self._drifted(decision, replay.drift, run_id)
            if match is decision.matches[-1]:
                waiting = await self._waits.work(partial(self._spares, decision))
        if declined is not None and not policy.replay_only:
            # The model would replace the user's work as readily as the replay.
            return self._declined(decision, declined, run_id)
        if policy.replay_only:
            if drift is not None:
                return self._drifted(decision, drift, run_id)
            raise _no_replay(decision)
        try:
            learned = await self._learner.learn(
                decision.goal,
                run_id=run_id,
                cap=policy.run_cap,
                attached=policy.attached,
                alone=not self._goes_on(policy),
            )
        except NoLearnerError as error:
            error.drift = drift
            raise
        return learned.replaced(drift=drift)

    def _spares(self, decision: Decision) -> list[Match]:
        """Return traces that do what those of a decision do, and were left unbound so far."""
        if decision.matches[-1].way is not Way.TEMPLATE:
            return []
        tried = frozenset(match.trace_id for match in decision.matches)
        return list(self._found(decision.goal, without=tried).matches)

    async def _replay(self, match: Match, goal: str, policy: Policy, run_id: str) -> Replay:
        def follow() -> Replay:
            return self._follower.follow(
                match.trace_id,
                match.trace,
                run_id=run_id,
                left=self._evidence.left(match.trace_id),
                header=self._header(match, goal, run_id),
                learned=match.learned,
                force=policy.force,
                misfit=misfit_of(policy.attached),
                check_cancelled=self._waits.check_cancelled,
            )

        replay = Replay()
        with self._waits.scope(policy.timeout_s) as limit:
            replay = await self._waits.work(follow)
        if limit.cancelled_caught:
            await self._note(match, "failed", "it took too long")
            raise RunTimeoutError(
                f"the replay took longer than {policy.timeout_s:g} s and was undone",
                hint="allow more time with --timeout SECONDS",
            )
        if replay.drift is not None:
            await self._note(match, "drifted", replay.drift.reason)
        return replay

    def _header(self, match: Match, goal: str, run_id: str) -> RunHeader:
        names = ("command", "file_path")
        calls = (
            (step.tool, next((str(step.input[one]) for one in names if one in step.input), ""))
            for step in match.steps
        )
        redacted = tuple(
            (tool, self._redact(lower_cwd(text, str(self._cwd)))) for tool, text in calls
        )
        return RunHeader(run_id, self._redact(goal), FOLLOWER, match.trace_id, redacted)

    async def _note(self, match: Match, outcome: Outcome, detail: str) -> None:
        record = self._evidence.record
        at = self._clock()
        await self._waits.work(partial(record, match.trace_id, outcome, at, detail))

    async def _replayed(
        self, match: Match, replay: Replay, drift: Drift | None, attached: Attached, run_id: str
    ) -> Result:
        saved = match.trace.provenance.cost_micros or 0

        def note() -> float:
            # One change, since both are kept in one database: it is written through once.
            with self._economy.ledger.change():
                self._economy.record_saving(match.trace_id, saved, run_id=run_id)
                crash_point("replay.saving_noted")
                self._evidence.note_left(match.trace_id, replay.left)
                self._evidence.record(match.trace_id, "replayed", self._clock(), "")
            crash_point("replay.noted")
            return self._evidence.of(match.trace_id).confidence

        # The replay is done: its record must not be lost to a late cancellation.
        confidence = 0.0
        with self._waits.shield():
            confidence = await self._waits.work(note)
        structured_output = structured(attached, replay.answer)
        return Result(
            success=True,
            mode=FOLLOWER,
            answer=replay.answer,
            cost=0,
            saved=saved,
            duration_s=0.0,
            trace_id=match.trace_id,
            confidence=confidence,
            steps=replay.steps,
            of_steps=len(match.trace.steps),
            structured_output=structured_output,
            drift=drift,
            reasons=(),
            run_id=run_id,
            session_id="",
        )

    def _declined(self, decision: Decision, drift: Drift, run_id: str) -> Result:
        error = ApprovalError(
            f"nothing was done: {drift.reason}, and going on would replace it",
            hint="--force replaces it (llmos undo brings it back), --no-cache asks the model",
        )
        result = failure(error, decision.mode, run_id=run_id)
        return result.replaced(trace_id=drift.trace_id, drift=drift)

    def _drifted(self, decision: Decision, drift: Drift, run_id: str) -> Result:
        where = f"step {drift.step + 1} ({drift.tool})" if drift.step >= 0 else "before step 1"
        error = DriftError(
            f"the replay stopped at {where}: {drift.reason}",
            hint="run it without --replay-only to learn it anew",
        )
        if drift.overwrites:
            error.hint = "--force replaces what you have changed; llmos undo brings it back"
        if drift.lost:
            error.hint = "these could not be put back: " + ", ".join(drift.lost)
        result = failure(error, decision.mode, run_id=run_id)
        return result.replaced(
            trace_id=drift.trace_id,
            drift=drift,
            steps=max(0, drift.step),
            of_steps=drift.steps,
        )

    def _publish_decision(self, run_id: str, decision: Decision) -> None:
        best = decision.matches[0].trace_id if decision.matches else None
        self._publish(
            Decided(run_id, decision.goal, decision.mode, best, decision.estimate, decision.reasons)
        )

    def _publish_result(self, goal: str, result: Result) -> None:
        self._publish(
            RunEnded(
                result.run_id,
                goal,
                result.mode,
                result.success,
                result.answer if result.error is None else result.error.message,
                result.cost,
                result.saved,
                result.duration_s,
                result.trace_id,
            )
        )

    def _waiting(self, holder: str) -> None:
        self._publish(
            Notice(f"another run works in this directory (process {holder}); waiting for it")
        )

    def _today(self) -> date:
        return datetime.fromtimestamp(self._clock(), UTC).astimezone().date()


def _no_replay(decision: Decision) -> LlmosError:
    said = "; ".join(decision.reasons)
    if decision.denied:
        return ApprovalError(
            f"what would answer this goal may not be replayed here: {said}",
            hint="llmos why GOAL names the rule; a rule that asks needs a terminal",
        )
    return NoTraceError(
        f"no trace answers this goal: {said}",
        hint="run it once without --replay-only to learn it",
    )


def new_run_id() -> str:
    """Return the id of a run that begins."""
    return f"r-{os.urandom(6).hex()}"


def check_goal(goal: str) -> str:
    """Return a goal without the white space around it.

    Raises:
        UsageError: If nothing is left, or it is too long, or it holds what is no text.
    """
    stripped = goal.strip()
    if not stripped:
        raise UsageError("the goal is empty", hint='say what to do, as in: llmos "count the lines"')
    if len(stripped) > MAX_GOAL:
        raise UsageError(f"the goal is longer than {MAX_GOAL:,} characters")
    if "\0" in stripped:
        raise UsageError("the goal holds a NUL character")
    try:
        stripped.encode()
    except UnicodeEncodeError:
        raise UsageError("the goal holds half a character (a lone surrogate)") from None
    return stripped


__all__ = ["FOLLOWER", "LEARNER", "Dispatcher", "Policy", "check_goal", "new_run_id"]
