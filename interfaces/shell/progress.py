"""What is shown while a goal runs: each step with its state, time and cost, and what is said.

What is over goes to the scrollback; what goes on stands above the prompt and changes there.
It is told every event of the bus, and nothing else.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

import anyio

from ...kernel.errors import LlmosError
from ...kernel.events import (
    CostReported,
    Decided,
    Event,
    ModelMessage,
    ModelRunStarted,
    PlanEnded,
    RunEnded,
    ToolCalled,
    ToolReturned,
)
from ...kernel.money import Micros, format_usd
from ..plain_text import one_line, printable, say
from ..render import Narrator, describe_call
from ..result import FOLLOWER

_REMEMBERED = 64
"""Ends of runs that are remembered for whoever waits for one."""


class _Step(NamedTuple):
    what: str
    began: float
    cost_before: Micros


class Progress:
    """Shows a goal under way.

    Args:
        changed: Called when what `lines` gives has changed.
        streams: Whether what the model says goes to standard output as it comes.
        static: Whether nothing changes once it was written: then a step is told when it begins.
        verbose: Also the outputs of tools.
        clock: Gives seconds.
    """

    def __init__(
        self,
        changed: Callable[[], object],
        *,
        streams: bool,
        static: bool = False,
        verbose: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._changed = changed
        self._streams = streams
        self._static = static
        self._verbose = verbose
        self._clock = clock
        self._narrator = Narrator(verbose=verbose)
        self._steps: dict[int, _Step] = {}
        self._mode = ""
        self._began = 0.0
        self._cost: Micros | None = 0
        self._noted: Micros = 0
        self._begun = ""
        self._said: list[str] = []
        self._block = ""
        self._over: deque[str] = deque(maxlen=_REMEMBERED)
        self._one_over = anyio.Event()

    def tell(self, problems: Sequence[LlmosError]) -> None:
        """Tell what went wrong before anybody could listen."""
        for problem in problems:
            say(f"llmos: {one_line(problem.message, 500)}", sys.stderr)

    def take(self, event: Event) -> None:
        """Take one event of the bus."""
        match event:
            case Decided():
                self._start(event.mode)
                self._narrator.take(event)
            case ToolCalled():
                self._end_block()
                what = f"{event.index + 1} {describe_call(event.call.name, event.call.input)}"
                self._steps[event.index] = _Step(what, self._clock(), self._noted)
                if self._static:
                    say(f"  {what}", sys.stderr)
            case ModelRunStarted() if not self._mode:
                self._start("PLANNER")
            case ToolReturned():
                self._returned(event)
            case CostReported():
                self._cost = event.cost
            case ModelMessage(kind="stream"):
                self._stream(event.text)
            case ModelMessage(kind="text"):
                self._whole(event.text)
            case RunEnded():
                self._stop(event.run_id)
            case PlanEnded():
                self._stop(event.run_id)
                self._narrator.take(event)
            case _:
                self._narrator.take(event)
        self._changed()

    def lines(self) -> list[str]:
        """Return what goes on now, one line each."""
        lines = [
            f"  {step.what}  running {self._clock() - step.began:.1f} s{self._money(step)}"
            for step in self._steps.values()
        ]
        if self._begun:
            lines.append(printable(self._begun))
        elif self._mode and not self._steps:
            doing = "replaying" if self._mode == FOLLOWER else "the model works"
            cost = "" if self._mode == FOLLOWER else f"  {self._so_far()}"
            lines.append(f"  {doing} {self._clock() - self._began:.1f} s{cost}")
        return lines

    async def caught_up(self, run_id: str) -> None:
        """Wait until the end of a run has been seen."""
        while run_id not in self._over:
            await self._one_over.wait()

    def has_shown(self, answer: str) -> bool:
        """Return whether an answer is what was said last, so that it has been printed."""
        return self._streams and bool(answer) and self._block.strip() == answer.strip()

    def _start(self, mode: str) -> None:
        self._mode = mode
        self._began = self._clock()
        self._cost = self._noted = 0
        self._block = ""

    def _stop(self, run_id: str) -> None:
        self._end_block()
        for step in self._steps.values():
            say(f"  {step.what}  stopped", sys.stderr)
        self._steps.clear()
        self._mode = ""
        self._over.append(run_id)
        self._one_over.set()
        self._one_over = anyio.Event()

    def _returned(self, event: ToolReturned) -> None:
        step = self._steps.pop(event.index, None)
        if step is None:
            return
        state = "ok" if event.result.ok else "failed"
        took = self._clock() - step.began
        what = f"  {event.index + 1}" if self._static else f"  {step.what}"
        say(f"{what}  {state} {took:.2f} s{self._money(step)}", sys.stderr)
        self._noted = self._cost or self._noted
        if not event.result.ok or self._verbose:
            say(f"    {one_line(event.result.output)}", sys.stderr)

    def _money(self, step: _Step) -> str:
        """Return what the model took since the step before, which is what this one cost."""
        if self._mode == FOLLOWER:
            return ""
        if self._cost is None:
            return "  ?"
        return f"  {format_usd(self._cost - step.cost_before)}"

    def _so_far(self) -> str:
        return "?" if self._cost is None else f"{format_usd(self._cost)} so far"

    def _stream(self, text: str) -> None:
        if not self._streams or not text:
            return
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self._said.append(line)
            say(printable(line), sys.stdout)

    def _whole(self, text: str) -> None:
        """Take a text that is finished: what is missing of it is printed."""
        if self._streams:
            lines = text.split("\n")
            shown = len(self._said)
            # What was dropped on the way, because the screen was slow, leaves a hole: say it anew.
            missing = lines[shown:] if lines[:shown] == self._said else lines
            for line in missing:
                say(printable(line), sys.stdout)
        elif self._verbose:
            say(f"  {one_line(text)}", sys.stderr)
        self._begun, self._said, self._block = "", [], text

    def _end_block(self) -> None:
        """Print what was said and cut off."""
        if self._begun:
            say(printable(self._begun), sys.stdout)
        if self._begun or self._said:
            self._begun, self._said, self._block = "", [], ""
