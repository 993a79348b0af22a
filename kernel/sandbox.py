"""Confines commands to a directory, by bubblewrap (https://github.com/containers/bubblewrap).

Inside, the file system is read-only but for the directory and a private ``/tmp``; what is known to
hold secrets is empty; other processes are not seen; there is no network unless it is asked for. On
a machine that cannot do this an error says so: nothing ever runs unconfined instead.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from .atomic import atomic_save
from .errors import SandboxError
from .seccomp import socket_filter

_HINT = (
    "install bubblewrap (apt install bubblewrap, dnf install bubblewrap), on a Linux that lets "
    "you use user namespaces; or leave --sandbox out"
)
_PROBE_S = 10
_EMPTY = ("/run", "/tmp", "/var/tmp")
_SET = tuple(
    f"/proc/{name}" for name in ("sys", "sysrq-trigger", "irq", "bus", "fs", "acpi", "scsi")
)
_TMP, _FILTER = "tmp", "filter"
_NAMES = Path("/run/systemd/resolve")
"""Where names of hosts are looked up on many machines; /etc/resolv.conf leads there."""


class Bubblewrap:
    """Confines commands by bubblewrap.

    Args:
        hidden: Absolute paths whose content must not be read; those that are not there are skipped.
        kept: Absolute paths inside the directory that must not be written; likewise.

    Raises:
        SandboxError: If this machine cannot confine commands.
    """

    def __init__(self, *, hidden: Sequence[Path] = (), kept: Sequence[Path] = ()) -> None:
        program = shutil.which("bwrap")
        if program is None:
            raise SandboxError("commands cannot be confined: bubblewrap is not installed", _HINT)
        self._program = program
        self._hidden = tuple(hidden)
        self._kept = tuple(kept)
        found = socket_filter()
        if found is None:
            raise SandboxError("commands cannot be confined on this kind of processor", _HINT)
        self._filter = found
        self._probe()

    def prepare(self, scratch: Path) -> None:
        """Put into an empty folder what confined commands need.

        Args:
            scratch: The folder, for the commands of one run; private to this user.
        """
        (scratch / _TMP).mkdir(mode=0o700)
        atomic_save(scratch / _FILTER, self._filter)

    def wrap(self, argv: Sequence[str], *, root: Path, scratch: Path, network: bool) -> list[str]:
        """Return the command that runs another one confined.

        Args:
            argv: Program and arguments.
            root: The directory that may be written; absolute, without links.
            scratch: A folder that was prepared; its ``tmp`` is seen as ``/tmp``.
            network: Whether other machines may be reached.
        """
        return [
            # bubblewrap reads the filter from a descriptor.
            *("/bin/sh", "-c", 'exec "$@" 9<"$0"', str(scratch / _FILTER)),
            *self._base(network=network),
            *("--seccomp", "9"),
            *("--bind", str(scratch / _TMP), "/tmp"),
            *_covered(self._hidden),
            *("--bind", str(root), str(root)),
            *_read_only(self._kept, root),
            *_covered([path for path in self._hidden if path.is_relative_to(root)]),
            *("--setenv", "TMPDIR", "/tmp"),
            "--",
            *argv,
        ]

    def _base(self, *, network: bool) -> list[str]:
        alone = [] if network else ["--unshare-net"]
        names = ["--ro-bind-try", str(_NAMES), str(_NAMES)] if network else []
        return [
            self._program,
            *("--die-with-parent", "--new-session", "--cap-drop", "ALL"),
            *("--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts"),
            *("--unshare-cgroup-try", *alone),
            *("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"),
            *(part for path in _EMPTY if Path(path).is_dir() for part in ("--tmpfs", path)),
            # To root these are files like others, and they set what the whole machine does.
            *(part for path in _SET for part in ("--ro-bind-try", path, path)),
            *names,
        ]

    def _probe(self) -> None:
        try:
            done = subprocess.run(
                [*self._base(network=False), "--", "/bin/true"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_PROBE_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SandboxError(f"commands cannot be confined: {error}", _HINT) from None
        if done.returncode != 0:
            said = (done.stderr.strip().splitlines() or ["bubblewrap failed"])[-1][:200]
            raise SandboxError(f"commands cannot be confined: {said}", _HINT)


def _covered(paths: Sequence[Path]) -> list[str]:
    """Return the options that make folders and files look empty."""
    options: list[str] = []
    for path in dict.fromkeys(path.resolve() for path in paths):
        if path.is_dir():
            options += ["--tmpfs", str(path), "--remount-ro", str(path)]
        elif path.exists():
            options += ["--ro-bind", "/dev/null", str(path)]
    return options


def _read_only(paths: Sequence[Path], root: Path) -> list[str]:
    """Return the options that keep paths as they are.

    The folders above them become mounts of their own: else one could be renamed, and another one
    of its name be filled freely.
    """
    options: list[str] = []
    mounted: set[Path] = set()
    for path in sorted({path.resolve() for path in paths}):
        if not path.exists() or not path.is_relative_to(root) or path == root:
            continue
        above = [one for one in reversed(path.parents) if one.is_relative_to(root) and one != root]
        for folder in above:
            if folder not in mounted:
                options += ["--bind", str(folder), str(folder)]
                mounted.add(folder)
        options += ["--ro-bind", str(path), str(path)]
        mounted.add(path)
    return options
