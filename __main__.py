"""The command line's entry: ``llmos``, ``python -m llmos`` and ``python boot.py``."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from .interfaces.arguments import Request
    from .interfaces.goal_request import Asked
    from .interfaces.result import Drift
    from .interfaces.system import System

_GARBAGE = 50_000
"""Objects after which Python looks for garbage. By default it does so some sixty times while a
replay starts, a tenth of its time, among modules and classes that all stay."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: The arguments without the program's name; those of the process if None.

    Returns:
        The exit code.
    """
    gc.set_threshold(_GARBAGE)
    from .interfaces.cli import run

    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        return run(given, _open_system, directly=_replay_directly)
    finally:
        # The process ends here; Python would look through everything twice more.
        gc.freeze()


def _open_system(**given: Any) -> AbstractAsyncContextManager[System]:
    # Imported when there is a goal: help and a wrong flag need no system.
    from .boot import LLMOS

    return LLMOS(**given)


def _replay_directly(request: Request, asked: Asked) -> tuple[int | None, Drift | None]:
    from .interfaces.direct_replay import replay_directly

    return replay_directly(request, asked)


if __name__ == "__main__":
    raise SystemExit(main())
