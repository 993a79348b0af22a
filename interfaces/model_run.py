"""What a model run gave, and how its failures become errors that say what to do."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from ..kernel.errors import (
    ApprovalError,
    AuthenticationError,
    InterruptedRunError,
    LlmosError,
    LowBatteryError,
    ModelError,
    ModelRefusedError,
    ModelUnavailableError,
    RunTimeoutError,
    UsageError,
)
from ..kernel.json_value import JsonValue
from ..kernel.money import Micros, format_usd, to_usd
from .defaults import STOPPED
from .recorder import RecordedCall

LOGIN_HINT = (
    "set ANTHROPIC_API_KEY (a key comes from console.anthropic.com), or install Claude Code and "
    "log in once with `claude`; goals that have a trace need neither"
)

_CLI_HINT = (
    "reinstall it with `pip install --force-reinstall claude-agent-sdk`, "
    "or name one by LLMOS_CLI_PATH"
)


@dataclass(slots=True)
class ModelRun:
    """One run of the model; filled while it goes on, so that it is true whenever it is cut off.

    Attributes:
        model: Full model id asked for.
        answer: The final text.
        structured: The structured output of a plan.
        calls: Every finished tool call, in order.
        cost: Micro-dollars; None if the model's price is unknown.
        session_id: The CLI's session id.
        num_turns: API calls made.
        usage: Token counts as the API names them.
        denials: Names of the tools that were denied.
        finished: Whether the CLI reported an end.
        error: What went wrong, or None.
        cli_version: Version of the CLI that ran it.
        mark: What its processes carry in their environment.
    """

    model: str
    answer: str = ""
    structured: JsonValue = None
    calls: tuple[RecordedCall, ...] = ()
    cost: Micros | None = 0
    session_id: str = ""
    num_turns: int = 0
    usage: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    denials: tuple[str, ...] = ()
    finished: bool = False
    error: LlmosError | None = None
    cli_version: str = ""
    mark: str = ""


def stopped(reason: str, detail: str, hold: Micros) -> LlmosError:
    """Return the error of a run that was stopped by an `Interrupt`.

    Args:
        reason: The watchdog's word, or ``user``.
        detail: The same for people.
        hold: Money that was set aside for the run, micro-dollars.
    """
    if reason == "user":
        return InterruptedRunError(STOPPED)
    if reason == "cost":
        return over_hold(hold)
    message = f"the watchdog stopped the run: {detail}"
    if reason == "wall_time":
        return RunTimeoutError(message, hint="allow more time with --timeout SECONDS")
    if reason == "idle":
        return ModelUnavailableError(message, hint="try again; the model may be overloaded")
    return ModelError(message, hint="say the goal in other words, or in smaller parts")


def over_hold(hold: Micros) -> LowBatteryError:
    """Return the error of a run that used up the money set aside for it, micro-dollars."""
    error = LowBatteryError(
        to_usd(hold),
        0.0,
        hint="allow more with --max-budget-usd USD; llmos -c GOAL goes on from here",
    )
    error.message = f"the run was stopped at its limit of {format_usd(hold)}"
    error.args = (error.message,)
    return error


def api_failure(kind: str, status: int | None, text: str) -> LlmosError:
    """Turn a failed API request into an error.

    Args:
        kind: The SDK's word for it (``authentication_failed``, ``rate_limit``, ...), or empty.
        status: HTTP status, if known.
        text: What the CLI says.
    """
    said = " ".join(text.split())[:300] or "no reason was given"
    if "not logged in" in said.lower() or "invalid api key" in said.lower():
        kind = "authentication_failed"
    if kind == "authentication_failed" or status in (401, 403):
        return AuthenticationError("a new goal needs an API key or a login", hint=LOGIN_HINT)
    if kind in ("billing_error", "invalid_request") or status in (400, 404, 413):
        return ModelRefusedError(f"the model service refused the request: {said}")
    if kind == "rate_limit" or status == 429:
        return ModelUnavailableError(
            f"the model service limits the rate: {said}", hint="wait a little, then try again"
        )
    return ModelUnavailableError(
        f"the model service could not be reached or failed: {said}",
        hint="check the network and ANTHROPIC_BASE_URL, then try again",
    )


def denied(tools: tuple[str, ...]) -> ApprovalError:
    """Return the error of a run in which calls were denied."""
    names = ", ".join(sorted(set(tools)))
    return ApprovalError(
        f"the run needed {names}, which it may not use here without being asked",
        hint="allow more with --allowedTools or --permission-mode, or name files inside the "
        "working directory; --verbose shows what was refused and why",
    )


def cli_not_started(error: Exception, cli_path: str | None, stderr: str) -> LlmosError:
    """Return the error for a CLI that is not there, cannot be run, or ends before it answers.

    Args:
        error: What the SDK raised.
        cli_path: The CLI that was named instead of the bundled one.
        stderr: What it wrote to its standard error.
    """
    where = f" at {cli_path}" if cli_path else ""
    cause = error.__cause__
    if isinstance(cause, FileNotFoundError):
        return UsageError(f"the Claude Code CLI was not found{where}", hint=_CLI_HINT)
    if isinstance(cause, OSError) and cause.errno is not None:
        why = os.strerror(cause.errno).lower()
        return UsageError(f"the Claude Code CLI{where} cannot be run: {why}", hint=_CLI_HINT)
    return cli_died(error, stderr)


def cli_died(error: Exception, stderr: str) -> LlmosError:
    """Return the error for a CLI that ended before the run did.

    Args:
        error: What the SDK raised.
        stderr: What it wrote to its standard error.
    """
    lines = stderr.strip().splitlines() or str(error).strip().splitlines()
    said = lines[-1][:300] if lines else type(error).__name__
    return ModelUnavailableError(
        f"the Claude Code CLI ended before it had answered: {said}",
        hint=f"try again; if it stays so, {_CLI_HINT}",
    )


def no_process(error: OSError) -> LlmosError:
    """Return the error for a machine that lets no process be started."""
    return ModelUnavailableError(
        f"a process could not be started: {error.strerror or error}",
        hint="free memory or processes, then try again",
    )
