"""Processes: what they give, and that nothing of them is left."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from llmos.kernel.processes import ProcessOutcome, run_process

ENV = {"PATH": os.environ["PATH"]}


class CalledOffError(Exception):
    """The process was called off."""


def ran(
    command: str,
    cwd: Path,
    *,
    timeout_s: float = 30.0,
    max_output: int = 2**20,
    check_cancelled: Callable[[], object] = lambda: None,
) -> ProcessOutcome:
    return run_process(
        ["/bin/sh", "-c", command],
        cwd=cwd,
        env=ENV,
        timeout_s=timeout_s,
        max_output=max_output,
        check_cancelled=check_cancelled,
    )


def gone(pid_file: Path) -> bool:
    """Return whether a process has ended, at the latest in a moment."""
    stat = Path(f"/proc/{pid_file.read_text().strip()}/stat")
    for _ in range(200):
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.01)
    return False


def test_both_outputs_come_in_order_and_what_is_too_much_is_counted(tmp_path: Path) -> None:
    found = ran("echo one; echo two >&2; printf 345678; exit 3", tmp_path, max_output=10)
    assert (found.output, found.left_out, found.exit_code) == (b"one\ntwo\n34", 4, 3)
    assert not found.timed_out


def test_a_process_that_closes_its_output_is_waited_for(tmp_path: Path) -> None:
    found = ran("exec >&- 2>&-; sleep 0.2; echo done > file; exit 4", tmp_path)
    assert found.exit_code == 4
    assert (tmp_path / "file").read_text() == "done\n"


def test_output_larger_than_a_pipe_is_read_whole(tmp_path: Path) -> None:
    assert len(ran("head -c 500000 /dev/zero", tmp_path).output) == 500_000


def test_where_the_end_of_a_process_wakes_nobody_it_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_pid: int) -> int:
        raise PermissionError("not in this container")

    monkeypatch.setattr(os, "pidfd_open", refused)
    found = ran("exec >&- 2>&-; sleep 0.1; echo done > file; exit 4", tmp_path)
    assert (found.exit_code, (tmp_path / "file").read_text()) == (4, "done\n")
    late = ran("echo begun; sleep 60 & echo $! > pid; wait", tmp_path, timeout_s=0.5)
    assert (late.timed_out, late.output) == (True, b"begun\n")
    assert gone(tmp_path / "pid")


def test_a_signal_is_minus_its_number(tmp_path: Path) -> None:
    assert ran("kill -9 $$", tmp_path).exit_code == -9


def test_a_child_in_the_background_holds_nobody_up_and_is_ended(tmp_path: Path) -> None:
    found = ran("sleep 60 & echo $! > pid; echo said", tmp_path)
    assert (found.output, found.timed_out) == (b"said\n", False)
    assert gone(tmp_path / "pid")


def test_what_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    found = ran("echo begun; sleep 60 & echo $! > pid; wait", tmp_path, timeout_s=0.5)
    assert found.timed_out
    assert found.output == b"begun\n"
    assert gone(tmp_path / "pid")


def test_what_ignores_the_polite_signal_is_ended_all_the_same(tmp_path: Path) -> None:
    found = ran("trap '' TERM; echo $$ > pid; sleep 60 & wait; sleep 60", tmp_path, timeout_s=0.5)
    assert found.exit_code == -9
    assert gone(tmp_path / "pid")


def test_what_is_called_off_is_ended_with_its_children(tmp_path: Path) -> None:
    pid = tmp_path / "pid"

    def check() -> None:
        if pid.exists() and pid.read_text().endswith("\n"):
            raise CalledOffError

    with pytest.raises(CalledOffError):
        ran("sleep 60 & echo $! > pid; wait", tmp_path, check_cancelled=check)
    assert gone(pid)


def test_a_process_that_cannot_be_started_leaves_no_descriptor(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError, match="No such file"):
        run_process(
            ["/nothing/here"],
            cwd=tmp_path,
            env=ENV,
            timeout_s=1,
            max_output=1,
            check_cancelled=lambda: None,
        )
    ran("echo", tmp_path)
    assert len(os.listdir("/proc/self/fd")) == before
