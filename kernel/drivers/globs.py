"""Glob patterns as ripgrep reads them, turned into regular expressions over relative paths."""

from __future__ import annotations

import re


def glob_regex(pattern: str) -> re.Pattern[str] | None:
    """Return the expression that a path relative to the root matches whole, or None.

    A pattern without ``/`` matches a name at any depth; ``*`` and ``?`` do not cross ``/``;
    ``**`` does. None stands for a pattern that is malformed, or that can match nothing since it
    names ``.`` or ``..``.

    Args:
        pattern: The pattern, without a leading ``!``.
    """
    anchored = pattern.startswith("/") or "/" in pattern.rstrip("/")
    body = pattern.strip("/")
    if not body or any(part in (".", "..") for part in body.split("/")):
        return None
    translated = _translate(body)
    if translated is None:
        return None
    prefix = "" if anchored else "(?:.*/)?"
    return re.compile(prefix + translated + r"\Z", re.DOTALL)


def _translate(body: str) -> str | None:
    out: list[str] = []
    depth = at = 0
    while at < len(body):
        character = body[at]
        if body.startswith("**/", at) and (at == 0 or body[at - 1] == "/"):
            out.append("(?:.*/)?")
            at += 3
            continue
        if body.startswith("**", at) and at + 2 == len(body) and (at == 0 or body[at - 1] == "/"):
            out.append(".+")
            at += 2
            continue
        if character == "[":
            end = _class_end(body, at)
            if end is None:
                return None
            out.append(_class(body[at + 1 : end]))
            at = end + 1
            continue
        if character == "\\" and at + 1 < len(body):
            out.append(re.escape(body[at + 1]))
            at += 2
            continue
        depth += (character == "{") - (character == "}")
        if depth < 0:
            return None
        out.append(_plain(character, depth))
        at += 1
    return "".join(out) if depth == 0 else None


def _plain(character: str, depth: int) -> str:
    match character:
        case "*":
            return "[^/]*"
        case "?":
            return "[^/]"
        case "{":
            return "(?:"
        case "}":
            return ")"
        case "," if depth:
            return "|"
        case _:
            return re.escape(character)


def _class_end(body: str, at: int) -> int | None:
    start = at + 1
    if body[start : start + 1] in ("!", "^"):
        start += 1
    end = body.find("]", start + 1)
    return None if end < 0 else end


def _class(inner: str) -> str:
    negated = inner[:1] in ("!", "^")
    members = re.sub(r"([\\\[\]^&~|])", r"\\\1", inner[1:] if negated else inner)
    return f"[^/{members}]" if negated else f"[{members}]"
