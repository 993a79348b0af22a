"""The one way in which llmos starts a process: in a group of its own, which ends with it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import anyio
import anyio.abc

from .record import Record

_POLITE_S = 0.2
"""Seconds between SIGTERM and SIGKILL."""
_DRAIN_S = 0.1
"""Seconds for output that children of a process which has ended still hold open."""


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


async def run_process(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    timeout_s: float,
    max_output: int,
    report_fd: tuple[int, int] | None = None,
    show: Callable[[bytes], object] | None = None,
) -> ProcessOutcome:
    """Run a process to its end; when it is over, or this is cancelled, nothing of it is left.

    Args:
        argv: Program and arguments.
        cwd: Its working directory.
        env: Its environment, complete.
        timeout_s: Seconds that it may take.
        max_output: Bytes of output to keep.
        report_fd: Both ends of a pipe (read, write); the write end is given to the process.
        show: Called with each piece of output when it comes.

    Returns:
        What it gave.

    Raises:
        OSError: If it cannot be started.
    """
    process = await anyio.open_process(
        list(argv),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=cwd,
        env=dict(env),
        start_new_session=True,
        pass_fds=() if report_fd is None else (report_fd[1],),
    )
    output = _Output(max_output, show)
    timed_out = False
    try:
        async with anyio.create_task_group() as group:
            assert process.stdout is not None
            group.start_soon(output.read, process.stdout)
            with anyio.move_on_after(timeout_s) as limit:
                await process.wait()
            timed_out = limit.cancelled_caught
            if timed_out:
                await _end_group(process)
            # A child in the background may hold the pipe open for ever.
            with anyio.move_on_after(_DRAIN_S):
                await output.ended.wait()
            group.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            await _end_group(process)
            await process.aclose()
    report = b"" if report_fd is None else _drain(report_fd[0])
    code = process.returncode
    assert code is not None
    return ProcessOutcome(code, bytes(output.data), output.left_out, timed_out, report)


class _Output:
    def __init__(self, limit: int, show: Callable[[bytes], object] | None) -> None:
        self._show = show
        self.data = bytearray()
        self.left_out = 0
        self.ended = anyio.Event()
        self._limit = limit

    async def read(self, stream: anyio.abc.ByteReceiveStream) -> None:
        async for chunk in stream:
            if self._show is not None:
                self._show(chunk)
            room = self._limit - len(self.data)
            self.data += chunk[:room]
            self.left_out += max(0, len(chunk) - room)
        self.ended.set()


async def _end_group(process: anyio.abc.Process) -> None:
    """End the process's whole group: politely, then for sure. Harmless if it is gone."""
    if process.returncode is None:
        _signal_group(process.pid, signal.SIGTERM)
        with anyio.move_on_after(_POLITE_S):
            await process.wait()
    _signal_group(process.pid, signal.SIGKILL)
    await process.wait()


def _signal_group(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return


def _drain(descriptor: int) -> bytes:
    os.set_blocking(descriptor, False)
    try:
        return os.read(descriptor, 65536)
    except BlockingIOError:
        return b""
