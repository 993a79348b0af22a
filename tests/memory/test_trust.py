"""Only what was learned here, unchanged, or what the user allowed, may run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from factory import make_trace
from llmos.kernel.errors import TraceError, WorkspaceError
from llmos.memory.codec import decode, encode
from llmos.memory.trust import Trust, state_dir


def test_a_signature_holds_for_this_content_and_this_user(tmp_path: Path) -> None:
    trust = Trust(tmp_path / "mine")
    signature = trust.sign(make_trace("x"))
    assert trust.verify(make_trace("x"), signature)
    assert not trust.verify(make_trace("y"), signature)
    assert not trust.verify(make_trace("x"), None)
    assert not Trust(tmp_path / "theirs").verify(make_trace("x"), signature)


def test_the_key_is_private_and_outside_of_nothing_until_it_is_needed(tmp_path: Path) -> None:
    trust = Trust(tmp_path / "state")
    assert not trust.verify(make_trace("x"), "0" * 64)
    assert not (tmp_path / "state").exists()
    trust.sign(make_trace("x"))
    assert (tmp_path / "state/trace.key").stat().st_mode & 0o777 == 0o600


def test_every_single_bit_flip_of_a_trace_file_is_refused(tmp_path: Path) -> None:
    trust = Trust(tmp_path)
    trace = make_trace("x")
    whole = encode(trace, trust.sign(trace))
    accepted: list[int] = []
    for place in range(len(whole)):
        for mask in (0x01, 0x20, 0x80):
            data = bytearray(whole)
            data[place] ^= mask
            try:
                signed = decode(bytes(data))
            except TraceError:
                continue
            same = signed.trace == trace
            if trust.verify(signed.trace, signed.signature) and not same:
                accepted.append(place)
    assert accepted == []


def test_processes_that_make_the_first_key_at_once_agree_on_one(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from factory import make_trace;"
        "from llmos.memory.trust import Trust;"
        "print(Trust(Path(sys.argv[1])).sign(make_trace('x')))"
    )
    env = {"PYTHONPATH": str(Path(__file__).parent.parent), "HOME": str(tmp_path)}
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "state")],
            stdout=subprocess.PIPE,
            text=True,
            env=env,
        )
        for _ in range(4)
    ]
    assert len({racer.communicate(timeout=60)[0] for racer in racers}) == 1
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["trace.key"]


def test_a_damaged_key_is_told(tmp_path: Path) -> None:
    (tmp_path / "trace.key").write_bytes(b"short")
    with pytest.raises(WorkspaceError, match="not a key"):
        Trust(tmp_path).sign(make_trace("x"))


def test_the_state_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMOS_HOME", "/somewhere")
    assert state_dir() == Path("/somewhere/state")
    monkeypatch.delenv("LLMOS_HOME")
    monkeypatch.setenv("XDG_STATE_HOME", "/xdg")
    assert state_dir() == Path("/xdg/llmos")
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", "/home/u")
    assert state_dir() == Path("/home/u/.local/state/llmos")
