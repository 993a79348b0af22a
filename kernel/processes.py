"""The one way in which llmos starts a process: in a group of its own, which ends with it."""

from __future__ import annotations

import math
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from .record import Record

_POLITE_S = 0.2
"""Seconds between SIGTERM and SIGKILL."""
_DRAIN_S = 0.1
"""Seconds for output that children of a process which has ended still hold open."""
_TICK_S = 0.02
"""Seconds between two looks at whether it is called off."""
_CHUNK = 65536


class ProcessOutcome(Record):
    """What a process gave.

    Attributes:
        exit_code: Its exit code, or minus the signal that ended it.
        output: Standard output and standard error in the order in which they were written.
        left_out: Bytes of output beyond the limit.
        timed_out: Whether it was ended because its time was over.
        report: What it wrote to its report descriptor.
    """

    exit_code: int
    output: bytes
    left_out: int
    timed_out: bool
    report: bytes


def run_process(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    timeout_s: float,
    max_output: int,
    check_cancelled: Callable[[], object],
    report_fd: tuple[int, int] | None = None,
    show: Callable[[bytes], object] | None = None,
) -> ProcessOutcome:
    """Run a process to its end; when this returns or raises, nothing of it is left. Blocks.

    Args:
        argv: Program and arguments.
        cwd: Its working directory.
        env: Its environment, complete.
        timeout_s: Seconds that it may take.
        max_output: Bytes of output to keep.
        check_cancelled: Called again and again; raises if the process is to be ended.
        report_fd: Both ends of a pipe (read, write); the write end is given to the process.
        show: Called with each piece of output when it comes.

    Returns:
        What it gave.

    Raises:
        OSError: If it cannot be started.
    """
    process = subprocess.Popen(
        list(argv),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=cwd,
        env=dict(env),
        start_new_session=True,
        pass_fds=() if report_fd is None else (report_fd[1],),
        bufsize=0,
    )
    try:
        watched = _Watched(process, _Output(max_output, show), check_cancelled)
        try:
            timed_out = not watched.wait(timeout_s, for_end=True)
            if timed_out:
                watched.end_politely()
            # A child in the background may hold the pipe open for ever.
            watched.wait(_DRAIN_S, for_end=False)
        finally:
            watched.end()
    finally:
        assert process.stdout is not None
        process.stdout.close()
    report = b"" if report_fd is None else _drain(report_fd[0])
    output = watched.output
    return ProcessOutcome(
        process.returncode, bytes(output.data), output.left_out, timed_out, report
    )


class _Output:
    def __init__(self, limit: int, show: Callable[[bytes], object] | None) -> None:
        self._show = show
        self.data = bytearray()
        self.left_out = 0
        self.ended = False
        self._limit = limit

    def take(self, descriptor: int) -> None:
        """Take what can be read now."""
        chunk = os.read(descriptor, _CHUNK)
        if not chunk:
            self.ended = True
            return
        if self._show is not None:
            self._show(chunk)
        room = self._limit - len(self.data)
        self.data += chunk[:room]
        self.left_out += max(0, len(chunk) - room)


class _Watched:
    """A process that runs, its output, and whoever may call it off."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        output: _Output,
        check_cancelled: Callable[[], object],
    ) -> None:
        self.output = output
        self._process = process
        self._check_cancelled = check_cancelled
        assert process.stdout is not None
        self._pipe = process.stdout.fileno()
        self._end = _end_of(process.pid)
        self._gone = False

    def wait(self, seconds: float, *, for_end: bool) -> bool:
        """Take output until the process has ended, or else until there will be no more.

        Args:
            seconds: Seconds after which it is given up.
            for_end: Whether the end of the process is waited for, or the end of its output.

        Returns:
            Whether that came in time.
        """
        until = time.monotonic() + seconds
        while not (self._has_ended() if for_end else self.output.ended):
            self._check_cancelled()
            left = until - time.monotonic()
            if left <= 0:
                return False
            self._turn(min(left, _TICK_S), for_end=for_end)
        return True

    def end_politely(self) -> None:
        """Ask the process's group to end, and wait a moment for it."""
        if not self._has_ended():
            self._signal_group(signal.SIGTERM)
            until = time.monotonic() + _POLITE_S
            while not self._has_ended() and (left := until - time.monotonic()) > 0:
                self._turn(min(left, _TICK_S), for_end=True)

    def end(self) -> None:
        """End the process's whole group: politely, then for sure. Harmless if it is gone."""
        try:
            self.end_politely()
            # As long as the process is not waited for its number cannot become another's.
            self._signal_group(signal.SIGKILL)
            self._process.wait()
        finally:
            if self._end is not None:
                os.close(self._end)

    def _turn(self, seconds: float, *, for_end: bool) -> None:
        """Wait for output, or for the end if that is wanted; take what there is."""
        poll = select.poll()
        if not self.output.ended:
            poll.register(self._pipe, select.POLLIN)
        if for_end and self._end is not None:
            poll.register(self._end, select.POLLIN)
        ready = {descriptor for descriptor, _ in poll.poll(math.ceil(seconds * 1000))}
        if self._pipe in ready:
            self.output.take(self._pipe)
        self._gone = self._gone or self._end in ready

    def _signal_group(self, number: signal.Signals) -> None:
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return
        except PermissionError:
            # macOS says so of a group in which all have ended.
            if not self._has_ended():
                raise

    def _has_ended(self) -> bool:
        if not self._gone and self._end is None:
            # Not reaped by this: its group is still to be ended by its number.
            how = os.WEXITED | os.WNOHANG | os.WNOWAIT
            self._gone = os.waitid(os.P_PID, self._process.pid, how) is not None
        return self._gone


def _end_of(pid: int) -> int | None:
    """Return a descriptor that wakes whoever waits when a process has ended.

    None where there is no such thing, or it is not allowed (some containers); its end is looked for
    there.
    """
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def _drain(descriptor: int) -> bytes:
    os.set_blocking(descriptor, False)
    try:
        return os.read(descriptor, _CHUNK)
    except BlockingIOError:
        return b""
