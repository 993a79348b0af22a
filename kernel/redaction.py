"""Removes secrets from text before it is written anywhere.

Promised: the values of environment variables whose names say that they are secret, and the
well-known forms below. Not promised: passwords in prose or on a command line, values shorter than
8 characters, and secrets in another encoding (base64, percent signs).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

from .json_value import JsonValue

_SHORTEST = 8
"""Shorter values are left alone: they would be found everywhere."""

_SECRET_NAME = re.compile(
    r"KEY|TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|PRIVATE|COOKIE|(?:^|_)(?:PAT|AUTH|PWD)(?:_|$)"
    r"|CUSTOM_HEADERS",
    re.IGNORECASE,
)
_NAMES_A_PLACE = re.compile(
    r"(?:_FILE|_PATH|_DIR|_SOCK|_URI)$|^GOOGLE_APPLICATION_CREDENTIALS$|^(?:OLD)?PWD$",
    re.IGNORECASE,
)
# Each form has a fixed text at its beginning and, from there on, only one way to match: so a text
# is scanned once, however hostile. The fixed texts are looked for first, which is faster still.
# A pattern is compiled when its fixed text is found, which it hardly ever is.
_FORMS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("anthropic", ("sk-ant-",), r"sk-ant-[\w-]{16,}+"),
    (
        "openai",
        ("sk-",),
        r"(?<![A-Za-z0-9])sk-(?:(?:proj|svcacct|admin)-[\w-]{20,}+|[A-Za-z0-9]{20,}+)",
    ),
    ("aws", ("AKIA", "ASIA"), r"(?<![A-Za-z0-9])A(?:KIA|SIA)[0-9A-Z]{16}(?![A-Za-z0-9])"),
    ("github", ("ghp_", "gho_", "ghs_", "ghu_", "ghr_"), r"\bgh[opsur]_[A-Za-z0-9]{30,}+"),
    ("github", ("github_pat_",), r"\bgithub_pat_\w{20,}+"),
    ("slack", ("xox",), r"\bxox[abeoprs]-[\w-]{10,}+"),
    ("google", ("AIza",), r"(?<![\w-])AIza[\w-]{35}"),
    ("stripe", ("k_live_", "k_test_"), r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}+"),
    ("jwt", ("eyJ",), r"(?<![\w-])eyJ[\w-]{8,}+\.eyJ[\w-]{8,}+\.[\w-]{8,}+"),
    (
        "bearer",
        ("earer ", "EARER "),
        r"(?i:\bbearer) {1,4}+[\w.~+/=-]{16,}+",
    ),
    (
        "basic",
        ("asic ", "ASIC "),
        r"(?i:\bauthorization: {0,4}+basic) {1,4}+[A-Za-z0-9+/=]{8,}+",
    ),
    (
        "url-password",
        ("://",),
        r"://[^\s/:@\"'<>]{0,100}+:(?![$<{*%\[])[^\s/@\"'<>]{3,200}+@",
    ),
    (
        "pem",
        ("PRIVATE KEY-----",),
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----"
        r"(?:[A-Za-z0-9+/=\s\\:,]|-(?!----)){0,20000}+"
        r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----)?",
    ),
)


class Redactor:
    """Replaces secrets by ``[redacted:KIND]``.

    Args:
        environ: The environment whose secret values are known.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        values = {value.strip() for name, value in environ.items() if _is_secret_value(name)}
        # The longest first, so that a value inside another one does not spoil it.
        self._values = sorted((v for v in values if len(v) >= _SHORTEST), key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, self._values)))

    def redact(self, text: str) -> str:
        """Return a text without its secrets."""
        if any(value in text for value in self._values):
            text = self._known.sub("[redacted:environment]", text)
        for kind, hints, pattern in _FORMS:
            if any(hint in text for hint in hints):
                text = re.sub(pattern, f"[redacted:{kind}]", text)
        return text

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
    """Return whether a variable's name says that children of a replay need not see it."""
    return name.startswith("ANTHROPIC_") or _is_secret_value(name)


def _is_secret_value(name: str) -> bool:
    """Return whether a variable's name says that its value is a secret, not where one is kept."""
    return _SECRET_NAME.search(name) is not None and _NAMES_A_PLACE.search(name) is None
