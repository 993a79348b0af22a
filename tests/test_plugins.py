"""Plugin files that are wrong are told in one line and left out; llmos goes on without them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmos.interfaces.scripted_model import Conversation, ScriptedModel, Text, ToolUse, Turn
from llmos.plugins.loader import LoadedPlugins, load_plugins
from llmos.plugins.probe import problem_of_loading
from support import Place

TAG = "from plugins import llm_tool\n"
GOOD = f"""{TAG}
@llm_tool("shout", "Shout", {{"text": str}})
def shout(text): return text.upper()
"""
BROKEN = {
    "syntax": ("x = 1\ndef (:\n", "bad.py:2 was left out: SyntaxError"),
    "no UTF-8": (b"\xff\xfe", "SyntaxError"),
    "raises": ("x = 1\n1 / 0\n", "bad.py:2 was left out: ZeroDivisionError"),
    "sys.exit": ("import sys; sys.exit(3)", "SystemExit: 3"),
    "interrupt": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "recursion": ("def f(): f()\nf()", "RecursionError"),
    "import": ("import nosuchmodule", "No module named 'nosuchmodule'"),
    "os._exit": ("import os; os._exit(5)", "loading it ends the process (exit code 5)"),
    "kill": ("import os; os.kill(os.getpid(), 9)", "loading it ends the process (SIGKILL)"),
    "name": (f'{TAG}@llm_tool("a b", "x", {{}})\ndef f(): pass', "'a b' cannot be a tool's name"),
    "name of no text": (f"{TAG}@llm_tool(5, 'x', {{}})\ndef f(): pass", "cannot be a tool's name"),
    "schema": (f'{TAG}@llm_tool("ab", "x", 5)\ndef f(): pass', "its schema is no mapping"),
    "type": (f'{TAG}@llm_tool("ab", "x", {{"q": []}})\ndef f(q): pass', "the type of 'q'"),
    "same name": (
        f'{TAG}@llm_tool("shout", "x", {{}})\ndef f(): pass\n@llm_tool("shout", "y", {{}})\n'
        "def g(): pass",
        "already a tool named 'shout'",
    ),
}


def load(folder: Path, source: str | bytes) -> LoadedPlugins:
    data = source.encode() if isinstance(source, str) else source
    (folder / "bad.py").write_bytes(data)
    (folder / "good.py").write_text(GOOD.replace("shout", "cry"))
    return load_plugins([folder], seen=folder / "seen")


@pytest.mark.parametrize(("source", "says"), list(BROKEN.values()), ids=list(BROKEN))
def test_a_broken_plugin_is_told_and_the_others_are_loaded(
    source: str | bytes, says: str, tmp_path: Path
) -> None:
    loaded = load(tmp_path, source)
    assert [says in problem.message for problem in loaded.problems] == [True], loaded.problems
    assert "cry" in [tool.name for tool in loaded.tools]


def test_a_plugin_that_hangs_is_told(tmp_path: Path) -> None:
    path = tmp_path / "hangs.py"
    path.write_text("while True: pass")
    problem = problem_of_loading(path, path.read_bytes(), tmp_path / "seen", limit_s=1.5)
    assert problem == "it had not finished loading after 1.5 s"


def test_a_plugin_that_loads_well_is_tried_once_until_it_changes(tmp_path: Path) -> None:
    count = f"with open({str(tmp_path / 'count')!r}, 'a') as file: file.write('x')\n"
    (tmp_path / "plugin.py").write_text(GOOD + count)
    for _ in range(3):
        assert load_plugins([tmp_path], seen=tmp_path / "seen").problems == ()
    assert (tmp_path / "count").read_text() == "xxxx"  # three loads, and one try before the first
    (tmp_path / "plugin.py").write_text(GOOD + count + "# changed\n")
    load_plugins([tmp_path], seen=tmp_path / "seen")
    assert (tmp_path / "count").read_text() == "xxxxxx"


def test_what_is_no_file_is_told_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "nowhere.py").symlink_to(tmp_path / "absent")
    loaded = load_plugins([tmp_path], seen=tmp_path / "seen")
    assert [Path(problem.path).name for problem in loaded.problems] == [
        "folder.py",
        "nowhere.py",
        "pipe.py",
    ]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with ScriptedModel([]) as model:
        yield Place(tmp_path, model)


def test_what_a_plugin_prints_does_not_mix_with_the_result(place: Place) -> None:
    folder = place.cwd / "workspace/plugins"
    folder.mkdir(parents=True)
    (folder / "loud.py").write_text(
        "print('while loading')\n"
        + GOOD.replace("return", "print('while running'); return").replace("def", "async def")
    )
    call = ToolUse("mcp__llmos__shout", {"text": "hey"})
    place.model.add(Conversation("shout", [Turn(call), Turn(Text("HEY"))]))
    for mode in ("LEARNER", "FOLLOWER"):
        done = place.llmos("--json", "shout")
        assert done.json["mode"] == mode
        assert "while loading" in done.err
        assert "while running" in done.err


def test_a_plugin_that_would_end_llmos_does_not(place: Place) -> None:
    folder = place.cwd / "workspace/plugins"
    folder.mkdir(parents=True)
    (folder / "exits.py").write_text("import os; os._exit(0)")
    done = place.llmos("--dry-run", "anything")
    assert done.out.startswith("LEARNER")
    assert "exits.py was left out: loading it ends the process (exit code 0)" in done.err
