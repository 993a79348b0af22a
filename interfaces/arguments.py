"""The arguments of the command line, and its help."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any, NoReturn

from .._version import __version__
from ..kernel.errors import UsageError
from .commands import SCREEN_READER, Command, Option, commands, find, first_words, nearest
from .defaults import GuardMode, PermissionMode
from .script_arguments import RESULT, SESSION, SHOWN, check_script_flags
from .streams import print_data

EXIT_CODES = """exit codes:
  0 done   1 failed   2 usage or configuration   3 needed approval   4 no key or login
  5 budget   6 --replay-only and no trace   7 drift under --replay-only
  75 temporary, try later   124 timeout   129 terminal closed   130 interrupted   143 terminated
"""

_EXAMPLES = """examples:
  llmos                                     start the shell
  llmos "count the lines of data.csv"       learn it once, replay it for $0 ever after
  llmos --dry-run "count the lines of data.csv"    say what would happen and what it costs
  echo "list the files" | llmos --json | jq .result
"""

GOAL_OPTIONS = (
    Option(("-p", "--print"), "answer one goal and leave (the default)"),
    Option(("-n", "--dry-run"), "say what would happen; change nothing"),
    Option(("--replay-only",), "never call a model"),
    Option(("--no-cache",), "never replay: learn afresh"),
    Option(("--force",), "replace also what you have changed since"),
)
"""What goes with a goal only."""

SETTINGS = (
    Option(("--budget",), "cap on all spent in this workspace", "USD", "budget_usd"),
    Option(("--max-budget-usd",), "most that this run may cost", "USD"),
    Option(("--workspace",), "folder of the memory (default: ./workspace)", "DIR"),
    Option(("-m", "--model"), "full model id", "ID"),
    Option(
        ("--permission-mode",),
        f"{', '.join(PermissionMode.__args__)} (default: acceptEdits)",
        "MODE",
    ),
    Option(
        ("--guards",), f"{', '.join(GuardMode.__args__)}: strict if nothing seen may differ", "MODE"
    ),
    Option(
        ("--allowedTools", "--allow"),
        "may be done without asking, as in Bash(npm run test:*)",
        "RULE",
        "allow",
        repeated=True,
    ),
    Option(
        ("--disallowedTools", "--deny"),
        "must not be done, as in Read(./secrets/**)",
        "RULE",
        "deny",
        repeated=True,
    ),
    Option(("--ask",), "is asked about; refused where nobody can be asked", "RULE", repeated=True),
    Option(("--sandbox",), "confine the commands of a replay to the working directory"),
    Option(("--max-turns",), "API calls the run may make", "N"),
    Option(("--timeout",), "give up after so many seconds", "S", "timeout_s"),
    Option(("--session-usd",), "cap on this session", "USD"),
    Option(("--daily-usd",), "cap on a day", "USD"),
    Option(("--monthly-usd",), "cap on a month", "USD"),
    Option(("--profile",), "a profile of the settings files", "NAME"),
    Option(("--settings",), "one more settings file", "FILE"),
    Option(("--bare",), "read no settings file of the user or the project"),
)
"""What is a setting as well, see `llmos.interfaces.settings`."""

_JSON = Option(("--json",), "one JSON result on stdout")
NARRATION = (
    Option(("-q", "--quiet"), "no narration"),
    Option(("-v", "--verbose"), "more narration"),
    Option(("--debug",), "tracebacks and logs"),
)


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors are `UsageError`.

    Args:
        command: The command whose arguments it reads; None for those of a goal.
        named: How the command is called.
    """

    def __init__(self, command: Command | None, named: str, **more: Any) -> None:
        # One is made for each argument; one without a width loads four modules to find it.
        formatter = partial(argparse.HelpFormatter, width=80)
        super().__init__(formatter_class=formatter, allow_abbrev=False, **more)
        self._command = command
        self._named = named
        self.flags: dict[str, bool] = {}
        """Whether each flag takes a value."""

    def take(self, *options: Option, hidden: bool = False) -> None:
        for one in options:
            more: dict[str, Any] = {"dest": one.dest} if one.dest else {}
            if one.metavar:
                more |= {"metavar": one.metavar, "action": "append" if one.repeated else "store"}
            else:
                more |= {"action": "store_true"}
            if one.flags == ("--sandbox",):
                more["default"] = None
            shown = argparse.SUPPRESS if hidden or one.hidden else one.help.replace("%", "%%")
            self.add_argument(*one.flags, help=shown, **more)
            self.flags |= dict.fromkeys(one.flags, bool(one.metavar))

    def format_help(self) -> str:
        self.formatter_class = argparse.RawDescriptionHelpFormatter
        return super().format_help()

    def error(self, message: str) -> NoReturn:
        hint = f"see {self._named} --help"
        if message.startswith("unrecognized arguments: "):
            flag = message.removeprefix("unrecognized arguments: ").split()[0].partition("=")[0]
            goals = {name for one in (*GOAL_OPTIONS, *RESULT, *SESSION) for name in one.flags}
            if self._command is not None and flag in goals:
                raise UsageError(f"{flag} goes with a goal, not with {self._named}", hint=hint)
            if near := nearest(flag, list(self.flags)) if flag.startswith("--") else "":
                hint = f"did you mean {near}? {hint}"
            hint += "; a goal that begins with - is given after --"
        raise UsageError(message, hint=hint)

    def _print_message(self, message: str, file: Any = None) -> None:
        print_data(message)


