"""``usage``: what was spent and saved, and what is left."""

from __future__ import annotations

from ..kernel.money import format_usd, to_usd
from .command_context import CommandRequest, Context, Said


async def usage(context: Context, _request: CommandRequest) -> Said:
    """Say what was spent, saved and is left."""
    economy = context.system.economy
    spent, left, saved = economy.spent, economy.available, economy.saved
    return Said(
        f"spent {format_usd(spent)}, left {format_usd(left)}, saved {format_usd(saved)}",
        json={"spent_usd": to_usd(spent), "left_usd": to_usd(left), "saved_usd": to_usd(saved)},
    )
