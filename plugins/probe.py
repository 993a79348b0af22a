"""Tries a new plugin file in a process of its own: one that never returns must not take us along.

What loading a file raises is caught where it is loaded. `os._exit`, a crash in native code and
an endless loop cannot be; so a file that was not seen before is loaded once in a child first, and
only if control came back is it loaded here. Run as a script this module is that child.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

LIMIT_S = 10.0
"""Seconds that loading a file may take."""


def problem_of_loading(
    path: Path, source: bytes, seen: Path, limit_s: float = LIMIT_S
) -> str | None:
    """Return what goes wrong when a file is loaded, if it is what cannot be caught; else None.

    Args:
        path: The file.
        source: Its content.
        seen: Folder in which is noted what has been tried; made if it is not there.
        limit_s: Seconds that loading may take.
    """
    what = b"\0".join((sys.version.encode(), os.fsencode(path), source))
    note = seen / hashlib.sha256(what).hexdigest()
    if note.exists():
        return None
    problem = _try(path, limit_s)
    if problem is None:
        _note(note)
    return problem


def _try(path: Path, limit_s: float) -> str | None:
    token = secrets.token_hex(16)
    child = subprocess.Popen(
        [sys.executable, __file__, token, os.fspath(path), json.dumps(sys.path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        said, _ = child.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        return f"it had not finished loading after {limit_s:g} s"
    finally:
        _end(child)
    if token.encode() in said:
        return None
    code = child.returncode
    how = f"exit code {code}" if code >= 0 else signal.Signals(-code).name
    return f"loading it ends the process ({how})"


def _end(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):  # nothing of it is left
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    assert child.stdout is not None
    child.stdout.close()


def _note(note: Path) -> None:
    from ..kernel.atomic import atomic_save, make_private_dir

    try:
        make_private_dir(note.parent)
        atomic_save(note, b"")
    except OSError:
        return  # it is tried again next time


def _load_and_say(token: str, path: Path, search: list[str]) -> None:
    """Load a file as the loader does; say the token if control comes back, whatever it raised."""
    import importlib.util

    sys.path[:] = search
    root = Path(__file__).resolve().parent.parent
    spec = importlib.util.spec_from_file_location(
        "llmos", root / "__init__.py", submodule_search_locations=[str(root)]
    )
    assert spec is not None
    assert spec.loader is not None
    sys.modules["llmos"] = package = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(package)
    from llmos.kernel.errors import PluginError
    from llmos.plugins.loader import load_module

    out = os.dup(1)
    with contextlib.suppress(PluginError):  # the loader finds the same, and tells it
        load_module(path, path.read_bytes())
    os.write(out, token.encode())
    os._exit(0)


if __name__ == "__main__":
    _load_and_say(sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3]))
