"""Removes secrets from text before it is written anywhere.

Promised: the values of environment variables whose names say that they are secret, and the
well-known forms below. Not promised: passwords in prose or on a command line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

from pydantic import JsonValue

_SHORTEST = 8
"""Shorter values are left alone: they would be found everywhere."""

_SECRET_NAME = re.compile(
    r"KEY|TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|PRIVATE|COOKIE|(?:^|_)(?:PAT|AUTH|PWD)(?:_|$)",
    re.IGNORECASE,
)
_NOT_SECRET = frozenset({"PWD", "OLDPWD", "SSH_AUTH_SOCK"})
# Each alternative begins with a fixed text and repeats one class, so matching is linear.
_FORMS = re.compile(
    r"(?P<anthropic>sk-ant-[\w-]{16,200})"
    r"|(?P<openai>sk-(?:proj-)?[A-Za-z0-9]{20,200})"
    r"|(?P<aws>\b(?:AKIA|ASIA)[0-9A-Z]{16}\b)"
    r"|(?P<github>\b(?:gh[opsur]_[A-Za-z0-9]{30,255}|github_pat_\w{20,255}))"
    r"|(?P<slack>\bxox[abeoprs]-[\w-]{10,250})"
    r"|(?P<google>\bAIza[\w-]{35})"
    r"|(?P<stripe>\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,250})"
    r"|(?P<jwt>\beyJ[\w-]{8,2000}\.eyJ[\w-]{8,4000}\.[\w-]{8,2000})"
    r"|(?P<bearer>\b[Bb]earer [\w.~+/=-]{16,4000})"
    r"|(?P<pem>-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[A-Za-z0-9+/=\s:,-]{0,20000})"
)


class Redactor:
    """Replaces secrets by ``[redacted:KIND]``.

    Args:
        environ: The environment whose secret values are known.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        values = {
            value for name, value in environ.items() if is_secret(name) and len(value) >= _SHORTEST
        }
        # The longest first, so that a value inside another one does not spoil it.
        ordered = sorted(values, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def redact(self, text: str) -> str:
        """Return a text without its secrets."""
        if self._known is not None:
            text = self._known.sub("[redacted:environment]", text)
        return _FORMS.sub(lambda found: f"[redacted:{found.lastgroup}]", text)

    def contains_secret(self, text: str) -> bool:
        """Return whether a text holds a secret."""
        return self.redact(text) != text

    def redact_json(self, value: JsonValue) -> JsonValue:
        """Return a JSON value without the secrets in its strings and keys."""
        if isinstance(value, str):
            return self.redact(value)
        if isinstance(value, list):
            return [self.redact_json(item) for item in value]
        if isinstance(value, dict):
            items = cast("dict[str, JsonValue]", value).items()
            return {self.redact(name): self.redact_json(item) for name, item in items}
        return value

    @staticmethod
    def without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
        """Return an environment without its secret variables, for children of a replay."""
        return {name: value for name, value in environ.items() if not is_secret(name)}


def is_secret(name: str) -> bool:
    """Return whether an environment variable's name says that its value is secret."""
    if name in _NOT_SECRET:
        return False
    return name.startswith("ANTHROPIC_") or _SECRET_NAME.search(name) is not None
