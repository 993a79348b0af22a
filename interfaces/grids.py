"""Tables for people, by rich: columns that fit the terminal, and the same columns in a pipe."""

from __future__ import annotations

import os
import sys
from io import StringIO

from .command_context import Grid
from .plain_text import printable

_UNBOUNDED = 10_000


def render(grid: Grid) -> str:
    """Return a table as lines of text, harmless for a terminal.

    On a terminal what does not fit is cut with an ellipsis; elsewhere nothing is cut.

    Args:
        grid: The table.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    wide = len(grid.headings) - 1 if grid.wide is None else grid.wide
    for number, heading in enumerate(grid.headings):
        table.add_column(
            heading,
            justify="right" if number in grid.right else "left",
            no_wrap=True,
            overflow="ellipsis",
            ratio=None,
            min_width=None if number == wide else len(heading),
        )
    for row in grid.rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    taken = StringIO()
    console = Console(
        file=taken,
        width=_width(),
        force_terminal=sys.stdout.isatty(),
        color_system=None,
        highlight=False,
        legacy_windows=False,
    )
    console.print(table)
    return "\n".join(line.rstrip() for line in taken.getvalue().split("\n")).rstrip("\n")


def _width() -> int:
    if not sys.stdout.isatty():
        return _UNBOUNDED
    if (columns := os.environ.get("COLUMNS", "")).isdecimal() and int(columns) > 0:
        return int(columns)
    return os.get_terminal_size(sys.stdout.fileno()).columns or 80
