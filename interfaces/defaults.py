"""What holds if nothing else is said; apart from the parts that use it, which take long to load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ..kernel.money import Micros

PermissionMode = Literal["acceptEdits", "default", "plan", "dontAsk", "bypassPermissions"]
"""What a run may do without being asked."""

DEFAULT_MODEL = "claude-sonnet-5-5"
"""The current Sonnet, by full id: the CLI remaps aliases and `None` would be its own default."""

TYPICAL_COST: Micros = 500_000
"""Estimate for a model run, micro-dollars, while nothing has been learned here yet."""

STOPPED = "stopped by the user"
GuardMode = Literal["strict", "normal"]
"""How much of what is observed may differ in a replay: nothing, or nothing that matters."""
Notify = Literal["auto", "bell", "osc9", "off"]
"""How the user is called: by the terminal's own notification where it has one, or by its bell."""

EmbeddingName = Literal["static", "minilm"]
"""How texts become vectors: by what comes with the package, or by what is installed beside it."""

MEMORY_TOOLS = ("remember", "recall")
"""The tools by which the model reaches the semantic memory."""
