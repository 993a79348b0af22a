"""Money is integers of micro-dollars inside."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmos.kernel.money import format_usd, to_micros, to_usd


def test_a_float_is_read_by_its_shortest_decimal_form() -> None:
    assert to_micros(0.1) == 100_000
    assert to_micros("0.0000005") == 1


@pytest.mark.parametrize("amount", ["much", float("nan"), float("inf"), ""])
def test_what_is_no_amount_is_refused(amount: float | str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        to_micros(amount)


@given(st.integers(-(10**12), 10**12))
def test_to_dollars_and_back_is_exact(micros: int) -> None:
    assert to_micros(to_usd(micros)) == micros


@pytest.mark.parametrize(
    ("micros", "shown"),
    [(None, "?"), (0, "$0.00"), (1_234, "$0.0012"), (9_999, "$0.0100"), (450_000, "$0.45")],
)
def test_small_amounts_have_four_decimals_and_unknown_ones_a_question_mark(
    micros: int | None, shown: str
) -> None:
    assert format_usd(micros) == shown
