"""Runs a command of the table on the command line, and prints what it says."""

from __future__ import annotations

import signal
import sys
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial

import anyio

from .arguments import Request
from .command_context import Ask, CommandRequest, Context, Said, carry_out
from .goal_commands import interrupting
from .goal_request import goal_of, narrate, signalled
from .plain_text import printable_for_terminal, say
from .render import receipt
from .report import report
from .streams import print_data, print_json
from .system import OpenSystem, opened


def run_command(request: Request, open_system: OpenSystem) -> int:
    """Run a command; return the exit code.

    Args:
        request: What the command line asks for.
        open_system: Makes the system.

    Raises:
        LlmosError: If it cannot be done.
        OutputLostError: If standard output cannot be written.
    """
    return anyio.run(partial(_run, request, open_system))


async def _run(request: Request, open_system: OpenSystem) -> int:
    command, options = request.command, request.options
    assert command is not None
    words, caught = request.words, list[signal.Signals]()
    if command.goal:
        goal, options.stdin = goal_of(request)
        words = (goal,)
    asked = CommandRequest(command, words, options, options.json)
    context = Context(ask=_ask_of_terminal(), given=request.given, open_system=open_system)
    async with AsyncExitStack() as stack:
        if command.boots:
            system = await stack.enter_async_context(opened(open_system, request.given))
            if command.runs or command.goal:
                narrate(request, system.bus, system.plugin_problems)
            if command.runs:
                caught = await stack.enter_async_context(interrupting(system))
            context = Context(system, False, context.ask, system.execute, context.given)
        said = await carry_out(context, asked)
    if said.result is not None:
        said = replace(said, result=signalled(said.result, caught))
    return print_said(said, request)


def print_said(said: Said, request: Request) -> int:
    """Print what a command says; return the exit code.

    Raises:
        OutputLostError: If standard output cannot be written.
    """
    result = said.result
    if result is not None:
        if not request.options.quiet and (result.error is None or result.drift is not None):
            say(receipt(result), sys.stderr)
        return report(result, as_json=request.options.json)
    if request.options.json:
        print_json(said.json)
    elif text := shown(said):
        print_data(text)
    elif said.grid is None:
        print_data("")
    return said.exit_code


def shown(said: Said) -> str:
    """Return what a command says as text for standard output, harmless for a terminal."""
    if said.style == "diff":
        from .undo_view import coloured

        return coloured(said.text.split("\n"))  # its lines are harmless already
    parts = [printable_for_terminal(said.text)] if said.text else []
    if said.grid is not None and said.grid.rows:
        from .grids import render

        parts.insert(0, render(said.grid))
    return "\n".join(parts)


def _ask_of_terminal() -> Ask | None:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    from .line_editor import ask

    return ask
