"""The gate that every tool call passes, in a live run and in a replay alike.

A replay of which a step is denied does not start. Where a rule says ask, a person is asked; where
there is nobody, the answer is no.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast

from ..kernel.json_value import JsonValue
from ..kernel.record import Record
from ..kernel.tools import JsonObject, ToolCall
from ..memory.found import Found, Match, Miss, Refusal
from ..memory.permissions import Outcome, Permissions, Verdict
from ..memory.placement import lower_json
from .render import describe_call

_GIT = ".git"
_ASKS = "default"
"""The permission mode in which a person who is there is asked about what no rule allows."""


class Question(Record):
    """What a person is asked: whether a call may be carried out.

    Attributes:
        call: The call, with absolute paths.
        reason: Why it is asked about.
        rules: Rules that would allow it and its like from now on; empty if none can.
        editable: Whether the call may be changed before it is carried out.
    """

    call: ToolCall
    reason: str
    rules: tuple[str, ...] = ()
    editable: bool = False


class Answer(Record):
    """What a person says to a question.

    Attributes:
        kind: ``once``; ``session``: also for the same call later in this session; ``always``: by
            the rules of the question, which are kept; ``no``.
        given: The call's input as the person has changed it, or None.
        comment: What the person says to it.
    """

    kind: Literal["once", "session", "always", "no"]
    given: JsonObject | None = None
    comment: str = ""


NO = Answer("no")
Person = Callable[[Question], Awaitable[Answer]]
"""Asks a person whether something may be done."""


class PermissionGate:
    """Says what may be done, and asks whoever is there.

    Args:
        permissions: Rules, mode and protected paths.
        keep: Keeps rules that allow something for good; None if they cannot be kept.
    """

    def __init__(
        self, permissions: Permissions, keep: Callable[[Sequence[str]], object] | None = None
    ) -> None:
        self._permissions = permissions
        self._keep = keep
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
            refusals += [one.replaced(kind=Miss.UNCERTAIN) for one in denied]
            near = None
        if len(matches) == len(found.matches) and near is found.near:
            return found
        return found.replaced(matches=matches, refusals=(*found.refusals, *refusals), near=near)

    async def agrees(self, match: Match) -> bool:
        """Ask a person about the steps of a match that are to be asked about; one no is enough."""
        for step, verdict in self._verdicts(match):
            if verdict.outcome is Outcome.ASK:
                answer = await self._ask(step, verdict, editable=False)
                if answer.kind == "no":
                    return False
        return True

    def asks(self, match: Match) -> bool:
        """Return whether a person is to be asked about a step of a match."""
        return any(verdict.outcome is Outcome.ASK for _, verdict in self._verdicts(match))

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
        call, answer = ToolCall(tool, given), NO
        verdict = self._judge_live(tool, given)
        if verdict.outcome is Outcome.OPEN:
            return {}
        if verdict.outcome is Outcome.ASK:
            answer = await self._ask(call, verdict, editable=tool == "Bash")
        allowed = verdict.outcome is Outcome.ALLOW or answer.kind != "no"
        said: dict[str, Any] = {
            "hookEventName": "PreToolUse",
            "permissionDecision": "allow" if allowed else "deny",
            "permissionDecisionReason": answer.comment or verdict.reason,
        }
        if answer.given is not None:
            said["updatedInput"] = dict(answer.given)
        return {"hookSpecificOutput": said}

    def forbids_reading(self, path: Path) -> str | None:
        """Return why a file must not be read, or None if it may."""
        verdict = self._permissions.judge_read(path)
        return verdict.reason if verdict.outcome is Outcome.DENY else None

    @property
    def mode(self) -> str:
        """The permission mode."""
        return self._permissions.mode

    @mode.setter
    def mode(self, mode: str) -> None:
        self._permissions.mode = mode

    def _judge_live(self, tool: str, given: JsonObject) -> Verdict:
        """Judge a call of a model run: where a person is there, the mode that asks does ask."""
        permissions = self._permissions
        if self.person is None or permissions.mode != _ASKS:
            return permissions.judge(tool, given)
        if "file_path" in given and not permissions.is_inside(str(given["file_path"])):
            return permissions.judge(tool, given)  # the file tools stay within the directory
        return permissions.judge_replay(tool, given)

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

    async def _ask(self, call: ToolCall, verdict: Verdict, *, editable: bool) -> Answer:
        known = (f"{call.name} {sorted(call.input.items())}", verdict.reason)
        if known in self._agreed:
            return Answer("session")
        if self.person is None:
            return NO
        rules: tuple[str, ...] = ()
        if self._keep is not None:
            from .prefix_rules import rules_for  # the parser of commands: only where one is asked

            rules = rules_for(call, self._permissions)
        answer = await self.person(Question(call, verdict.reason, rules, editable))
        if answer.kind == "session":
            self._agreed.add(known)
        if answer.kind == "always" and self._keep is not None:
            self._keep(rules)
            self._permissions.allow(rules)
        return answer


def _is_gits_own(path: str, match: Match) -> bool:
    """Whether a file is what git itself keeps, and a step runs git."""
    first, _, rest = path.partition("/")
    if first != _GIT or (rest.startswith("hooks/") and not rest.endswith(".sample")):
        return False
    commands = (str(step.input.get("command", "")) for step in match.steps if step.tool == "Bash")
    return any("git" in command for command in commands)
