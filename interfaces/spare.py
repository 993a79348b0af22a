"""The spare: one client that is connected, and unused, before the goal that needs it is there.

To start the model's CLI takes most of what llmos adds to a model run. A spare serves one run, like
any client, and only one that would have started it word for word the same. It has a mark and a
guard of its own from its start, so that it ends with llmos however that ends.
"""

from __future__ import annotations

import logging
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import fields
from typing import Any, cast

import anyio
from anyio.abc import TaskGroup

from ..kernel.guard import guarded
from ..kernel.orphans import MARK, end_marked
from ..kernel.record import Record
from .seat import Seat
from .serving import Client, Started

_logger = logging.getLogger(__name__)

IDLE_S = 300.0
"""Seconds after which a spare that nobody has used is closed: it holds some 200 MB. As long after
one that could not be started no other is tried."""
_START_S = 60.0
"""Seconds that a client may take to start, as in the SDK."""
_CALLED_BACK = frozenset({"hooks", "stderr", "session_store", "mcp_servers", "env"})
"""Options that name what is called back in this process; what else they say is compared apart."""


class Wanted(Record):
    """What a run needs of its client.

    Attributes:
        signature: All that is fixed when the client starts; equal where a client serves as well.
        make: Makes a client, not yet connected, that calls back a seat and carries a mark.
    """

    signature: object
    make: Callable[[Seat, str], Client]


def signature_of(options: object, tools: object) -> object:
    """Return all that a client is told at its start.

    Args:
        options: The SDK's options.
        tools: What tells apart the tools that are offered beside the CLI's own.
    """
    told: dict[str, object] = {
        one.name: getattr(options, one.name)
        for one in fields(cast("Any", options))
        if one.name not in _CALLED_BACK
    }
    given = cast("Any", options)
    env = {name: value for name, value in given.env.items() if name != MARK}
    asked: Mapping[str, list[Any]] = given.hooks or {}
    hooks = {
        event: [(one.matcher, one.timeout, one.on_failure) for one in matchers]
        for event, matchers in asked.items()
    }
    kept = given.session_store is not None
    # The CLI inherits the environment as it is when it starts.
    return told, tools, {**os.environ, **env}, hooks, kept, list(given.mcp_servers)


class NotUsable(Exception):
    """A client that was started and serves for nothing."""


class Spare:
    """One client that is started before it is needed.

    Args:
        wanted: What it is to serve.
        seat: What it calls back.
    """

    def __init__(self, wanted: Wanted, seat: Seat) -> None:
        self.signature = wanted.signature
        self.mark = f"spare-{secrets.token_hex(6)}"
        self.seat = seat
        self.client = wanted.make(seat, self.mark)
        self.guard = AsyncExitStack()
        self.session_id = ""
        self.ready = self.taken = False
        self.begun = anyio.Event()
        """Set when it is ready, or will never be."""
        self.waiting = anyio.CancelScope()
        """What is left when it is taken, or nobody wants it any more."""

    async def start(self) -> None:
        """Start the client, and let it do what it does before its first prompt.

        Raises:
            NotUsable: If nobody is logged in, or the client does not do what it is told.
            OSError: If a process could not be started, or it takes too long.
        """
        await self.guard.enter_async_context(guarded(self.mark))
        with anyio.fail_after(_START_S):
            await self.client.connect()
            told = await self.client.get_server_info() or {}
            if not _is_known(told.get("account") or {}):
                raise NotUsable("nobody is logged in")  # who logs in later would not be seen
            # No run sits in its seat, so the prompt is refused before the model is asked.
            await self.client.query(_nothing())
            await self._refused()
        self.ready = True

    async def _refused(self) -> None:
        async for message in self.client.receive_messages():
            self.session_id = str(getattr(message, "session_id", "") or self.session_id)
            if type(message).__name__ == "ResultMessage":
                if message.num_turns or message.total_cost_usd:
                    raise NotUsable("it did not refuse what is no goal")
                return
        raise NotUsable("it ended")

    async def close(self) -> None:
        """End the client and its guard."""
        if not self.ready:
            await anyio.to_thread.run_sync(end_marked, self.mark)
        try:
            await self.client.disconnect()
        finally:
            await self.guard.aclose()


class Spares:
    """Keeps at most one spare.

    Args:
        group: Where what starts and keeps it runs; when that is cancelled the spare ends.
        forget: Removes what a client kept on the disk, by its session's id. Blocks.
    """

    def __init__(self, group: TaskGroup, forget: Callable[[str], None]) -> None:
        self._group = group
        self._forget = forget
        self._spare: Spare | None = None
        self._failed: tuple[object, float] | None = None

    async def prepare(self, wanted: Wanted, seat: Seat) -> None:
        """Have a spare; return when it is ready, or cannot be.

        Args:
            wanted: What the next run will need.
            seat: What a new one calls back.
        """
        spare = self._spare
        if spare is None or spare.signature != wanted.signature:
            if self._has_failed(wanted.signature):
                return
            if spare is not None:
                spare.waiting.cancel()
            spare = self._spare = Spare(wanted, seat)
            self._group.start_soon(self._keep, spare)
        await spare.begun.wait()

    async def take(self, signature: object) -> Started | None:
        """Return the spare, if it serves; whoever takes it ends it.

        One that is just being started is waited for: another would not be there sooner.

        Args:
            signature: That of what the run needs.
        """
        spare = self._spare
        if spare is None or spare.signature != signature:
            return None
        await spare.begun.wait()
        if self._spare is not spare:
            return None  # it could not be started, or has just been closed
        self._spare, spare.taken = None, True
        spare.waiting.cancel()
        return Started(
            spare.client, spare.seat, spare.mark, spare.guard, True, spare.session_id
        )  # fmt: skip

    def _has_failed(self, signature: object) -> bool:
        if self._failed is None:
            return False
        failed, at = self._failed
        return failed == signature and time.monotonic() - at < IDLE_S

    async def _keep(self, spare: Spare) -> None:
        try:
            with spare.waiting:
                try:
                    await spare.start()
                except Exception:
                    # The run that is started without it says what is wrong. Nothing that fails
                    # before it is needed may end what goes on, and the SDK raises all kinds.
                    _logger.debug("no client could be started ahead", exc_info=True)
                    self._failed = (spare.signature, time.monotonic())
                else:
                    spare.begun.set()
                    await anyio.sleep(IDLE_S)
        finally:
            if not spare.taken:
                if self._spare is spare:
                    self._spare = None
                spare.begun.set()
                with anyio.CancelScope(shield=True):
                    await self._end(spare)

    async def _end(self, spare: Spare) -> None:
        try:
            await spare.close()
        except Exception:
            _logger.debug("while closing a client that nobody used", exc_info=True)
        if spare.session_id:
            await anyio.to_thread.run_sync(self._forget, spare.session_id)


def _is_known(account: Mapping[str, Any]) -> bool:
    """Whether the CLI has a key or a login, as far as it says so."""
    if account.get("apiProvider") != "firstParty":
        return True
    sources = (account.get("tokenSource"), account.get("apiKeySource"))
    return any(one not in (None, "", "none") for one in sources)


async def _nothing() -> AsyncIterator[dict[str, Any]]:
    yield {
        "type": "user",
        "message": {"role": "user", "content": "llmos is about to ask"},
        "parent_tool_use_id": None,
        "client_composed": True,
    }
