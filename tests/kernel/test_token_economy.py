"""The battery: no interleaving of threads and processes overspends it, and no entry is lost."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmos.kernel.errors import LowBatteryError, UsageError, WorkspaceError
from llmos.kernel.money import to_micros
from llmos.kernel.token_economy import Hold, TokenEconomy


def test_the_calls_of_the_readme_work() -> None:
    economy = TokenEconomy(budget_usd=10.0)
    economy.check_budget(estimated_cost=0.50)
    economy.deduct(actual_cost=0.45, operation="Learn: Create Python script")
    assert economy.spent == to_micros("0.45")
    assert economy.available == to_micros("9.55")


def test_what_is_not_there_is_refused_and_nothing_is_recorded() -> None:
    economy = TokenEconomy(budget_usd=0.40)
    with pytest.raises(LowBatteryError) as refused:
        economy.check_budget(estimated_cost=0.50)
    assert (refused.value.needed_usd, refused.value.available_usd) == (0.5, 0.4)
    with pytest.raises(LowBatteryError):
        economy.deduct(actual_cost=0.50, operation="x")
    assert economy.entries() == []


@pytest.mark.parametrize("budget", [-1, float("nan"), float("inf")])
def test_a_budget_is_an_amount(budget: float) -> None:
    with pytest.raises(UsageError):
        TokenEconomy(budget_usd=budget)


def test_a_hold_is_not_available_to_others_and_is_settled_at_the_real_cost() -> None:
    economy = TokenEconomy(budget_usd=1)
    hold = economy.hold(800_000, "Learn: x")
    assert economy.available == 200_000
    with pytest.raises(LowBatteryError):
        economy.hold(300_000, "Learn: y")
    economy.settle(hold, 350_000, model="m")
    assert (economy.spent, economy.held, economy.available) == (350_000, 0, 650_000)


def test_less_is_held_when_less_is_left_but_not_less_than_is_needed() -> None:
    economy = TokenEconomy(budget_usd=1)
    assert economy.hold(2_000_000, "x", at_least=500_000).amount == 1_000_000
    with pytest.raises(LowBatteryError):
        economy.hold(2_000_000, "x", at_least=1)


def test_nothing_is_held_of_an_empty_battery() -> None:
    with pytest.raises(LowBatteryError):
        TokenEconomy(budget_usd=0).hold(100, "x", at_least=0)


def test_settling_twice_charges_once() -> None:
    economy = TokenEconomy(budget_usd=1)
    hold = economy.hold(500_000, "x")
    economy.settle(hold, 100_000)
    economy.settle(hold, 100_000)
    assert economy.spent == 100_000
    assert len(economy.entries()) == 1


def test_a_cost_above_the_hold_is_recorded_whole() -> None:
    economy = TokenEconomy(budget_usd=1)
    economy.settle(economy.hold(1_000_000, "x"), 1_200_000)
    assert (economy.spent, economy.available, economy.overdraft) == (1_200_000, 0, 200_000)


def test_an_unknown_price_is_recorded_as_unknown() -> None:
    economy = TokenEconomy(budget_usd=1)
    economy.settle(economy.hold(500_000, "x"), None, model="local")
    assert economy.spent == 0
    assert economy.entries()[0].amount is None


def test_a_body_that_fails_pays_what_it_burned() -> None:
    economy = TokenEconomy(budget_usd=1)

    def fail_half_way() -> None:
        with economy.holding(500_000, "x") as hold:
            economy.burn(hold, 120_000)
            raise ValueError("boom")

    with pytest.raises(ValueError, match="boom"):
        fail_half_way()
    assert (economy.spent, economy.held) == (120_000, 0)


def test_savings_are_counted_once_a_run() -> None:
    economy = TokenEconomy(budget_usd=1)
    for _ in range(2):
        economy.record_saving("t-1", 300_000, run_id="r-1")
    economy.record_saving("t-1", 300_000, run_id="r-2")
    assert economy.saved == 600_000
    assert economy.spent == 0


def test_the_typical_cost_is_the_median_of_what_learning_cost() -> None:
    economy = TokenEconomy(budget_usd=10)
    assert economy.typical_cost(500_000) == 500_000
    for cost in (100_000, 900_000, 200_000):
        economy.settle(economy.hold(1_000_000, "Learn: x"), cost)
    economy.settle(economy.hold(1_000_000, "Plan: x"), 999_999)
    assert economy.typical_cost(500_000) == 200_000


def test_a_ledger_lives_longer_than_its_process(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    TokenEconomy(5, ledger=path).deduct(1.25, "x")
    assert TokenEconomy(5, ledger=path).spent == to_micros("1.25")
    assert path.stat().st_mode & 0o077 == 0


def test_a_file_that_is_no_ledger_is_never_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"something else entirely" * 100)
    with pytest.raises(WorkspaceError):
        TokenEconomy(5, ledger=path)
    assert path.read_bytes().startswith(b"something else")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["hold", "burn", "settle", "release", "deduct"]),
            st.integers(0, 700_000),
            st.integers(0, 5),
        ),
        max_size=30,
    )
)
def test_whatever_is_done_the_battery_is_never_overdrawn(
    steps: list[tuple[str, int, int]],
) -> None:
    economy = TokenEconomy(budget_usd=1)
    holds: list[Hold] = []
    for action, amount, which in steps:
        hold = holds[which % len(holds)] if holds else None
        try:
            if action == "hold":
                holds.append(economy.hold(amount, "x"))
            elif action == "deduct":
                economy.deduct(amount / 1_000_000, "x")
            elif hold is not None and action == "burn":
                economy.burn(hold, min(amount, hold.amount))
            elif hold is not None and action == "settle":
                economy.settle(hold, min(amount, hold.amount))
            elif hold is not None:
                economy.release(hold)
        except LowBatteryError:
            continue
        assert 0 <= economy.spent + economy.held <= economy.budget
        assert economy.audit()


SPENDER = """
import sys
from pathlib import Path
from llmos.kernel.errors import LowBatteryError
from llmos.kernel.token_economy import TokenEconomy
economy = TokenEconomy(1.0, ledger=Path(sys.argv[1]))
done = 0
while True:
    try:
        if done % 2:
            economy.deduct(0.002, "deduct")
        else:
            hold = economy.hold(4000, "Learn: x")
            economy.settle(hold, 2000)
    except LowBatteryError:
        break
    done += 1
