"""What a trace may do: the sheet that a user is shown before a foreign trace is allowed."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..kernel.json_value import JsonValue
from .command_permissions import READERS
from .placement import MARKER
from .shell_commands import commands_of
from .shell_parts import Commands, Part
from .texts import strings_in
from .traces import Step, Trace

_HOST = re.compile(
    r"(?:[a-z][a-z0-9+.-]{1,15}://(?:[^\s/@'\"]{0,100}@)?|\b[\w.-]{1,64}@)([\w.-]{1,253})"
)
_NETWORK = frozenset({
    "curl", "wget", "ssh", "scp", "sftp", "rsync", "ftp", "telnet", "nc", "ncat", "socat", "ping",
    "dig", "nslookup", "host", "pip", "pip3", "pipx", "uv", "uvx", "npm", "npx", "pnpm", "yarn",
    "bun", "cargo", "go", "gem", "bundle", "composer", "apt", "apt-get", "dnf", "yum", "brew",
    "docker", "podman", "kubectl", "helm", "aws", "gcloud", "az", "gh", "http", "https", "aria2c",
})  # fmt: skip
_GIT_NETWORK = frozenset({"clone", "fetch", "pull", "push", "ls-remote", "submodule", "remote"})
_DEVICES = ("/dev/tcp/", "/dev/udp/")
"""What Bash takes for other machines."""
_MAKES = frozenset({"mkdir", "touch", "cp", "mv", "rm", "rmdir", "ln", "tee", "chmod", "sed"})
"""Programs that change the files that their words name, and nothing else."""


class Worst(enum.Enum):
    """The worst that a trace may do; the values are for people and JSON."""

    NONE = "none"
    FILES = "files"
    PROGRAMS = "programs"
    NETWORK = "network"

    @property
    def meaning(self) -> str:
        """The same in a sentence."""
        return _MEANINGS[self]


_MEANINGS = {
    Worst.NONE: "it only reads",
    Worst.FILES: "it changes files in the working directory, which can be put back",
    Worst.PROGRAMS: "it runs programs, which can do whatever you can",
    Worst.NETWORK: "it runs programs, and reaches other machines, which cannot be undone",
}


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a trace may do.

    Attributes:
        commands: Its commands, whole.
        programs: The programs that they name.
        writes: Paths that it writes, as they stand in it.
        hosts: Hosts that it names.
        tools: Plugin tools that it calls.
        network: Whether it reaches other machines, as far as its commands tell.
        unknown: Why that is not all, a reason a command.
        worst: The worst of it.
    """

    commands: tuple[str, ...]
    programs: tuple[str, ...]
    writes: tuple[str, ...]
    hosts: tuple[str, ...]
    tools: tuple[str, ...]
    network: bool
    unknown: tuple[str, ...]
    worst: Worst

    def to_json(self) -> dict[str, JsonValue]:
        """Return it as JSON."""
        return {
            "commands": list(self.commands),
            "programs": list(self.programs),
            "writes": list(self.writes),
            "hosts": list(self.hosts),
            "tools": list(self.tools),
            "network": self.network,
            "unknown": list(self.unknown),
            "worst": self.worst.value,
        }


def capabilities_of(trace: Trace) -> Capabilities:
    """Return what a trace may do.

    Args:
        trace: The trace, trusted or not; what it says of itself is not believed, only its steps.
    """
    lines = [str(step.input.get("command", "")) for step in trace.steps if step.tool == "Bash"]
    # The marker of the working directory would be read as an expansion.
    taken = [commands_of(line.replace(MARKER, "./")) for line in lines]
    parts = [part for found in taken for part in found.parts if part.role != "maybe"]
    programs = {part.name for part in parts if part.name}
    hosts = {
        host for step in trace.steps for text in strings_in(step.input) for host in _hosts(text)
    }
    named = any(device in line for device in _DEVICES for line in lines)
    reaches = bool(hosts) or named or any(map(_reaches, parts))
    tools = {step.tool for step in trace.steps if step.tool.startswith("mcp__")}
    writes = {path for step in trace.steps for path in _written(step)}
    writes |= {effect.path for effect in trace.effects} | set(_redirected(parts))
    unknown = dict.fromkeys(found.unknown for found in taken if found.unknown)
    return Capabilities(
        tuple(lines),
        tuple(sorted(programs)),
        tuple(sorted(writes)),
        tuple(sorted(hosts)),
        tuple(sorted(tools)),
        reaches,
        tuple(unknown),
        _worst(taken, parts, sorted(writes), tools=bool(tools), reaches=reaches),
    )


def _worst(
    taken: list[Commands], parts: list[Part], writes: list[str], *, tools: bool, reaches: bool
) -> Worst:
    if reaches:
        return Worst.NETWORK
    known = READERS | _MAKES
    foreign = any(part.words and part.words[0].literal not in known for part in parts)
    named = (word for part in parts for word in part.words[1:])
    leads_out = any(
        (word.literal or word.source).startswith(("/", "~", "$")) or ".." in word.source
        for word in named
    )
    outside = any(path.startswith(("/", "~", "..")) for path in writes)
    if tools or foreign or leads_out or outside or any(found.unknown for found in taken):
        return Worst.PROGRAMS
    makes = any(part.name in _MAKES for part in parts)
    return Worst.FILES if writes or makes else Worst.NONE


def _reaches(part: Part) -> bool:
    if part.name == "git":
        return any(word.literal in _GIT_NETWORK for word in part.words[1:])
    return part.name in _NETWORK


def _hosts(text: str) -> Iterator[str]:
    for found in _HOST.finditer(text):
        host = found.group(1).strip(".")
        if "." in host or "://" in found.group():
            yield host


def _written(step: Step) -> Iterator[str]:
    if step.tool in ("Write", "Edit"):
        path = str(step.input.get("file_path", ""))
        yield path.removeprefix(f"{MARKER}/")


def _redirected(parts: list[Part]) -> Iterator[str]:
    for part in parts:
        for one in part.redirects:
            if one.writes and not one.target.source.startswith("/dev/"):
                yield one.target.literal or one.target.source
