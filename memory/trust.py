"""Trust: traces learned here are signed; others do not run until the user has allowed them.

The key and the record of what was allowed are kept in the user's state folder, never in the
workspace, so that nothing that comes with a workspace can vouch for itself.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from ..kernel.atomic import atomic_save, make_private_dir
from ..kernel.errors import WorkspaceError
from .traces import Trace

_KEY_BYTES = 32


def state_dir() -> Path:
    """Return the user's state folder: ``$LLMOS_HOME/state``, else the XDG one's ``llmos``."""
    if home := os.environ.get("LLMOS_HOME"):
        return Path(home) / "state"
    if state := os.environ.get("XDG_STATE_HOME"):
        return Path(state) / "llmos"
    return Path("~/.local/state/llmos").expanduser()


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
        return hmac.new(self._read_key(), trace.content, hashlib.sha256).hexdigest()

    def verify(self, trace: Trace, signature: str | None) -> bool:
        """Return whether a trace was signed here and has not been changed since."""
        if signature is None or not self._key_path.exists():
            return False
        return hmac.compare_digest(self.sign(trace).encode(), signature.encode())

    def allow(self, trace: Trace) -> None:
        """Allow a foreign trace to run; the permission is bound to its content."""
        make_private_dir(self._allowed_path(trace).parent)
        atomic_save(self._allowed_path(trace), f"{trace.trace_id}\n".encode())

    def revoke(self, trace: Trace) -> None:
        """Take the permission back."""
        self._allowed_path(trace).unlink(missing_ok=True)

    def is_allowed(self, trace: Trace) -> bool:
        """Return whether the user allowed this very content."""
        return self._allowed_path(trace).exists()

    @property
    def _key_path(self) -> Path:
        return self._folder / "trace.key"

    def _allowed_path(self, trace: Trace) -> Path:
        return self._folder / "allowed" / hashlib.sha256(trace.content).hexdigest()

    def _read_key(self) -> bytes:
        if self._key is None:
            try:
                if not self._key_path.exists():
                    self._make_key()
                key = self._key_path.read_bytes()
            except OSError as error:
                raise WorkspaceError(
                    f"the key of your traces cannot be used: {error}",
                    hint="set LLMOS_HOME to a folder that you can write",
                ) from None
            if len(key) != _KEY_BYTES:
                raise WorkspaceError(
                    f"{self._key_path} is not a key",
                    hint="move it away to begin with a new key; allow older traces again then",
                )
            self._key = key
        return self._key

    def _make_key(self) -> None:
        make_private_dir(self._folder)
        candidate = self._folder / f".key-{secrets.token_hex(8)}"
        atomic_save(candidate, secrets.token_bytes(_KEY_BYTES))
        try:
            # Of several processes that make the first key at once, one wins and all use its key.
            os.link(candidate, self._key_path)
        except FileExistsError:
            return
        finally:
            candidate.unlink()
