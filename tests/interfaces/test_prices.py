"""The burn of a run under way is what its tokens cost at list price."""

from __future__ import annotations

from llmos.interfaces.prices import BurnMeter, price_of


def test_tokens_cost_their_list_price() -> None:
    meter = BurnMeter("claude-sonnet-4-5")
    meter.started({"input_tokens": 1000, "output_tokens": 1})
    meter.updated({"output_tokens": 50})
    assert meter.cost == 3750


def test_counts_of_a_message_replace_each_other_and_messages_add_up() -> None:
    meter = BurnMeter("claude-sonnet-5-5")
    for _ in range(2):
        meter.started({"input_tokens": 1000, "output_tokens": 1})
        meter.updated({"output_tokens": 20})
        meter.updated({"output_tokens": 50})
    assert meter.cost == 2 * 2500


def test_a_date_suffix_does_not_change_the_price() -> None:
    assert price_of("claude-opus-4-8-20260301") == price_of("claude-opus-4-8")


def test_an_unknown_model_has_no_known_cost() -> None:
    meter = BurnMeter("local-model")
    meter.started({"input_tokens": 1000})
    assert meter.cost is None
