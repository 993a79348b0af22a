"""Confines the commands of replays: what they may not read, what stays as it is, which network."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..kernel.sandbox import Bubblewrap
from ..memory.capabilities import capabilities_of
from ..memory.protected import FILES, FOLDERS
from ..memory.traces import Trace

Wrap = Callable[[Sequence[str]], list[str]]
"""Makes of a command the one that runs it confined."""

_SECRETS = (
    ".ssh", ".aws", ".azure", ".gnupg", ".kube", ".docker", ".config/gcloud", ".config/gh",
    ".config/op", ".claude", ".claude.json", ".netrc", ".npmrc", ".pypirc", ".git-credentials",
    ".pgpass", ".my.cnf", ".vault-token", ".terraform.d", ".password-store", ".bash_history",
    ".zsh_history", ".python_history", ".local/share/keyrings", ".mozilla", ".config/google-chrome",
)  # fmt: skip
_IN_GIT = ("hooks", "config", "info", "modules")


class Confiner:
    """Confines the commands of replays in one directory.

    Args:
        cwd: The working directory: it, and a private ``/tmp``, are all that may be written.
        home: The user's home folder.
        own: Absolute paths of llmos's own, which must not be written.
        hidden: Absolute paths that must not be read besides the usual places of secrets.

    Raises:
        SandboxError: If this machine cannot confine commands.
    """

    def __init__(
        self, cwd: Path, home: Path, *, own: Sequence[Path] = (), hidden: Sequence[Path] = ()
    ) -> None:
        self._cwd = cwd
        protected = [*FILES, *(name for name in FOLDERS if name != ".git")]
        kept = [*own, *(cwd / name for name in protected)]
        kept += [cwd / ".git" / name for name in _IN_GIT]
        secrets = [*hidden, *(home / name for name in _SECRETS)]
        self._sandbox = Bubblewrap(hidden=secrets, kept=kept)

    @contextmanager
    def confining(self, trace: Trace) -> Generator[Wrap]:
        """Give what confines the commands of one replay.

        Args:
            trace: The trace; only if its learned steps reach other machines may its replay.
        """
        network = capabilities_of(trace).network
        with tempfile.TemporaryDirectory(prefix="llmos-") as name:
            scratch = Path(name).resolve()
            self._sandbox.prepare(scratch)

            def wrap(argv: Sequence[str]) -> list[str]:
                return self._sandbox.wrap(argv, root=self._cwd, scratch=scratch, network=network)

            yield wrap
