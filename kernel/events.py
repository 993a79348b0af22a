"""The events that the parts of llmos tell each other: frozen, typed, small.

``durable`` events (costs, results) are never dropped by a full subscription; the others may be,
and then the subscriber is told how many were.
"""

from __future__ import annotations

from typing import ClassVar

from .money import Micros
from .record import Record
from .tools import ToolCall, ToolResult


class Event(Record):
    """Base of all events."""

    durable: ClassVar[bool] = False


class GoalDue(Event):
    """The scheduler says that a goal is to be run now."""

    job: str
    goal: str


class Decided(Event):
    """The dispatcher decided how to answer a goal.

    Attributes:
        run_id: Id of the run that this begins.
        goal: The goal.
        mode: ``FOLLOWER`` or ``LEARNER``.
        trace_id: The trace to replay, or None.
        estimate: Estimated cost, micro-dollars.
        reasons: Why, for people.
    """

    run_id: str
    goal: str
    mode: str
    trace_id: str | None
    estimate: Micros
    reasons: tuple[str, ...]


class ModelRunStarted(Event):
    """A model run begins under a hold.

    Attributes:
        run_id: Id of the run.
        model: Full model id.
        hold: Money set aside for it, micro-dollars.
    """

    run_id: str
    model: str
    hold: Micros


class ModelMessage(Event):
    """The model run gave a sign of life.

    Attributes:
        run_id: Id of the run.
        kind: ``text``, ``thinking``, ``system``, ``retry``, ``stream``, ...
        text: Text for people, may be empty.
    """

    run_id: str
    kind: str
    text: str = ""


class ToolCalled(Event):
    """A tool call begins (in a model run or a replay). `index` counts from 0 within the run."""

    run_id: str
    index: int
    call: ToolCall


class ToolReturned(Event):
    """A tool call ended."""

    run_id: str
    index: int
    call: ToolCall
    result: ToolResult


class CostReported(Event):
    """What a model run has cost so far (an estimate until it ended). None: price unknown."""

    durable: ClassVar[bool] = True

    run_id: str
    cost: Micros | None


class ModelRunEnded(Event):
    """A model run is over, well or not; its processes are gone."""

    durable: ClassVar[bool] = True

    run_id: str


class Interrupt(Event):
    """Stop this run now. `reason` is the watchdog's word or ``user``; `detail` is for people."""

    durable: ClassVar[bool] = True

    run_id: str
    reason: str
    detail: str


class Drifted(Event):
    """A guard failed; the replay stopped at this step (0-based; -1: before the first)."""

    run_id: str
    step: int
    reason: str


class Restored(Event):
    """What a stopped replay had changed was put back (or, in `lost`, could not be)."""

    run_id: str
    paths: tuple[str, ...]
    lost: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()


class ContextGiven(Event):
    """What the model is given beside a goal: about how many tokens, and where they come from."""

    run_id: str
    tokens: int
    budget: int
    sources: tuple[str, ...]


class TraceKept(Event):
    """A trace was stored."""

    durable: ClassVar[bool] = True

    run_id: str
    trace_id: str


class TraceNotKept(Event):
    """A model run succeeded but leaves no trace; `reason` says why."""

    run_id: str
    reason: str


class PlanEnded(Event):
    """A goal has been planned, or not; nothing was carried out.

    Attributes:
        run_id: Id of the run.
        goal: The goal.
        steps: Steps of the plan.
        error: What went wrong, or an empty string.
        cost: Micro-dollars; None if the price is unknown.
    """

    durable: ClassVar[bool] = True

    run_id: str
    goal: str
    steps: int
    error: str
    cost: Micros | None


class RunEnded(Event):
    """A goal has been answered, or not.

    Attributes:
        run_id: Id of the run.
        goal: The goal.
        mode: ``FOLLOWER`` or ``LEARNER``.
        ok: Whether the goal was reached.
        answer: The answer, or the error sentence.
        cost: Micro-dollars; None if the price is unknown.
        saved: Micro-dollars that a replay saved.
        duration_s: Seconds.
        trace_id: The trace replayed or kept, or None.
    """

    durable: ClassVar[bool] = True

    run_id: str
    goal: str
    mode: str
    ok: bool
    answer: str
    cost: Micros | None
    saved: Micros
    duration_s: float
    trace_id: str | None


class LowBattery(Event):
    """The budget did not allow something."""

    durable: ClassVar[bool] = True

    needed: Micros
    available: Micros


class CapNear(Event):
    """80 % of a cap is spent.

    Attributes:
        name: ``total``, ``session``, ``daily`` or ``monthly``.
        said: What people call it.
        spent: Micro-dollars.
        limit: Micro-dollars.
    """

    durable: ClassVar[bool] = True

    name: str
    said: str
    spent: Micros
    limit: Micros


class JobFailed(Event):
    """A scheduled job raised; it goes on at its next time."""

    job: str
    error: str


class JobSkipped(Event):
    """A scheduled job was still running when it was due again."""

    job: str


class SubscriberFailed(Event):
    """A handler of the bus raised; the bus lives and goes on delivering to it."""

    subscriber: str
    error: str


class EventsDropped(Event):
    """A subscription was full and dropped its oldest events."""

    subscriber: str
    count: int


class Notice(Event):
    """Something that people should know; one sentence."""

    text: str
