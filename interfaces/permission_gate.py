"""The gate that every tool call passes, in a live run and in a replay alike.

A replay of which a step is denied does not start. Where a rule says ask, a person is asked; where
there is nobody, the answer is no.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from ..kernel.json_value import JsonValue
from ..kernel.tools import ToolCall
from ..memory.found import Found, Match, Miss, Refusal
from ..memory.permissions import Outcome, Permissions, Verdict
from ..memory.placement import lower_json
from .render import describe_call

Person = Callable[[str], Awaitable[bool]]
"""Asks a person whether something may be done."""

_GIT = ".git"


class PermissionGate:
    """Says what may be done, and asks whoever is there.

    Args:
        permissions: Rules, mode and protected paths.
    """

    def __init__(self, permissions: Permissions) -> None:
        self._permissions = permissions
        self._agreed: set[tuple[str, str]] = set()
        self.person: Person | None = None
        """Asked where a rule says so; None if nobody is there."""

    def screen(self, found: Found) -> Found:
        """Turn matches of which a step may not be carried out here into refusals.

        Args:
            found: What the store has for a goal.
        """
        refusals: list[Refusal] = []
        matches = tuple(match for match in found.matches if self._passes(match, refusals))
        near = found.near
        denied: list[Refusal] = []
        if near is not None and not self._passes(near, denied):
            # It would not have answered anyway: that a rule denies it is not why.
            refusals += [replace(one, kind=Miss.UNCERTAIN) for one in denied]
            near = None
        if len(matches) == len(found.matches) and near is found.near:
            return found
        return replace(found, matches=matches, refusals=(*found.refusals, *refusals), near=near)

    async def agrees(self, match: Match) -> bool:
        """Ask a person about the steps of a match that are to be asked about; one no is enough."""
        for step, verdict in self._verdicts(match):
            if verdict.outcome is Outcome.ASK and not await self._ask(step, verdict):
                return False
        return True

    def forbids(self, call: ToolCall, path: Path) -> str | None:
        """Return why a replay's step must not write a file, or None if it may."""
        verdict = self._permissions.judge_write(path)
        return verdict.reason if verdict.outcome is Outcome.DENY else None

    async def live(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Answer the CLI's question before it carries out a call, in its hook's own form.

        Args:
            data: The input of its ``PreToolUse`` hook.
        """
        tool = str(data.get("tool_name", ""))
        given = cast("Mapping[str, JsonValue]", data.get("tool_input") or {})
        verdict = self._permissions.judge(tool, given)
        if verdict.outcome is Outcome.OPEN:
            return {}
        allowed = verdict.outcome is Outcome.ALLOW or (
            verdict.outcome is Outcome.ASK and await self._ask(ToolCall(tool, given), verdict)
        )
        return {
            "hookSpecificOutput": {
                "hookEventName": "PreToolUse",
                "permissionDecision": "allow" if allowed else "deny",
                "permissionDecisionReason": verdict.reason,
            }
        }

    def _passes(self, match: Match, refusals: list[Refusal]) -> bool:
        for step, verdict in self._verdicts(match):
            if verdict.outcome is Outcome.DENY:
                kind = Miss.DENIED
            elif verdict.outcome is Outcome.ASK and self.person is None:
                kind = Miss.NEEDS_APPROVAL
            else:
                continue
            said = f"{describe_call(step.name, step.input)}: {verdict.reason}"
            refusals.append(Refusal(kind, match.trace_id, said))
            return False
        return True

    def _verdicts(self, match: Match) -> list[tuple[ToolCall, Verdict]]:
        cwd = self._permissions.cwd
        found: list[tuple[ToolCall, Verdict]] = []
        for step in match.steps:
            call = ToolCall(step.tool, lower_json(step.input, str(cwd)))
            found.append((call, self._permissions.judge_replay(call.name, call.input)))
        for effect in match.trace.effects:
            if not _is_gits_own(effect.path, match):
                call = ToolCall("Write", {"file_path": effect.path})
                found.append((call, self._permissions.judge_write(cwd / effect.path)))
        return found

    async def _ask(self, call: ToolCall, verdict: Verdict) -> bool:
        shown = describe_call(call.name, call.input)
        if (shown, verdict.reason) in self._agreed:
            return True
        if self.person is None or not await self.person(f"{shown}: {verdict.reason}"):
            return False
        self._agreed.add((shown, verdict.reason))
        return True


def _is_gits_own(path: str, match: Match) -> bool:
    """Whether a file is what git itself keeps, and a step runs git."""
    first, _, rest = path.partition("/")
    if first != _GIT or (rest.startswith("hooks/") and not rest.endswith(".sample")):
        return False
    commands = (str(step.input.get("command", "")) for step in match.steps if step.tool == "Bash")
    return any("git" in command for command in commands)
