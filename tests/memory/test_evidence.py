"""What changes about a trace is kept beside it, never in it."""

from __future__ import annotations

from pathlib import Path

from llmos.memory.evidence import Evidence


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
