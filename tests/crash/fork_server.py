"""A process that has imported llmos and forks a real llmos process for each request.

A request is a line of JSON on stdin: the arguments, the directory, the environment, and the crash
point at which the process is to be killed. The answer is a line of JSON: how it ended, and what it
wrote. Forking saves each of many hundred processes the time that starting Python takes.
"""

from __future__ import annotations

import gc
import importlib
import io
import json
import os
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import llmos.__main__ as entry
from factory import make_trace
from llmos.kernel import crash_points
from llmos.memory.codec import decode, encode
from llmos.memory.effects import effect_of


def warm_up() -> None:
    """Do once what every process would do again: import, build models, load parsers."""
    importlib.import_module("llmos.memory.recovery")
    decode(encode(make_trace("warm up"), None))
    effect_of("Bash", {"command": "true"}, "/")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LLMOS_HOME"] = folder
        os.chdir(folder)
        with redirect_stdout(io.StringIO()):
            entry.main(["runs"])
            entry.main(["--dry-run", "warm up"])
        os.chdir("/")
    gc.collect()
    gc.freeze()


def main() -> None:
    requests = os.fdopen(os.dup(0))
    # A goal takes what is piped in: it would take the requests.
    _read_nothing()
    warm_up()
    for line in requests:
        request = json.loads(line)
        with tempfile.TemporaryDirectory() as folder:
            written = [Path(folder) / "out", Path(folder) / "err"]
            child = os.fork()
            if child == 0:
                _be_llmos(request, written)
            _, status = os.waitpid(child, 0)
            out, err = (one.read_text() if one.exists() else "" for one in written)
        answer = {"code": os.waitstatus_to_exitcode(status), "out": out, "err": err}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _be_llmos(request: dict[str, Any], written: list[Path]) -> None:
    for number, path in enumerate(written, start=1):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    assert isinstance(crash_points.crash_point, crash_points.Killer)
    crash_points.crash_point.aim(request["crash"])
    code = 1
    try:
        code = entry.main(request["arguments"])
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _read_nothing() -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    sys.stdin = os.fdopen(0, closefd=False)


if __name__ == "__main__":
    main()
