"""What every way of running llmos shares: the settings, the memory, and the way of a goal.

It needs no event loop. `llmos.boot.LLMOS` adds what does: the bus, the scheduler, the watchdog, the
Learner. A replay that has to start fast goes without (`direct_replay`).
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from ..kernel.atomic import make_private_dir
from ..kernel.errors import UsageError, WorkspaceError
from ..kernel.events import Event
from ..kernel.json_value import JsonValue
from ..kernel.money import to_micros
from ..kernel.redaction import Redactor
from ..kernel.token_economy import TokenEconomy
from ..kernel.tools import ToolRegistry
from ..memory.conversation import Conversation
from ..memory.evidence import Evidence
from ..memory.goals import normal_form
from ..memory.journal import Journal
from ..memory.permission_rules import read_rules
from ..memory.permissions import Permissions
from ..memory.session_files import Sessions
from ..memory.sessions import SessionLog, entry_of
from ..memory.trace_store import TraceStore
from ..memory.trust import Trust, state_dir
from .dispatcher import Dispatcher, Learns, Policy
from .follower import Follower
from .own_files import files_being_written
from .permission_gate import PermissionGate
from .settings import Settings, cap_limits, load_settings
from .user_config import config_dir
from .waits import Waits
from .watch_on_demand import WatchOnDemand


class Core:
    """The settings, the memory and the way of a goal.

    Args:
        given: What is given of the settings; None means not given. See `load_settings`.
        log: Whether sessions are kept, so that they can be listed and gone on from.

    Raises:
        UsageError: If a value is wrong.
    """

    def __init__(self, given: Mapping[str, object], *, log: bool = True) -> None:
        self.cwd = _working_directory()
        self.settings: Settings = load_settings(given, os.environ, self.cwd)
        rules = read_rules(self.settings.deny, self.settings.ask, self.settings.allow)
        self.workspace = (self.cwd / self.settings.workspace).resolve()
        self.memory = self.workspace / "memory"
        self.gate = PermissionGate(
            Permissions(
                rules,
                self.cwd,
                Path(os.environ.get("HOME", "/")),
                mode=self.settings.permission_mode,
                own=[self.memory, self.workspace / "plugins", state_dir(), config_dir(os.environ)],
            ),
            _keep_rules,
        )
        self.locks = self.memory / "locks"
        self._keeps_log = log

    @property
    def session_id(self) -> str:
        """Id of the session that is open; empty before the first boot."""
        return self._conversation.session_id if hasattr(self, "_conversation") else ""

    @property
    def traces(self) -> TraceStore:
        """The trace store."""
        return self._store

    @property
    def journal(self) -> Journal:
        """What every run changed."""
        return self._journal

    @property
    def evidence(self) -> Evidence:
        """The record of the traces."""
        return self._evidence

    @property
    def economy(self) -> TokenEconomy:
        """The money."""
        return self._economy

    def redact(self, text: str) -> str:
        """Return a text without its secrets."""
        return self._redactor.redact(text)

    def _open_memory(self) -> None:
        try:
            make_private_dir(self.memory)
            make_private_dir(self.memory / "traces")
            if not os.access(self.memory, os.W_OK | os.X_OK):
                raise PermissionError(f"{self.memory} is not writable")
        except OSError as error:
            raise WorkspaceError(
                f"the workspace {self.workspace} cannot be used: {error.strerror or error}",
                hint="name another one with --workspace DIR or LLMOS_WORKSPACE",
            ) from None
        ledger = self.memory / "ledger.sqlite"
        self._redactor = Redactor(os.environ)
        self.sessions = Sessions(self.memory / "sessions")
        self._conversation = Conversation(self.sessions, self._redactor, kept=self._keeps_log)
        self._economy = TokenEconomy(
            self.settings.budget_usd,
            ledger=ledger,
            redact=self._redactor.redact,
            limits=partial(cap_limits, self.settings),
            session=self.session_id,
            directory=os.fspath(self.cwd),
        )
        self._evidence = Evidence(self._economy.ledger.database, self._redactor.redact)
        self.trust = Trust(state_dir(), self.memory / "traces")
        self._journal = Journal(self.memory / "undo")
        self._store = TraceStore(
            self.memory / "traces",
            self.trust,
            index_path=self.memory / "index.sqlite",
            key=normal_form,
            redactor=self._redactor,
        )
        self._store.watch = WatchOnDemand(None)

    def _close_memory(self) -> None:
        with ExitStack() as stack:
            for opened in (self._economy, self._evidence, self._store, self._journal):
                stack.callback(opened.close)

    def _tie(
        self,
        registry: ToolRegistry,
        learner: Learns,
        waits: Waits,
        *,
        publish: Callable[[Event], object],
        publish_step: Callable[[Event], object],
        recover: Callable[[], Awaitable[None]],
    ) -> None:
        """Tie the parts together.

        Args:
            registry: The drivers.
            learner: Learns.
            waits: How the way of a goal waits.
            publish: Told of decisions and results.
            publish_step: Told of the steps of a replay, where that runs.
            recover: Brings runs in the directory to their end whose process has gone.
        """
        self._own = [self.memory, *files_being_written(self.cwd)]
        follower = Follower(
            registry,
            self._journal,
            publish_step,
            self.cwd,
            env=self._redactor.without_secrets(os.environ),
            exclude=self._own,
            forbids=self.gate.forbids,
            **self._confined(),
            strict=self.settings.guards == "strict",
        )
        self._dispatcher = Dispatcher(
            publish,
            waits,
            self._store,
            self._evidence,
            self._economy,
            follower,
            learner,
            registry,
            cwd=self.cwd,
            locks=self.locks,
            permission_mode=self.settings.permission_mode,
            conversation=self._conversation,
            gate=self.gate,
            redact=self._redactor.redact,
            recover=recover,
        )

    def _confined(self) -> dict[str, Any]:
        """Return what confines replays, if they are to be; found out before anything runs."""
        if not self.settings.sandbox:
            return {}
        from .confining import Confiner

        home = Path(os.environ.get("HOME", "/"))
        own = [self.memory, self.workspace / "plugins"]
        hidden = [state_dir(), config_dir(os.environ)]
        return {"confining": Confiner(self.cwd, home, own=own, hidden=hidden).confining}

    def _policy(
        self,
        replay_only: bool,
        learn_afresh: bool,
        *,
        accept_near: bool = False,
        force: bool = False,
    ) -> Policy:
        return Policy(
            replay_only,
            learn_afresh,
            to_micros(self.settings.max_budget_usd),
            self.settings.timeout_s,
            accept_near,
            force,
        )

    def _log_event(self, event: Event) -> None:
        entry = entry_of(event) if self._keeps_log else None
        if entry is not None:
            self._log.write(entry)

    def _use_session(self) -> None:
        self._log.close()
        self._log = self._new_log()
        self._economy.use_session(self.session_id)

    def _new_log(self) -> SessionLog:
        opening: dict[str, JsonValue] = {"type": "SessionBegan", "cwd": str(self.cwd)}
        folder, session_id = self.sessions.folder, self._conversation.session_id
        return SessionLog(folder, session_id, self._redactor, opening=opening)

    def _close_log(self) -> None:
        if self._log.close():
            self.sessions.prune()


def _keep_rules(rules: Sequence[str]) -> None:
    from .saved_rules import keep_rules  # what writes TOML, which few starts need

    keep_rules(rules)


def _working_directory() -> Path:
    try:
        return Path.cwd().resolve()
    except FileNotFoundError:
        raise UsageError(
            "the working directory has been removed", hint="change to another directory first"
        ) from None
