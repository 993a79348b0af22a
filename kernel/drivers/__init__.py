"""Drivers: the Python code that carries out one tool each, with the CLI's own semantics."""

from __future__ import annotations

from collections.abc import Callable

from ..tools import Driver, Effect, JsonObject, ToolResult, ToolSession

__all__ = ["comparable_output", "standard_drivers"]


class DriverOnDemand:
    """Stands for a driver that is loaded at its first call: most replays use one of them.

    Args:
        name: The tool's name.
        effect: What carrying it out may do.
        load: Makes the driver.
    """

    fingerprint = ""

    def __init__(self, name: str, effect: Effect, load: Callable[[], Driver]) -> None:
        self.name = name
        self.effect = effect
        self.load = load

    def run(self, input: JsonObject, session: ToolSession) -> ToolResult:
        """Carry out one call."""
        return self.load().run(input, session)


def standard_drivers() -> list[Driver]:
    """Return the drivers of Read, Write, Edit, Bash, Glob and Grep."""
    return [
        DriverOnDemand("Read", Effect.READ, _read),
        DriverOnDemand("Write", Effect.WRITE, _write),
        DriverOnDemand("Edit", Effect.WRITE, _edit),
        DriverOnDemand("Bash", Effect.RUN, _bash),
        DriverOnDemand("Glob", Effect.READ, _glob),
        DriverOnDemand("Grep", Effect.READ, _grep),
    ]


def _read() -> Driver:
    from .files import ReadDriver

    return ReadDriver()


def _write() -> Driver:
    from .files import WriteDriver

    return WriteDriver()


def _edit() -> Driver:
    from .files import EditDriver

    return EditDriver()


def _bash() -> Driver:
    from .shell import BashDriver

    return BashDriver()


def _glob() -> Driver:
    from .search import GlobDriver

    return GlobDriver()


def _grep() -> Driver:
    from .search import GrepDriver

    return GrepDriver()


def comparable_output(tool: str, text: str) -> str:
    """Return the part of an observation by which two of them are compared.

    Only one thing is left out: the name of the file to which the CLI saves large output, which is
    new each time and which no replay can know.

    Args:
        tool: The tool.
        text: What the model saw.
    """
    if tool != "Bash":
        return text
    from .shell import comparable

    return comparable(text)
