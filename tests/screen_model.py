"""What a terminal would show: as much of one as the shell's own output needs."""

from __future__ import annotations

import re

_SEQUENCE = re.compile(r"\x1b\[([0-9;?]*)([a-zA-Z])|\x1b\][^\x07]*\x07|\x1b[=>]")
_SHOWN = re.compile(r"[^\x1b\r\n\b\a]+")


class ScreenModel:
    """Takes what is written to a terminal and keeps what it shows.

    Args:
        columns: Its width.
        lines: Its height.
    """

    def __init__(self, columns: int, lines: int) -> None:
        self._columns = columns
        self._lines = lines
        self._rows = [[" "] * columns for _ in range(lines)]
        self._x = self._y = 0
        self._begun = ""
        self._wraps = True
        self.gone: list[str] = []
        """Lines that have left the screen at its top."""
        self.bells = 0
        self.colours = 0
        """How often a colour was set."""

    def write(self, text: str) -> None:
        """Take what was written."""
        text, self._begun = self._begun + text, ""
        at = 0
        while at < len(text):
            if text[at] == "\x1b":
                found = _SEQUENCE.match(text, at)
                if found is None:
                    if len(text) - at < 64:
                        self._begun = text[at:]  # the rest of it has not come yet
                        return
                    raise AssertionError(f"an escape that is not known: {text[at : at + 16]!r}")
                self._obey(found)
                at = found.end()
            elif shown := _SHOWN.match(text, at):
                self._show(shown.group())
                at = shown.end()
            else:
                self._move(text[at])
                at += 1

    def flush(self) -> None:
        """There is nothing that waits."""

    @property
    def rows(self) -> list[str]:
        """The lines of the screen, without white space at their ends."""
        return ["".join(row).rstrip() for row in self._rows]

    @property
    def text(self) -> str:
        """All that was shown and is not erased."""
        return "\n".join([*self.gone, *self.rows]).rstrip()

    def _move(self, char: str) -> None:
        if char == "\r":
            self._x = 0
        elif char == "\n":
            self._down()
        elif char == "\b":
            self._x = max(0, self._x - 1)
        else:
            self.bells += 1

    def _show(self, text: str) -> None:
        while text:
            if self._x >= self._columns:
                self._x = 0 if self._wraps else self._columns - 1
                if self._wraps:
                    self._down()
            fits = self._columns - self._x
            self._put(text[:fits])
            text = text[fits:]

    def _put(self, part: str) -> None:
        self._rows[self._y][self._x : self._x + len(part)] = part
        self._x += len(part)

    def _down(self) -> None:
        self._y += 1
        if self._y == self._lines:
            self.gone.append("".join(self._rows.pop(0)).rstrip())
            self._rows.append([" "] * self._columns)
            self._y -= 1

    def _obey(self, found: re.Match[str]) -> None:
        given, what = found.group(1), found.group(2)
        numbers = [int(one) for one in (given or "").strip("?").split(";") if one]
        count = numbers[0] if numbers else 1
        match what:
            case "A":
                self._y = max(0, self._y - count)
            case "B":
                self._y = min(self._lines - 1, self._y + count)
            case "C":
                self._x = min(self._columns - 1, self._x + count)
            case "D":
                self._x = max(0, min(self._x, self._columns) - count)
            case "G":
                self._x = count - 1
            case "H":
                # 0 is the first one too.
                row, column = (*numbers, 1, 1)[:2] if len(numbers) > 1 else (1, 1)
                self._y, self._x = max(0, row - 1), max(0, column - 1)
            case "J":
                self._erase_line(self._x)
                below = range(self._y + 1, self._lines) if not numbers else range(self._lines)
                for row in below:
                    self._rows[row] = [" "] * self._columns
            case "K":
                self._erase_line(self._x)
            case "h" | "l" if given == "?7":
                self._wraps = what == "h"
            case "m":
                self.colours += any(30 <= one <= 49 or one >= 90 for one in numbers)
            case _:
                return  # the cursor's look, modes of the keyboard

    def _erase_line(self, start: int) -> None:
        self._rows[self._y][start:] = [" "] * (self._columns - min(start, self._columns))
