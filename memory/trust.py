"""Trust: traces learned here are signed; others do not run until the user has allowed them.

The key and the record of what was allowed are kept in the user's state folder, never in the
workspace, so that nothing that comes with a workspace can vouch for itself. Both a signature and
a permission hold for one content in one place: an edited trace and a copied one need a new look.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from ..kernel.atomic import atomic_save, make_private_dir, sweep_temporaries, sync_folder
from ..kernel.errors import WorkspaceError
from .codec import SignedTrace

_KEY_BYTES = 32
_SCHEME = "place1"
_PLACE_DIGITS = 32


class Standing(enum.Enum):
    """What is known of a trace file; the values are for people."""

    SIGNED = "you learned it here"
    ALLOWED = "you allowed it here"
    MOVED = "you learned it in another workspace, and it was moved or copied here"
    EARLIER = "it was signed or allowed under an earlier llmos, which did not note for which place"
    UNSIGNED = "it was not learned here, or was changed since: nobody has signed what it holds"
    FOREIGN = "it was not learned here, or was changed since: its signature is not yours"

    @property
    def may_run(self) -> bool:
        """Whether a trace of this standing may run."""
        return self in (Standing.SIGNED, Standing.ALLOWED)

    @property
    def is_mine(self) -> bool:
        """Whether this user once vouched for the very content, here or elsewhere."""
        return self in (Standing.MOVED, Standing.EARLIER)


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
    """Signs and verifies the traces of one workspace; remembers which foreign ones were allowed.

    Nothing is made before it is needed.

    Args:
        folder: The user's state folder.
        place: The folder of the traces; what is signed or allowed there holds nowhere else.
    """

    def __init__(self, folder: Path, place: Path) -> None:
        self._folder = folder
        self._place = hashlib.sha256(os.fsencode(place.absolute())).hexdigest()[:_PLACE_DIGITS]
        self._key: bytes | None = None

    def sign(self, content: bytes) -> str:
        """Return the signature of a trace's canonical content, for this place.

        Raises:
            WorkspaceError: If the key cannot be read or made.
        """
        return f"{_SCHEME}:{self._place}:{self._seal(self._place, content)}"

    def standing(self, signed: SignedTrace) -> Standing:
        """Return what is known of a trace as read from its file.

        Raises:
            WorkspaceError: If the key cannot be read.
        """
        found = self._by_signature(signed)
        if found is Standing.SIGNED or not self._allowed_path(signed.content).exists():
            return self._by_record(signed, found)
        return Standing.ALLOWED

    def vouches_for(self, signed: SignedTrace) -> bool:
        """Return whether a trace as read from its file may run: signed here, or allowed.

        Raises:
            WorkspaceError: If the key cannot be read.
        """
        return self.standing(signed).may_run

    def allow(self, signed: SignedTrace) -> None:
        """Allow a foreign trace to run; the permission is bound to its content and to this place.

        Raises:
            WorkspaceError: If the permission cannot be recorded.
        """
        path = self._allowed_path(signed.content)
        with _state_errors("what you allow cannot be recorded"):
            make_private_dir(path.parent)
            atomic_save(path, f"{signed.trace_id}\n".encode())

    def revoke(self, signed: SignedTrace) -> None:
        """Take the permission back.

        Raises:
            WorkspaceError: If that cannot be recorded.
        """
        with _state_errors("what you allow cannot be recorded"):
            self._allowed_path(signed.content).unlink(missing_ok=True)

    def _by_signature(self, signed: SignedTrace) -> Standing:
        signature = signed.signature
        if signature is None:
            return Standing.UNSIGNED
        if not self._key_path.exists():
            return Standing.FOREIGN
        scheme, _, rest = signature.partition(":")
        place, _, seal = rest.partition(":")
        if not rest:
            # The first form of a signature held wherever its file was put.
            old = hmac.new(self._read_key(), signed.content, hashlib.sha256).hexdigest()
            return Standing.EARLIER if _equal(old, signature) else Standing.FOREIGN
        if scheme != _SCHEME or not _equal(self._seal(place, signed.content), seal):
            return Standing.FOREIGN
        return Standing.SIGNED if place == self._place else Standing.MOVED

    def _by_record(self, signed: SignedTrace, found: Standing) -> Standing:
        if found in (Standing.UNSIGNED, Standing.FOREIGN):
            earlier = self._folder / "allowed" / hashlib.sha256(signed.content).hexdigest()
            return Standing.EARLIER if earlier.exists() else found
        return found

    def _seal(self, place: str, content: bytes) -> str:
        # The length comes first, so that no content can stand for a part of the place.
        message = f"llmos trace {_SCHEME} {len(place)} {place}\n".encode() + content
        return hmac.new(self._read_key(), message, hashlib.sha256).hexdigest()

    @property
    def _key_path(self) -> Path:
        return self._folder / "trace.key"

    def _allowed_path(self, content: bytes) -> Path:
        name = hashlib.sha256(f"{self._place}\n".encode() + content).hexdigest()
        return self._folder / "allowed" / name

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
        candidate = self._folder / f".tmp-{os.getpid()}-{os.urandom(8).hex()}"
        atomic_save(candidate, os.urandom(_KEY_BYTES))
        try:
            # Of several processes that make the first key at once, one wins and all use its key.
            os.link(candidate, self._key_path)
        except FileExistsError:
            return
        finally:
            candidate.unlink()
        sync_folder(self._folder)


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


@contextmanager
def _state_errors(sentence: str) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise WorkspaceError(
            f"{sentence}: {error.strerror or error}",
            hint="set LLMOS_HOME to a folder that you can write",
        ) from None
