"""Trust: traces learned here are signed; others do not run until the user has allowed them.

The key and the record of what was allowed are kept in the user's state folder, never in the
workspace, so that nothing that comes with a workspace can vouch for itself.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from ..kernel.atomic import atomic_save, make_private_dir, sweep_temporaries, sync_folder
from ..kernel.errors import WorkspaceError
from .codec import SignedTrace
from .traces import Trace

_KEY_BYTES = 32


def state_dir() -> Path:
    """Return the user's state folder: ``$LLMOS_HOME/state``, else the XDG one's ``llmos``.

    Raises:
        WorkspaceError: If the user has no home folder.
    """
    if home := os.environ.get("LLMOS_HOME"):
        return Path(home).absolute() / "state"
    state = Path(os.environ.get("XDG_STATE_HOME", ""))
    if state.is_absolute():  # the XDG specification: a relative one is to be ignored
        return state / "llmos"
    try:
        return Path("~/.local/state/llmos").expanduser()
    except RuntimeError:
        raise WorkspaceError("you have no home folder", hint="set LLMOS_HOME to a folder") from None


class Trust:
    """Signs and verifies traces; remembers which foreign ones the user allowed.

    Nothing is made before it is needed.

    Args:
        folder: The user's state folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key: bytes | None = None

    def sign(self, trace: Trace) -> str:
        """Return the signature of a trace.

        Raises:
            WorkspaceError: If the key cannot be read or made.
        """
        return self._signature(trace.content)

    def verify(self, trace: Trace, signature: str | None) -> bool:
        """Return whether a trace was signed here and has not been changed since."""
        return self._signed_here(trace.content, signature)

    def verify_signed(self, signed: SignedTrace) -> bool:
        """Return whether a trace as read from its file was signed here."""
        return self._signed_here(signed.content, signed.signature)

    def vouches_for(self, signed: SignedTrace) -> bool:
        """Return whether a trace as read from its file may run: signed here, or allowed.

        Raises:
            WorkspaceError: If the key cannot be read.
        """
        return (
            self._signed_here(signed.content, signed.signature)
            or self._allowed_path(signed.content).exists()
            or self.is_allowed(signed.trace)
        )

    def allow(self, trace: Trace) -> None:
        """Allow a foreign trace to run; the permission is bound to its content.

        Raises:
            WorkspaceError: If the permission cannot be recorded.
        """
        path = self._allowed_path(trace.content)
        with _state_errors("what you allow cannot be recorded"):
            make_private_dir(path.parent)
            atomic_save(path, f"{trace.trace_id}\n".encode())

    def revoke(self, trace: Trace) -> None:
        """Take the permission back.

        Raises:
            WorkspaceError: If that cannot be recorded.
        """
        with _state_errors("what you allow cannot be recorded"):
            self._allowed_path(trace.content).unlink(missing_ok=True)

    def is_allowed(self, trace: Trace) -> bool:
        """Return whether the user allowed this very content."""
        return self._allowed_path(trace.content).exists()

    def _signature(self, content: bytes) -> str:
        return hmac.new(self._read_key(), content, hashlib.sha256).hexdigest()

    def _signed_here(self, content: bytes, signature: str | None) -> bool:
        if signature is None or not self._key_path.exists():
            return False
        return hmac.compare_digest(self._signature(content).encode(), signature.encode())

    @property
    def _key_path(self) -> Path:
        return self._folder / "trace.key"

    def _allowed_path(self, content: bytes) -> Path:
        return self._folder / "allowed" / hashlib.sha256(content).hexdigest()

    def _read_key(self) -> bytes:
        if self._key is None:
            with _state_errors("the key of your traces cannot be used"):
                if not self._key_path.exists():
                    self._make_key()
                key = self._key_path.read_bytes()
            if len(key) != _KEY_BYTES:
                raise WorkspaceError(
                    f"{self._key_path} is not a key",
                    hint="move it away to begin with a new key; allow older traces again then",
                )
            self._key = key
        return self._key

    def _make_key(self) -> None:
        make_private_dir(self._folder)
        sweep_temporaries(self._folder)
        candidate = self._folder / f".tmp-{os.getpid()}-{secrets.token_hex(8)}"
        atomic_save(candidate, secrets.token_bytes(_KEY_BYTES))
        try:
            # Of several processes that make the first key at once, one wins and all use its key.
            os.link(candidate, self._key_path)
        except FileExistsError:
            return
        finally:
            candidate.unlink()
        sync_folder(self._folder)


@contextmanager
def _state_errors(sentence: str) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise WorkspaceError(
            f"{sentence}: {error.strerror or error}",
            hint="set LLMOS_HOME to a folder that you can write",
        ) from None
