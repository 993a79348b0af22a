"""``!command``: runs in the user's own shell; no model, $0."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from anyio.from_thread import check_cancelled
from anyio.from_thread import run_sync as on_the_loop
from anyio.to_thread import run_sync as in_thread

from ...kernel.errors import LlmosError, UsageError
from ...kernel.processes import run_process
from ..plain_text import printable, say
from .attachments import Output

_KEPT = 64 * 2**10
"""Bytes of output that are kept for a goal."""


async def run_in_users_shell(command: str, cwd: Path, write: Callable[[str], None]) -> Output:
    """Run a command; what it prints is shown as it comes.

    Args:
        command: The command line.
        cwd: The working directory.
        write: Takes each line that it prints.

    Returns:
        What it printed, and its exit code.

    Raises:
        UsageError: If there is no command.
        LlmosError: If the shell cannot be started.
    """
    if not command.strip():
        raise UsageError("! runs a command in your shell, as in !ls")
    begun = b""

    def show(chunk: bytes) -> None:
        nonlocal begun
        *lines, begun = (begun + chunk).split(b"\n")
        for line in lines:
            write(line.decode("utf-8", "replace"))

    shell = os.environ.get("SHELL") or "/bin/sh"
    try:
        run = partial(
            run_process,
            [shell, "-c", command],
            cwd=cwd,
            env=os.environ,
            timeout_s=math.inf,
            max_output=_KEPT,
            check_cancelled=check_cancelled,
            show=partial(on_the_loop, show),
        )
        outcome = await in_thread(run)
    except OSError as error:
        raise LlmosError(f"{shell} cannot be started: {error.strerror}") from None
    if begun:
        write(begun.decode("utf-8", "replace"))
    return Output(command, outcome.exit_code, outcome.output.decode("utf-8", "replace"))


def print_line(line: str) -> None:
    """Print a line of a command's output on stdout; harmless for a terminal."""
    say(printable(line) if sys.stdout.isatty() else line, sys.stdout)
