"""The commands about a goal: how it would be answered, a plan, learn it afresh, replay it."""

from __future__ import annotations

import anyio.to_thread

from ..kernel.errors import LlmosError
from ..kernel.json_value import JsonValue
from ..memory.attached import Attached
from .command_context import CommandRequest, Context, Said
from .explain import explained
from .result import LEARNER, failure


async def why(context: Context, request: CommandRequest) -> Said:
    """Say how a goal would be answered."""
    decision = await context.system.decide(_goal(request), stdin=_stdin(request))
    text = explained(decision)
    found: JsonValue = decision.to_json()
    if getattr(request.options, "context", False):
        # In a thread: it reads the memory.
        given = await anyio.to_thread.run_sync(context.system.recall().context, decision.goal)
        text = f"{text}\n{given.describe()}"
        found = {**decision.to_json(), "context": given.to_json()}
    return Said(text, json=found)


async def plan(context: Context, request: CommandRequest) -> Said:
    """Let the model plan a goal."""
    from ..kernel.events import PlanEnded

    async with context.system.bus.subscribe(PlanEnded, name="cost of the plan") as ended:
        try:
            goal = Attached(_stdin(request)).prompt(_goal(request))
            planned = await context.system.plan(goal)
        except LlmosError as error:
            if context.in_shell:
                raise
            last = await anext(ended) if ended.waiting else None
            cost = last.cost if isinstance(last, PlanEnded) else 0
            return Said(result=failure(error, LEARNER, cost=cost))
    return Said(planned.describe(), json=planned.model_dump(mode="json"))


async def learn(context: Context, request: CommandRequest) -> Said:
    """Learn a goal afresh."""
    return await _executed(context, request, learn_afresh=True)


async def replay(context: Context, request: CommandRequest) -> Said:
    """Replay a goal; never call a model."""
    return await _executed(context, request, replay_only=True)


async def _executed(
    context: Context,
    request: CommandRequest,
    *,
    learn_afresh: bool = False,
    replay_only: bool = False,
) -> Said:
    assert context.execute is not None
    result = await context.execute(
        _goal(request), learn_afresh=learn_afresh, replay_only=replay_only
    )
    return Said(result=result)


def _stdin(request: CommandRequest) -> str | None:
    """Return the text that was piped in beside the goal; the shell has none."""
    return getattr(request.options, "stdin", None)


def _goal(request: CommandRequest) -> str:
    return request.words[0] if request.words else ""
