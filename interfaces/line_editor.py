"""Asks one question on the terminal; nothing else reads from it meanwhile."""

from __future__ import annotations

import signal
from functools import cache, partial
from typing import TYPE_CHECKING

from ..kernel.errors import InterruptedRunError
from .defaults import STOPPED

if TYPE_CHECKING:
    from .approval import Approver
    from .permission_gate import Answer, Question


async def ask(question: str) -> str:
    """Ask one question on the terminal.

    Args:
        question: The question.

    Returns:
        The answer in lower case.

    Raises:
        InterruptedRunError: If the user wants no answer to be taken (Ctrl-C, Ctrl-D).
    """
    return (await ask_as_typed(question)).lower()


async def ask_as_typed(question: str, default: str = "") -> str:
    """Ask one question on the terminal; see `ask`.

    Args:
        question: The question.
        default: What stands in the answer already.

    Returns:
        The answer, without white space around it.
    """
    from prompt_toolkit import PromptSession

    session: PromptSession[str] = PromptSession()
    try:
        return (await session.prompt_async(question, default=default, handle_sigint=False)).strip()
    except (EOFError, KeyboardInterrupt):
        raise InterruptedRunError(STOPPED) from None


async def confirmed(question: Question) -> Answer:
    """Ask on the terminal whether a call may be carried out; Ctrl-C stops the goal."""
    return await _approver()(question)


@cache
def _approver() -> Approver:
    from .approval import Approver

    return Approver(ask_as_typed, partial(signal.raise_signal, signal.SIGINT))
