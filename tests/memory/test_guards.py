"""An observation may stand for the recorded one when only what describes the run differs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from llmos.memory.guards import Seen, compare, first_difference

LEARNED = 1_790_000_000.0  # 2026-09-21 14:13:20 UTC
NOW = LEARNED + 86_400 * 3


def seen(text: str, at: float = LEARNED, *, took: float = 1.0, ok: bool = True) -> Seen:
    return Seen(text, ok, None, at, took)


def reason(old: str, new: str) -> str | None:
    return compare(seen(old), seen(new, NOW)).reason


def test_equal_observations_hold() -> None:
    assert compare(seen("a\nb"), seen("a\nb", NOW)).reason is None


def test_another_text_does_not_hold_and_the_line_is_named() -> None:
    assert reason("id,amount\n1,2", "id,price\n1,2") == "line 1 was 'id,amount' and is 'id,price'"


def test_success_and_failure_do_not_stand_for_each_other() -> None:
    assert compare(seen("x"), seen("x", ok=False)).reason is not None


def test_another_exit_code_does_not_hold() -> None:
    old, new = Seen("", True, 0, LEARNED, 1), Seen("", True, 1, NOW, 1)
    assert compare(old, new).reason == "exit code 1 instead of 0"


def test_a_timestamp_of_the_run_itself_is_masked_and_reported() -> None:
    comparison = compare(
        seen("wrote the report at 2026-09-21 14:13:21"),
        seen("wrote the report at 2026-09-24 14:13:22", NOW),
    )
    assert comparison.reason is None
    assert comparison.changed == ("2026-09-21 14:13:21",)


def test_a_timestamp_that_is_data_is_not_masked() -> None:
    assert reason("first row at 2020-01-01 10:00:00", "first row at 2021-01-01 10:00:00")


def test_a_clock_that_is_the_whole_answer_is_not_masked() -> None:
    assert reason("2026-09-21 14:13:21", "2026-09-24 14:13:22")


def test_a_listing_of_files_that_the_run_made_is_masked() -> None:
    old = "-rw-r--r-- 1 root root 12 Sep 21 14:13 a.txt"
    assert reason(old, old.replace("Sep 21", "Sep 24")) is None


def test_a_listing_of_older_files_is_not_masked() -> None:
    old = "-rw-r--r-- 1 root root 12 Jan  2 10:00 a.txt"
    assert reason(old, old.replace("10:00", "11:00"))


def test_the_time_a_command_says_it_took_is_masked() -> None:
    assert reason("Ran 3 tests in 0.012s", "Ran 3 tests in 0.034s") is None


def test_a_duration_longer_than_the_step_is_data() -> None:
    assert reason("the trip took 312 s in all", "the trip took 290 s in all")


def test_a_measured_duration_without_its_context_is_data() -> None:
    assert reason("mean latency 0.5 ms of the service", "mean latency 0.7 ms of the service")


def test_temporary_names_are_masked_and_reported() -> None:
    comparison = compare(
        seen("built in folder /tmp/tmpab12cd34 today"),
        seen("built in folder /tmp/tmpzz99yy88 today", NOW),
    )
    assert comparison.reason is None
    assert comparison.changed == ("/tmp/tmpab12cd34",)


def test_strict_masks_nothing() -> None:
    old, new = "Ran 3 tests in 0.012s", "Ran 3 tests in 0.034s"
    assert compare(seen(old), seen(new, NOW), strict=True).reason is not None


@given(st.text(), st.text())
def test_texts_that_hold_differ_in_nothing_or_in_reported_parts(old: str, new: str) -> None:
    comparison = compare(seen(old), seen(new, NOW))
    if comparison.reason is None:
        assert old == new or comparison.changed


@given(st.text())
def test_no_text_makes_it_fail(text: str) -> None:
    assert compare(seen(text), seen(text, NOW)).reason is None


@given(st.lists(st.text()), st.lists(st.text()))
def test_a_difference_can_always_be_named(left: list[str], right: list[str]) -> None:
    assert first_difference("\n".join(left), "\n".join(right))
