"""Goals that look alike and are not: none may be answered by the other's trace."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import pytest

from traps import KINDS, PER_KIND, Call, Trap, should_hit, traps
from workbench import TODAY, Workbench

TRAPS = traps(TODAY)
HITS = should_hit(TODAY)
TOOLS = {call["tool"] for one in (*TRAPS, *HITS) for call in (*one.calls, *one.right)}


def same(left: list[Call] | None, right: list[Call]) -> bool:
    """Compare calls to the letter; ``1``, ``1.0`` and ``true`` differ."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def test_there_are_600_traps_of_many_goals() -> None:
    assert Counter(trap.kind for trap in TRAPS) == dict.fromkeys(KINDS, PER_KIND)
    assert len(TRAPS) == 600
    assert len({frozenset((trap.learned, trap.asked)) for trap in TRAPS}) >= 550
    assert traps(TODAY) == TRAPS
    for trap in TRAPS:
        assert not same(trap.calls, trap.right), trap
        assert trap.learned != trap.asked or trap.days_later, trap


def test_there_are_60_goals_to_answer() -> None:
    assert Counter(hit.form for hit in HITS) == dict.fromkeys(
        ("exact", "style", "polite", "value"), 15
    )


@pytest.mark.parametrize("kind", KINDS)
def test_no_trap_is_answered_wrongly(kind: str, tmp_path: Path) -> None:
    wrong: list[tuple[Trap, object]] = []
    for number, trap in enumerate(trap for trap in TRAPS if trap.kind == kind):
        with Workbench(tmp_path / str(number), tmp_path / "state", TOOLS) as bench:
            assert bench.learn(trap.learned, trap.calls) is not None, trap
            answer = bench.ask(trap.asked, days_later=trap.days_later)
        if answer.produced is not None and not same(answer.produced, trap.right):
            wrong.append((trap, answer.produced))
    assert not wrong, f"{len(wrong)} of {PER_KIND}: {wrong[:5]}"


def test_no_trap_is_answered_wrongly_when_all_are_learned(tmp_path: Path) -> None:
    """With many families in one store, the wrong one has more chances."""
    wrong: list[tuple[Trap, object]] = []
    with Workbench(tmp_path / "all", tmp_path / "state", TOOLS) as bench:
        known: dict[str, Trap] = {}
        for trap in TRAPS:
            if known.setdefault(trap.learned, trap) is trap:
                assert bench.learn(trap.learned, trap.calls) is not None
        for trap in TRAPS:
            answer = bench.ask(trap.asked, days_later=trap.days_later)
            if answer.produced is not None and not same(answer.produced, trap.right):
                wrong.append((trap, answer.produced))
    assert not wrong, f"{len(wrong)} of {len(TRAPS)}: {wrong[:5]}"


def test_goals_that_mean_the_same_are_answered(tmp_path: Path) -> None:
    right: Counter[str] = Counter()
    for number, hit in enumerate(HITS):
        with Workbench(tmp_path / str(number), tmp_path / "state", TOOLS) as bench:
            assert bench.learn(hit.learned, hit.calls) is not None, hit
            produced = bench.ask(hit.asked).produced
        assert produced is None or same(produced, hit.right), (hit, produced)
        right[hit.form] += produced is not None
    shares = ", ".join(f"{form} {right[form]} of 15" for form in ("style", "polite", "value"))
    sys.stdout.write(f"answered: exact {right['exact']} of 15, {shares}\n")
    assert right["exact"] == 15
