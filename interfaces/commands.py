"""The commands of llmos: one table behind ``llmos NAME ...`` and ``/NAME ...``.

It holds names and help only, and is loaded at every start; what a command does is imported when it
runs. To add one, add a row here and write ``async def run(context, request) -> Said``, see
`llmos.interfaces.command_context`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple


class Option(NamedTuple):
    """An option of the command line.

    Attributes:
        flags: Its names.
        help: What it does, in a few words.
        metavar: What its value is called; empty for one that takes none.
        dest: Under which name its value is found; the first long flag if empty.
        repeated: Whether it may be given more than once.
        hidden: Whether help leaves it out.
    """

    flags: tuple[str, ...]
    help: str
    metavar: str = ""
    dest: str = ""
    repeated: bool = False
    hidden: bool = False


class Command(NamedTuple):
    """A command.

    Attributes:
        name: Its name: one word, or two for a sub-command.
        run: Where it is done, as ``module:function`` in this room; empty for what only the way in
            itself can do.
        help: What it does, in one line.
        usage: The words after its name, for people.
        words: How many words it takes: at least, and at most (None: any number).
        options: The options that it takes, beside ``--json`` and the settings.
        shell_names: Its other names in the shell.
        where: ``cli``, ``shell`` or ``both``.
        boots: Whether it needs a booted system.
        goal: Whether its words are a goal, which is taken as it is typed.
        runs: Whether it may carry out steps: then it is narrated, and Ctrl-C ends them first.
        takes_json: Whether ``--json`` means anything to it.
        completes: What its words are, for completion: ``trace``, ``run``, ``goal``, ``key``,
            ``file``, ``session``, ``model``, ``command``, ``shell``, ``schedule``, or nothing
            known.
        examples: Command lines, without the program's name.
    """

    name: str
    run: str
    help: str
    usage: str = ""
    words: tuple[int, int | None] = (0, 0)
    options: tuple[Option, ...] = ()
    shell_names: tuple[str, ...] = ()
    where: Literal["both", "cli", "shell"] = "both"
    boots: bool = True
    goal: bool = False
    runs: bool = False
    takes_json: bool = True
    completes: str = ""
    examples: tuple[str, ...] = ()


_ANY = (0, None)
_SOME = (1, None)
_TWO = (2, None)
_FORCE = Option(("--force",), "replace also what you have changed since")
SCREEN_READER = Option(
    ("--screen-reader",), "the shell writes plain text that never changes once it is there"
)
_YES = Option(("-y", "--yes"), "answer yes to what it asks")
_WHICH = (
    Option(("--project",), "the file of this project, for everybody: .llmos/config.toml"),
    Option(("--local",), "your own file of this project: .llmos/config.local.toml"),
)

_LIMIT = Option(("--limit",), "how many at most", "N")
_SINCE = Option(("--since",), "from this day on, as in 2026-03-01", "DAY")
_UNTIL = Option(("--until",), "before this day", "DAY")
_KIND = Option(("--kind",), "note, result, lesson, or any other word", "KIND")
_META = Option(("--meta",), "what stands beside it, as in project=apollo", "NAME=VALUE",
               repeated=True)  # fmt: skip
_WANTED = (_LIMIT, _KIND, _META, _SINCE, _UNTIL)
COMMANDS: tuple[Command, ...] = (
    Command("interactive", "", "the shell, also without a terminal", options=(SCREEN_READER,),
            where="cli", takes_json=False),
    Command("demo", "", "learn and replay three goals; needs no key and no network", where="cli"),
    Command(
        "why", "about_goals:why", "how a goal would be answered and why so; costs nothing",
        "GOAL", _ANY, (Option(("--context",), "also what the model would be given beside it"),),
        goal=True, completes="goal",
    ),
    Command(
        "plan", "about_goals:plan", "let the model plan a goal; nothing is carried out",
        "GOAL", _ANY, goal=True, runs=True, completes="goal",
    ),
    Command(
        "learn", "about_goals:learn", "learn a goal afresh, as --no-cache does",
        "GOAL", _SOME, goal=True, runs=True, completes="goal", where="shell",
    ),
    Command(
        "replay", "about_goals:replay", "replay a goal and never call a model",
        "GOAL", _SOME, goal=True, runs=True, completes="goal", where="shell",
    ),
    Command("trace list", "trace_commands:list_traces", "what has been learned, newest first",
            options=(Option(("--search",), "only goals that hold this text", "TEXT"),
                     Option(("--limit",), "at most so many (100)", "N"),
                     Option(("--offset",), "leave out the first N", "N")),
            shell_names=("traces",), examples=("trace list --search csv --json",)),
    Command("trace show", "trace_commands:show_trace", "one trace: its steps, what it changes",
            "ID", (1, 1), completes="trace"),
    Command("trace allow", "trace_commands:allow_trace",
            "let traces run that were not learned here, after a look at what they may do",
            "ID...|mine", _ANY, (_YES,), completes="trace"),
    Command("trace run", "trace_running:run_trace",
            "replay a trace, with other values for its parameters", "ID [KEY=VALUE...]", _SOME,
            (_FORCE,), runs=True, completes="trace", examples=("trace run 75a1 path=b.csv",)),
    Command("trace diff", "trace_running:diff_traces", "how two traces differ", "ID ID", (2, 2),
            completes="trace"),
    Command("trace edit", "trace_files:edit_trace",
            "edit a copy in $VISUAL or $EDITOR; it is a trace of its own, to be allowed", "ID",
            (1, 1), completes="trace"),
    Command("trace export", "trace_files:export_trace",
            "a trace as json (to be imported), md, bash or python", "ID", (1, 1),
            (Option(("--to",), "json, md, bash or python", "FORM"),
             Option(("-o", "--output"), "write it to a new file", "FILE")), completes="trace",
            examples=("trace export 75a1 --to md",)),
    Command("trace import", "trace_files:import_traces",
            "take trace files in; they do not run until they are allowed", "FILE...", _SOME,
            completes="file"),
    Command("trace validate", "trace_files:validate_files", "whether files are traces", "FILE...",
            _SOME, boots=False, completes="file"),
    Command("trace path", "trace_files:path_of_trace", "the folder of the traces, or a file",
            "[ID]", (0, 1), completes="trace"),
    Command("trace rm", "trace_commands:remove_trace", "remove a trace", "ID", (1, 1),
            shell_names=("forget",), completes="trace"),
    Command("run", "trace_running:run_trace", "replay a trace by its id, as trace run does",
            "ID [KEY=VALUE...]", _SOME, (_FORCE,), runs=True, completes="trace"),
    Command("runs", "undo_commands:list_runs", "the last runs in this directory"),
    Command("diff", "undo_commands:diff", "what a run changed; without RUN the last one",
            "[RUN]", (0, 1), completes="run"),
    Command("undo", "undo_commands:undo", "put back what a run changed; without RUN the last one",
            "[RUN]", (0, 1), (_FORCE,), shell_names=("rewind",), completes="run"),
    Command("redo", "undo_commands:redo", "bring again what was undone",
            "[RUN]", (0, 1), (_FORCE,), completes="run"),
    Command("memory list", "memory_commands:list_memories", "what is remembered, newest first",
            options=_WANTED),
    Command("memory add", "memory_commands:add", "remember a text; - reads it from stdin",
            "TEXT", _SOME, (_KIND, _META, Option(("--days",), "forget it after so many", "N")),
            examples=('memory add "the release branch is called trunk"',)),
    Command("memory search", "memory_commands:search", "search by meaning and by words",
            "QUERY", _SOME,
            (*_WANTED, Option(("--mode",), "hybrid, vector or text", "MODE"))),
    Command("memory rm", "memory_commands:remove", "forget memories", "ID...", _ANY,
            (Option(("--expired",), "all whose time is over"),)),
    Command("memory export", "memory_commands:export", "all memories as JSON lines", "[FILE]",
            (0, 1), completes="file"),
    Command("memory import", "memory_commands:import_lines",
            "take in JSON lines; - reads them from stdin", "FILE", (1, 1), completes="file"),
    Command("memory embed", "memory_commands:embed",
            "embed anew at once what a change of embedding left"),
    Command("history search", "history_commands:search",
            "what was said and done in past sessions", "WORD...", _SOME, (_LIMIT, _SINCE, _UNTIL)),
    Command("history prune", "history_commands:prune", "remove the logs of old sessions",
            options=(Option(("--days",), "older than so many (default: 90)", "N"),)),
    Command("usage", "money_commands:usage", "money spent, saved and left, and where it went",
            options=(Option(("--by",), "one line for each day, model, trace or project", "WHAT"),
                     Option(("--days",), "only of the last N days", "N")),
            shell_names=("cost", "stats", "tokens"),
            examples=("usage --by day --days 7", "usage --by trace --json")),
    Command("savings", "money_commands:savings",
            "what each trace saved, against what learning it really cost"),
    Command("budget", "money_commands:budget", "the caps and what is left; +USD allows more",
            "[+USD]", (0, 1)),
    Command("model", "setting_commands:model", "the model and what others cost; ID takes another",
            "[ID]", (0, 1), completes="model"),
    Command("permissions", "setting_commands:permissions", "the permission mode and the rules"),
    Command("schedule list", "schedule_commands:list_schedules", "the schedules of the workspace"),
    Command("schedule add", "schedule_commands:add",
            "answer a goal at its times; by replay only, unless money is allowed", "CRON GOAL",
            (2, None), (
                Option(("--max-usd",), "most that a run may cost (0: replays only)", "USD"),
                Option(("--name",), "its name", "NAME"),
                Option(("--missed",), "make up for missed times once (default) or never", "HOW"),
            ), examples=('schedule add "0 9 * * 1-5" "make the report" --max-usd 0',)),
    Command("schedule logs", "schedule_commands:logs", "what came of past runs", "[NAME]", (0, 1),
            completes="schedule"),
    Command("schedule run-now", "schedule_commands:run_now", "run a schedule out of turn", "NAME",
            (1, 1), runs=True, completes="schedule"),
    Command("schedule rm", "schedule_commands:remove", "remove a schedule", "NAME", (1, 1),
            completes="schedule"),
    Command("schedule run-due", "schedule_commands:run_what_is_due",
            "run what is due in this directory, as the timer does", where="cli", boots=False,
            runs=True),
    Command("schedule install", "schedule_commands:install",
            "let the system's timer run the schedules of this directory", options=(
                Option(("--systemd",), "a systemd user timer"),
                Option(("--cron",), "lines of your crontab"),
                Option(("--print",), "show it and change nothing", dest="print_only"),
                Option(("--remove",), "take it away again"),
            ), where="cli"),
    Command("config show", "config_commands:show", "every setting, and with --origin who said so",
            options=(Option(("--origin",), "also who said so"),), boots=False),
    Command("config get", "config_commands:get", "one setting", "KEY", (1, 1), boots=False,
            completes="key", examples=("config get budget.daily_usd",)),
    Command("config set", "config_commands:set_key", "set a key in a settings file",
            "KEY VALUE", (2, 2), _WHICH, boots=False, completes="key",
            examples=("config set budget.daily_usd 3",
                      "config set --project permissions.deny '[\"Bash(git push:*)\"]'")),
    Command("config unset", "config_commands:unset_key", "take a key out of a settings file",
            "KEY", (1, 1), _WHICH, boots=False, completes="key"),
    Command("config path", "config_commands:path", "where a settings file is", options=_WHICH,
            boots=False),
    Command("allow", "config_commands:allow",
            "let the settings files of this project widen what you have set", "[FILE...]",
            (0, None), (_YES,), boots=False, completes="file"),
    Command("doctor", "doctor:doctor", "whether all that llmos needs is there, and what to do",
            boots=False),
    Command("logs path", "setting_commands:logs_path", "the folder in which sessions are logged"),
    Command("completion", "completion:completion", "a script that completes llmos in your shell",
            "bash|zsh|fish", (1, 1), where="cli", boots=False, completes="shell",
            examples=("completion bash > ~/.local/share/bash-completion/completions/llmos",)),
    Command("session list", "session_commands:list_sessions", "the sessions of this directory",
            options=(Option(("--all",), "those of every directory"),), shell_names=("sessions",)),
    Command("session show", "session_commands:show_session", "what was asked and answered",
            "[ID|NAME]", (0, 1), completes="session"),
    Command("session export", "session_commands:export_session",
            "a session as a document; without ID the last one here",
            "[ID|NAME]", (0, 1),
            (Option(("--format",), "md, json or html", "FORMAT"),
             Option(("-o", "--output"), "save it there", "FILE")),
            shell_names=("export",), completes="session"),
    Command("session rename", "session_commands:rename_session", "name a session",
            "ID|NAME NEW-NAME", _TWO, completes="session"),
    Command("session rm", "session_commands:remove_session", "remove a session",
            "ID|NAME", (1, 1), completes="session"),
    Command("session path", "session_commands:session_path", "where sessions are, or one is",
            "[ID|NAME]", (0, 1), completes="session"),
    Command("session prune", "session_commands:prune_sessions",
            "remove what was not used for 30 days, or so many", "[DAYS]", (0, 1)),
    Command("resume", "session_commands:resume", "let goals go on from a session",
            "[ID|NAME]", _ANY, where="shell", completes="session"),
    Command("fork", "session_commands:fork", "go on in a copy of this session, or of another",
            "[ID|NAME]", _ANY, where="shell", completes="session"),
    Command("rename", "session_commands:rename_open", "name this session", "NAME", _SOME,
            where="shell"),
    Command("clear", "session_commands:clear", "begin a new session", where="shell"),
    Command("help", "help_commands:show_help", "help on llmos, on a command, or on a topic",
            "[COMMAND|TOPIC]", (0, 2), boots=False, takes_json=False, completes="command"),
    Command("keys", "shell.key_help:show_keys", "what the keys do (also ?)", where="shell",
            takes_json=False),
    Command("exit", "", "leave (also Ctrl-D)", where="shell", shell_names=("quit",),
            takes_json=False),
)  # fmt: skip

GROUPS = {
    "trace": "list", "session": "list", "schedule": "list", "config": "show", "memory": "list",
    "history": "search", "logs": "path",
}  # fmt: skip
"""Commands of two words, by their first: the second one that is meant when there is none."""

_IN_SHELL = {"trace": "trace show"}
"""What ``/NAME WORD`` means in the shell, when WORD is no command of the group."""


def names() -> list[str]:
    """Return what may be typed in the shell after nothing: each name with its slash."""
    found: list[str] = []
    for one in commands(shell=True):
        found += [f"/{one.name}", *(f"/{name}" for name in one.shell_names)]
    return found


class Found:
    """What the words of a command line or an entry name.

    Attributes:
        command: The command; None if there is none of that name.
        taken: How many words its name takes.
        near: The name that was probably meant; empty if there is none.
    """

    def __init__(self, command: Command | None, taken: int = 0, near: str = "") -> None:
        self.command = command
        self.taken = taken
        self.near = near


def commands(*, shell: bool) -> list[Command]:
    """Return the commands of the shell, or of the command line, in the order of the help."""
    left_out = "cli" if shell else "shell"
    return [one for one in COMMANDS if one.where != left_out]


def first_words(*, shell: bool) -> set[str]:
    """Return the words that a command, or in the shell another name of one, begins with."""
    words = {one.name.split()[0] for one in commands(shell=shell)}
    if shell:
        words.update(name for one in commands(shell=True) for name in one.shell_names)
    return words


def find(words: Sequence[str], *, shell: bool) -> Found:
    """Return the command that some words begin with.

    Args:
        words: The words; the first one names a command or begins one of two words.
        shell: Whether they were typed in the shell, where some have more names.
    """
    known = {one.name: one for one in commands(shell=shell)}
    if shell:
        known |= {name: one for one in commands(shell=True) for name in one.shell_names}
    first = words[0] if words else ""
    if first in known:
        return Found(known[first], 1)
    if first not in GROUPS:
        return Found(None, 0, nearest(first, first_words(shell=shell)))
    if len(words) == 1:
        return Found(known[f"{first} {GROUPS[first]}"], 1)
    if (two := f"{first} {words[1]}") in known:
        return Found(known[two], 2)
    near = nearest(words[1], [one.split()[1] for one in known if one.startswith(f"{first} ")])
    if shell and not near and first in _IN_SHELL:
        return Found(known[_IN_SHELL[first]], 1)
    return Found(None, 1, f"{first} {near}" if near else "")


def nearest(word: str, names: Sequence[str] | set[str]) -> str:
    """Return the name that a misspelt word probably means; empty if there is none."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, sorted(names), n=1)), "")
