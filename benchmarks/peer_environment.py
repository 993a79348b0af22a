"""Makes virtual environments for peers, which are no dependencies of llmos."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

_INSTALLED = "installed.txt"
ROOT = Path(__file__).parent.parent


class NotInstalledError(Exception):
    """A peer could not be installed; its text is the last line of pip."""


def interpreter(folder: Path, packages: Sequence[str]) -> Path:
    """Return the interpreter of an environment that has some packages; make it if it is not there.

    Args:
        folder: The environment; kept as it is if it was made of the same packages.
        packages: What pip is to install, with versions.

    Raises:
        NotInstalledError: If pip does not install them; nothing of it stays.
    """
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    wanted, done = "\n".join(packages), folder / _INSTALLED
    if done.is_file() and done.read_text(encoding="utf-8") == wanted:
        return python
    print(f"installing {' '.join(packages)}", file=sys.stderr)
    venv.create(folder, clear=True, with_pip=True)
    options = ("--disable-pip-version-check", "--retries", "2", "--only-binary", ":all:")
    pip = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", *options, *packages],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if pip.returncode:
        shutil.rmtree(folder)
        raise NotInstalledError(last_line(pip.stdout))
    done.write_text(wanted, encoding="utf-8")
    return python


def environment(home: Path, checkouts: Path) -> dict[str, str]:
    """Return the environment of a process of a peer: without settings, and without a registry.

    Args:
        home: Its home folder.
        checkouts: A folder in which this checkout can be imported as ``llmos``.
    """
    link = checkouts / "llmos"
    if not link.exists():
        checkouts.mkdir(parents=True, exist_ok=True)
        link.symlink_to(ROOT, target_is_directory=True)
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "PYTHONPATH": str(checkouts),
        # GPTCache starts pip itself where it misses a package; a figure must not hold that.
        "PIP_NO_INDEX": "1",
        "HF_HUB_OFFLINE": "1",
    }


def last_line(text: str) -> str:
    """Return the last line of a text that says something."""
    return next((line for line in reversed(text.splitlines()) if line.strip()), "it said nothing")
