"""Long pastes stand as ``[Pasted text #1]`` in the line; what is sent is their full text."""

from __future__ import annotations

import re

_LINES, _CHARS = 4, 800
"""A paste beyond either is shortened."""
_MARK = re.compile(r"\[Pasted text #(\d+)\]")


class PastedTexts:
    """The long texts that were pasted in this shell."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def take(self, pasted: str) -> str:
        """Return what stands in the line for a pasted text."""
        text = pasted.replace("\r\n", "\n").replace("\r", "\n")
        if len(text) <= _CHARS and text.count("\n") < _LINES:
            return text
        self._texts.append(text)
        return f"[Pasted text #{len(self._texts)}]"

    def whole(self, line: str) -> str:
        """Return a line with the full texts in it."""
        return _MARK.sub(self._text, line)

    def _text(self, mark: re.Match[str]) -> str:
        number = int(mark.group(1))
        return self._texts[number - 1] if 1 <= number <= len(self._texts) else mark.group()
