"""Removes secrets from text before it is written anywhere.

Promised: the values of environment variables whose names say that they are secret, or that look
like one, as they are and in base64, percent signs and JSON's escapes; and the forms of
`secret_forms`. Not promised: weak passwords in prose, values shorter than 8 characters, and secrets
in another encoding.
"""

from __future__ import annotations

import base64
import json
import re
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import cast

from .json_value import JsonValue
from .secret_forms import FORMS, looks_random, redact_random

_SHORTEST = 8
"""Shorter values are left alone: they would be found everywhere. No form is shorter either."""
_HINTED = tuple((form, form.hints) for form in FORMS)

_SECRET_NAME = re.compile(
    r"KEY|TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|PRIVATE|COOKIE|(?:^|_)(?:PAT|AUTH|PWD)(?:_|$)"
    r"|CUSTOM_HEADERS",
    re.IGNORECASE,
)
_NAMES_A_PLACE = re.compile(
    r"(?:_FILE|_PATH|_DIR|_SOCK|_URI)$|^GOOGLE_APPLICATION_CREDENTIALS$|^(?:OLD)?PWD$",
    re.IGNORECASE,
)
_PLAIN = r"[A-Za-z0-9_+.~-]{16,512}\Z"


class Redactor:
    """Replaces secrets by ``[redacted:KIND]``.

    Args:
        environ: The environment whose secret values are known.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        values = {one for name, value in environ.items() for one in _secrets_in(name, value)}
        spelled = {spelling for value in values for spelling in _spellings(value)}
        # The longest first, so that a value inside another one does not spoil it.
        self._values = sorted(spelled, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, self._values)))

    def redact(self, text: str) -> str:
        """Return a text without its secrets."""
        if len(text) < _SHORTEST:
            return text
        # Plain loops: a transcript holds a thousand texts, and a generator for each form of each
        # takes most of the time.
        for value in self._values:
            if value in text:
                text = self._known.sub("[redacted:environment]", text)
                break
        lowered = text.lower()
        for form, hints in _HINTED:
            for hint in hints:
                if hint in lowered:
                    text = form.replace(text)
                    break
        return redact_random(text)

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
        return {
            name: value
            for name, value in environ.items()
            if not is_secret(name) and not _holds_form(value)
        }


def is_secret(name: str) -> bool:
    """Return whether a variable's name says that children of a replay need not see it."""
    return name.startswith("ANTHROPIC_") or _is_secret_value(name)


def _is_secret_value(name: str) -> bool:
    """Return whether a variable's name says that its value is a secret, not where one is kept."""
    return _SECRET_NAME.search(name) is not None and _NAMES_A_PLACE.search(name) is None


def _secrets_in(name: str, value: str) -> Iterator[str]:
    """Yield what of a variable's value is secret."""
    value = value.strip()
    if len(value) < _SHORTEST:
        return
    if _is_secret_value(name) or _is_token(value):
        yield value


def _is_token(value: str) -> bool:
    """Return whether a value looks like a key, whatever its variable is called."""
    kinds = (str.islower, str.isupper, str.isdigit)
    mixed = all(any(map(kind, value)) for kind in kinds)
    return mixed and re.match(_PLAIN, value) is not None and looks_random(value)


def _spellings(value: str) -> Iterator[str]:
    """Yield a value as it is, and as programs write it."""
    yield value
    yield json.dumps(value)[1:-1]
    for safe in ("", "/"):
        yield urllib.parse.quote(value, safe=safe, errors="surrogateescape")
    encoded = base64.b64encode(value.encode("utf-8", "surrogateescape")).decode()
    # The last characters depend on what follows.
    yield encoded.rstrip("=")[:-1]


def _holds_form(value: str) -> bool:
    lowered = value.lower()
    return any(
        any(hint in lowered for hint in form.hints) and form.replace(value) != value
        for form in FORMS
    )
