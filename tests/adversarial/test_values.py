"""A value stays data: no command runs, no path leads out, no terminal obeys."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from adversarial.values import PATHS, SEQUENCES, VALUES
from factory import make_trace
from llmos.interfaces.allowing import sheet_of
from llmos.interfaces.plain_text import one_line, printable
from llmos.interfaces.render import describe_call
from llmos.interfaces.trace_commands import describe_trace
from llmos.kernel.drivers.files import ReadDriver, WriteDriver
from llmos.kernel.errors import TraceError
from llmos.kernel.tools import JsonObject, ToolResult, ToolSession
from llmos.memory.binding import BindingRefused
from llmos.memory.bound import bind_trace
from llmos.memory.capabilities import capabilities_of
from llmos.memory.codec import SignedTrace
from llmos.memory.shell_commands import commands_of
from llmos.memory.traces import Kind
from llmos.memory.trust import Standing
from parameters import with_parameters


@pytest.mark.parametrize("kind", ["path", "text"])
@pytest.mark.parametrize("value", VALUES, ids=lambda value: ascii(value)[:40])
def test_a_bound_value_is_one_word_or_is_refused(place_dir: Path, value: str, kind: Kind) -> None:
    trace = with_parameters(
        make_trace("count the lines of data.csv", given={"command": "printf %s data.csv"}),
        {"data.csv": kind},
    )
    try:
        bound = bind_trace(trace, {"data.csv": value})
    except (BindingRefused, TraceError):
        return
    command = str(bound.steps[0].input["command"])
    found = commands_of(command)
    assert [len(part.words) for part in found.parts] == [3], command
    done = subprocess.run(
        ["/bin/bash", "-c", command], cwd=place_dir, capture_output=True, text=True, check=True
    )
    assert done.stdout == value
    assert list(place_dir.iterdir()) == []


@pytest.fixture
def session(place_dir: Path, monkeypatch: pytest.MonkeyPatch) -> ToolSession:
    out = place_dir.parent / "out"
    out.mkdir()
    (out / "file").write_text("kept")
    monkeypatch.setenv("HOME", str(out))
    (place_dir / "sub").mkdir()
    (place_dir / "sub/inside").write_text("mine")
    (place_dir / "sub/up").symlink_to("../../out")
    (place_dir / "link").symlink_to("../out")
    (place_dir / "link_to_file").symlink_to("../out/file")
    (place_dir / "chain").symlink_to("link")
    (place_dir / "loop").symlink_to("loop")
    (place_dir / "absolute").symlink_to(out)
    (place_dir / "inner_link").symlink_to("sub")
    return ToolSession(start_dir=place_dir, cwd=place_dir, env={})


@pytest.mark.parametrize(("path", "outcome"), PATHS, ids=lambda value: ascii(value)[:40])
def test_no_path_leads_out_of_the_directory(session: ToolSession, path: str, outcome: str) -> None:
    out = session.start_dir.parent / "out"
    name = path.format(out=out)
    read = _carried_out(ReadDriver(), {"file_path": name}, session)
    wrote = _carried_out(WriteDriver(), {"file_path": name, "content": "changed"}, session)
    assert (read.ok, wrote.ok) == ((True, True) if outcome == "done" else (False, False))
    assert "kept" not in read.output
    assert [one.read_text() for one in out.iterdir()] == ["kept"]


@pytest.mark.parametrize("sequence", SEQUENCES, ids=ascii)
def test_nothing_that_is_shown_can_command_a_terminal(sequence: str) -> None:
    text = f"before{sequence}after"
    trace = make_trace(
        text, given={"command": f"echo {text}", "other": text}, answer=text, output=text
    )
    signed = SignedTrace(trace, None, trace.content)
    shown = (
        printable(text),
        one_line(text),
        describe_call("Bash", {"command": text}),
        describe_call(text, {"x": text}),
        describe_trace("t-0", trace),
        sheet_of(signed, Standing.UNSIGNED, capabilities_of(trace)),
    )
    for one in shown:
        assert all(char == "\n" or char.isprintable() for char in one), ascii(one)


def _carried_out(
    driver: ReadDriver | WriteDriver, given: JsonObject, session: ToolSession
) -> ToolResult:
    return driver.run(given, session)
