"""What may enter the source text of another program: digits, and identifiers at two safe places.

In an awk or sed program an identifier between the two delimiters of a pattern or a string is data
to it; anywhere else it may be a command (``e`` of GNU sed runs the line, ``system`` of awk its
argument).
"""

from __future__ import annotations

import re

from .shell_programs import Role
from .value_rules import BindingRefused

_IDENTIFIER = re.compile(r"[A-Za-z0-9_]+")
_AROUND = re.compile(r"[A-Za-z0-9_ .-]*")
_DELIMITERS = {"awk": '"/', "sed": "/|,#@:%!"}
# sed: a flag or command e (runs) or w (writes). awk: ways to run, load or call what a string names.
_RUNS = {
    "awk": re.compile(r"(?<!\|)\|(?!\|)|system|getline|@"),
    "sed": re.compile(r"[/|,#@:%!][0-9gpiIMm]*[ew]|(?:^|[;{}\n])\s*[0-9$,]*\s*[ew]"),
}
_ROLES = {
    "program": "the value would be part of a program for another interpreter",
    "awk": "the value would be part of an awk program",
    "sed": "the value would be part of a sed program",
}


def check_source(role: Role, source: str, at: int, learned: str, value: str) -> None:
    """Check that a value which is not a plain number may enter source text.

    Args:
        role: Whose source: "awk", "sed" or "program".
        source: The learned source text, quotes removed.
        at: Where the learned value begins in it.
        learned: The learned value.
        value: The new value.

    Raises:
        BindingRefused: It may not.
    """
    reason = _ROLES[role]
    if role == "program":
        raise BindingRefused(reason)
    if not (_IDENTIFIER.fullmatch(learned) and _IDENTIFIER.fullmatch(value)):
        raise BindingRefused(reason)
    # A single letter may be the name of a sed command, whatever stands around it.
    if min(len(learned), len(value)) < 2 or _RUNS[role].search(source):
        raise BindingRefused(reason)
    before, after = source[:at], source[at + len(learned) :]
    opening = before[: len(before) - len(_trailing(before))][-1:]
    following = _AROUND.match(after)
    closing = after[following.end() if following else 0 :][:1]
    if opening != closing or not opening or opening not in _DELIMITERS[role]:
        raise BindingRefused(reason)


def _trailing(text: str) -> str:
    found = _AROUND.match(text[::-1])
    return found[0][::-1] if found else ""
