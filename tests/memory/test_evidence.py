"""What changes about a trace is kept beside it, never in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmos.memory.evidence import Evidence, Outcome, TraceEvidence


def test_confidence_grows_with_clean_replays_and_falls_with_drift() -> None:
    evidence = Evidence(None)
    unknown = evidence.of("t-1").confidence
    evidence.record("t-1", "learned", 1.0, "")
    learned = evidence.of("t-1").confidence
    for n in range(10):
        evidence.record("t-1", "replayed", 2.0 + n, "")
    proven = evidence.of("t-1").confidence
    evidence.record("t-1", "drifted", 20.0, "changed")
    assert unknown < learned < proven
    assert evidence.of("t-1").confidence < proven
    assert 0.91 < proven < 0.93
    assert evidence.of("t-1").last_used_at == 20.0


def test_it_lives_longer_than_its_process(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    first = Evidence(path)
    first.record("t-1", "replayed", 1.0, "")
    first.note_left("t-1", {"a.txt": "aa"})
    second = Evidence(path)
    assert second.of("t-1").successes == 1
    assert second.left("t-1") == {"a.txt": "aa"}
    assert second.left("t-2") == {}


def test_each_run_of_a_trace_keeps_what_it_left_beside_what_the_others_left() -> None:
    evidence = Evidence(None)
    evidence.note_left("t-1", {"a.txt": "aa"})
    evidence.note_left("t-1", {"b.txt": "bb"})
    assert evidence.left("t-1") == {"a.txt": "aa", "b.txt": "bb"}


def test_the_last_run_that_left_a_file_counts() -> None:
    evidence = Evidence(None)
    evidence.note_left("t-1", {"a.txt": "aa"})
    evidence.note_left("t-1", {"a.txt": "cc"})
    assert evidence.left("t-1") == {"a.txt": "cc"}


def after(*outcomes: Outcome) -> TraceEvidence:
    evidence = Evidence(None)
    for at, outcome in enumerate(outcomes):
        evidence.record("t-1", outcome, float(at), "")
    return evidence.of("t-1")


def drifts(count: int) -> list[Outcome]:
    return ["drifted"] * count


def clean(count: int) -> list[Outcome]:
    return ["replayed"] * count


def test_a_trace_is_a_candidate_until_one_clean_replay() -> None:
    assert after("learned").standing == "candidate"
    assert after("learned", "replayed").standing == "proven"


FAILURES: tuple[Outcome, ...] = ("drifted", "failed", "refused")


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failed_replay_makes_a_proven_trace_a_candidate_again(failure: Outcome) -> None:
    assert after("learned", "replayed", failure).standing == "candidate"
    assert after("learned", "replayed", failure, "replayed").standing == "proven"


def test_below_the_floor_a_trace_is_retired() -> None:
    assert after("learned", *drifts(5)).standing == "candidate"
    assert after("learned", *drifts(6)).standing == "retired"
    assert after("learned", *clean(9), *drifts(6)).standing == "candidate"


def test_the_order_of_outcomes_counts_and_not_the_clock() -> None:
    evidence = Evidence(None)
    evidence.record("t-1", "drifted", 2000.0, "")
    evidence.record("t-1", "replayed", 1000.0, "")
    assert evidence.of("t-1").standing == "proven"
