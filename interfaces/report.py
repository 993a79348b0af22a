"""Prints the result of a one-shot run: the answer on stdout, what went wrong on stderr."""

from __future__ import annotations

import sys

from .output import Output
from .plain_text import one_line, say
from .result import Result


def report(result: Result, *, as_json: bool, output: Output | None = None) -> int:
    """Print a result where it belongs; return the exit code.

    Args:
        result: The result.
        as_json: Whether it is printed as JSON, also if it is a failure.
        output: Where it goes; standard output if None.

    Raises:
        OutputLostError: If it cannot be written.
    """
    if result.error is not None:
        say(f"llmos: error: {one_line(result.error.message, 500)}", sys.stderr)
        if result.error.hint:
            say(f"  {result.error.hint}", sys.stderr)
    output = output or Output()
    if as_json:
        output.json(result.to_json())
    elif result.success:
        output.text(result.answer)
    output.close()
    return result.exit_code
