"""The flags for scripts: where the result goes and in which form, what is said meanwhile."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ..kernel.errors import UsageError
from .commands import Option

FORMATS = ("text", "json", "stream-json")
COLOURS = ("auto", "always", "never")

RESULT = (
    Option(("--output-format",), f"{', '.join(FORMATS)} (one object a line)", "FORMAT"),
    Option(("--json-schema",), "the answer is an object of this form", "FILE|JSON"),
    Option(("-o", "--output"), "save the result there, whole or not at all", "FILE"),
    Option(("--no-input",), "never ask; what needs a yes is refused"),
)
"""What goes with a goal only."""

SESSION = (
    Option(("-c", "--continue"), "go on from the last session here", dest="continue_session"),
    Option(("-r", "--resume"), "go on from this session", "ID|NAME"),
    Option(("--fork-session",), "go on in a copy of it"),
    Option(("--name",), "name the session", "NAME"),
    Option(("--no-log",), "keep no session"),
)
"""What goes with a goal or the shell: from which session it goes on."""

SHOWN = (
    Option(("--color",), f"{', '.join(COLOURS)}: colours on stdout", "WHEN"),
    Option(("--no-color",), "the same as --color never"),
    Option(("--debug-file",), "append what happens inside to a file, redacted", "PATH"),
)
"""What goes with everything."""


def check_script_flags(options: argparse.Namespace) -> None:
    """Check the flags of a goal together, and make each say the same as its other spelling.

    Args:
        options: What was given.

    Raises:
        UsageError: If they exclude each other.
    """
    form = options.output_format
    if form is not None and form not in FORMATS:
        raise UsageError(
            f"--output-format cannot be {form!r}", hint=f"there is: {', '.join(FORMATS)}"
        )
    if options.json and form not in (None, "json"):
        raise UsageError(f"--json and --output-format {form} exclude each other")
    options.output_format = form or ("json" if options.json else "text")
    options.json = options.output_format != "text"
    if options.output_format == "stream-json" and options.dry_run:
        raise UsageError("--output-format stream-json and --dry-run exclude each other")


def colour_of(options: argparse.Namespace) -> str:
    """Return when colours are wanted.

    Raises:
        UsageError: If ``--color`` names no such moment.
    """
    if options.no_color:
        return "never"
    asked = options.color or "auto"
    if asked not in COLOURS:
        raise UsageError(f"--color cannot be {asked!r}", hint=f"there is: {', '.join(COLOURS)}")
    return asked


def wants_json(arguments: Sequence[str]) -> bool:
    """Return whether arguments that may be wrong ask for JSON, so that an error is told so too."""
    before = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return any(
        one == "--json" or (one.endswith("json") and _is_format(before, at))
        for at, one in enumerate(before)
    )


def _is_format(arguments: Sequence[str], at: int) -> bool:
    name = "--output-format"
    return arguments[at].startswith(f"{name}=") or (at > 0 and arguments[at - 1] == name)
