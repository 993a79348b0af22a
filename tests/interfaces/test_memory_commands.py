"""What people do with memories and with the history, on the command line and in the shell."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from inside import llmos
from llmos.kernel.redaction import Redactor
from llmos.memory.sessions import SessionLog
from support import Outcome


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [one for one in os.environ if one.startswith(("LLMOS_", "ANTHROPIC_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LLMOS_HOME", str(tmp_path / "home/llmos"))
    monkeypatch.setenv("DEPLOY_TOKEN", "tok-3f9a8b7c6d5e4f3a2b1c")
    cwd = tmp_path / "cwd"
    cwd.mkdir()
    monkeypatch.chdir(cwd)
    return cwd


def memory(*words: str) -> Outcome:
    done = llmos("memory", *words)
    assert done.code == 0, done.err
    return done


def add(text: str, *options: str) -> str:
    return memory("add", "--json", *options, text).json["id"]


def test_a_memory_is_added_found_listed_and_forgotten_by_the_beginning_of_its_id() -> None:
    kept = add("the release branch is called trunk", "--meta", "project=apollo", "--meta", "n=1")
    other = add("tabs, not spaces", "--kind", "rule")
    found = memory("search", "--json", "which branch is released").json
    assert found[0]["id"] == kept
    assert found[0]["metadata"] == {"project": "apollo", "n": 1}
    assert [one["id"] for one in memory("list", "--json", "--meta", "n=1").json] == [kept]
    assert [one["id"] for one in memory("list", "--json", "--kind", "rule").json] == [other]
    assert "trunk" in memory("list").out
    assert memory("rm", kept[:8], "--json").json == {"removed": 1}
    assert [one["id"] for one in memory("list", "--json").json] == [other]


def test_what_is_kept_holds_no_secret() -> None:
    kept = add("deploy with tok-3f9a8b7c6d5e4f3a2b1c")
    (found,) = memory("list", "--json").json
    assert found["id"] == kept
    assert "tok-3f9a" not in found["text"]


def test_an_export_gives_all_back_where_it_is_imported(place: Path) -> None:
    add("one", "--meta", "n=1")
    add("two", "--days", "3")
    memory("export", "all.jsonl")
    lines = [json.loads(line) for line in (place / "all.jsonl").read_text().splitlines()]
    assert memory("import", "--json", "all.jsonl", "--workspace", "other").json == {"imported": 2}
    back = memory("list", "--json", "--workspace", "other").json
    for one in back:
        assert one["metadata"].pop("imported") is True
    assert sorted(back, key=lambda one: one["id"]) == sorted(lines, key=lambda one: one["id"])
    assert memory("export", "--json").json == lines


@pytest.mark.parametrize(
    "line", ["no json", '{"id": 1, "text": "x"}', '{"id": "m"}', "[]", '{"id":"m","text":" "}']
)
def test_a_line_that_is_no_memory_is_named_and_nothing_is_taken_in(line: str, place: Path) -> None:
    (place / "some.jsonl").write_text(f'{{"id": "m-1", "text": "good"}}\n\n{line}\n')
    done = llmos("memory", "import", "some.jsonl")
    assert done.code == 2
    assert "line 3" in done.err or "memory 2" in done.err
    assert memory("list", "--json").json == []


@pytest.mark.parametrize(
    "words",
    [
        ("add", " "),
        ("rm", "m-none"),
        ("rm",),
        ("search", "x", "--mode", "magic"),
        ("search", "x", "--limit", "-1"),
        ("search", "x", "--since", "soon"),
        ("add", "x", "--meta", "novalue"),
        ("import", "missing.jsonl"),
        ("export", "missing/folder/x.jsonl"),
        ("polish",),
    ],
)
def test_what_is_wrong_is_told_in_one_line_with_exit_code_2(words: tuple[str, ...]) -> None:
    done = llmos("memory", *words)
    assert done.code == 2
    assert "error" in done.err
    assert "Traceback" not in done.err


def write_log(place: Path, session: str, *texts: str) -> Path:
    folder = place / "workspace/memory/sessions"
    log = SessionLog(folder, session, Redactor({}), clock=lambda: 1_700_000_000.0)
    for text in texts:
        log.write({"type": "RunEnded", "run_id": "r-1", "goal": text})
    log.close()
    return log.path


def test_past_sessions_are_searched_newest_first_by_all_words_in_any_case(place: Path) -> None:
    write_log(place, "20240101-000000-aaaaaa", "Count the LINES", 'say "hello"\nlines')
    write_log(place, "20250101-000000-bbbbbb", "count lines again")
    found = llmos("history", "search", "--json", "count", "lines").json
    assert [one["text"] for one in found] == ["count lines again", "Count the LINES"]
    assert found[0]["session"] == "20250101-000000-bbbbbb"
    assert len(llmos("history", "search", "--json", "--limit", "1", "lines").json) == 1
    assert llmos("history", "search", "--json", '"hello"').json
    assert llmos("history", "search", "--json", "--since", "2024-01-01", "lines").json == []
    assert llmos("history", "search", "--json", "unheard").json == []


def test_logs_of_old_sessions_are_pruned_and_later_ones_stay(place: Path) -> None:
    old = write_log(place, "20240101-000000-aaaaaa", "old")
    new = write_log(place, "20250101-000000-bbbbbb", "new")
    aged = time.time() - 10 * 24 * 3600
    os.utime(old, (aged, aged))
    pruned = llmos("history", "prune", "--days", "9", "--json")
    assert pruned.json == {"removed": ["20240101-000000-aaaaaa"]}
    assert not old.exists()
    assert new.exists()
