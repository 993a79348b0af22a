"""The model of a screen, with the colours in which each place was written."""

from __future__ import annotations

import re

from screen_model import ScreenModel


class PaintedScreen(ScreenModel):
    """Keeps what is shown, and how.

    Args:
        columns: Its width.
        lines: Its height.
    """

    def __init__(self, columns: int, lines: int) -> None:
        super().__init__(columns, lines)
        self._pen = ""
        self._pens = [[""] * columns for _ in range(lines)]

    @property
    def cells(self) -> list[list[str]]:
        """What stands in each place."""
        return self._rows

    @property
    def painted(self) -> list[str]:
        """The lines of the screen with the escapes that colour them, without what is empty."""
        return [self._painted(row, pens) for row, pens in zip(self._rows, self._pens, strict=True)]

    def _painted(self, row: list[str], pens: list[str]) -> str:
        kept = max((at for at in range(len(row)) if row[at] != " " or pens[at]), default=-1) + 1
        parts: list[str] = []
        pen = ""
        for char, own in zip(row[:kept], pens[:kept], strict=True):
            if own != pen:
                parts.append(f"\x1b[0m{own}")
                pen = own
            parts.append(char)
        return "".join([*parts, "\x1b[0m"] if parts else parts)

    def _put(self, part: str) -> None:
        super()._put(part)
        self._pens[self._y][self._x - len(part) : self._x] = [self._pen] * len(part)

    def _down(self) -> None:
        at_end = self._y == self._lines - 1
        super()._down()
        if at_end:
            del self._pens[0]
            self._pens.append([""] * self._columns)

    def _erase_line(self, start: int) -> None:
        super()._erase_line(start)
        self._pens[self._y][start:] = [""] * (self._columns - min(start, self._columns))

    def _obey(self, found: re.Match[str]) -> None:
        super()._obey(found)
        given, what = found.group(1), found.group(2)
        if what == "J":
            for row in range(self._y + 1, self._lines) if not given else range(self._lines):
                self._pens[row] = [""] * self._columns
        elif what == "m":
            begins_anew = not given or given.split(";")[0] in ("", "0")
            self._pen = ("" if begins_anew else self._pen) + found.group(0)
            if not (given or "").strip("0;"):
                self._pen = ""
