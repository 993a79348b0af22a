"""Prints the result of a one-shot run: the answer on stdout, what went wrong on stderr."""

from __future__ import annotations

import sys

from .plain_text import one_line, printable_for_terminal, say
from .result import Result
from .streams import print_data, print_json


def report(result: Result, *, as_json: bool) -> int:
    """Print a result where it belongs; return the exit code.

    Raises:
        OutputLostError: If standard output cannot be written.
    """
    if result.error is not None:
        say(f"llmos: error: {one_line(result.error.message, 500)}", sys.stderr)
        if result.error.hint:
            say(f"  {result.error.hint}", sys.stderr)
    if as_json:
        print_json(result.to_json())
    elif result.success:
        print_data(printable_for_terminal(result.answer))
    return result.exit_code
