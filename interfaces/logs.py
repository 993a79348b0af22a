"""Logs, for who asks for them: on standard error or in a file, without secrets."""

from __future__ import annotations

import logging
import os
import sys
from typing import TextIO

from ..kernel.errors import UsageError
from ..kernel.events import Event
from ..kernel.redaction import Redactor

_events = logging.getLogger("llmos.events")
_FORM = "%(asctime)s %(name)s: %(message)s"


def set_up_logs(*, on_stderr: bool, path: str | None) -> None:
    """Let logs be seen.

    Args:
        on_stderr: Whether they go to standard error.
        path: File that they are appended to, or None.

    Raises:
        UsageError: If the file cannot be opened.
    """
    handlers: list[logging.Handler] = []
    if on_stderr:
        handlers.append(_handler(sys.stderr, "%(name)s: %(message)s"))
    if path is not None:
        handlers.append(_handler(_opened(path), _FORM))
    logging.basicConfig(level=logging.DEBUG, handlers=handlers, force=True)


def log_event(event: Event) -> None:
    """Log an event of the bus."""
    if _events.isEnabledFor(logging.DEBUG):
        _events.debug("%s", event)


class _Redacted(logging.Formatter):
    def __init__(self, form: str) -> None:
        super().__init__(form)
        self._redact = Redactor(os.environ).redact

    def format(self, record: logging.LogRecord) -> str:
        return self._redact(super().format(record))


def _handler(stream: TextIO, form: str) -> logging.Handler:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Redacted(form))
    return handler


def _opened(path: str) -> TextIO:
    def private(name: str, flags: int) -> int:
        return os.open(name, flags | os.O_CLOEXEC, 0o600)

    try:
        return open(path, "a", encoding="utf-8", errors="backslashreplace", opener=private)
    except OSError as error:
        raise UsageError(f"--debug-file {path} cannot be opened: {error.strerror}") from None
