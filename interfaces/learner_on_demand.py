"""The Learner, imported and made only when a goal is to be learned."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import anyio

from ..kernel.money import Micros
from ..memory.attached import Attached
from .result import Result

if TYPE_CHECKING:
    from .learner import Learner
    from .model_run import ModelRun
    from .planning import Plan


class LearnerOnDemand:
    """Stands for the Learner; see there for its methods.

    Args:
        make: Makes it.
    """

    def __init__(self, make: Callable[[], Awaitable[Learner]]) -> None:
        self._make = make
        self._made: Learner | None = None
        self._making = anyio.Lock()

    @property
    def running(self) -> str | None:
        """The id of the model run that goes on, or None."""
        return None if self._made is None else self._made.running

    def set_permission_mode(self, mode: str) -> None:
        """Set the permission mode of the next run; one that is made later is made with it."""
        if self._made is not None:
            self._made.set_permission_mode(mode)

    async def learn(
        self, goal: str, *, run_id: str, cap: Micros, attached: Attached, alone: bool
    ) -> Result:
        """Reach a goal with the model and keep the trace."""
        learner = await self._learner()
        return await learner.learn(goal, run_id=run_id, cap=cap, attached=attached, alone=alone)

    async def plan(self, goal: str, *, run_id: str, cap: Micros) -> tuple[Plan | None, ModelRun]:
        """Ask the model for the steps that would reach a goal."""
        return await (await self._learner()).plan(goal, run_id=run_id, cap=cap)

    async def prepare(self, *, cap: Micros) -> None:
        """Start what the next goal will need that is learned."""
        await (await self._learner()).prepare(cap=cap)

    async def _learner(self) -> Learner:
        async with self._making:
            if self._made is None:
                self._made = await self._make()
            return self._made
