"""The caps of a session, a day and a month: over processes, restarts and midnight."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmos.kernel.caps import CapLimits
from llmos.kernel.errors import LowBatteryError
from llmos.kernel.token_economy import TokenEconomy

NOON = datetime(2026, 5, 15, 12, tzinfo=UTC).timestamp()
DAY = 86_400.0


def economy(
    limits: CapLimits,
    path: Path | None = None,
    *,
    of: str = "s1",
    clock: Callable[[], float] = lambda: NOON,
    budget: float = 100.0,
) -> TokenEconomy:
    return TokenEconomy(budget, ledger=path, clock=clock, limits=lambda: limits, session=of)


@pytest.mark.parametrize(
    ("cap", "limits", "said"),
    [
        ("session", CapLimits(session=1_000_000), "this session's cap"),
        ("daily", CapLimits(daily=1_000_000), "today's cap"),
        ("monthly", CapLimits(monthly=1_000_000), "this month's cap"),
    ],
)
def test_the_cap_with_the_least_left_refuses_and_says_which_it_is(
    cap: str, limits: CapLimits, said: str
) -> None:
    money = economy(limits)
    money.deduct(0.75, "x")
    with pytest.raises(LowBatteryError, match=said) as error:
        money.hold(300_000, "y")
    assert error.value.exit_code == 5
    assert f"--{cap}-usd" in error.value.hint
    assert money.hold(250_000, "y").amount == 250_000


def test_a_hold_counts_for_every_cap_until_it_is_settled() -> None:
    money = economy(CapLimits(session=1_000_000, daily=2_000_000))
    held = money.hold(900_000, "x")
    assert money.available == 100_000
    with pytest.raises(LowBatteryError):
        money.hold(200_000, "y")
    money.settle(held, 100_000)
    assert money.available == 900_000


def test_another_session_begins_anew_and_the_day_does_not(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    economy(CapLimits(), path).deduct(0.8, "x")
    caps = CapLimits(session=1_000_000, daily=1_500_000)
    assert economy(caps, path).available == 200_000
    assert economy(caps, path, of="s2").available == 700_000


def test_a_day_and_a_month_end_at_local_midnight(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        path = tmp_path / "ledger.sqlite"
        # Half past three in the night in UTC is still the evening before there.
        evening = datetime(2026, 6, 1, 3, 30, tzinfo=UTC).timestamp()
        caps = CapLimits(daily=1_000_000, monthly=3_000_000)
        economy(caps, path, clock=lambda: evening).deduct(0.9, "x")
        assert economy(caps, path, clock=lambda: evening + 1500).available == 100_000
        after = economy(caps, path, clock=lambda: evening + 1860)
        spent = {cap.name: cap.spent for cap in after.caps.all()}
        assert spent == {"total": 900_000, "daily": 0, "monthly": 0}
        assert after.available == 1_000_000
    finally:
        monkeypatch.undo()
        time.tzset()


def test_yesterday_counts_for_the_month_and_last_month_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    economy(CapLimits(), path, clock=lambda: NOON - 30 * DAY).deduct(5, "x")
    economy(CapLimits(), path, clock=lambda: NOON - DAY).deduct(2, "x")
    money = economy(CapLimits(daily=1_000_000, monthly=2_500_000), path)
    assert {cap.name: cap.left for cap in money.caps.all()} == {
        "monthly": 500_000, "daily": 1_000_000, "total": 93_000_000,
    }  # fmt: skip
    assert money.available == 500_000


def test_a_warning_comes_at_80_per_cent_and_once() -> None:
    money = economy(CapLimits(session=1_000_000))
    money.deduct(0.79, "x")
    assert money.caps.newly_near() == []
    money.deduct(0.01, "x")
    assert [cap.name for cap in money.caps.newly_near()] == ["session"]
    money.deduct(0.1, "x")
    assert money.caps.newly_near() == []


def test_raising_lets_so_much_more_through_and_lifts_only_what_is_in_the_way() -> None:
    money = economy(CapLimits(session=1_000_000, daily=1_200_000, monthly=50_000_000))
    money.deduct(1, "x")
    assert money.available == 0
    money.caps.raise_by(500_000)
    limits = {cap.name: cap.limit for cap in money.caps.all()}
    assert limits == {
        "session": 1_500_000, "daily": 1_500_000, "monthly": 50_000_000, "total": 100_000_000,
    }  # fmt: skip
    assert money.available == 500_000


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 10**7), st.integers(1, 10**7))
def test_raising_by_an_amount_leaves_that_amount_more(
    budget: int, session: int, spent: int, amount: int
) -> None:
    money = economy(CapLimits(session=session), budget=budget / 1e6)
    held = money.hold(min(budget, session), "x") if min(budget, session) else None
    if held is not None:
        money.settle(held, spent)
    before = money.available
    money.caps.raise_by(amount)
    assert money.available == before + amount


SPEND = """
import sys
from pathlib import Path
from llmos.kernel.caps import CapLimits
from llmos.kernel.errors import LowBatteryError
from llmos.kernel.token_economy import TokenEconomy
money = TokenEconomy(
    100, ledger=Path(sys.argv[1]), limits=lambda: CapLimits(daily=1_000_000), session=sys.argv[2]
)
while True:
    try:
        held = money.hold(30_000, "x", at_least=10_000)
    except LowBatteryError:
        break
    money.settle(held, held.amount)
"""


def test_four_processes_cannot_pass_the_cap_of_a_day_together(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    running = [
        subprocess.Popen([sys.executable, "-c", SPEND, str(path), f"s{one}"]) for one in range(4)
    ]
    assert [one.wait(60) for one in running] == [0, 0, 0, 0]
    money = TokenEconomy(100, ledger=path)
    assert 990_000 < money.spent <= 1_000_000
    assert money.audit()
