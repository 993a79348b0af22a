"""The ``llmos>`` shell: history, completion, Ctrl-C that stops the goal and not the shell.

On a terminal the line editor is prompt-toolkit; with a pipe each line of stdin is one entry.
"""

from __future__ import annotations

import difflib
import os
import signal
import stat
import sys
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import anyio

from .._version import __version__
from ..kernel.errors import LlmosError
from ..kernel.money import format_usd
from ..kernel.tasks import open_task_group
from ..memory.trust import state_dir
from .render import Narrator, one_line, printable, receipt, say
from .system import OpenSystem, System

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession

PROMPT = "llmos> "
_CHUNK = 65536
_EXIT_S = 2.0
"""Seconds within which a second Ctrl-C leaves the shell."""

COMMANDS: dict[str, str] = {
    "/help": "this list",
    "/why GOAL": "how a goal would be answered, and what it would cost",
    "/plan GOAL": "let the model plan; nothing is carried out",
    "/learn GOAL": "learn a goal afresh",
    "/replay GOAL": "replay a goal; never call a model",
    "/traces": "what has been learned",
    "/trace ID": "one trace",
    "/usage": "money spent, saved and left",
    "/exit": "leave (also Ctrl-D)",
}
_NAMES = tuple(entry.split()[0] for entry in COMMANDS)
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
        say(f"llmos {__version__} ({system.settings.model}). /help lists the commands.", sys.stderr)
        signals = Signals(system.interrupt, patient=sys.stdin.isatty())
        async with open_task_group() as group:
            await group.start(signals.listen)
            with signals.leaving:
                await _serve(Shell(system), signals)
            group.cancel_scope.cancel()
    return signals.exit_code


async def _serve(shell: Shell, signals: Signals) -> None:
    lines = _terminal_lines(signals) if sys.stdin.isatty() else _piped_lines()
    async with aclosing(lines):
        async for line in lines:
            if line.strip() in _LEAVE:
                return
            await shell.take(line)
            if signals.exit_code:
                return


