"""No input makes anything raise but what llmos raises on purpose.

Some forty inputs a target in every run of the tests; with ``LLMOS_NIGHTLY=1`` a million in all,
bred by what they reach in the code where atheris is installed.
"""

from __future__ import annotations

import faulthandler
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fuzz.targets import TARGETS, seeds

TESTS = Path(__file__).resolve().parents[1]
NIGHTLY = os.environ.get("LLMOS_NIGHTLY") == "1"
RUNS = int(os.environ.get("LLMOS_FUZZ_RUNS", "1000000"))
"""Inputs of a night, over all targets."""
IN_THE_GATE = 40
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


@st.composite
def damaged(draw: st.DrawFn, name: str) -> bytes:
    """A seed with some of it cut out, put in, doubled or flipped; or bytes that are nothing."""
    data = bytearray(draw(st.sampled_from([*seeds(name), b""])))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(data)))
        length = draw(st.integers(0, 20))
        match draw(st.sampled_from(["cut", "put", "double", "flip"])):
            case "cut":
                del data[at : at + length]
            case "put":
                data[at:at] = draw(st.one_of(st.binary(max_size=20), ODD))
            case "double":
                data[at:at] = data[at : at + length]
            case _:
                if at < len(data):
                    data[at] ^= 1 << draw(st.integers(0, 7))
    return bytes(data)


ODD = st.sampled_from([
    b"$(", b"`", b"'", b'"', b"\\", b"\n", b"\0", b"<<E", b"[[", b"{", b"}", b"((", b"${", b"--",
    b"null", b"1e999", b"-0", b"\xff", b"\xed\xa0\x80", "\u202e".encode(), b"(*)", b"//", b"..",
    b"[" * 50, b'{"a":' * 40, b"9" * 5000, b"mcp__", b"sk-ant-", b"password=",
])  # fmt: skip


@pytest.mark.parametrize("name", TARGETS)
def test_no_damaged_input_raises_anything_else(name: str) -> None:
    fuzzed(name, IN_THE_GATE)


@pytest.mark.skipif(not NIGHTLY, reason="a million inputs are for LLMOS_NIGHTLY=1")
@pytest.mark.parametrize("name", TARGETS)
def test_no_input_of_a_night_raises_anything_else(name: str) -> None:
    faulthandler.cancel_dump_traceback_later()
    runs = -(-RUNS // len(TARGETS))
    if importlib.util.find_spec("atheris") is None:
        fuzzed(name, runs)
        return
    done = subprocess.run(
        [sys.executable, "-m", "fuzz.breed", name, str(runs)],
        cwd=TESTS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert f"Done {runs}" in done.stderr


def fuzzed(name: str, runs: int) -> None:
    """Run a target on damaged seeds."""

    @settings(max_examples=runs, database=None, suppress_health_check=SLOW)
    @given(damaged(name))
    @example(b"")
    def attempt(data: bytes) -> None:
        TARGETS[name](data)

    attempt()
