"""Lets a client carry out a goal, reads what it says to the end, and ends it."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import anyio

from ..kernel.orphans import end_marked
from ..kernel.record import Record
from .model_run import cli_died, cli_not_started
from .seat import Seat
from .stream import StreamReader

_STOP_S = 0.8
"""Seconds an interrupted run has to report its cost before its processes are killed."""


class Client(Protocol):
    """What of the SDK's client is used."""

    async def connect(self) -> None:
        """Start the CLI."""
        ...

    async def query(self, prompt: AsyncIterator[dict[str, Any]]) -> None:
        """Send a prompt."""
        ...

    def receive_messages(self) -> AsyncIterator[Any]:
        """Give what the CLI says."""
        ...

    async def get_server_info(self) -> dict[str, Any] | None:
        """Give what the CLI said of itself."""
        ...

    async def interrupt(self) -> None:
        """Stop what goes on."""
        ...

    async def disconnect(self) -> None:
        """End the CLI."""
        ...


class Started(Record):
    """A client for one run; whoever has it ends it.

    Attributes:
        client: The client.
        seat: What it calls back.
        mark: What its processes carry in their environment.
        guard: Ends these if llmos is killed; to be left after they have ended.
        connected: Whether it was started before the run was there.
        session_id: The CLI's id of what it has kept so far.
    """

    client: Client
    seat: Seat
    mark: str
    guard: AbstractAsyncContextManager[object]
    connected: bool = False
    session_id: str = ""


class SdkErrors(Record):
    """What the SDK raises.

    Attributes:
        every: The base of all of it.
        unconnected: That the CLI cannot be reached.
    """

    every: type[Exception]
    unconnected: type[Exception]


async def serve(
    by: Started, goal: str, stream: StreamReader, errors: SdkErrors, cli_path: str | None
) -> bool:
    """Let a client carry out a goal, and end it; what it did is in the stream's run.

    Args:
        by: The client; a run sits in its seat.
        goal: The goal, sent as it is.
        stream: Takes what the client says.
        errors: What the SDK raises.
        cli_path: The CLI that was named instead of the bundled one.

    Returns:
        Whether it was carried out, well or not; False if the client had gone before it was told.

    Raises:
        OSError: If a process could not be started.
    """
    gone = False
    async with by.guard:
        try:
            gone = not await _converse(by, goal, stream, errors, cli_path)
        finally:
            with anyio.CancelScope(shield=True):
                await _close(by, stream, errors, gone=gone)
    return not gone


async def _converse(
    by: Started, goal: str, stream: StreamReader, errors: SdkErrors, cli_path: str | None
) -> bool:
    run = stream.run
    try:
        if not by.connected:
            await by.client.connect()
        await by.client.query(_prompt(goal))
        await _read(by.client, stream)
    except errors.every as error:
        # It speaks before it does anything: one that was silent has done nothing.
        if by.connected and not stream.begun:
            return False
        if isinstance(error, errors.unconnected):
            run.error = run.error or cli_not_started(error, cli_path, stream.stderr)
        else:
            run.error = run.error or cli_died(error, stream.stderr)
    return stream.begun or not by.connected


async def _read(client: Client, stream: StreamReader) -> None:
    """Take messages until the run's result; never wait for anybody else meanwhile.

    The CLI's control calls hang while more than a hundred messages are unread.
    """
    async for message in client.receive_messages():
        stream.take(message)
        if stream.run.finished:
            return


async def _close(by: Started, stream: StreamReader, errors: SdkErrors, *, gone: bool) -> None:
    run = stream.run
    aborted = not run.finished
    if aborted and stream.begun:
        with anyio.move_on_after(_STOP_S):
            try:
                async with anyio.create_task_group() as group:
                    group.start_soon(by.client.interrupt)
                    await _read(by.client, stream)
            except* (errors.every, RuntimeError, OSError, anyio.ClosedResourceError):
                stream.note("the CLI was gone before it could be asked to stop")
    if aborted:
        await anyio.to_thread.run_sync(end_marked, by.mark)
    if not gone:
        stream.settle()
        run.calls = tuple(map(by.seat.as_carried_out, run.calls))
    try:
        await by.client.disconnect()
    except (errors.every, OSError) as error:
        stream.note(f"while closing the CLI: {error}")
    if aborted:
        # What the dying CLI had started in the meantime.
        await anyio.to_thread.run_sync(end_marked, by.mark)


async def _prompt(goal: str) -> AsyncIterator[dict[str, Any]]:
    # `client_composed` sends the goal as it is: no slash command, no @file expansion.
    yield {
        "type": "user",
        "message": {"role": "user", "content": goal},
        "parent_tool_use_id": None,
        "uuid": str(uuid.uuid4()),
        "client_composed": True,
    }
