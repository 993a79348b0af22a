"""Tool calls, tool results, the Driver port and the registry of drivers.

A driver carries out one tool as the CLI's own tool of that name does. A failure that a user's
world can cause (missing file, non-zero exit, time-out) is a `ToolResult` with ``ok=False`` whose
output is the text the model would have seen; anything else propagates.
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from .errors import UnknownToolError
from .json_value import JsonValue
from .record import Record

JsonObject = Mapping[str, JsonValue]


class Effect(enum.Enum):
    """What carrying out a tool may do to the world."""

    READ = "read"
    """Reads files only."""
    WRITE = "write"
    """Writes the one file that its input names."""
    RUN = "run"
    """May do anything a program may do."""


class ToolCall(Record):
    """One call of a tool.

    Attributes:
        name: The tool's name as the model sees it (``Bash``, ``mcp__llmos__hello_world``).
        input: Its JSON input.
        id: The model's id for the call; empty where there is no model.
    """

    name: str
    input: JsonObject
    id: str = ""


class ToolResult(Record):
    """What a tool call gave.

    Attributes:
        output: The text that the model sees.
        ok: False if the tool reported a failure.
        exit_code: Exit code of a command, None for other tools.
        duration_s: Seconds it took.
    """

    output: str
    ok: bool = True
    exit_code: int | None = None
    duration_s: float = 0.0


class ToolSession:
    """What persists from call to call within one run, as it does in the CLI.

    Attributes:
        start_dir: The directory from which llmos was started; absolute, resolved.
        cwd: Working directory of the next call; a successful ``cd`` moves it inside start_dir.
        env: Environment of child processes, complete (nothing is inherited).
        seen_files: What the run has read or written: real path to the SHA-256 of the raw bytes.
        confine: Makes of a command the one that runs it confined; None runs it as it is.
        check_cancelled: Called now and then by what takes long; raises if the run is to stop.
    """

    # Written out: to have them made for it takes a replay longer than to read them.
    def __init__(
        self,
        start_dir: Path,
        cwd: Path,
        env: Mapping[str, str],
        *,
        seen_files: dict[Path, str] | None = None,
        confine: Callable[[Sequence[str]], list[str]] | None = None,
        check_cancelled: Callable[[], object] = lambda: None,
    ) -> None:
        self.start_dir = start_dir
        self.cwd = cwd
        self.env = env
        self.seen_files: dict[Path, str] = {} if seen_files is None else seen_files
        self.confine = confine
        self.check_cancelled = check_cancelled


class Driver(Protocol):
    """Carries out one tool."""

    @property
    def name(self) -> str:
        """The tool's name as the model sees it."""
        ...

    @property
    def effect(self) -> Effect:
        """What carrying it out may do."""
        ...

    @property
    def fingerprint(self) -> str:
        """Changes when the meaning of the tool changes (a plugin's source); may be empty."""
        ...

    def run(self, input: JsonObject, session: ToolSession) -> ToolResult:
        """Carry out one call. Blocks.

        Args:
            input: The call's JSON input, as recorded or given; may be invalid.
            session: State that persists between the calls of one run.

        Returns:
            The result, also for every failure that is the input's or the world's.
        """
        ...


class ToolSpec(Record):
    """A plugin tool, as offered to the model and to the Follower.

    Attributes:
        name: Short name, as given to ``@llm_tool``.
        description: What it does, for the model.
        input_schema: JSON Schema of the input (an object schema).
        call: Carries it out; returns the result for good and bad input alike.
        fingerprint: Hash of the plugin file's source.
    """

    name: str
    description: str
    input_schema: JsonObject
    call: Callable[[JsonObject], Awaitable[ToolResult]]
    fingerprint: str


class ToolRegistry:
    """The drivers by tool name.

    Args:
        drivers: What to register at once; a later driver of the same name replaces the earlier.
    """

    def __init__(self, drivers: Iterable[Driver] = ()) -> None:
        self._drivers: dict[str, Driver] = {}
        for driver in drivers:
            self.register(driver)

    def register(self, driver: Driver) -> None:
        """Add a driver under its name."""
        self._drivers[driver.name] = driver

    def get(self, name: str) -> Driver:
        """Return the driver of a tool.

        Raises:
            UnknownToolError: If there is none.
        """
        try:
            return self._drivers[name]
        except KeyError:
            raise UnknownToolError(name) from None

    def names(self) -> list[str]:
        """Return all tool names, sorted."""
        return sorted(self._drivers)

    def __contains__(self, name: str) -> bool:
        return name in self._drivers
