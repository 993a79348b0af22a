"""File contents kept once, under their hash."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

from ..kernel.atomic import make_private_dir

_CHUNK = 2**20


class BlobFolder:
    """A folder of contents by SHA-256.

    Contents are renamed into place whole, but not synced: they serve to undo a run of this very
    boot, and a content that a power loss took is found missing and copied again.

    Args:
        folder: The folder; made when first needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path_of(self, digest: str) -> Path:
        """Return where a content is."""
        return self._folder / digest[:2] / digest

    def has(self, digest: str) -> bool:
        """Return whether a content is kept."""
        return self.path_of(digest).exists()

    def keep(self, source: Path) -> str:
        """Copy a file's content into the folder; return its hash.

        Raises:
            OSError: If it cannot be read or kept.
        """
        make_private_dir(self._folder)
        temporary = self._folder / f".tmp-{os.getpid()}-{secrets.token_hex(6)}"
        digest = hashlib.sha256()
        # O_NOFOLLOW: what was a file when it was listed may be a link by now.
        reading = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            with os.fdopen(reading, "rb") as old, temporary.open("xb") as new:
                while chunk := old.read(_CHUNK):
                    digest.update(chunk)
                    new.write(chunk)
            target = self.path_of(digest.hexdigest())
            target.parent.mkdir(mode=0o700, exist_ok=True)
            temporary.chmod(0o600)
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return digest.hexdigest()

    def put_back(self, digest: str, path: Path, mode: int, mtime_ns: int) -> None:
        """Write a content to a path, whole or not at all.

        Args:
            digest: The content.
            path: The file; replaced.
            mode: Its permission bits.
            mtime_ns: Its modification time.

        Raises:
            OSError: If the content is gone or the file cannot be written.
        """
        temporary = path.with_name(f".tmp-{os.getpid()}-{secrets.token_hex(6)}")
        try:
            with self.path_of(digest).open("rb") as old, temporary.open("xb") as new:
                while chunk := old.read(_CHUNK):
                    new.write(chunk)
            temporary.chmod(mode)
            os.utime(temporary, ns=(mtime_ns, mtime_ns))
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
