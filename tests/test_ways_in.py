"""One engine behind every way in; and a dry run that says all and does nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from factory import make_trace
from kept import keep
from llmos.interfaces.scripted_model import ScriptedModel
from llmos.memory.traces import Observation, Step
from pseudo_terminal import Terminal
from support import ROOT, Place
from trees import tree_of

HELLO = "say hello"
OF_THE_RUN = {"run_id", "session_id", "duration_ms", "receipt", "confidence", "saved_usd", "uuid"}
"""What differs from one run to the next, whatever the way in."""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with ScriptedModel([]) as model:
        made = Place(tmp_path, model)
        keep(made, make_trace(HELLO, answer="hello was said"))
        yield made


def test_three_ways_in_give_the_same_result(place: Place) -> None:
    done = [
        place.python(str(ROOT / "boot.py"), "--json", HELLO),
        place.llmos("--json", HELLO),
        place.llmos("--json", stdin=f"{HELLO}\n"),
    ]
    objects: list[dict[str, Any]] = [one.json for one in done]
    assert [one["mode"] for one in objects] == ["FOLLOWER"] * 3
    same = [{name: one[name] for name in one if name not in OF_THE_RUN} for one in objects]
    assert same[0] == same[1] == same[2]
    assert objects[0].keys() == objects[1].keys() == objects[2].keys()
    assert same[0]["result"] == "hello was said"


def test_the_form_of_the_output_does_not_depend_on_a_terminal(place: Place) -> None:
    piped = place.llmos("--dry-run", HELLO).out
    terminal = Terminal(place, "--dry-run", HELLO, columns=200)
    try:
        assert terminal.ended() == 0
        assert [row for row in terminal.screen.rows if row] == piped.splitlines()
        assert terminal.screen.colours == 0
    finally:
        terminal.close()


def test_a_dry_run_shows_steps_effects_diffs_and_price_and_writes_nothing(place: Place) -> None:
    seen = Observation(text="", ok=True, exit_code=0, at=0.0, duration_s=0.1)
    steps = (
        Step(tool="Write", input={"file_path": "a.txt", "content": "new\n"}, observation=seen),
        Step(tool="Bash", input={"command": "git push"}, observation=seen),
    )
    keep(place, replace(make_trace("publish it"), steps=steps))
    (place.cwd / "a.txt").write_text("old\n")
    before = tree_of(place.cwd, without="workspace"), tree_of(place.cwd / "workspace/memory/traces")
    done = place.llmos("--dry-run", "publish it")
    assert done.code == 0, done.err
    first, *rest = done.out.splitlines()
    assert first.endswith("$0.00")
    assert "  1 Write a.txt  [files]" in rest
    assert any(line.startswith("  2 Bash git push  [outside") for line in rest)
    assert "\n".join(rest).endswith("--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-old\n+new")
    assert place.llmos("--dry-run", "--json", "publish it").json["changes"][-1] == "+new"
    # What is not known yet has a price only.
    assert place.llmos("-n", "another goal").out.startswith("LEARNER ~$0.50\n")
    after = tree_of(place.cwd, without="workspace"), tree_of(place.cwd / "workspace/memory/traces")
    assert after == before
    assert place.llmos("runs", "--json").json == []
    assert place.model.requests == []
