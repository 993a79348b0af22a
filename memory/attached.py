"""What goes with a goal beside its words: a text from standard input, the form of the answer.

A trace depends on what its run was given. So the goal that is kept names each of these by a hash,
on a line of its own at its end: whoever gives another text, or asks for another form, asks another
goal. One with a text is answered by a trace of the very same goal alone, since no rule knows which
part of the text mattered; one with a form also by its template. Neither takes part in families.
"""

from __future__ import annotations

import hashlib
import json
import re

from ..kernel.json_value import JsonValue
from ..kernel.record import Record

_LINE = r"\n\[(stdin of \d+ bytes|answer as JSON schema), sha256:[0-9a-f]{64}\]"
_ATTACHED = re.compile(rf"(?:{_LINE})+\Z")
_STDIN = "\n[stdin of "


class Attached(Record):
    """What goes with a goal.

    Attributes:
        stdin: A text that the goal speaks of, or None.
        schema: JSON schema of the answer, or None.
    """

    stdin: str | None = None
    schema: dict[str, JsonValue] | None = None

    def bind(self, goal: str) -> str:
        """Return a goal that also names what goes with it."""
        lines = [goal]
        if self.stdin is not None:
            data = self.stdin.encode("utf-8", "surrogatepass")
            lines.append(f"[stdin of {len(data)} bytes, sha256:{_hash(data)}]")
        if self.schema is not None:
            spelled = json.dumps(self.schema, sort_keys=True, separators=(",", ":"))
            lines.append(f"[answer as JSON schema, sha256:{_hash(spelled.encode())}]")
        return "\n".join(lines)

    def prompt(self, goal: str) -> str:
        """Return what the model is told: the goal's words, then the text itself.

        Args:
            goal: What `bind` gave.
        """
        words = plain_goal(goal)
        return words if self.stdin is None else f"{words}\n\n<stdin>\n{self.stdin}\n</stdin>"


def plain_goal(goal: str) -> str:
    """Return a goal without the lines that name what goes with it."""
    found = _ATTACHED.search(goal)
    return goal[: found.start()] if found else goal


def is_attached(goal: str) -> bool:
    """Return whether a goal names something that goes with it."""
    return goal.endswith("]") and _ATTACHED.search(goal) is not None


def has_text(goal: str) -> bool:
    """Return whether a goal names a text from standard input."""
    return is_attached(goal) and _STDIN in goal[len(plain_goal(goal)) :]


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
