"""``completion bash|zsh|fish``: scripts that complete commands, options, traces and schedules."""

from __future__ import annotations

import shlex
from typing import get_args

from ..kernel.errors import UsageError
from .arguments import GOAL_OPTIONS, NARRATION, SETTINGS
from .command_context import CommandRequest, Context, Said
from .commands import Command, Option, commands, nearest
from .defaults import GuardMode, PermissionMode
from .prices import known_models
from .script_arguments import COLOURS, FORMATS, RESULT, SESSION, SHOWN

SHELLS = ("bash", "zsh", "fish")
_IDS = {
    "trace": "llmos trace list --limit 200 2>/dev/null | awk 'NR > 1 {print $1}'",
    "run": "llmos runs 2>/dev/null | awk 'NR > 1 {print $1}'",
    "session": """llmos session list 2>/dev/null | awk 'NR == 1 {name = index($0, "NAME")
used = index($0, "USED")} NR > 1 {print $1; named = substr($0, name, used - name)
sub(/ +$/, "", named); if (named != "" && named !~ / /) print named}'""",
    "schedule": "llmos schedule list 2>/dev/null | awk 'NR > 1 {print $1}'",
    "key": "llmos config show 2>/dev/null | awk 'NR > 1 {print $1}'",
    "shell": f"echo {' '.join(SHELLS)}",
    "model": f"echo {' '.join(known_models())}",
}
"""What gives the words of a kind."""
_OPTIONS = (*GOAL_OPTIONS, *RESULT, *SESSION, *SETTINGS, *NARRATION, *SHOWN)
"""What may stand before a goal."""
_VALUES = {
    "--resume": _IDS["session"],
    "--model": _IDS["model"],
    "--permission-mode": f"echo {' '.join(get_args(PermissionMode))}",
    "--guards": f"echo {' '.join(get_args(GuardMode))}",
    "--output-format": f"echo {' '.join(FORMATS)}",
    "--color": f"echo {' '.join(COLOURS)}",
}
"""What gives the values of a flag; those of the others are files, or nobody knows them."""


async def completion(_context: Context, request: CommandRequest) -> Said:
    """Give the script of a shell."""
    shell = request.words[0]
    if shell not in SHELLS:
        near = nearest(shell, SHELLS)
        raise UsageError(
            f"there is no completion for {shell!r}",
            hint=f"did you mean {near}?" if near else f"there is: {', '.join(SHELLS)}",
        )
    text = _fish() if shell == "fish" else _bash() if shell == "bash" else _zsh()
    return Said(text, json={"shell": shell, "script": text})


def _flags(options: tuple[Option, ...]) -> list[str]:
    return [flag for one in options for flag in one.flags if flag.startswith("--")]


def _valued() -> list[tuple[Option, str]]:
    """Return the flags whose values are known, each with what gives them."""
    found = ((one, _VALUES.get(_flags((one,))[0])) for one in _OPTIONS)
    return [(one, source) for one, source in found if source is not None]


def _of(command: Command) -> list[str]:
    own = [*_flags(command.options), "--help", "--workspace"]
    return [*own, "--json"] if command.takes_json else own


def _groups() -> dict[str, list[Command]]:
    found: dict[str, list[Command]] = {}
    for one in commands(shell=False):
        found.setdefault(one.name.split()[0], []).append(one)
    return found


def _bash() -> str:
    groups = _groups()
    lines = [
        "# bash completion of llmos; in ~/.bashrc: source <(llmos completion bash)",
        "_llmos() {",
        "  local cur=${COMP_WORDS[COMP_CWORD]} first=${COMP_WORDS[1]} second=${COMP_WORDS[2]}",
        "  local prev=${COMP_WORDS[COMP_CWORD - 1]}",
        "  local words='' command=$first",
        "  COMPREPLY=()",
        "  case $prev in",
        *(f"    {'|'.join(one.flags)}) words=$({source}) ;;" for one, source in _valued()),
        "  esac",
        '  if [ -n "$words" ]; then',
        '    COMPREPLY=($(compgen -W "$words" -- "$cur"))',
        "    return",
        "  fi",
        '  if [ "$COMP_CWORD" -eq 1 ]; then',
        f"    words={shlex.quote(' '.join([*groups, *_flags(_OPTIONS)]))}",
        '    COMPREPLY=($(compgen -W "$words" -- "$cur"))',
        "    return",
        "  fi",
        "  case $first in",
        f"  -*) case $cur in -*) words={shlex.quote(' '.join(_flags(_OPTIONS)))} ;; esac ;;",
    ]
    for name, members in groups.items():
        seconds = [one.name.split()[1] for one in members if " " in one.name]
        if seconds:
            lines += [
                f"  {name})",
                '    command="$first $second"',
                f'    [ "$COMP_CWORD" -eq 2 ] && words={shlex.quote(" ".join(seconds))} ;;',
            ]
    lines += ["  esac", '  if [ -z "$words" ]; then', '    case "$command" in']
    for one in commands(shell=False):
        flags = shlex.quote(" ".join(_of(one)))
        lines += [f'    "{one.name}")', f"      case $cur in -*) words={flags} ;;"]
        if one.completes in _IDS:
            lines += [f"      *) words=$({_IDS[one.completes]}) ;;"]
        elif one.completes == "file":
            lines += ['      *) COMPREPLY=($(compgen -f -- "$cur")); return ;;']
        lines += ["      esac ;;"]
    return "\n".join([
        *lines, "    esac", "  fi", '  COMPREPLY=($(compgen -W "$words" -- "$cur"))', "}",
        "complete -o default -F _llmos llmos", "",
    ])  # fmt: skip


def _zsh() -> str:
    return "\n".join([
        "#compdef llmos",
        "# zsh completion of llmos; in ~/.zshrc: source <(llmos completion zsh)",
        "autoload -U +X compinit && compinit -u",
        "autoload -U +X bashcompinit && bashcompinit",
        _bash(),
    ])  # fmt: skip


def _fish() -> str:
    lines = ["# fish completion of llmos: llmos completion fish | source", "complete -c llmos -f"]
    for one, source in _valued():
        names = " ".join(
            f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in one.flags
        )
        lines += [f"complete -c llmos {names} -x -a {shlex.quote(f'({source})')}"]
    for name, members in _groups().items():
        alone = len(members) == 1 and " " not in members[0].name
        said = members[0].help if alone else f"{name} commands"
        lines += [f"complete -c llmos -n __fish_use_subcommand -a {name} -d {shlex.quote(said)}"]
        seconds = [one.name.split()[1] for one in members if " " in one.name]
        for one in members:
            within = f"__fish_seen_subcommand_from {name}"
            if " " in one.name:
                second = one.name.split()[1]
                unseen = f"{within}; and not __fish_seen_subcommand_from {' '.join(seconds)}"
                lines += [
                    f"complete -c llmos -n {shlex.quote(unseen)} -a {second}"
                    f" -d {shlex.quote(one.help)}"
                ]
                within += f"; and __fish_seen_subcommand_from {second}"
            lines += [
                f"complete -c llmos -n {shlex.quote(within)} -l {flag.removeprefix('--')}"
                for flag in _of(one)
            ]
            if one.completes in _IDS:
                ids = shlex.quote(f"({_IDS[one.completes]})")
                lines += [f"complete -c llmos -n {shlex.quote(within)} -a {ids}"]
    return "\n".join([*lines, ""])
