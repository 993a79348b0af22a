"""Loads what the first price and the first model run need, while the user reads and types.

On the event loop loading the SDK would keep keys from being echoed for more than a second.
"""

from __future__ import annotations

import gc
import importlib
import logging

import anyio

from ...kernel.errors import LlmosError
from ..system import System

_logger = logging.getLogger(__name__)
_NEEDED = ("..learner", "..declaring", "claude_agent_sdk")


async def warm_up(system: System) -> None:
    """Load what will be needed, in a worker thread; what cannot be is told when it is needed.

    Args:
        system: The booted system.
    """
    try:
        await system.decide("what will be typed")
    except LlmosError as error:
        _logger.info("the first price could not be prepared: %s", error)
    for name in _NEEDED:
        await anyio.to_thread.run_sync(_load, name)
    # What is loaded stays: to look through it for garbage takes longer than a key may.
    gc.freeze()


def _load(name: str) -> None:
    try:
        importlib.import_module(name, __package__)
    except ImportError as error:
        _logger.info("%s could not be loaded before it is needed: %s", name, error)
