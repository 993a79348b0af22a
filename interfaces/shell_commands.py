"""Runs a command of the table in the shell: ``/NAME args``."""

from __future__ import annotations

import argparse
import json
import shlex
from contextlib import nullcontext

from ..kernel.errors import UsageError
from .arguments import check_words, command_parser, group_help
from .command_context import Aside, Ask, CommandRequest, Context, Execute, Said, carry_out
from .commands import GROUPS, Command, Found, find
from .plain_text import one_line
from .system import System


async def run_entry(
    text: str,
    system: System,
    *,
    ask: Ask | None,
    execute: Execute,
    aside: Aside = nullcontext,
) -> Said:
    """Run a command that was typed in the shell.

    Args:
        text: The entry, which begins with ``/``.
        system: The booted system.
        ask: Asks the person; None if nobody can be asked.
        execute: Answers a goal as the shell does.
        aside: Leaves the terminal to another program.

    Returns:
        What it says.

    Raises:
        UsageError: If there is no such command, or its words are wrong.
        LlmosError: If it cannot be done.
    """
    asked = text.split()
    if asked[0] != "/" and {"-h", "--help"} & {*asked[1:3]}:
        return Said(_help_of(asked))
    request = read_entry(text)
    said = await carry_out(Context(system, True, ask, execute, aside=aside), request)
    if not request.as_json:
        return said
    value = said.json if said.result is None else said.result.to_json()
    return Said(json.dumps(value, ensure_ascii=False))


def _help_of(asked: list[str]) -> str:
    named = [one for one in asked[:2] if not one.startswith("-")]
    named[0] = named[0].removeprefix("/")
    found = find(named, shell=True)
    if found.command is None or (len(named) == 1 and named[0] in GROUPS):
        return group_help(named[0], shell=True) if named[0] in GROUPS else _unknown(named[0], found)
    return command_parser(found.command, shell=True).format_help()


def read_entry(text: str) -> CommandRequest:
    """Return what an entry of the shell asks for.

    Raises:
        UsageError: If there is no such command, or its words are wrong.
    """
    name, _, rest = text.removeprefix("/").partition(" ")
    rest = rest.strip()
    found = find([name, *rest.split(maxsplit=1)[:1]], shell=True)
    if found.command is None:
        raise UsageError(_unknown(text.removeprefix("/"), found))
    if found.taken == 2:
        rest = "".join(rest.split(maxsplit=1)[1:])
    options = _of_goal(found.command, rest) if found.command.goal else _of(found.command, rest)
    words = tuple(options.words)
    check_words(found.command, words, "/")
    as_json = bool(getattr(options, "json", False))
    return CommandRequest(found.command, words, options, as_json)


def _unknown(name: str, found: Found) -> str:
    near = f", did you mean /{found.near}?" if found.near else "; /help lists the commands"
    return f"unknown command /{one_line(name, 40)}{near}"


def _of(command: Command, rest: str) -> argparse.Namespace:
    try:
        given = shlex.split(rest)
    except ValueError as error:
        raise UsageError(
            f"/{command.name}: {str(error).lower()}", hint="put it into double quotes"
        ) from None
    split = given.index("--") if "--" in given else len(given)
    options = command_parser(command, shell=True).parse_intermixed_args(given[:split])
    options.words = [*options.words, *given[split + 1 :]]
    return options


def _of_goal(command: Command, rest: str) -> argparse.Namespace:
    """Take the options before a goal, and the goal as it was typed."""
    flags: list[str] = []
    known = {"--json", "--help", "-h", *(flag for one in command.options for flag in one.flags)}
    while (word := rest.partition(" ")[0]) in known:
        flags.append(word)
        rest = rest.removeprefix(word).lstrip()
    options = command_parser(command, shell=True).parse_args(flags)
    options.words = [rest] if rest else []
    return options
