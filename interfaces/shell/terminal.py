"""The shell on a terminal: the line editor, the status line, what runs, and who asks whom."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager

import anyio
from anyio.abc import TaskGroup

from ...kernel.errors import InterruptedRunError, LlmosError
from ...kernel.events import Event
from ...kernel.tasks import open_task_group
from ..approval import Approver
from ..defaults import STOPPED
from ..plain_text import one_line, say
from ..render import cost_line
from ..repl import LEAVE, Shell, greet, print_answer, tell_error
from ..result import Result
from ..system import System
from ..undoing import Undoing
from .front import Front, open_front
from .giving_way import GivingWay, give_way
from .key_help import key_help
from .line_editor import ESCAPED, REWIND
from .notify import LONG_S, caller
from .options import ShellOptions
from .price_tag import PriceTag
from .progress import Progress
from .rewind import rewind
from .signals import Signals
from .status import Purse, status_parts
from .turns import Turns
from .warm_up import WarmUp

_MODES = ("default", "acceptEdits", "plan")
_TICK_S = 0.2
"""Seconds between two drawings of how long something has been running."""
_SOON_S = 0.5
"""Seconds within which what runs may end before anybody is asked whether to stop it."""
_SWITCH_S = 0.0002
"""Seconds for which a thread may keep the event loop from a key. Python's default of 5 ms would be
waited for some six times a key while a price is computed."""


async def run_terminal(system: System, options: ShellOptions, *, verbose: bool) -> int:
    """Run the shell on a terminal until the user leaves.

    Args:
        system: The booted system.
        options: How the shell behaves.
        verbose: More narration.

    Returns:
        The exit code.
    """
    terminal = Terminal(system, options, verbose=verbose)
    with ExitStack() as stack:
        stack.enter_context(_quick_switches())
        terminal.front = stack.enter_context(open_front(system, options, terminal))
        return await terminal.run()


@contextmanager
def _quick_switches() -> Generator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


class Terminal:
    """Ties the parts together, and is what the keys reach.

    Args:
        system: The booted system.
        options: How the shell behaves.
        verbose: More narration.
    """

    front: Front

    def __init__(self, system: System, options: ShellOptions, *, verbose: bool) -> None:
        self._system = system
        self._options = options
        self._signals = Signals(self.interrupt, patient=options.confirm_exit)
        self._turns = Turns(
            self._carry_out, system.interrupt, changed=self._changed, stopped=self._stopped
        )
        self._progress = Progress(
            self._changed,
            streams=sys.stdout.isatty() and not options.static,
            static=options.static,
            verbose=verbose,
        )
        self._purse = Purse(system.economy, self._changed)
        self._price = PriceTag(system.decide, self._goal_of, self._priced)
        self._giving_way = GivingWay()
        self._warm_up = WarmUp(system, self._needs_client)
        self._mode = str(system.settings.permission_mode)
        self._last: Result | None = None
        self._shell = Shell(system, options, self._asked, self._tell, self._aside)
        self._group: TaskGroup | None = None

    async def run(self) -> int:
        """Take lines until the user leaves; return the exit code."""
        system, front = self._system, self.front
        call = caller(self._options.notify, front.alert)
        system.gate.person = Approver(front.editor.ask, self.interrupt, call)
        self._call = call
        self._progress.tell(system.plugin_problems)
        greet(system)
        async with open_task_group() as self._group:
            system.bus.on(Event, handler=self._take, name="shell", capacity=100_000)
            await self._group.start(self._signals.listen)
            for task in (self._turns.run, self._price.run, self._purse.look, self._tick):
                self._group.start_soon(task)
            self._group.start_soon(self._warm_up.run)
            with front.keys(), self._signals.leaving:
                await self._serve()
            self._group.cancel_scope.cancel()
        return self._signals.exit_code

    async def _serve(self) -> None:
        while True:
            try:
                line = await self.front.editor.line()
            except EOFError:
                if await self._may_leave():
                    return
                continue
            if line.strip():
                self._turns.add(line)
            if self._options.static:
                await self._turns.idle()

    async def _may_leave(self) -> bool:
        with anyio.move_on_after(_SOON_S):
            await self._turns.idle()
            return True
        try:
            said = await self._asked("a goal is running: stop it and leave? [y/n] ")
        except InterruptedRunError:
            return False
        if said not in ("y", "yes"):
            return False
        self._turns.interrupt()
        await self._turns.idle()
        return True

    # What the keys reach; see `Hooks`.

    @property
    def busy(self) -> bool:
        """Whether something runs."""
        return self._turns.busy

    def interrupt(self) -> bool:
        """Stop what runs; return whether anything did."""
        return self._turns.interrupt()

    def pressed_interrupt(self) -> None:
        """Take note of Ctrl-C on an empty line while nothing runs."""
        self._signals.pressed()

    def typed(self, text: str) -> None:
        """Take note of the text in the line."""
        self._price.typed(text)

    def next_mode(self) -> None:
        """Go to the next permission mode; it holds from the next goal on."""
        at = _MODES.index(self._mode) + 1 if self._mode in _MODES else 0
        self._mode = _MODES[at % len(_MODES)]
        if not self._turns.busy:
            self._use_mode()
        if self._options.static:
            say(f"permission mode {self._mode}", sys.stderr)
        self._changed()

    def help(self) -> None:
        """Show what the keys do."""
        say(key_help(self._options), sys.stderr)

    def details(self) -> None:
        """Say in full what the status line says, and why the last goal went as it did."""
        say("  " + ", ".join(text for _, text in self._status()), sys.stderr)
        for reason in () if self._last is None else self._last.reasons:
            say(f"  {one_line(reason, 300)}", sys.stderr)

    def above(self) -> list[str]:
        """Return what is shown above the line: what runs, and what waits."""
        waiting = [f"  waits: {one_line(one, 70)}" for one in self._turns.waiting]
        return [*self._progress.lines(), *waiting] if self._turns.busy else []

    def below(self) -> list[tuple[str, str]]:
        """Return what the status line says."""
        return self._status()

    def _status(self) -> list[tuple[str, str]]:
        running = one_line(self._turns.running, 30)
        return status_parts(self._price.price, self._purse, self._mode, running)

    # What is carried out, and what is told of it.

    def _aside(self) -> AbstractAsyncContextManager[None]:
        return self.front.editor.aside()

    async def _carry_out(self, entry: str) -> None:
        text = entry.strip()
        self._use_mode()
        if text in LEAVE:
            self._signals.leaving.cancel()
        elif text == REWIND:
            await self._rewind()
        else:
            await self._shell.take(entry)
        self._price.again()
        if self._signals.exit_code:
            self._signals.leaving.cancel()

    async def _rewind(self) -> None:
        try:
            print_answer(await rewind(Undoing(self._system), self.front.editor))
        except LlmosError as error:
            tell_error(error)

    def _stopped(self, cut_off: bool, dropped: list[str]) -> None:
        if cut_off:
            tell_error(InterruptedRunError("stopped by the user"))
        if dropped:
            many = "1 entry" if len(dropped) == 1 else f"{len(dropped)} entries"
            say(f"  not carried out: {many} that waited; Up brings them back", sys.stderr)
        if self._signals.exit_code:
            self._signals.leaving.cancel()

    async def _tell(self, result: Result) -> None:
        await self._progress.caught_up(result.run_id)
        self._last = result
        if result.error is not None:
            tell_error(result.error)
        elif not self._progress.has_shown(result.answer):
            print_answer(result.answer)
        say(cost_line(result, self._purse.session), sys.stderr)
        if result.duration_s >= LONG_S:
            ended = "done" if result.success else "failed"
            self._call(f"{ended} after {result.duration_s:.0f} s")

    def _take(self, event: Event) -> None:
        if self._purse.note(event) and self._group is not None:
            self._group.start_soon(self._purse.look)
        if self._giving_way.note(event) and self._group is not None:
            self._group.start_soon(anyio.to_thread.run_sync, give_way)
        self._progress.take(event)

    async def _asked(self, question: str) -> str:
        self._call("a question waits for your answer")
        said = await self.front.editor.ask(question)
        if said == ESCAPED:
            raise InterruptedRunError(STOPPED)  # no answer: what asked does nothing
        return said.lower()

    async def _goal_of(self, line: str) -> str:
        return await self._shell.goal_of(self.front.whole(line))

    def _use_mode(self) -> None:
        if self._mode != self._system.settings.permission_mode:
            self._system.set_permission_mode(self._mode)
            self._price.again()

    def _needs_client(self) -> bool:
        # While a goal runs the machine is its own, and the keys'.
        ahead = self._options.start_ahead and not self._turns.busy
        return ahead and self._price.price.needs_model

    def _priced(self) -> None:
        self._warm_up.priced()
        self._changed()

    async def _tick(self) -> None:
        while True:
            await anyio.sleep(_TICK_S)
            if self._turns.busy:
                self._changed()

    def _changed(self) -> None:
        self.front.redraw()
