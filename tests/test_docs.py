"""The documents say what is so: every block is read by what it is for, the reference is current."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
import re
import shlex
import tomllib
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

from llmos.__main__ import main
from llmos.interfaces.arguments import parse
from llmos.interfaces.help_topics import page, topics
from support import ROOT

DOCS = sorted((ROOT / "docs").glob("*.md"))
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
BLOCKS = [
    pytest.param(kind, text, id=f"{path.stem}-{number}")
    for path in DOCS
    for number, (kind, text) in enumerate(BLOCK.findall(path.read_text()))
]
PROGRAMS = {"llmos", "echo", "git", "make", "jq"}


def maker(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / f"docs/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("kind", "text"), BLOCKS)
def test_a_block_is_what_it_says(kind: str, text: str) -> None:
    match kind:
        case "bash":
            for line in text.splitlines():
                check_line(line)
        case "python":
            check_python(text)
        case "toml":
            tomllib.loads(text)
        case "json":
            json.loads(text)
        case _:
            assert kind == "text"


def check_line(line: str) -> None:
    """Read each command of a line: llmos reads its own arguments, the others are known programs."""
    parts = list(shlex.shlex(line, posix=True, punctuation_chars="|<>"))
    words = shlex.split(line)
    assert words[0] in PROGRAMS
    assert "llmos" in parts
    command: list[str] = []
    for word in [*words, "|"]:
        if word in ("|", "<"):
            if command[:1] == ["llmos"]:
                parse(command[1:])
            command = []
        elif word != "2>&1":
            command.append(word)


def check_python(text: str) -> None:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("llmos"):
            module = importlib.import_module(str(node.module))
            assert all(hasattr(module, one.name) for one in node.names)


def test_the_reference_is_what_the_code_says() -> None:
    module = maker("make_reference")
    said = "run `make reference`"
    assert (ROOT / "docs/reference.md").read_text() == module.reference(), said


def test_every_topic_has_a_page_and_help_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    for topic in topics():
        assert main(["help", topic]) == 0
        shown = capsys.readouterr().out
        text = page(topic)
        assert shown.endswith(text) if text is not None else shown.startswith("exit codes:")
    assert {"traces", "security", "plugins", "scripting", "sessions", "config"} <= {*topics()}
    assert main(["help", "nothing-of-the-kind"]) == 2
    assert "exit-codes" in capsys.readouterr().err


def test_the_pages_come_with_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "docs/*.md" in project["tool"]["setuptools"]["package-data"]["llmos"]


def test_every_picture_that_is_named_is_there_and_tells_nothing_of_the_machine() -> None:
    pictures = {path.stem: path.read_text() for path in (ROOT / "docs/pictures").glob("*.svg")}
    table = (ROOT / "docs/shell.md").read_text().split("| picture |")[1].split("\n\n")[0]
    assert pictures.keys() == set(re.findall(r"`(\w[\w-]*-[\w-]+)`", table))
    shown = re.findall(r"docs/pictures/([\w-]+)\.svg", (ROOT / "README.md").read_text())
    assert shown
    assert {*shown} <= pictures.keys()
    for text in pictures.values():
        assert not re.search(r"/tmp|/home|/work|/root|https?://(?!www\.w3\.org|www\.textu)", text)
        assert not re.search(r"\d{4}-\d\d-\d\d", text)


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.stem)
def test_a_topic_that_a_page_names_is_there(path: Path) -> None:
    named = re.findall(r"llmos help ([a-z][a-z-]+)", path.read_text())
    assert {*named} <= {*topics()}


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.stem)
def test_a_picture_that_a_page_shows_is_there(path: Path) -> None:
    for name in re.findall(r"!\[[^]]*\]\(([^)]+)\)", path.read_text()):
        assert ElementTree.parse(path.parent / name).getroot().tag.endswith("svg")


def test_a_plot_has_a_line_for_each_operation_that_was_measured() -> None:
    module = maker("make_plots")
    sizes = {100: 0.2, 10_000: 20.0, 1_000_000: None}
    stores = [
        {
            "traces": count,
            "figures": {"replay": {"s": 0.1}} | ({"rebuild": {"s": made}} if made else {}),
        }
        for count, made in sizes.items()
    ]
    time = module.PLOTS[0]
    lines = list(module.lines_of(time, stores))
    assert [line.name for line in lines] == ["make the index", "cold replay"]
    assert lines[0].points == [(100, 200), (10_000, 20_000)]
    drawn = ElementTree.fromstring(module.drawn("a < b", "ms", lines))
    paths = [one.attrib["points"] for one in drawn.iter() if one.tag.endswith("polyline")]
    rising, flat = ([point.split(",") for point in path.split()] for path in paths)
    assert float(rising[0][1]) > float(rising[1][1])
    assert len({y for _, y in flat}) == 1
    # A pixel is as far for a hundredfold here as there.
    places = [float(x) for x, _ in flat]
    assert places[1] - places[0] == pytest.approx(places[2] - places[1], abs=0.2)
