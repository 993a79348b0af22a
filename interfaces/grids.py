"""Tables for people, by rich: columns that fit the terminal, and the same columns in a pipe."""

from __future__ import annotations

import os
import sys
from io import StringIO

from .command_context import Grid
from .plain_text import printable

_UNBOUNDED = 10_000
_BETWEEN = 2
"""Spaces between two columns."""


def render(grid: Grid) -> str:
    """Return a table as lines of text, harmless for a terminal.

    On a terminal what does not fit is cut with an ellipsis; elsewhere nothing is cut.

    Args:
        grid: The table.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, _BETWEEN, 0, 0), header_style="bold")
    width = _width()
    wide = len(grid.headings) - 1 if grid.wide is None else grid.wide
    least, room = _least_widths(grid, width, wide)
    for number, heading in enumerate(grid.headings):
        table.add_column(
            heading,
            justify="right" if number in grid.right else "left",
            no_wrap=True,
            overflow="ellipsis",
            ratio=None,
            min_width=least[number],
        )
    for row in grid.rows:
        cells = [Text(printable(cell)) for cell in row]
        if room is not None:
            cells[wide].truncate(room, overflow="ellipsis")
        table.add_row(*cells)
    taken = StringIO()
    console = Console(
        file=taken,
        width=width,
        force_terminal=sys.stdout.isatty(),
        color_system=None,
        highlight=False,
        legacy_windows=False,
    )
    console.print(table)
    return "\n".join(line.rstrip() for line in taken.getvalue().split("\n")).rstrip("\n")


def _least_widths(grid: Grid, width: int, wide: int) -> tuple[list[int | None], int | None]:
    """Return how narrow each column may become: only one is cut while that is enough.

    Then the others are cut too, but never an amount. What room the one has is returned as well, or
    None if the others are cut too.
    """
    from rich.cells import cell_len

    columns = zip(grid.headings, *grid.rows, strict=True)
    whole = [max(cell_len(printable(cell)) for cell in column) for column in columns]
    others = sum(whole) - whole[wide] + _BETWEEN * (len(whole) - 1)
    fits = others + len(grid.headings[wide]) <= width
    least: list[int | None] = [
        whole[number] if fits or number in grid.right else len(heading)
        for number, heading in enumerate(grid.headings)
    ]
    least[wide] = None
    return least, width - others if fits else None


def _width() -> int:
    if not sys.stdout.isatty():
        return _UNBOUNDED
    if (columns := os.environ.get("COLUMNS", "")).isdecimal() and int(columns) > 0:
        return int(columns)
    return os.get_terminal_size(sys.stdout.fileno()).columns or 80
