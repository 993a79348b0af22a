"""Caps and the commands about money, in the real program."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from factory import make_trace
from inside import llmos
from kept import keep
from llmos.interfaces.scripted_model import ScriptedModel
from llmos.interfaces.spending import Line, paybacks
from llmos.kernel.ledger import Entry
from llmos.kernel.token_economy import TokenEconomy
from llmos.memory.index_tables import TraceRow
from support import Place, conversation

GOALS = ("say one", "say two", "say three")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with ScriptedModel([conversation(goal, f"echo {goal}") for goal in GOALS]) as model:
        yield Place(tmp_path, model)


def test_a_cap_holds_in_the_shell_warns_at_80_per_cent_and_can_be_raised(place: Place) -> None:
    entries = [*GOALS, "/budget", "/budget +1", GOALS[2], "/budget much", "/savings --json"]
    shell = place.llmos(
        "interactive", "--session-usd", "0.012", "--max-budget-usd", "0.008",
        stdin="".join(f"{one}\n" for one in entries),
    )  # fmt: skip
    assert shell.code == 0, shell.err
    assert shell.err.count("error: this session's cap of $0.01 has $0.00 left") == 1
    assert "this session's cap of $0.01 is nearly used up: $0.01 of $0.01 is spent" in shell.err
    assert shell.err.count("LEARNER steps 1") == 3
    assert "/budget cannot be 'much'" in shell.err
    assert "session   $0.01  $0.01  $0.00  $0.0020" in shell.out
    assert '"paid_back_after_run": null' in shell.out
    assert len(place.model.requests) == 6


def test_a_day_that_is_used_up_ends_a_goal_with_5_and_replays_go_on(place: Place) -> None:
    assert place.llmos(GOALS[0]).code == 0
    done = place.llmos("--json", GOALS[1], LLMOS_BUDGET__DAILY_USD="0.0051")
    assert (done.code, done.json["subtype"]) == (5, "error_max_budget_usd")
    assert "today's cap of $0.0051" in done.json["result"]
    assert "--daily-usd" in done.json["hint"]
    assert place.llmos(GOALS[0], LLMOS_BUDGET__DAILY_USD="0").code == 0
    assert len(place.model.requests) == 2


@pytest.fixture
def spent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TokenEconomy:
    """A workspace in whose ledger something stands."""
    monkeypatch.chdir(tmp_path)
    memory = tmp_path / "workspace/memory"
    memory.mkdir(parents=True, mode=0o700)
    money = TokenEconomy(10, ledger=memory / "ledger.sqlite", session="s", directory="/home/me/a")
    money.settle(money.hold(100_000, "Learn: say one"), 25_000, model="m1")
    money.settle(money.hold(100_000, "Learn: say two"), None, model="m2")
    money.record_saving("t-" + "0" * 20, 25_000, run_id="r1")
    return money


def test_usage_is_told_by_day_model_project_and_trace(spent: TokenEconomy) -> None:
    models = {row["model"]: row for row in llmos("usage", "--by", "model", "--json").json}
    assert models["m1"]["cost_usd"] == 0.025
    assert models["m2"]["runs_of_unknown_price"] == 1
    assert models["(replay)"]["saved_usd"] == 0.025
    (project,) = llmos("usage", "--by", "project", "--json").json
    assert (project["project"], project["model_runs"], project["replays"]) == ("/home/me/a", 2, 1)
    (day,) = llmos("usage", "--by", "day", "--days", "1", "--json").json
    assert day["cost_usd"] == 0.025
    traces = {row["trace"] for row in llmos("usage", "--by", "trace", "--json").json}
    assert traces == {"(no trace)", "t-" + "0" * 20}
    assert "$0.03 + ?" in llmos("usage", "--by", "project").out
    assert llmos("usage", "--json").json["spent_usd"] == 0.025


@pytest.mark.parametrize(
    "words", [["--by", "week"], ["--days", "x"], ["--days", "0"], ["today"]], ids=" ".join
)
def test_a_wrong_question_about_usage_is_told(words: list[str], spent: TokenEconomy) -> None:
    done = llmos("usage", *words)
    assert (done.code, done.out) == (2, "")
    assert spent.audit()


def test_the_command_line_shows_caps_and_says_where_they_are_raised(spent: TokenEconomy) -> None:
    caps = {row["cap"]: row for row in llmos("budget", "--json").json}
    assert caps.keys() == {"total", "session", "daily", "monthly"}
    assert caps["daily"]["spent_usd"] == caps["total"]["spent_usd"] == 0.025
    assert caps["session"]["spent_usd"] == 0
    raised = llmos("budget", "+1")
    assert raised.code == 2
    assert "llmos config set budget.daily_usd" in raised.err
    assert spent.audit()


def test_what_was_spent_in_vain_counts_for_the_trace_that_was_learned_then() -> None:
    def cost(at: float, amount: int | None = 30_000) -> Line:
        entry = Entry(f"c{at}", "cost", amount, "Learn: say one", "r", None, "m", at)
        return entry, "s", "/"

    def saving(at: float, trace: str) -> Line:
        return Entry(f"s{at}", "saving", 20_000, "Replay", "r", trace, None, at), "s", "/"

    rows = [TraceRow("t-1", "", "say one", 3.0), TraceRow("t-2", "", "say one", 9.0)]
    lines = [cost(1), cost(2), saving(4, "t-1"), saving(5, "t-1"), saving(6, "t-1"), cost(8),
             saving(10, "t-2"), cost(11, None), saving(12, "t-2")]  # fmt: skip
    first, second = paybacks(lines, rows)
    assert (first.group.cost, first.group.saved, first.paid_after) == (60_000, 60_000, 4)
    assert (second.group.cost, second.group.unknown, second.paid_after) == (30_000, 1, None)


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--daily-usd", "today"),
        ("--monthly-usd", "this month"),
        ("--budget", "the budget"),
    ],
)
def test_every_cap_holds_in_the_shell_and_replays_go_on(flag: str, said: str, place: Place) -> None:
    keep(place, make_trace(GOALS[0], answer="one"))
    shell = place.llmos("interactive", flag, "0", stdin=f"{GOALS[1]}\n{GOALS[0]}\n")
    assert (shell.code, shell.out) == (0, "one\n")
    assert said in shell.err.split("error: ")[1].splitlines()[0]
    assert place.model.requests == []


def test_caps_are_set_where_nobody_sets_any() -> None:
    limits = {row["cap"]: row["limit_usd"] for row in llmos("budget", "--json").json}
    assert limits == {"total": 10, "session": 5, "daily": 10, "monthly": 50}