class Request:
    """What the command line asks for.

    Attributes:
        name: ``goal``, or the name of a command.
        words: The words after the name.
        options: The options.
        command: The command; None for a goal.
    """

    def __init__(
        self,
        name: str,
        words: tuple[str, ...],
        options: argparse.Namespace,
        command: Command | None = None,
    ) -> None:
        self.name = name
        self.words = words
        self.options = options
        self.command = command

    @property
    def given(self) -> dict[str, Any]:
        """The settings that were given."""
        given = {name: getattr(self.options, name) for name in SETTING_NAMES}
        return given | ({"log": False} if getattr(self.options, "no_log", False) else {})


def dest_of(option: Option) -> str:
    """Return under which name an option's value is found."""
    return option.dest or option.flags[-1].lstrip("-").replace("-", "_")


SETTING_NAMES = tuple(map(dest_of, SETTINGS))


def full_help() -> str:
    """Return the help of llmos."""
    parser = _goal_parser()
    parser.epilog = _overview()
    return parser.format_help()


def _goal_parser() -> _Parser:
    parser = _Parser(
        None,
        "llmos",
        prog="llmos",
        usage="llmos [options] [GOAL | COMMAND]",
        description="A shell whose CPU is a large language model: learn a goal once, "
        "replay it for $0.",
    )
    parser.add_argument(
        "words", nargs="*", metavar="GOAL", help="what to do, in plain words; - reads it from stdin"
    )
    parser.take(
        *GOAL_OPTIONS, _JSON, *RESULT, *SESSION, *SETTINGS, *NARRATION, *SHOWN, SCREEN_READER
    )
    parser.add_argument("-V", "--version", action="version", version=f"llmos {__version__}")
    return parser


def command_parser(command: Command, *, shell: bool = False) -> argparse.ArgumentParser:
    """Return the parser of what follows the name of a command.

    Args:
        command: The command.
        shell: Whether it was typed in the shell, where the settings are what they are.
    """
    named = f"/{command.name}" if shell else f"llmos {command.name}"
    examples = "".join(f"\n  {named.split()[0]} {one}" for one in command.examples)
    parser = _Parser(
        command,
        named,
        prog=named,
        usage=f"{named} {command.usage}".rstrip() + " [options]",
        description=command.help + ".",
        epilog=f"examples:{examples}" if examples else None,
    )
    parser.add_argument("words", nargs="*", help=argparse.SUPPRESS)
    parser.take(*command.options)
    if command.takes_json:
        parser.take(_JSON)
    if not shell:
        parser.take(*(one for one in SETTINGS if one.flags == ("--workspace",)))
        parser.take(*(one for one in SETTINGS if one.flags != ("--workspace",)), hidden=True)
        parser.take(*NARRATION, *SHOWN, hidden=not command.runs)
    return parser