print(done)
"""


def test_eight_processes_spend_one_ledger_to_the_last_cent_and_no_further(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    spenders = [
        subprocess.Popen(
            [sys.executable, "-c", SPENDER, str(path)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(8)
    ]
    said = [spender.communicate(timeout=100)[0] for spender in spenders]
    done = [int(out) for out in said]
    economy = TokenEconomy(1.0, ledger=path)
    assert economy.spent <= economy.budget
    assert economy.spent == 2000 * sum(done)
    assert len(economy.entries(limit=10_000)) == sum(done)
    assert economy.held == 0
    assert economy.audit()
    # What is left is less than the smallest thing that was asked for (a hold of 4000).
    assert economy.available < 4000


VICTIM = """
import sys
from pathlib import Path
from llmos.kernel.token_economy import TokenEconomy
economy = TokenEconomy(1000.0, ledger=Path(sys.argv[1]))
while True:
    hold = economy.hold(5000, "Learn: x")
    economy.burn(hold, 3000)
    economy.settle(hold, 2000)
    print(hold.id, flush=True)
"""


def test_kill_minus_9_at_any_moment_loses_no_settled_cost_and_leaves_no_hold(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ledger.sqlite"
    chance = random.Random(7)
    settled: set[str] = set()
    for _ in range(20):
        victim = subprocess.Popen(
            [sys.executable, "-c", VICTIM, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert victim.stdout is not None
        lines = [victim.stdout.readline() for _ in range(chance.randrange(1, 12))]
        victim.send_signal(signal.SIGKILL)
        rest, _ = victim.communicate()
        settled |= {line.strip() for line in [*lines, *rest.splitlines(keepends=True)]}
        economy = TokenEconomy(1000.0, ledger=path)
        assert settled <= {entry.id for entry in economy.entries(limit=100_000)}
        assert economy.held == 0
        assert economy.audit()
        economy.close()


def test_the_hold_of_a_dead_process_is_paid_at_what_it_had_burned(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    code = (
        "import os, sys; from pathlib import Path;"
        "from llmos.kernel.token_economy import TokenEconomy;"
        "economy = TokenEconomy(1, ledger=Path(sys.argv[1]));"
        "economy.burn(economy.hold(500_000, 'Learn: x'), 70_000); os._exit(1)"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    economy = TokenEconomy(1, ledger=path)
    assert (economy.spent, economy.held) == (70_000, 0)
