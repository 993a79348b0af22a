"""The ``llmos>`` shell: what is typed is a goal, a /command or a !command, carried out in turn.

On a terminal the prompt stays open while a goal runs; with a pipe each line of stdin is one entry.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from functools import partial
from typing import Any

import anyio

from .._version import __version__
from ..kernel.errors import LlmosError
from ..kernel.tasks import open_task_group
from .command_context import Aside, Ask
from .command_line import shown
from .explain import explained, near_question
from .pinned import pinned
from .plain_text import one_line, printable, say
from .render import Narrator, receipt
from .result import Result
from .schedule_running import start_in_shell
from .shell.attachments import Output, with_attachments
from .shell.line_editor import StdinLines
from .shell.options import ShellOptions, options_of
from .shell.signals import Signals
from .shell.user_shell import print_line, run_in_users_shell
from .system import OpenSystem, System, tell_recovered

LEAVE = frozenset({"/exit", "/quit", "exit", "quit", ":q"})
_OUTPUTS = 10
"""Outputs of commands that are kept for the next goal."""


async def run_repl(
    open_system: OpenSystem,
    given: Mapping[str, Any],
    *,
    verbose: bool = False,
    screen_reader: bool = False,
    begin: Callable[[System], Awaitable[None]] | None = None,
) -> int:
    """Run the shell until the user leaves.

    Args:
        open_system: Makes the system.
        given: The settings that were given.
        verbose: More narration.
        screen_reader: Plain text that never changes once it was written.
        begin: Opens the session that the flags ask for.

    Returns:
        The exit code.

    Raises:
        LlmosError: If the system cannot be booted.
    """
    async with open_system(**given) as system:
        if begin is not None:
            await begin(system)
        tell_recovered(system)
        start_in_shell(system)
        options = options_of(system.settings, os.environ, screen_reader=screen_reader)
        if sys.stdin.isatty() and (sys.stdout.isatty() or sys.stderr.isatty()):
            from .shell.terminal import run_terminal

            return await run_terminal(system, options, verbose=verbose)
        narrator = Narrator(verbose=verbose)
        narrator.attach(system.bus, system.plugin_problems)
        greet(system)
        return await _run_piped(system, options)


def greet(system: System) -> None:
    """Say what this is."""
    say(f"llmos {__version__} ({system.settings.model}). /help lists the commands.", sys.stderr)


async def _run_piped(system: System, options: ShellOptions) -> int:
    signals = Signals(system.interrupt, patient=False)
    shell, lines = Shell(system, options), StdinLines()
    async with open_task_group() as group:
        await group.start(signals.listen)
        with signals.leaving:
            while not signals.exit_code:
                try:
                    line = await lines.next()
                except EOFError:
                    break
                if line.strip() in LEAVE:
                    break
                await shell.take(line)
        group.cancel_scope.cancel()
    return signals.exit_code


async def _nobody(_question: str) -> str:
    return ""


class Shell:
    """Carries out what is typed.

    Args:
        system: The booted system.
        options: How the shell behaves.
        ask: Asks the user one question and returns the answer; nobody is asked if None.
        tell: Tells a result; prints answer and receipt if None.
        aside: Leaves the terminal to another program.
    """

    def __init__(
        self,
        system: System,
        options: ShellOptions,
        ask: Ask | None = None,
        tell: Callable[[Result], Awaitable[None]] | None = None,
        aside: Aside = nullcontext,
    ) -> None:
        self._system = system
        self._options = options
        self._ask = ask or _nobody
        self._tell_result = tell or _tell_result
        self._aside = aside
        self._outputs: list[Output] = []

    async def take(self, line: str) -> None:
        """Carry out one entry; an error is told and the shell goes on."""
        text = line.strip()
        if not text:
            return
        try:
            text = pinned(text)
            if text.startswith("/"):
                await self._command(text)
            elif text.startswith("!"):
                await self._in_users_shell(text[1:])
            else:
                await self._execute(text)
        except LlmosError as error:
            tell_error(error)

    async def goal_of(self, line: str) -> str:
        """Return the goal that a line stands for, with what it attaches.

        Raises:
            UsageError: If what it mentions cannot be attached.
        """
        make = partial(
            with_attachments,
            line,
            self._system.cwd,
            self._system.gate.forbids_reading,
            self._outputs,
            always=self._options.output_in_context,
        )
        return await anyio.to_thread.run_sync(make)

    async def _in_users_shell(self, command: str) -> None:
        output = await run_in_users_shell(command, self._system.cwd, print_line)
        self._outputs = [*self._outputs, output][-_OUTPUTS:]
        if output.exit_code:
            say(f"exit code {output.exit_code}", sys.stderr)

    async def _ask_near(self, goal: str) -> bool:
        """Ask about a near miss; return whether the user said that it means the same."""
        decision = await self._system.decide(goal)
        if decision.near is None:
            return False
        while True:
            said = await self._ask(f"replay {near_question(decision.near)}? [y/n/why] ")
            if said in ("why", "?"):
                print_answer(explained(decision))
                continue
            if said in ("y", "yes", "n", "no"):
                same = said.startswith("y")
                await self._system.answer_near(decision, means_the_same=same)
                return same
            return False

    async def _execute(self, line: str) -> None:
        goal = await self.goal_of(line)
        near = self._ask is not _nobody and await self._ask_near(goal)
        await self._tell_result(await self._answered(goal, accept_near=near))
        self._outputs.clear()

    async def _of_command(self, goal: str, **options: Any) -> Result:
        return await self._answered(await self.goal_of(goal), **options)

    async def _answered(self, goal: str, **options: Any) -> Result:
        result = await self._system.execute(goal, **options)
        if result.drift is not None and result.drift.overwrites and not result.success:
            from .shell_undo import may_replace  # what a replay of the usual kind does not need

            if await may_replace(self._system, self._ask, result.drift.overwrites):
                result = await self._system.execute(goal, **dict[str, Any](options, force=True))
        return result

    async def _command(self, text: str) -> None:
        from .shell_commands import run_entry

        ask = None if self._ask is _nobody else self._ask
        said = await run_entry(
            text, self._system, ask=ask, execute=self._of_command, aside=self._aside
        )
        if said.result is not None:
            await self._tell_result(said.result)
        elif text := shown(said):
            say(text, sys.stdout)


async def _tell_result(result: Result) -> None:
    if result.error is not None:
        tell_error(result.error)
    else:
        print_answer(result.answer)
    say(receipt(result), sys.stderr)


def print_answer(text: str) -> None:
    """Print what was asked for, on stdout; harmless for a terminal."""
    shown = printable(text) if sys.stdout.isatty() else text
    say(shown, sys.stdout)


def tell_error(error: LlmosError) -> None:
    """Say what went wrong, and what to do next."""
    say(f"error: {one_line(error.message, 500)}", sys.stderr)
    if error.hint:
        say(f"  {error.hint}", sys.stderr)
