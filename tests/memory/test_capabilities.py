"""The sheet says what a trace may do, from its steps alone."""

from __future__ import annotations

import pytest

from factory import make_trace
from llmos.memory.capabilities import Capabilities, Worst, capabilities_of


def of(command: str) -> Capabilities:
    return capabilities_of(make_trace("x", given={"command": command}))


@pytest.mark.parametrize(
    ("command", "worst"),
    [
        ("cat a.txt | wc -l", Worst.NONE),
        ("grep -r x ${cwd}/src", Worst.NONE),
        ("mkdir -p out && cp a out/b", Worst.FILES),
        ("sort a > b", Worst.PROGRAMS),
        ("echo x > b", Worst.FILES),
        ("rm -rf build", Worst.FILES),
        ("rm -rf ../other", Worst.PROGRAMS),
        ("cp a /etc/x", Worst.PROGRAMS),
        ("echo x > ~/.bashrc", Worst.PROGRAMS),
        ("python3 x.py", Worst.PROGRAMS),
        ("./ls", Worst.PROGRAMS),
        ("$X", Worst.PROGRAMS),
        ("eval $Y", Worst.PROGRAMS),
        ("curl -O example.com/x", Worst.NETWORK),
        ("git push origin main", Worst.NETWORK),
        ("git log", Worst.PROGRAMS),
        ("x | sh -c 'wget y'", Worst.NETWORK),
        ("exec 3<>/dev/tcp/example.com/80", Worst.NETWORK),
        ("echo see https://example.com", Worst.NETWORK),
    ],
)
def test_the_worst_of_a_command(command: str, worst: Worst) -> None:
    assert of(command).worst is worst


def test_hosts_programs_and_paths_are_named() -> None:
    can = of("git clone git@github.com:a/b && curl https://u:p@api.example.com:8080/x > out/y")
    assert can.hosts == ("api.example.com", "github.com")
    assert can.programs == ("curl", "git")
    assert can.writes == ("out/y",)


def test_what_is_written_by_a_tool_is_named() -> None:
    trace = make_trace("x", tool="Write", given={"file_path": "${cwd}/a.py", "content": "x"})
    can = capabilities_of(trace)
    assert can.writes == ("a.py",)
    assert can.worst is Worst.FILES


def test_a_plugin_s_tool_may_do_anything() -> None:
    can = capabilities_of(make_trace("x", tool="mcp__llmos__y", given={}))
    assert can.tools == ("mcp__llmos__y",)
    assert can.worst is Worst.PROGRAMS


def test_what_cannot_be_told_is_said() -> None:
    assert of("$X").unknown
