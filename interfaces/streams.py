"""The standard streams: there whatever the caller closed, and able to take any text."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TextIO

from ..kernel.json_value import JsonValue


class OutputLostError(Exception):
    """Standard output took no data.

    Args:
        quietly: Whether its reader has gone away, which is no error to talk about.
    """

    def __init__(self, message: str, *, quietly: bool) -> None:
        super().__init__(message)
        self.quietly = quietly


def open_standard_streams() -> None:
    """Open the standard streams that the caller closed, on nothing.

    Else the next file that is opened gets descriptor 1, and data meant for nobody ends up in it.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest descriptor that is free: this one
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def print_data(text: str, stream: TextIO | None = None) -> None:
    """Write data to stdout, with one line end.

    Args:
        text: The data.
        stream: What stands for stdout, if it was taken before it was redirected.

    Raises:
        OutputLostError: If it cannot be written.
    """
    taker = stream or sys.stdout
    try:
        taker.write(text if text.endswith("\n") else text + "\n")
        taker.flush()
    except OSError as error:
        silence(taker)
        raise OutputLostError(
            f"standard output cannot be written: {error.strerror}",
            quietly=error.errno == errno.EPIPE,
        ) from None


def print_json(data: JsonValue) -> None:
    """Write data to stdout as one line of JSON.

    Raises:
        OutputLostError: If it cannot be written.
    """
    print_data(as_json_line(data, sys.stdout.encoding))


def as_json_line(data: JsonValue, encoding: str | None) -> str:
    """Return data as one line of JSON that a stream of some encoding can take."""
    import json

    plain = (encoding or "").lower().replace("_", "-") not in ("utf-8", "utf8")
    return json.dumps(data, ensure_ascii=plain)


def silence(stream: TextIO) -> None:
    """Send what is still written to a stream, by Python at its end as well, to nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
