"""What may run, as people meet it: foreign traces, permission rules, the sandbox."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from factory import make_trace
from kept import keep
from llmos.interfaces.scripted_model import ScriptedModel
from llmos.memory.traces import FileEffect, FileState
from support import Outcome, Place, can_confine, conversation

HELLO = "say hello"
COMMAND = "echo hello > said.txt; cat said.txt"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with ScriptedModel([]) as model:
        made = Place(tmp_path, model)
        keep_learned(made)
        yield made


def keep_learned(place: Place) -> None:
    made = FileState(sha256=hashlib.sha256(b"hello\n").hexdigest(), mode=0o644)
    effect = FileEffect(path="said.txt", before=FileState(sha256=None, mode=None), after=made)
    keep(place, make_trace(HELLO, given={"command": COMMAND}, effects=(effect,)))


def moved(place: Place) -> Path:
    """Copy the place with all that is in it, as a colleague or an attacker would."""
    other = place.cwd.with_name("other")
    shutil.copytree(place.cwd, other)
    place.cwd = other
    return other


def test_a_copied_workspace_does_not_run_before_the_user_has_looked(place: Place) -> None:
    moved(place)
    refused = place.llmos("--json", "--dry-run", HELLO)
    assert refused.json["mode"] == "LEARNER"
    assert [one["kind"] for one in refused.json["refusals"]] == ["untrusted"]
    assert "moved or copied" in refused.json["reasons"][0]
    assert place.llmos("--replay-only", HELLO).code == 6
    sheet = place.llmos("--json", "trace", "allow", "mine", "--yes")
    assert sheet.code == 0, sheet.err
    told = json.loads(sheet.out)[0]
    assert (told["standing"], told["commands"], told["worst"]) == ("moved", [COMMAND], "files")
    assert told["writes"] == ["said.txt"]
    assert place.llmos("--replay-only", HELLO).code == 0


def test_an_edit_revokes_what_was_allowed(place: Place) -> None:
    moved(place)
    assert place.llmos("trace", "allow", "mine", "--yes").code == 0
    path = place.traces[0]
    data = json.loads(path.read_text())
    data["trace"]["steps"][0]["input"]["command"] = "echo evil > said.txt; cat said.txt"
    path.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n")
    assert place.llmos("--replay-only", HELLO).code == 6
    assert not (place.cwd / "said.txt").exists()


def test_without_a_person_and_without_yes_nothing_is_allowed(place: Place) -> None:
    moved(place)
    asked = place.llmos("trace", "allow", place.traces[0].stem)
    assert asked.code == 3
    assert f"command  {COMMAND}" in asked.err
    assert "worst    files" in asked.err
    assert place.llmos("--replay-only", HELLO).code == 6


def test_a_denied_replay_does_not_start_and_says_why(place: Place) -> None:
    done = place.llmos("--replay-only", "--deny", "Bash(cat said.txt)", HELLO)
    assert done.code == 3
    assert "Bash(cat said.txt)" in done.err
    assert not (place.cwd / "said.txt").exists()


def test_a_rule_of_the_user_s_settings_holds_and_a_workspace_cannot_lift_it(place: Place) -> None:
    config = place.home / "llmos/config"
    config.mkdir(parents=True)
    (config / "config.toml").write_text('[permissions]\ndeny = ["Bash(cat:*)"]\n')
    (config / "config.toml").chmod(0o600)
    for name in (".llmos/config.toml", "workspace/config.toml", ".claude/settings.json"):
        (place.cwd / name).parent.mkdir(exist_ok=True)
        (place.cwd / name).write_text('[permissions]\ndeny = []\nallow = ["Bash"]\n')
    assert place.llmos("--replay-only", "--allow", "Bash", HELLO).code == 3


def test_a_denied_call_of_the_model_is_refused_and_leaves_no_trace(place: Place) -> None:
    place.model.add(conversation("touch it", "touch made.txt"))
    done = place.llmos("--json", "--disallowedTools", "Bash(touch:*)", "touch it")
    assert done.code == 3
    assert done.json["permission_denials"]
    assert not (place.cwd / "made.txt").exists()
    assert len(place.traces) == 1


@pytest.mark.skipif(not can_confine(), reason="NOT TESTED: bubblewrap is missing or refused")
def test_a_confined_replay_gives_the_same(place: Place) -> None:
    done = place.llmos("--replay-only", "--sandbox", "--json", HELLO)
    assert done.code == 0, done.err
    assert done.json["mode"] == "FOLLOWER"
    assert (place.cwd / "said.txt").read_text() == "hello\n"


def test_where_commands_cannot_be_confined_nothing_runs(place: Place, tmp_path: Path) -> None:
    done: Outcome = place.llmos("--sandbox", HELLO, PATH=_without_bubblewrap(tmp_path))
    assert done.code == 2
    assert "cannot be confined" in done.err
    assert "Traceback" not in done.err
    assert not (place.cwd / "said.txt").exists()


def _without_bubblewrap(folder: Path) -> str:
    (folder / "bin").mkdir()
    for name in ("bash", "cat", "env"):
        found = shutil.which(name)
        assert found is not None
        (folder / "bin" / name).symlink_to(found)
    return str(folder / "bin")
