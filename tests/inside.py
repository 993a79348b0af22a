"""The command line inside the test's own process: for what needs no process of its own."""

from __future__ import annotations

import contextlib
import io

from llmos.__main__ import main
from support import Outcome


def llmos(*arguments: str) -> Outcome:
    """Run a command in the working directory and the environment of the test."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(arguments)
        except SystemExit as end:
            code = int(end.code or 0)
    return Outcome(code, out.getvalue(), err.getvalue())
