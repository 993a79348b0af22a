"""What holds if nothing else is said; apart from the parts that use it, which take long to load."""

from __future__ import annotations

from ..kernel.money import Micros

DEFAULT_MODEL = "claude-sonnet-5-5"
"""The current Sonnet, by full id: the CLI remaps aliases and `None` would be its own default."""

TYPICAL_COST: Micros = 500_000
"""Estimate for a model run, micro-dollars, while nothing has been learned here yet."""

STOPPED = "stopped by the user"
