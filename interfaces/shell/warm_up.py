"""Loads and starts what the first price and a model run need, while the user reads and types.

On the event loop loading the SDK would keep keys from being echoed for more than a second.
"""

from __future__ import annotations

import gc
import importlib
import logging
from collections.abc import Callable

import anyio

from ...kernel.errors import LlmosError
from ..system import System

_logger = logging.getLogger(__name__)
_NEEDED = ("..learner", "..declaring", "..compacting", "..filling", "claude_agent_sdk")
_GARBAGE = 1000
"""Objects after which Python looks for garbage; it then takes about a ms."""
_SURE_S = 0.4
"""Seconds without a key after which a text that no trace answers is taken for what is meant: the
beginning of a goal that will be replayed is one as well."""


class WarmUp:
    """Loads what will be needed, then starts the model's CLI where the goal will need it.

    Args:
        system: The booted system.
        needed: Whether the text in the line, as it is now, needs a model.
    """

    def __init__(self, system: System, needed: Callable[[], bool]) -> None:
        self._system = system
        self._needed = needed
        self._priced = anyio.Event()

    def priced(self) -> None:
        """Take note of a new price."""
        self._priced.set()

    async def run(self) -> None:
        """Do so until cancelled; what cannot be done is told when it is needed."""
        await _load_all(self._system)
        while True:
            await self._priced.wait()
            self._priced = anyio.Event()
            with anyio.move_on_after(_SURE_S) as pause:
                await self._priced.wait()
            if pause.cancelled_caught and self._needed():
                try:
                    await self._system.prepare()
                except (LlmosError, OSError, ImportError) as error:
                    _logger.info("nothing could be started before it is needed: %s", error)


async def _load_all(system: System) -> None:
    # What is loaded stays: to look through it for garbage takes longer than a key may.
    gc.disable()
    try:
        try:
            await system.decide("what will be typed")
        except LlmosError as error:
            _logger.info("the first price could not be prepared: %s", error)
        for name in _NEEDED:
            await anyio.to_thread.run_sync(_load, name)
        gc.freeze()
        # What comes after is what drawing leaves: little at a time, or a key waits for much.
        gc.set_threshold(_GARBAGE)
    finally:
        gc.enable()


def _load(name: str) -> None:
    try:
        importlib.import_module(name, __package__)
    except ImportError as error:
        _logger.info("%s could not be loaded before it is needed: %s", name, error)
