"""List prices, to watch the burn while a model run is under way.

The real cost of a run is what the CLI reports at its end; this table only says how fast money is
going until then, and what a run had cost when its CLI was killed. Prices are those of the bundled
CLI 2.1 (cache writes cost 1.25 times the input).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..kernel.money import Micros


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars per million tokens, which is micro-dollars per token."""

    input: float
    output: float
    cache_read: float


MODELS = {
    "claude-sonnet-4-5": Price(3, 15, 0.3),
    "claude-sonnet-5": Price(2, 10, 0.2),
    "claude-sonnet-5-5": Price(2, 10, 0.1),
    "claude-haiku-4-5": Price(1, 5, 0.1),
    "claude-haiku-5-5": Price(0.1, 0.5, 0.01),
    "claude-opus-4-8": Price(5, 25, 0.5),
    "claude-opus-5-5": Price(4, 20, 0.2),
    "claude-fable-5-2": Price(8, 40, 0.2),
}
"""The models whose price is known, by their ids without a date."""
_CACHE_WRITE = 1.25


def price_of(model: str) -> Price | None:
    """Return the price of a model, by its id without a date suffix, or None if it is unknown."""
    name, _, suffix = model.rpartition("-")
    return MODELS.get(name if suffix.isdigit() and len(suffix) == 8 else model)


def known_models() -> list[str]:
    """Return the models whose price is known."""
    return list(MODELS)


class BurnMeter:
    """Adds up what the API reports, message by message, while a run is under way.

    Args:
        model: Full model id.
    """

    def __init__(self, model: str) -> None:
        self._price = price_of(model)
        self._messages: list[dict[str, int]] = []

    def started(self, usage: Mapping[str, object]) -> None:
        """Note the usage of a ``message_start`` event."""
        self._messages.append({})
        self.updated(usage)

    def updated(self, usage: Mapping[str, object]) -> None:
        """Note the usage of a ``message_delta`` event: its counts replace the earlier ones."""
        if not self._messages:
            self._messages.append({})
        for name, count in usage.items():
            if isinstance(count, int):
                self._messages[-1][name] = max(count, self._messages[-1].get(name, 0))

    @property
    def cost(self) -> Micros | None:
        """Micro-dollars so far, or None if the model has no known price."""
        price = self._price
        if price is None:
            return None
        total = 0.0
        for usage in self._messages:
            total += price.input * usage.get("input_tokens", 0)
            total += price.output * usage.get("output_tokens", 0)
            total += price.cache_read * usage.get("cache_read_input_tokens", 0)
            total += price.input * _CACHE_WRITE * usage.get("cache_creation_input_tokens", 0)
        return round(total)
