"""What a command is given, and what it says: the same in the shell and on the command line."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from importlib import import_module
from typing import Any, Literal, NamedTuple, Protocol, cast

from ..kernel.json_value import JsonValue
from ..kernel.record import Record, field
from .commands import Command
from .result import Result
from .system import OpenSystem, System

Ask = Callable[[str], Awaitable[str]]
"""Asks the person one question; returns the answer in lower case."""


Aside = Callable[[], AbstractAsyncContextManager[None]]
"""Leaves the terminal to another program while the body runs."""


class Execute(Protocol):
    """Answers a goal as the way in does: narrated, and stopped by Ctrl-C."""

    async def __call__(
        self,
        goal: str,
        *,
        replay_only: bool = False,
        learn_afresh: bool = False,
        accept_near: bool = False,
        force: bool = False,
    ) -> Result:
        """Answer a goal; see `System.execute`."""
        ...


class Grid(NamedTuple):
    """A table for people.

    Attributes:
        headings: One for each column.
        rows: As many cells each; plain text.
        right: Which columns stand at the right, by number: amounts.
        wide: The column that is cut first where the terminal is narrow; None for the last one.
    """

    headings: tuple[str, ...]
    rows: list[tuple[str, ...]]
    right: tuple[int, ...] = ()
    wide: int | None = None


class Said(Record):
    """What a command says.

    Attributes:
        text: For people, on stdout.
        grid: A table for people; it stands before the text.
        json: For ``--json``.
        exit_code: The exit code on the command line.
        style: ``diff`` if its lines are coloured as those of a diff are.
        result: The result of a goal, told as that of any goal is; then the rest is empty.
    """

    text: str = ""
    grid: Grid | None = None
    json: JsonValue = None
    exit_code: int = 0
    style: Literal["plain", "diff"] = "plain"
    result: Result | None = None


class Context(Record):
    """What a command works with.

    Attributes:
        booted: The booted system; None if the command needs none, or there is none.
        in_shell: Whether it was typed in the shell.
        ask: Asks the person; None if nobody can be asked.
        execute: Answers a goal.
        given: The settings that the command line gave.
        open_system: Makes the system, for a command that finds out itself whether it needs one.
        aside: Leaves the terminal to another program.
    """

    booted: System | None = None
    in_shell: bool = False
    ask: Ask | None = None
    execute: Execute | None = None
    given: Mapping[str, Any] = field(default_factory=dict[str, Any])
    open_system: OpenSystem | None = None
    aside: Aside = nullcontext

    @property
    def system(self) -> System:
        """The booted system."""
        assert self.booted is not None, "the table says that this command needs no system"
        return self.booted


class CommandRequest(Record):
    """What was asked of a command.

    Attributes:
        command: The command.
        words: The words after its name; for a goal, the goal is the only one.
        options: Its options, by name.
        as_json: Whether JSON is wanted.
    """

    command: Command
    words: tuple[str, ...]
    options: argparse.Namespace
    as_json: bool = False


async def carry_out(context: Context, request: CommandRequest) -> Said:
    """Import what a command does, and do it.

    Raises:
        LlmosError: If it cannot be done.
    """
    module, _, function = request.command.run.partition(":")
    run = getattr(import_module(f".{module}", __package__), function)
    return await cast("Callable[[Context, CommandRequest], Awaitable[Said]]", run)(context, request)
