"""What holds for every test: an environment built from nothing, loopback only, nothing left."""

from __future__ import annotations

import faulthandler
import os
import socket
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import cast

import psutil
import pytest
from hypothesis import settings

from support import Taught

_HARD_LIMIT_S = 3600 if os.environ.get("LLMOS_NIGHTLY") else 300
_LEFT_OVER_S = 3.0
_STAYS = ("resource_tracker", "fork_server")
"""Processes that outlive a test: they end with the fixture, or with Python, that started them."""

_foreign: list[str] = []


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if event not in ("socket.connect", "socket.sendto"):
        return
    connection, address = arguments[0], arguments[1]
    assert isinstance(connection, socket.socket)
    if connection.family not in (socket.AF_INET, socket.AF_INET6):
        return
    host = str(cast("tuple[object, ...]", address)[0])
    if not (host.startswith("127.") or host in ("::1", "localhost")):
        _foreign.append(host)
        raise ConnectionRefusedError(f"a test may talk to loopback only, not to {host}")


def pytest_configure() -> None:
    # A busy machine is no defect: what is slow is for the benchmarks to say.
    settings.register_profile("llmos", deadline=None)
    settings.load_profile("llmos")
    sys.addaudithook(_audit)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("LLMOS_NIGHTLY"):
        return
    for item in items:
        if item.get_closest_marker("nightly"):
            item.add_marker(pytest.mark.skip(reason="takes long: for LLMOS_NIGHTLY=1"))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _environment(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Build the environment from nothing, so that no key or setting of the machine is seen."""
    home = tmp_path_factory.mktemp("home")
    (home / "tmp").mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "PYTEST_CURRENT_TEST")}
    for name in list(os.environ):
        monkeypatch.delenv(name)
    nowhere = "http://127.0.0.1:9"
    for name, value in {
        **kept,
        "HOME": str(home),
        "LLMOS_HOME": str(home / "llmos"),
        "CLAUDE_CONFIG_DIR": str(home / "claude"),
        "TMPDIR": str(home / "tmp"),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "HTTP_PROXY": nowhere,
        "HTTPS_PROXY": nowhere,
        "NO_PROXY": "127.0.0.1,localhost",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("tempfile.tempdir", None)


@pytest.fixture(autouse=True)
def _nothing_left() -> Generator[None]:
    """Fail a test that leaves a process behind or talked to another host; end one that hangs."""
    faulthandler.dump_traceback_later(_HARD_LIMIT_S, exit=True)
    _foreign.clear()
    yield
    faulthandler.cancel_dump_traceback_later()
    assert not _foreign, f"it tried to talk to {_foreign}"
    deadline = time.monotonic() + _LEFT_OVER_S
    while left := _running_children():
        if time.monotonic() > deadline:
            names = [" ".join(child.cmdline())[:120] for child in left]
            for child in left:
                child.kill()
            pytest.fail(f"it left processes behind: {names}")
        time.sleep(0.02)


def _running_children() -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for child in psutil.Process().children(recursive=True):
        try:
            line = " ".join(child.cmdline())
            if child.status() != psutil.STATUS_ZOMBIE and not any(map(line.__contains__, _STAYS)):
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found


@pytest.fixture
def foreign_hosts() -> list[str]:
    """The hosts that this test tried to reach; for the test of the guard itself."""
    return _foreign


@pytest.fixture
def place_dir(tmp_path: Path) -> Path:
    """A working directory."""
    folder = tmp_path / "place"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Taught:
    """What was taught in this test run, for all of its workers."""
    base = tmp_path_factory.getbasetemp()
    return Taught(base.parent if base.name.startswith("popen-") else base)