class Signals:
    """What Ctrl-C and the signals that end programs do to the shell.

    Ctrl-C stops the running goal; else it leaves when pressed twice (without a terminal: at
    once). SIGTERM, and SIGHUP of a terminal that is closed, stop the running goal and leave.

    Args:
        interrupt: Stops the running goal; returns whether there was one.
        patient: Whether Ctrl-C leaves the shell only when pressed twice.
        clock: Gives seconds.
    """

    def __init__(
        self,
        interrupt: Callable[[], bool],
        *,
        patient: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.leaving = anyio.CancelScope()
        self.exit_code = 0
        self._interrupt = interrupt
        self._patient = patient
        self._clock = clock
        self._warned_at = float("-inf")

    def pressed(self) -> None:
        """Take note of Ctrl-C."""
        if self._interrupt():
            return
        if not self._patient:
            self._leave(signal.SIGINT)
            return
        now = self._clock()
        if now - self._warned_at < _EXIT_S:
            self.leaving.cancel()
            return
        self._warned_at = now
        say("press Ctrl-C again to leave", sys.stderr)

    async def listen(self, *, task_status: anyio.abc.TaskStatus[None]) -> None:
        """Listen for them where the line editor does not: while a goal runs, and between lines."""
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
            task_status.started()
            async for number in signals:
                if number == signal.SIGINT:
                    self.pressed()
                else:
                    self._leave(number)

    def _leave(self, number: signal.Signals) -> None:
        self.exit_code = self.exit_code or 128 + number
        if not self._interrupt():
            self.leaving.cancel()


class Shell:
    """Carries out what is typed.

    Args:
        system: The booted system.
    """

    def __init__(self, system: System) -> None:
        self._system = system

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

    async def _execute(self, goal: str, **options: bool) -> None:
        result = await self._system.execute(goal, **options)
        if result.error is not None:
            _tell(result.error)
        else:
            print_answer(result.answer)
        say(receipt(result), sys.stderr)

    async def _command(self, text: str) -> None:
        name, _, rest = text.partition(" ")
        rest = rest.strip()
        match name:
            case "/help":
                print_answer("\n".join(f"{entry:<14}{what}" for entry, what in COMMANDS.items()))
            case "/why":
                decision = await self._system.decide(rest)
                print_answer("\n  ".join((decision.describe(), *decision.reasons)))
            case "/plan":
                plan = await self._system.plan(rest)
                print_answer(plan.describe())
            case "/learn":
                await self._execute(rest, learn_afresh=True)
            case "/replay":
                await self._execute(rest, replay_only=True)
            case "/traces":
                print_answer(await anyio.to_thread.run_sync(self._traces))
            case "/trace":
                print_answer(await anyio.to_thread.run_sync(self._trace, rest))
            case "/usage":
                print_answer(self._usage())
            case _:
                near = difflib.get_close_matches(name, _NAMES, n=1)
                hint = f", did you mean {near[0]}?" if near else "; /help lists the commands"
                say(f"unknown command {one_line(name)}{hint}", sys.stderr)

    def _traces(self) -> str:
        rows = self._system.traces.list(limit=50, offset=0)
        return "\n".join(f"{row.id}  {one_line(row.goal)}" for row in rows) or "nothing yet"

    def _trace(self, prefix: str) -> str:
        from .trace_commands import describe_trace

        store = self._system.traces
        trace_id = store.resolve(prefix)
        return describe_trace(trace_id, store.read(trace_id))

    def _usage(self) -> str:
        economy = self._system.economy
        return (
            f"spent {format_usd(economy.spent)}, left {format_usd(economy.available)}, "
            f"saved {format_usd(economy.saved)}"
        )


def print_answer(text: str) -> None:
    """Print what was asked for, on stdout; harmless for a terminal."""
    shown = printable(text) if sys.stdout.isatty() else text
    say(shown, sys.stdout)


def _tell(error: LlmosError) -> None:
    say(f"error: {one_line(error.message, 500)}", sys.stderr)
    if error.hint:
        say(f"  {error.hint}", sys.stderr)


async def _piped_lines() -> AsyncGenerator[str]:
    """Yield the lines of stdin; being cancelled leaves no thread behind that still reads."""
    waiting = b""
    while chunk := await _read_chunk(0):
        *lines, waiting = (waiting + chunk).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "replace")
    if waiting:
        yield waiting.decode("utf-8", "replace")


async def _read_chunk(descriptor: int) -> bytes:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        try:
            await anyio.wait_readable(descriptor)
        except PermissionError:  # /dev/null and the like: always ready, so never waited for
            return os.read(descriptor, _CHUNK)
    return os.read(descriptor, _CHUNK)


async def _terminal_lines(signals: Signals) -> AsyncGenerator[str]:
    from prompt_toolkit.patch_stdout import patch_stdout

    session = _prompt_session()
    while True:
        try:
            with patch_stdout(raw=True):
                # Ctrl-C is a key here, and a signal for `Signals.listen` everywhere else.
                line = await session.prompt_async(PROMPT, handle_sigint=False)
        except KeyboardInterrupt:
            if not session.default_buffer.text:
                signals.pressed()
            continue
        except EOFError:
            return
        yield line


def _prompt_session() -> PromptSession[str]:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
    from prompt_toolkit.completion import WordCompleter
    from prompt_toolkit.history import FileHistory

    from ..kernel.atomic import make_private_dir

    class _History(FileHistory):
        def store_string(self, string: str) -> None:
            # A line that starts with a space is not stored, as in other shells.
            if not string.startswith(" "):
                super().store_string(string)

    folder = state_dir()
    make_private_dir(folder)
    history = folder / "history"
    history.touch(mode=0o600)
    return PromptSession(
        history=_History(str(history)),
        auto_suggest=AutoSuggestFromHistory(),
        completer=WordCompleter(list(_NAMES), sentence=True),
        complete_while_typing=False,
    )
