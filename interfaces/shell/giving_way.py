"""What a goal has started gives way to the keys where there is too little processor for both.

A model that says much keeps its CLI busy, and the system gives the shell no more of the processor
than that: on a full machine a key then waits for several turns of the others.
"""

from __future__ import annotations

from ...kernel.events import Event, ModelMessage
from ...kernel.orphans import MARK

_STEPS = 5
"""By how much it is nicer than the shell: where there is too little, it gets a third as much."""


class GivingWay:
    """Tells when a model run has begun to speak, and lets its processes give way."""

    def __init__(self) -> None:
        self._run_id = ""

    def note(self, event: Event) -> bool:
        """Take note of an event; return whether it is the first message of a run."""
        if not isinstance(event, ModelMessage) or event.run_id == self._run_id:
            return False
        self._run_id = event.run_id
        return True


def give_way() -> None:
    """Let the CLIs that this process has started, and what they will start, give way to it."""
    import psutil

    own = psutil.Process()
    nice = min(19, own.nice() + _STEPS)
    for child in own.children():
        try:
            if MARK in child.environ() and child.nice() < nice:
                child.nice(nice)
        except psutil.Error:
            continue  # it ended meanwhile
