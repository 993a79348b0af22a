"""The commands about traces: listed, run with values, edited, compared, in files and out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from factory import LEARNED_AT, make_trace
from inside import llmos
from llmos.boot import LLMOS
from llmos.memory.codec import read_trace
from llmos.memory.traces import Trace
from parameters import with_parameters

GOAL = "count the lines of data.csv"


def stored(*traces: Trace) -> list[str]:
    async def put() -> list[str]:
        async with LLMOS() as system:
            return [system.traces.put(one) for one in traces]

    return anyio.run(put)


def counting() -> Trace:
    trace = make_trace(GOAL, given={"command": "wc -l < data.csv"}, output="2", answer="2")
    return with_parameters(trace, {"data.csv": "path"})


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.csv").write_text("a\nb\n")
    (tmp_path / "b.csv").write_text("a\nb\nc\n")
    return tmp_path


@pytest.fixture
def trace_id(place: Path) -> str:
    return stored(counting())[0]


def test_a_list_is_searched_and_given_page_by_page(place: Path) -> None:
    stored(*(make_trace(f"say {n}", learned_at=LEARNED_AT + n) for n in range(5)), counting())
    assert [row["goal"] for row in llmos("trace", "list", "--search", "CSV", "--json").json] == [
        GOAL
    ]
    page = llmos("trace", "list", "--search", "say", "--limit", "2", "--offset", "1", "--json")
    assert [row["goal"] for row in page.json] == ["say 3", "say 2"]
    assert "--offset 3" in page.err
    whole = llmos("trace", "list", "--limit", "6")
    assert len(whole.out.splitlines()) == 7
    assert whole.err == ""
    assert llmos("trace", "list", "--limit", "0").code == 2


def test_a_trace_is_run_with_the_values_that_are_given(trace_id: str) -> None:
    assert llmos("run", trace_id).out == "2\n"
    name = json.loads(llmos("trace", "export", trace_id).out)["trace"]["parameters"][0]["name"]
    done = llmos("trace", "run", trace_id[2:8], f"{name}=b.csv", "--json")
    assert done.code == 0, done.err
    assert (done.json["result"], done.json["total_cost_usd"]) == ("3", 0)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["pth=b.csv"], "did you mean"),
        (["x"], "no key=value"),
        (["{name}=b.csv", "{name}=b.csv"], "twice"),
        (["{name}=; rm -rf x"], "kind"),
    ],
)
def test_a_value_that_the_trace_does_not_take_is_told(
    words: list[str], says: str, trace_id: str, place: Path
) -> None:
    name = json.loads(llmos("trace", "export", trace_id).out)["trace"]["parameters"][0]["name"]
    wrong = [one.format(name=name).replace("pth", name[:-1] + "x") for one in words]
    done = llmos("run", trace_id, *wrong)
    assert (done.code, done.out) == (2, ""), done.err
    assert says in done.err


def test_what_was_exported_is_imported_and_runs_only_once_allowed(
    trace_id: str, place: Path
) -> None:
    assert llmos("trace", "export", trace_id, "-o", "out.json").code == 0
    assert llmos("trace", "rm", trace_id).code == 0
    taken = llmos("trace", "import", "out.json", "--json")
    assert taken.json == [{"trace_id": trace_id, "may_run": False}]
    assert llmos("run", trace_id).code == 3
    assert llmos("--replay-only", GOAL).code == 6
    assert llmos("trace", "allow", trace_id, "--yes").code == 0
    assert llmos("run", trace_id).out == "2\n"
    assert llmos("trace", "export", trace_id, "-o", "out.json").code == 2


def test_importing_what_was_learned_here_changes_nothing(trace_id: str) -> None:
    llmos("trace", "export", trace_id, "-o", "out.json")
    assert llmos("trace", "import", "out.json", "--json").json == [
        {"trace_id": trace_id, "may_run": True}
    ]


def test_one_broken_file_keeps_all_out(trace_id: str, place: Path) -> None:
    llmos("trace", "export", trace_id, "-o", "good.json")
    llmos("trace", "rm", trace_id)
    (place / "bad.json").write_text("{}")
    assert llmos("trace", "import", "good.json", "bad.json").code == 2
    assert llmos("trace", "list", "--json").json == []


def test_validate_says_of_each_file_whether_it_is_a_trace(trace_id: str, place: Path) -> None:
    llmos("trace", "export", trace_id, "-o", "good.json")
    (place / "bad.json").write_text("[]")
    assert llmos("trace", "validate", "good.json").code == 0
    done = llmos("trace", "validate", "good.json", "bad.json", "none.json", "--json")
    assert done.code == 2
    assert [row["valid"] for row in done.json] == [True, False, False]


def test_markdown_has_front_matter_and_the_command(trace_id: str) -> None:
    text = llmos("trace", "export", trace_id, "--to", "md").out
    head = text.split("---\n")[1].splitlines()
    assert head[0] == 'name: "count-the-lines-of-data-csv"'
    assert [line for line in head if not line.startswith(" ")][-1] == "metadata:"
    assert any("{{ " in line for line in head if "goal:" in line)
    assert '      input_type: "file"' in head
    assert "```bash\nwc -l < data.csv\n```" in text


@pytest.mark.parametrize(("form", "program"), [("bash", "bash"), ("python", sys.executable)])
def test_a_script_does_what_the_trace_did(form: str, program: str, place: Path) -> None:
    write = make_trace(
        "write it's", tool="Write", answer="wrote 'it'",
        given={"file_path": "new/x'.txt", "content": "it's $HOME\n\\n `x`"},
    )  # fmt: skip
    edit = make_trace(
        "edit", tool="Edit",
        given={"file_path": "data.csv", "old_string": "a", "new_string": "z'"},
    )  # fmt: skip
    fails = make_trace("fail", given={"command": "echo out > out; exit 3"}, ok=False)
    (step,) = fails.steps
    step = replace(step, observation=replace(step.observation, exit_code=3))
    for trace_id in stored(write, edit, replace(fails, steps=(step,))):
        script = llmos("trace", "export", trace_id, "--to", form).out
        subprocess.run([program, "-"], input=script, cwd=place, text=True, check=True)
    assert (place / "out").read_text() == "out\n"
    assert (place / "new/x'.txt").read_text() == "it's $HOME\n\\n `x`"
    assert (place / "data.csv").read_text() == "z'\nb\n"


def test_a_plugin_tool_is_in_no_script(place: Path) -> None:
    (trace_id,) = stored(make_trace("shout", tool="mcp__llmos__shout", given={"text": "x"}))
    assert llmos("trace", "export", trace_id, "--to", "bash").code == 2
    assert llmos("trace", "export", trace_id, "--to", "md").code == 0
    assert llmos("trace", "export", trace_id, "--to", "perl").code == 2


def editor(place: Path, program: str) -> str:
    path = place / "editor.py"
    path.write_text(program)
    return f"{sys.executable} {path}"


def test_an_edited_copy_is_another_trace_and_runs_once_allowed(
    trace_id: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = "import sys\np = sys.argv[1]\nt = open(p).read().replace('wc -l <', 'wc  -l <')\n"
    monkeypatch.setenv("EDITOR", editor(place, f"{change}open(p, 'w').write(t)\n"))
    done = llmos("trace", "edit", trace_id, "--json")
    assert done.code == 0, done.err
    assert done.json["from"] == trace_id != done.json["trace_id"]
    new_id = done.json["trace_id"]
    assert llmos("run", new_id).code == 3
    shown = llmos("trace", "diff", trace_id, new_id)
    assert '-        "command": "wc -l < data.csv"' in shown.out
    assert '+        "command": "wc  -l < data.csv"' in shown.out
    assert llmos("trace", "allow", new_id, "--yes").code == 0
    assert llmos("trace", "rm", trace_id).code == 0
    assert llmos("run", new_id).out == "2\n"


def test_an_edit_that_is_no_trace_is_kept_and_told(
    trace_id: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", editor(place, "import sys; open(sys.argv[1], 'w').write('{')"))
    done = llmos("trace", "edit", trace_id)
    assert done.code == 2
    kept = Path(done.err.rsplit("kept in ", 1)[1].strip())
    assert kept.read_text() == "{"
    assert len(llmos("trace", "list", "--json").json) == 1


@pytest.mark.parametrize(("command", "code"), [("true", 0), ("false", 2), ("/no/such", 2), ("", 2)])
def test_without_a_change_or_an_editor_nothing_is_stored(
    command: str, code: int, trace_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", command)
    assert llmos("trace", "edit", trace_id).code == code
    assert len(llmos("trace", "list", "--json").json) == 1


def test_path_is_one_path_for_scripts(trace_id: str, place: Path) -> None:
    folder = llmos("trace", "path").out.strip()
    assert folder == os.fspath(place / "workspace/memory/traces")
    file = llmos("trace", "path", trace_id).out.strip()
    assert read_trace(Path(file)).trace_id == trace_id
