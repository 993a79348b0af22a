"""The rules by which a person lets a call, and its like, be done from now on.

They are offered only where they hold: a rule that would not be believed the next time is an answer
that does not stick.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from ..kernel.errors import UsageError
from ..kernel.tools import ToolCall
from ..memory.command_permissions import READERS
from ..memory.permissions import Outcome, Permissions
from ..memory.shell_commands import commands_of
from ..memory.shell_parts import Part
from ..memory.shell_tables import ALL_ARGUMENTS, INLINE, INPUT_RUNNERS, SHELLS, WRAPPERS

_SUB_COMMANDS = frozenset({
    "git", "npm", "pnpm", "yarn", "bun", "cargo", "go", "uv", "pip", "pip3", "poetry", "docker",
    "podman", "kubectl", "make", "just", "gh", "dotnet", "mvn", "gradle", "bundle", "gem", "apt",
    "brew", "systemctl", "terraform", "helm",
})  # fmt: skip
"""Programs of which the next word says what they do."""
_RUNS_NAMED = frozenset({"npm run", "pnpm run", "yarn run", "bun run", "uv run", "poetry run"})
_REACHES_FAR = frozenset({
    "rm", "rmdir", "mv", "cp", "dd", "ln", "chmod", "chown", "kill", "pkill", "killall", "curl",
    "wget", "ssh", "scp", "sftp", "rsync", "nc", "tee", "truncate", "shred", "mkfs", "mount",
    "git push", "git reset", "git clean", "docker run", "kubectl delete",
})  # fmt: skip
"""Of which one call says little about the next: only the very same one is allowed."""
_SPECIAL = frozenset("*?[]{}()\\\n,")


def rules_for(call: ToolCall, permissions: Permissions) -> tuple[str, ...]:
    """Return the rules that would allow a call and its like; empty if none would.

    Args:
        call: The call, with absolute paths.
        permissions: What holds now.
    """
    rules = _command(call) if call.name == "Bash" else _other(call, permissions.cwd)
    if not rules:
        return ()
    try:
        verdict = permissions.allowing(rules).judge_replay(call.name, call.input)
    except UsageError:  # what stands in the call cannot be written in a rule
        return ()
    return rules if verdict.outcome is Outcome.ALLOW else ()


def _command(call: ToolCall) -> tuple[str, ...]:
    found = commands_of(str(call.input.get("command", "")))
    rules: list[str] = []
    for part in found.parts:
        # What reads needs no rule beside one for the rest of the line.
        if part.words and part.role != "maybe" and not (part.name in READERS and found.parts[1:]):
            prefix = _prefix(part)
            if prefix is None:
                return ()
            rules.append(f"Bash({prefix})")
    return tuple(dict.fromkeys(rules))


def _prefix(part: Part) -> str | None:
    """Return the beginning of a simple command that stands for its like; None for none."""
    words = [word.literal for word in part.words]
    if None in words:
        return None
    texts = [word or "" for word in words]
    name, whole = part.name or "", " ".join(texts)
    taken = 1
    if name in _SUB_COMMANDS and texts[1:] and texts[1].replace("-", "").isalnum():
        taken = 3 if " ".join(texts[:2]) in _RUNS_NAMED and texts[2:] else 2
    begins = " ".join(texts[:taken])
    runs = {*SHELLS, *INLINE, *WRAPPERS, *ALL_ARGUMENTS, *INPUT_RUNNERS} - _SUB_COMMANDS
    bare = name.rstrip("0123456789.")
    exact = {name, bare, begins} & (runs | _REACHES_FAR) or (name in _SUB_COMMANDS and taken == 1)
    if exact:
        return None if _SPECIAL & set(whole) or whole.endswith(":*") else whole
    return None if _SPECIAL & set(begins) else f"{begins}:*"


def _other(call: ToolCall, cwd: Path) -> tuple[str, ...]:
    if call.name.startswith("mcp__"):
        return (call.name,)
    named = call.input.get("file_path") or call.input.get("path")
    if named is None:
        return ()
    path = Path(os.path.normpath(cwd / str(named)))
    if not path.is_relative_to(cwd):
        return ()
    inside = PurePosixPath(path.relative_to(cwd).as_posix())
    if _SPECIAL & set(str(inside)) or " " in str(inside):
        return ()
    tool = "Edit" if call.name in ("Write", "Edit") else "Read"
    folder = inside.parent.as_posix()
    return (f"{tool}(/{inside})" if folder == "." else f"{tool}(/{folder}/**)",)
