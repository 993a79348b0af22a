"""Only what was learned here, unchanged, or what the user allowed, may run."""

from __future__ import annotations

import hashlib
import hmac
import subprocess
import sys
from pathlib import Path

import pytest

from factory import make_trace
from llmos.kernel.errors import TraceError, WorkspaceError
from llmos.memory.codec import SignedTrace, decode, encode
from llmos.memory.trust import Standing, Trust, state_dir


def signed_by(trust: Trust, goal: str = "x") -> SignedTrace:
    trace = make_trace(goal)
    return decode(encode(trace, trust.sign(trace.content)))


def with_signature(signature: str | None, goal: str = "x") -> SignedTrace:
    return decode(encode(make_trace(goal), signature))


def old_signature(folder: Path, content: bytes) -> str:
    """Return what llmos signed with before a signature noted its place."""
    return hmac.new((folder / "trace.key").read_bytes(), content, hashlib.sha256).hexdigest()


def test_a_signature_holds_for_this_content_and_this_user(tmp_path: Path) -> None:
    trust = Trust(tmp_path / "mine", tmp_path)
    signature = signed_by(trust).signature
    assert trust.standing(with_signature(signature)) is Standing.SIGNED
    assert trust.standing(with_signature(signature, "y")) is Standing.FOREIGN
    assert trust.standing(with_signature(None)) is Standing.UNSIGNED
    others = Trust(tmp_path / "theirs", tmp_path)
    assert others.standing(with_signature(signature)) is Standing.FOREIGN
    others.sign(b"")
    assert others.standing(with_signature(signature)) is Standing.FOREIGN


def test_a_signature_holds_in_its_place_only(tmp_path: Path) -> None:
    here, there = (Trust(tmp_path / "state", tmp_path / one) for one in ("here", "there"))
    signed = signed_by(here)
    assert there.standing(signed) is Standing.MOVED
    assert not there.vouches_for(signed)


def test_a_signature_cannot_be_carried_to_another_place_by_its_text(tmp_path: Path) -> None:
    here, there = (Trust(tmp_path / "state", tmp_path / one) for one in ("here", "there"))
    theirs, mine = (str(signed_by(one).signature).split(":") for one in (here, there))
    forged = ":".join((mine[0], mine[1], theirs[2]))
    assert there.standing(with_signature(forged)) is Standing.FOREIGN


def test_what_is_allowed_holds_for_one_content_in_one_place(tmp_path: Path) -> None:
    here, there = (Trust(tmp_path / "state", tmp_path / one) for one in ("here", "there"))
    here.allow(with_signature(None))
    assert here.standing(with_signature(None)) is Standing.ALLOWED
    assert here.standing(with_signature("of somebody else")) is Standing.ALLOWED
    assert here.standing(with_signature(None, "y")) is Standing.UNSIGNED
    assert there.standing(with_signature(None)) is Standing.UNSIGNED


def test_a_signature_of_an_earlier_llmos_says_so_and_does_not_run(tmp_path: Path) -> None:
    trust = Trust(tmp_path, tmp_path)
    trust.sign(b"")
    signed = with_signature(old_signature(tmp_path, make_trace("x").content))
    assert trust.standing(signed) is Standing.EARLIER
    assert not trust.vouches_for(signed)
    changed = with_signature(signed.signature, "y")
    assert trust.standing(changed) is Standing.FOREIGN


def test_a_permission_of_an_earlier_llmos_says_so_and_does_not_run(tmp_path: Path) -> None:
    trust = Trust(tmp_path, tmp_path)
    signed = with_signature(None)
    (tmp_path / "allowed").mkdir()
    (tmp_path / "allowed" / hashlib.sha256(signed.content).hexdigest()).touch()
    assert trust.standing(signed) is Standing.EARLIER


def test_the_key_is_private_and_not_made_before_it_is_needed(tmp_path: Path) -> None:
    trust = Trust(tmp_path / "state", tmp_path)
    assert not trust.vouches_for(with_signature("0" * 64))
    assert not (tmp_path / "state").exists()
    trust.sign(b"")
    assert (tmp_path / "state/trace.key").stat().st_mode & 0o777 == 0o600


def test_every_single_bit_flip_of_a_trace_file_is_refused(tmp_path: Path) -> None:
    trust = Trust(tmp_path, tmp_path)
    trace = make_trace("x")
    whole = encode(trace, trust.sign(trace.content))
    accepted: list[int] = []
    for place in range(len(whole)):
        for mask in (0x01, 0x20, 0x80):
            data = bytearray(whole)
            data[place] ^= mask
            try:
                signed = decode(bytes(data))
            except TraceError:
                continue
            if trust.vouches_for(signed) and signed.trace != trace:
                accepted.append(place)
    assert accepted == []


def test_processes_that_make_the_first_key_at_once_agree_on_one(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from llmos.memory.trust import Trust;"
        "print(Trust(Path(sys.argv[1]), Path('/place')).sign(b'x'))"
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
        Trust(tmp_path, tmp_path).sign(b"x")


def test_the_state_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMOS_HOME", "/somewhere")
    assert state_dir() == Path("/somewhere/state")
    monkeypatch.delenv("LLMOS_HOME")
    monkeypatch.setenv("XDG_STATE_HOME", "/xdg")
    assert state_dir() == Path("/xdg/llmos")
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", "/home/u")
    assert state_dir() == Path("/home/u/.local/state/llmos")
