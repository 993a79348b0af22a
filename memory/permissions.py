"""May this tool call be carried out? The same answer for a live run and for a replay.

Deny beats ask beats allow. Every part of a compound command counts; what cannot be taken apart is
never allowed by a rule about a part of it, and is asked about where a rule could forbid it. What no
rule says anything about is for the permission mode to say.
"""

from __future__ import annotations

import enum
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..kernel.record import Record
from ..kernel.tools import JsonObject
from .permission_rules import Rule, Rules, read_rules
from .protected import ProtectedPaths, links_followed

if TYPE_CHECKING:
    from .command_permissions import CommandPermissions

FREE_MODES = frozenset({"acceptEdits", "bypassPermissions"})
"""Modes in which llmos lets a run use its tools without asking."""
_READS = frozenset({"Read", "Glob", "Grep"})
_WRITES = frozenset({"Write", "Edit"})


class Outcome(enum.Enum):
    """What is said of a call."""

    DENY = "deny"
    ASK = "ask"
    ALLOW = "allow"
    OPEN = "open"
    """No rule says anything."""


class Verdict(Record):
    """What is said of a call.

    Attributes:
        outcome: What.
        reason: Why, for people; empty if it is open.
    """

    outcome: Outcome
    reason: str = ""


OPEN = Verdict(Outcome.OPEN)


class Permissions:
    """Judges tool calls. Pure but for looking where links lead.

    Args:
        rules: The user's rules.
        cwd: The working directory.
        home: The user's home folder.
        mode: The permission mode.
        own: Absolute paths of llmos's own, which no run may write.
    """

    def __init__(
        self, rules: Rules, cwd: Path, home: Path, *, mode: str, own: Sequence[Path] = ()
    ) -> None:
        self.rules = rules
        self.cwd = cwd
        self.home = home
        self.mode = mode
        self.protected = ProtectedPaths(cwd, own)
        self._commands: CommandPermissions | None = None

    def judge(self, tool: str, given: JsonObject) -> Verdict:
        """Say what the rules and the protected paths say of a call.

        Args:
            tool: The tool's name.
            given: Its input, with absolute paths or such as are relative to the working directory.
        """
        if tool == "Bash":
            return self._judge_command(str(given.get("command", "")))
        rules = self.rules.about(tool)
        if tool in _WRITES or tool in _READS:
            return self._judge_path(tool, rules, self._paths(tool, given))
        for some, outcome in _in_order(rules):
            if some:
                return _by_rule(outcome, some[0])
        return OPEN

    def judge_replay(self, tool: str, given: JsonObject) -> Verdict:
        """Say what a replay may do without a model's run around it: here the mode speaks too.

        What a run in this mode would have been asked about is asked about.
        """
        verdict = self.judge(tool, given)
        if verdict.outcome is not Outcome.OPEN or self.mode in FREE_MODES or tool in _READS:
            return verdict
        if tool == "Bash" and self._command_permissions().only_reads(str(given.get("command", ""))):
            return verdict
        return Verdict(
            Outcome.ASK, f"{tool} is not used without asking under --permission-mode {self.mode}"
        )

    def allow(self, rules: Iterable[str]) -> None:
        """Let what some rules say be done without asking from now on.

        Raises:
            UsageError: If one is wrong.
        """
        self.rules = self.rules.replaced(allow=(*self.rules.allow, *read_rules(allow=rules).allow))
        self._commands = None  # it holds the rules about commands

    def allowing(self, rules: Iterable[str]) -> Permissions:
        """Return the same permissions with more that may be done without asking."""
        other = Permissions(self.rules, self.cwd, self.home, mode=self.mode)
        other.protected = self.protected
        other.allow(rules)
        return other

    def is_inside(self, path: str) -> bool:
        """Return whether a path surely leads to a place in the working directory."""
        named = self.cwd / os.path.expanduser(path)  # noqa: PTH111 - keeps `~x`
        whole = Path(os.path.normpath(named))
        return all(one.is_relative_to(self.cwd) for one in (whole, links_followed(whole)))

    def judge_write(self, path: Path) -> Verdict:
        """Say what is said of writing one file, wherever the writing comes from."""
        return self._judge_path("Write", self.rules.about("Write"), [path])

    def judge_read(self, path: Path) -> Verdict:
        """Say what is said of reading one file, wherever the reading comes from."""
        return self._judge_path("Read", self.rules.about("Read"), [path])

    def _judge_command(self, command: str) -> Verdict:
        any_rule = self.rules.about("Bash") or any(
            rule.specifier for some in (self.rules.deny, self.rules.ask) for rule in some
        )
        # To take a command apart costs more than a short replay; so only where it could matter.
        if not any_rule and not self.protected.may_matter(command):
            return OPEN
        return self._command_permissions().judge(command)

    def _command_permissions(self) -> CommandPermissions:
        if self._commands is None:
            from .command_permissions import CommandPermissions

            self._commands = CommandPermissions(self)
        return self._commands

    def _paths(self, tool: str, given: JsonObject) -> list[Path]:
        named = given.get("path" if tool in ("Glob", "Grep") else "file_path")
        path = os.path.expanduser(str(named or "."))  # noqa: PTH111 - keeps `~x`
        return [Path(os.path.normpath(self.cwd / path))]

    def _judge_path(self, tool: str, rules: Rules, paths: Sequence[Path]) -> Verdict:
        if any("\0" in str(path) for path in paths):
            return Verdict(Outcome.DENY, "a path cannot hold a NUL character")
        if tool in _WRITES:
            for path in paths:
                reason = self.protected.reason(path)
                if reason is not None:
                    return Verdict(Outcome.DENY, reason)
        for some, outcome in _in_order(rules):
            for rule in some:
                if self._covers(rule, paths, every=outcome is Outcome.ALLOW):
                    return _by_rule(outcome, rule)
        return OPEN

    def _covers(self, rule: Rule, paths: Sequence[Path], *, every: bool) -> bool:
        """Whether a rule covers the paths, both as they are named and where their links lead."""
        found = [
            rule.matches_path(one, self.cwd, self.home)
            for path in paths
            for one in (path, links_followed(path))
        ]
        return all(found) if every else any(found)


def _in_order(rules: Rules) -> tuple[tuple[tuple[Rule, ...], Outcome], ...]:
    return (
        (rules.deny, Outcome.DENY),
        (rules.ask, Outcome.ASK),
        (rules.allow, Outcome.ALLOW),
    )


def _by_rule(outcome: Outcome, rule: Rule) -> Verdict:
    said = {
        Outcome.DENY: "is denied by the rule",
        Outcome.ASK: "is to be asked about by the rule",
        Outcome.ALLOW: "is allowed by the rule",
    }[outcome]
    return Verdict(outcome, f"it {said} {rule.text}")