def _overview() -> str:
    """Return what stands below the options in the help: examples, commands, exit codes."""
    rows: dict[str, str] = {}
    for one in commands(shell=False):
        group, _, second = one.name.partition(" ")
        if second:
            rows[group] = f"{rows[group]} | {second}" if group in rows else second
        else:
            rows[group] = one.help
    lines = "\n".join(f"  {name:<13} {what}" for name, what in rows.items())
    return (
        f"{_EXAMPLES}\ncommands (llmos help COMMAND says more):\n{lines}\n"
        "  (a goal that begins with the name of a command, or with -, is given after --, as in:\n"
        f"  llmos -- demo)\n\n{EXIT_CODES}"
    )


def parse(arguments: Sequence[str]) -> Request:
    """Read the command line.

    Raises:
        UsageError: If it is wrong.
        SystemExit: If it asks for help or the version, which have been printed.
    """
    given = list(arguments)
    split = given.index("--") if "--" in given else len(given)
    given, rest = given[:split], tuple(given[split + 1 :])
    parser = _goal_parser()
    places = _words(given, parser.flags)
    asked = places and {"-p", "--print"} & {*given[: places[0]]}
    if places and given[places[0]] in first_words(shell=False) and not asked:
        return _command(given, places, rest)
    if {"-h", "--help"} & {*given}:
        parser.epilog = _overview()
    options = parser.parse_intermixed_args(given)
    words: tuple[str, ...] = tuple(options.words)
    check_script_flags(options)
    if options.replay_only and options.no_cache:
        raise UsageError("--replay-only and --no-cache exclude each other")
    if words or rest or options.print or not sys.stdin.isatty():
        return Request("goal", words + rest, options)
    if options.json:
        raise UsageError("--json goes with a goal, not with the shell")
    return Request("interactive", (), options)


def _words(given: Sequence[str], flags: dict[str, bool]) -> list[int]:
    """Return where the words of a command line stand: what is no flag, nor the value of one."""
    places: list[int] = []
    value = False
    for place, one in enumerate(given):
        if value:
            value = False
        elif one.startswith("-") and one != "-":
            value = flags.get(one, False)
        else:
            places.append(place)
    return places


def _command(given: list[str], places: list[int], rest: tuple[str, ...]) -> Request:
    named = [given[place] for place in places[:2]]
    found = find(named, shell=False)
    if found.command is None:
        if {"-h", "--help"} & {*given}:
            print_data(group_help(named[0]))
            raise SystemExit(0)
        near = f"did you mean llmos {found.near}? " if found.near else ""
        raise UsageError(
            f"there is no command {' '.join(named)!r}",
            hint=f"{near}see llmos {named[0]} --help; a goal that begins with this word is given "
            "after --",
        )
    if len(named) == 1 and " " in found.command.name and {"-h", "--help"} & {*given}:
        print_data(group_help(named[0]))
        raise SystemExit(0)
    for place in reversed(places[: found.taken]):
        del given[place]
    options = command_parser(found.command).parse_intermixed_args(given)
    for name in ("json", "quiet", "verbose", "debug", "no_color"):
        options.__dict__.setdefault(name, False)
    words = (*options.words, *rest)
    check_words(found.command, words, "llmos ")
    return Request(found.command.name, words, options, found.command)


def check_words(command: Command, words: Sequence[str], prefix: str) -> None:
    """Raise if a command takes fewer words, or not so many.

    Raises:
        UsageError: If it does.
    """
    least, most = command.words
    if len(words) < least:
        what = f"needs {command.usage}"
    elif most is not None and len(words) > most:
        what = f"takes no {words[most]!r}"
    else:
        return
    hint = f"usage: {prefix}{command.name} {command.usage}".rstrip()
    if prefix != "/":
        hint += "; a goal that begins with this word is given after --, as in: "
        hint += f"llmos -- {command.name.split()[0]}"
    raise UsageError(f"{prefix}{command.name} {what}", hint=hint)


def group_help(group: str, *, shell: bool = False) -> str:
    """Return the help of the commands of two words that begin with one word."""
    prefix = "/" if shell else "llmos "
    rows = [
        f"  {one.name.split()[1]} {one.usage}".ljust(28) + f" {one.help}"
        for one in commands(shell=shell)
        if one.name.startswith(f"{group} ")
    ]
    return "\n".join([f"usage: {prefix}{group} COMMAND", "", "commands:", *rows])
