"""``model``, ``permissions``, ``logs path``: what holds now, and where to look."""

from __future__ import annotations

import os

from ..kernel.errors import UsageError
from ..kernel.json_value import JsonValue
from .command_context import CommandRequest, Context, Grid, Said
from .plain_text import one_line
from .prices import MODELS


async def model(context: Context, request: CommandRequest) -> Said:
    """Show the model and what others cost; in the shell, take another one."""
    system = context.system
    if request.words:
        if not context.in_shell:
            raise UsageError(
                "another model is taken for a session in the shell, or for good in the settings",
                hint="say --model ID with a goal, or: llmos config set model ID",
            )
        system.use_model(request.words[0])
    now = system.settings.model
    grid = Grid(
        ("", "MODEL", "INPUT", "OUTPUT"),
        [
            ("*" if name == now else "", name, f"${price.input:g}", f"${price.output:g}")
            for name, price in MODELS.items()
        ],
        (2, 3),
        wide=1,
    )
    known = "" if now in MODELS else "; its price is not known"
    rows: list[JsonValue] = [
        {"model": name, "input_usd": price.input, "output_usd": price.output}
        for name, price in MODELS.items()
    ]
    said = f"{one_line(now)} is used{known}; prices are list prices of a million tokens"
    return Said(said, grid, {"model": now, "known": rows})


async def permissions(context: Context, _request: CommandRequest) -> Said:
    """Show the permission mode and the rules."""
    settings = context.system.settings
    rules = {"deny": settings.deny, "ask": settings.ask, "allow": settings.allow}
    rows = [(kind, one_line(rule, 300)) for kind, found in rules.items() for rule in found]
    sandbox = "confined to the directory" if settings.sandbox else "not confined"
    return Said(
        f"mode {settings.permission_mode}; commands of a replay are {sandbox}\n"
        "deny beats ask beats allow; llmos config set permissions.deny RULE adds to them",
        Grid(("RULE", "WHAT"), rows),
        {
            "permission_mode": settings.permission_mode,
            "sandbox": settings.sandbox,
            **{kind: list(found) for kind, found in rules.items()},
        },
    )


async def logs_path(context: Context, _request: CommandRequest) -> Said:
    """Give the folder in which each session is logged."""
    found = os.fspath(context.system.memory / "sessions")
    return Said(found, json=found)
