"""Breeds inputs for one target by what they reach in the code (atheris), as a process of its own.

``python -m fuzz.breed TARGET RUNS``; it ends with 0 if nothing but typed errors was raised.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path
from typing import Any


def main(name: str, runs: int) -> None:
    """Run a target on so many inputs."""
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["llmos"]):
        from fuzz.targets import TARGETS, seeds
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(seeds(name)):
            (Path(folder) / str(number)).write_bytes(seed)
        options = [
            f"-runs={runs}",
            "-max_len=2000",
            "-len_control=0",
            "-timeout=20",
            "-rss_limit_mb=2000",
        ]
        crashes = f"-artifact_prefix={folder}/"
        atheris.Setup([sys.argv[0], *options, crashes, folder], TARGETS[name])
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
