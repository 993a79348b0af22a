"""The arguments of the command line, and its help."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple, NoReturn

from .._version import __version__
from ..kernel.errors import UsageError
from .defaults import GuardMode, PermissionMode
from .streams import print_data

_ABOUT_RUNS = ("runs", "diff", "undo", "redo")
COMMANDS = ("interactive", "demo", "plan", "why", "trace", *_ABOUT_RUNS, "help")

EXIT_CODES = """exit codes:
  0 done   1 failed   2 usage or configuration   3 needed approval   4 no key or login
  5 budget   6 --replay-only and no trace   7 drift under --replay-only
  75 temporary, try later   124 timeout   129 terminal closed   130 interrupted   143 terminated
"""

EPILOG = f"""examples:
  llmos                                     start the shell
  llmos "count the lines of data.csv"       learn it once, replay it for $0 ever after
  llmos --dry-run "count the lines of data.csv"    say what would happen and what it costs
  echo "list the files" | llmos --json | jq .result

commands:
  interactive     the shell, also without a terminal
  demo            learn and replay three goals; needs no key and no network
  why GOAL        how a goal would be answered and why so; the same as --dry-run
  plan GOAL       let the model plan; nothing is carried out
  trace list | show ID | allow ID... | allow mine | rm ID
  runs            the last runs in this directory
  diff [RUN]      what a run changed; without RUN the last one
  undo [RUN]      put back what a run changed; redo [RUN] brings it again
  help [exit-codes]
  (a goal that begins with the name of a command, or with -, is given after --, as in:
  llmos -- demo)

{EXIT_CODES}"""

_RULES = {
    ("--allowedTools", "--allow"): "may be done without asking, as in Bash(npm run test:*)",
    ("--disallowedTools", "--deny"): "must not be done, as in Read(./secrets/**)",
    ("--ask",): "is asked about; refused where nobody can be asked",
}
_ABOUT_GOALS = ("dry_run", "replay_only", "no_cache")


class _Parser(argparse.ArgumentParser):
    def format_help(self) -> str:
        self.formatter_class = argparse.RawDescriptionHelpFormatter
        return super().format_help()

    def error(self, message: str) -> NoReturn:
        hint = "see llmos --help"
        if message.startswith("unrecognized arguments"):
            hint += "; a goal that begins with - is given after --"
        raise UsageError(message, hint=hint)

    def _print_message(self, message: str, file: Any = None) -> None:
        print_data(message)


class Request(NamedTuple):
    """What the command line asks for."""

    command: str
    words: tuple[str, ...]
    options: argparse.Namespace

    @property
    def given(self) -> dict[str, Any]:
        """The settings that were given."""
        names = (
            "budget_usd",
            "workspace",
            "model",
            "permission_mode",
            "guards",
            "max_budget_usd",
            "max_turns",
            "timeout_s",
            "sandbox",
            "deny",
            "ask",
            "allow",
        )
        return {name: getattr(self.options, name) for name in names}


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = _Parser(
        prog="llmos",
        usage="llmos [options] [GOAL | COMMAND]",
        description="A shell whose CPU is a large language model: learn a goal once, "
        "replay it for $0.",
        epilog=EPILOG,
        # One is made for each argument; one without a width loads four modules to find it.
        formatter_class=partial(argparse.HelpFormatter, width=80),
        allow_abbrev=False,
    )
    add = parser.add_argument
    add(
        "words", nargs="*", metavar="GOAL", help="what to do, in plain words; - reads it from stdin"
    )
    add("-p", "--print", action="store_true", help="answer one goal and leave (the default)")
    add("-n", "--dry-run", action="store_true", help="say what would happen; change nothing")
    add("--replay-only", action="store_true", help="never call a model")
    add("--no-cache", action="store_true", help="never replay: learn afresh")
    add("--force", action="store_true", help="replace also what you have changed since")
    add("--json", action="store_true", help="one JSON result on stdout")
    add("--budget", dest="budget_usd", metavar="USD", help="cap on all spent in this workspace")
    add("--max-budget-usd", metavar="USD", help="most that this run may cost")
    add("--workspace", metavar="DIR", help="folder of the memory (default: ./workspace)")
    add("-m", "--model", metavar="ID", help="full model id")
    modes = ", ".join(PermissionMode.__args__)
    add("--permission-mode", metavar="MODE", help=f"{modes} (default: acceptEdits)")
    modes = ", ".join(GuardMode.__args__)
    add("--guards", metavar="MODE", help=f"{modes}: strict if nothing seen may differ")
    for names, what in _RULES.items():
        add(*names, dest=names[-1].strip("-"), metavar="RULE", action="append", help=what)
    add(
        "--sandbox",
        action="store_true",
        default=None,
        help="confine the commands of a replay to the working directory",
    )
    add("-y", "--yes", action="store_true", help="answer yes to what trace allow asks")
    add("--max-turns", metavar="N", help="API calls the run may make")
    add("--timeout", dest="timeout_s", metavar="S", help="give up after so many seconds")
    add("-q", "--quiet", action="store_true", help="no narration")
    add("-v", "--verbose", action="store_true", help="more narration")
    add("--debug", action="store_true", help="tracebacks and logs")
    add("-V", "--version", action="version", version=f"llmos {__version__}")
    return parser


def parse(arguments: Sequence[str]) -> Request:
    """Read the command line.

    Raises:
        UsageError: If it is wrong.
        SystemExit: If it asks for help or the version, which have been printed.
    """
    given = list(arguments)
    split = given.index("--") if "--" in given else len(given)
    options = build_parser().parse_intermixed_args(given[:split])
    words: tuple[str, ...] = tuple(options.words)
    rest = tuple(given[split + 1 :])
    if words and words[0] in COMMANDS:
        request = Request(words[0], words[1:] + rest, options)
    elif words or rest or options.print or not sys.stdin.isatty():
        request = Request("goal", words + rest, options)
    else:
        request = Request("interactive", (), options)
    _check(request)
    return request


def _check(request: Request) -> None:
    options, command = request.options, request.command
    if options.replay_only and options.no_cache:
        raise UsageError("--replay-only and --no-cache exclude each other")
    if command in ("interactive", "demo") and request.words:
        raise UsageError(
            f"llmos {command} takes no {request.words[0]!r}",
            hint=f"a goal that begins with this word is given after --, as in: llmos -- {command}",
        )
    for name in () if command == "goal" else _ABOUT_GOALS:
        # What promises that no money is spent must not be passed over.
        if getattr(options, name):
            raise UsageError(f"--{name.replace('_', '-')} goes with a goal, not with {command}")
    if options.force and command not in ("goal", "undo", "redo"):
        raise UsageError(f"--force goes with a goal, undo or redo, not with {command}")
    if command == "interactive" and options.json:
        raise UsageError("--json goes with a goal, not with interactive")
