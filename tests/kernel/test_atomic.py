"""A file holds its old or its new content, whatever happens while it is saved."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from llmos.kernel.atomic import atomic_save, make_private_dir, sweep_temporaries

SAVER = """
import sys
from pathlib import Path
from llmos.kernel.atomic import atomic_save
path = Path(sys.argv[1])
print("ready", flush=True)
while True:
    for letter in b"ab":
        atomic_save(path, bytes([letter]) * 300_000)
"""


def test_it_saves_privately(tmp_path: Path) -> None:
    path = tmp_path / "x"
    atomic_save(path, b"one")
    atomic_save(path, b"two")
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_save_leaves_the_old_content_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x"
    atomic_save(path, b"old")

    def full(_descriptor: int, _data: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        atomic_save(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_short_write_is_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = os.write

    def write_little(descriptor: int, data: memoryview) -> int:
        return whole(descriptor, bytes(data[:7]))

    monkeypatch.setattr(os, "write", write_little)
    atomic_save(tmp_path / "x", b"0123456789" * 10)
    assert (tmp_path / "x").read_bytes() == b"0123456789" * 10


def test_kill_minus_9_never_tears_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x"
    atomic_save(path, b"a" * 300_000)
    chance = random.Random(3)
    for _ in range(25):
        saver = subprocess.Popen(
            [sys.executable, "-c", SAVER, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert saver.stdout is not None
        saver.stdout.readline()
        time.sleep(chance.random() * 0.02)  # the moment of the kill is what is tried
        saver.send_signal(signal.SIGKILL)
        saver.communicate()
        data = path.read_bytes()
        assert len(data) == 300_000
        assert len(set(data)) == 1
    sweep_temporaries(tmp_path)
    assert list(tmp_path.iterdir()) == [path]


def test_temporaries_of_a_living_process_are_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / f".tmp-{os.getpid()}-abc123"
    mine.touch()
    assert sweep_temporaries(tmp_path) == 0
    assert mine.exists()


def test_private_folders_are_private_with_their_parents(tmp_path: Path) -> None:
    make_private_dir(tmp_path / "a/b/c")
    for name in ("a", "a/b", "a/b/c"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o700
