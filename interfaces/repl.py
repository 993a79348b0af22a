"""The ``llmos>`` shell: history, completion, Ctrl-C that stops the goal and not the shell.

On a terminal the line editor is prompt-toolkit; with a pipe each line of stdin is one entry.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import aclosing
from typing import Any

from .._version import __version__
from ..kernel.errors import LlmosError
from ..kernel.tasks import open_task_group
from .command_context import Ask
from .command_line import shown
from .commands import names
from .explain import explained, near_question
from .line_editor import ask, confirmed, piped_lines, terminal_lines
from .plain_text import one_line, printable, say
from .render import Narrator, receipt
from .result import Result
from .shell_signals import Signals
from .system import OpenSystem, System, tell_recovered

_LEAVE = frozenset({"/exit", "/quit", "exit", "quit", ":q"})


async def run_repl(
    open_system: OpenSystem, given: Mapping[str, Any], *, verbose: bool = False
) -> int:
    """Run the shell until the user leaves.

    Args:
        open_system: Makes the system.
        given: The settings that were given.
        verbose: More narration.

    Returns:
        The exit code.

    Raises:
        LlmosError: If the system cannot be booted.
    """
    async with open_system(**given) as system:
        narrator = Narrator(verbose=verbose)
        narrator.attach(system.bus, system.plugin_problems)
        tell_recovered(system)
        say(f"llmos {__version__} ({system.settings.model}). /help lists the commands.", sys.stderr)
        signals = Signals(system.interrupt, patient=sys.stdin.isatty())
        async with open_task_group() as group:
            await group.start(signals.listen)
            with signals.leaving:
                await _serve(Shell(system, ask if sys.stdin.isatty() else None), signals)
            group.cancel_scope.cancel()
    return signals.exit_code


async def _serve(shell: Shell, signals: Signals) -> None:
    lines = terminal_lines(signals, names()) if sys.stdin.isatty() else piped_lines()
    async with aclosing(lines):
        async for line in lines:
            if line.strip() in _LEAVE:
                return
            await shell.take(line)
            if signals.exit_code:
                return


async def _nobody(_question: str) -> str:
    return ""


class Shell:
    """Carries out what is typed.

    Args:
        system: The booted system.
        ask: Asks the user one question and returns the answer; nobody is asked if None.
    """

    def __init__(self, system: System, ask: Ask | None = None) -> None:
        self._system = system
        self._ask = ask or _nobody
        if ask is not None:
            system.gate.person = confirmed

    async def take(self, line: str) -> None:
        """Carry out one entry; an error is told and the shell goes on."""
        text = line.strip()
        if not text:
            return
        try:
            if text.startswith("/"):
                await self._command(text)
            else:
                await self._execute(text)
        except LlmosError as error:
            _tell(error)

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

    async def _execute(self, goal: str) -> None:
        near = self._ask is not _nobody and await self._ask_near(goal)
        self._tell_result(await self._run(goal, accept_near=near))

    async def _run(self, goal: str, **options: Any) -> Result:
        result = await self._system.execute(goal, **options)
        if result.drift is not None and result.drift.overwrites and not result.success:
            from .shell_undo import may_replace  # what a replay of the usual kind does not need

            if await may_replace(self._system, self._ask, result.drift.overwrites):
                result = await self._system.execute(goal, **dict[str, Any](options, force=True))
        return result

    def _tell_result(self, result: Result) -> None:
        if result.error is not None:
            _tell(result.error)
        else:
            print_answer(result.answer)
        say(receipt(result), sys.stderr)

    async def _command(self, text: str) -> None:
        from .shell_commands import run_entry

        ask = None if self._ask is _nobody else self._ask
        said = await run_entry(text, self._system, ask=ask, execute=self._run)
        if said.result is not None:
            self._tell_result(said.result)
        elif text := shown(said):
            say(text, sys.stdout)


def print_answer(text: str) -> None:
    """Print what was asked for, on stdout; harmless for a terminal."""
    shown = printable(text) if sys.stdout.isatty() else text
    say(shown, sys.stdout)


def _tell(error: LlmosError) -> None:
    say(f"error: {one_line(error.message, 500)}", sys.stderr)
    if error.hint:
        say(f"  {error.hint}", sys.stderr)
