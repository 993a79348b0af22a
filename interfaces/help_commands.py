"""``help``: on llmos, on a command, on the exit codes."""

from __future__ import annotations

from ..kernel.errors import UsageError
from .arguments import EXIT_CODES, command_parser, full_help, group_help
from .command_context import CommandRequest, Context, Said
from .commands import GROUPS, commands, find
from .help_topics import page, topics


async def show_help(context: Context, request: CommandRequest) -> Said:
    """Show help."""
    shell, words = context.in_shell, request.words
    if not words:
        return Said(_in_shell() if shell else full_help())
    if words == ("exit-codes",):
        return Said(EXIT_CODES)
    if len(words) == 1 and (text := page(words[0])) is not None:
        group = f"{group_help(words[0], shell=shell)}\n\n" if words[0] in GROUPS else ""
        return Said(group + text)
    if words == ("topics",):
        return Said("\n".join(topics()))
    named = words[0].removeprefix("/"), *words[1:]
    if len(named) == 1 and named[0] in GROUPS:
        return Said(group_help(named[0], shell=shell))
    found = find(named, shell=shell)
    if found.command is None or found.taken < len(named):
        near = f"did you mean {found.near}? " if found.near else ""
        raise UsageError(
            f"there is no help on {' '.join(words)!r}",
            hint=f"{near}there is help on every command, and on: {', '.join(topics())}"
            + ("" if shell else "; a goal that begins with help is given after --"),
        )
    return Said(command_parser(found.command, shell=shell).format_help())


def _in_shell() -> str:
    rows = [(f"/{one.name} {one.usage}".rstrip(), one.help) for one in commands(shell=True)]
    width = max(len(name) for name, _ in rows)
    return "\n".join(
        [f"{name:<{width}}  {what}" for name, what in rows]
        + ["", "Anything else is a goal. /help COMMAND says more; Ctrl-C stops a goal."]
    )
