"""Dollars as integers of micro-dollars; floats only at the edge."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

Micros = int
"""An amount of money in millionths of a US dollar."""

_SCALE = Decimal(1_000_000)


def to_micros(usd: float | str | Decimal) -> Micros:
    """Convert dollars to micro-dollars, rounding half up.

    Args:
        usd: Dollars. A float is read by its shortest decimal form, so 0.1 is exactly 100,000.

    Returns:
        Micro-dollars.

    Raises:
        ValueError: If the amount is not a finite number.
    """
    try:
        amount = Decimal(str(usd))
    except ArithmeticError:
        raise ValueError(f"not an amount of dollars: {usd!r}") from None
    if not amount.is_finite():
        raise ValueError(f"not an amount of dollars: {usd!r}")
    return int((amount * _SCALE).to_integral_value(ROUND_HALF_UP))


def to_usd(micros: Micros) -> float:
    """Convert micro-dollars to dollars for the edge (JSON, screens, callers)."""
    return micros / 1_000_000


def format_usd(micros: Micros | None) -> str:
    """Format an amount for people: four decimals under one cent, two above, ``?`` if unknown."""
    if micros is None:
        return "?"
    sign, value = ("-" if micros < 0 else ""), abs(micros)
    if value == 0:
        return "$0.00"
    return (
        f"{sign}${value / 1_000_000:.4f}" if value < 10_000 else f"{sign}${value / 1_000_000:.2f}"
    )
