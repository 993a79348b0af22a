"""Every error llmos raises on purpose.

LlmosError                    base: one sentence, a hint what to do, an exit code
├── UsageError            2   the request itself is wrong (empty goal, bad flag or value)
│   └── WorkspaceError    2   the workspace cannot be used
├── TraceError            2   a trace file cannot be used
│   ├── CorruptTraceError 2   it is not a valid trace
│   ├── TraceSchemaError  2   it has a schema version this llmos does not know
│   └── UntrustedTraceError 3 it was not learned here and nobody has allowed it
├── UnknownToolError      2   a tool that no driver carries out
├── PluginError           2   a plugin file that cannot be loaded
├── SandboxError          2   commands cannot be confined on this machine
├── ApprovalError         3   a call was denied and nobody could be asked
├── AuthenticationError   4   no API key or login, or it was refused
├── LowBatteryError       5   the budget does not allow it
├── NoTraceError          6   replay only, and no trace answers the goal
├── DriftError            7   replay only, and the world is not as it was
├── ModelError            1   the model run failed
│   ├── ModelRefusedError 1   the API refused the request for good
│   └── ModelUnavailableError 75  try again later (rate limit, overload, offline, CLI died)
├── RunTimeoutError       124 wall time is over
└── InterruptedRunError   130 the user stopped it
    ├── TerminatedError   143 it was told to end (SIGTERM)
    └── HungUpError       129 its terminal was closed

Exit codes are those of ``llmos help exit-codes``. A short list of expected tool failures (missing
file, non-zero exit, time-out) is data (`ToolResult`), not an error.
"""

from __future__ import annotations

from typing import ClassVar


class LlmosError(Exception):
    """Base of all errors that llmos raises on purpose.

    Args:
        message: One sentence that says what is wrong.
        hint: One sentence that says what to do next, or an empty string.
    """

    exit_code: ClassVar[int] = 1
    subtype: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(LlmosError):
    """The request itself is wrong."""

    exit_code = 2
    subtype = "error_usage"


class WorkspaceError(UsageError):
    """The workspace cannot be used."""

    subtype = "error_workspace"


class TraceError(LlmosError):
    """A trace file cannot be used."""

    exit_code = 2
    subtype = "error_trace"


class CorruptTraceError(TraceError):
    """The file is not a valid trace."""


class TraceSchemaError(TraceError):
    """The trace has a schema version that this llmos does not know."""


class UntrustedTraceError(TraceError):
    """The trace was not learned here, or was changed since, and nobody has allowed it."""

    exit_code = 3


class UnknownToolError(LlmosError):
    """A trace or caller names a tool that no driver carries out."""

    exit_code = 2
    subtype = "error_unknown_tool"

    def __init__(self, tool: str) -> None:
        super().__init__(
            f"no driver carries out the tool {tool!r}",
            hint="if it is a plugin's tool, put the plugin back into the plugins folder",
        )
        self.tool = tool


class PluginError(LlmosError):
    """A plugin file cannot be loaded."""

    exit_code = 2
    subtype = "error_plugin"

    def __init__(self, path: str, line: int | None, reason: str) -> None:
        where = f"{path}:{line}" if line else path
        super().__init__(f"plugin {where} was left out: {reason}")
        self.path = path
        self.line = line
        self.reason = reason


class SandboxError(LlmosError):
    """Commands are to be confined, and this machine cannot do it."""

    exit_code = 2
    subtype = "error_sandbox"

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message, hint=hint)


class ApprovalError(LlmosError):
    """A call was denied and nobody could be asked."""

    exit_code = 3
    subtype = "error_permission_denied"


class AuthenticationError(LlmosError):
    """No API key or login was found, or it was refused."""

    exit_code = 4
    subtype = "error_authentication"


class LowBatteryError(LlmosError):
    """The budget does not allow the estimated cost.

    Args:
        needed_usd: What was asked for, in dollars.
        available_usd: What is left and not held, in dollars.
        cap: What people call the cap that is in the way.
    """

    exit_code = 5
    subtype = "error_max_budget_usd"

    def __init__(
        self, needed_usd: float, available_usd: float, *, cap: str = "the budget", hint: str = ""
    ) -> None:
        super().__init__(
            f"{cap} has ${available_usd:.2f} left and this needs about ${needed_usd:.2f}",
            hint=hint or "raise it with --budget USD or LLMOS_BUDGET",
        )
        self.needed_usd = needed_usd
        self.available_usd = available_usd


class NoTraceError(LlmosError):
    """Replay only, and no trace answers the goal."""

    exit_code = 6
    subtype = "error_no_trace"


class DriftError(LlmosError):
    """Replay only, and a guard failed."""

    exit_code = 7
    subtype = "error_drift"


class ModelError(LlmosError):
    """The model run failed."""

    subtype = "error_during_execution"


class ModelRefusedError(ModelError):
    """The API refused the request for good (unknown model, invalid request, no credit)."""


class ModelUnavailableError(ModelError):
    """The model could not be reached or answered; trying again later may help."""

    exit_code = 75
    subtype = "error_unavailable"


class RunTimeoutError(LlmosError):
    """Wall time is over."""

    exit_code = 124
    subtype = "error_timeout"


class InterruptedRunError(LlmosError):
    """The user stopped the run."""

    exit_code = 130
    subtype = "error_interrupted"


class TerminatedError(InterruptedRunError):
    """It was told to end."""

    exit_code = 143
    subtype = "error_terminated"


class HungUpError(InterruptedRunError):
    """Its terminal was closed."""

    exit_code = 129
    subtype = "error_hung_up"
