"""Draws the plots of performance.md from what ``benchmarks/million.py --json`` printed.

    python docs/make_plots.py FILE...

Both axes are logarithmic, so that what grows with the number of traces is a rising line, and what
does not is a flat one. It is drawn here, since lines, ticks and names are all there is to it.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 250, 40, 50
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#8c564b")
"""Told apart by people who see few colours (Okabe and Ito), and one more."""

Point = tuple[float, float]


class Line(NamedTuple):
    """A line of a plot: what it shows, and its points."""

    name: str
    points: Sequence[Point]


class Plot(NamedTuple):
    """A file, what stands above and beside it, and where its lines come from.

    Attributes:
        file: Its name in this folder.
        title: What stands above.
        unit: What stands beside the vertical axis.
        lines: For each name, the operation and the figure of it.
        scale: Makes the unit of a figure.
    """

    file: str
    title: str
    unit: str
    lines: Mapping[str, tuple[str, str]]
    scale: float


PLOTS = (
    Plot(
        "performance-time.svg",
        "Time by the number of traces",
        "ms",
        {
            "make the index": ("rebuild", "s"),
            "first goal by words": ("words", "s"),
            "replay after rm": ("replay after remove", "s"),
            "cold replay": ("replay", "s"),
            "trace list, cold": ("list", "s"),
            "import one": ("import, each", "s"),
            "decide, by words": ("words", "p50_s"),
            "decide, exact": ("exact", "p50_s"),
        },
        1000,
    ),
    Plot(
        "performance-memory.svg",
        "Peak memory by the number of traces",
        "MB",
        {
            "first goal by words": ("words", "mb"),
            "make the index": ("rebuild", "mb"),
            "replay after rm": ("replay after remove", "mb"),
            "cold replay": ("replay", "mb"),
        },
        1,
    ),
)


def lines_of(plot: Plot, stores: Sequence[Mapping[str, Any]]) -> Iterator[Line]:
    """Yield the lines of a plot for which there are figures."""
    for name, (operation, figure) in plot.lines.items():
        points = [
            (float(one["traces"]), one["figures"][operation][figure] * plot.scale)
            for one in stores
            if figure in one["figures"].get(operation, {})
        ]
        if points:
            yield Line(name, points)


def drawn(title: str, unit: str, lines: Sequence[Line]) -> str:
    """Return a plot as SVG."""
    across = _scale([x for line in lines for x, _ in line.points], LEFT, WIDTH - RIGHT)
    up = _scale([y for line in lines for _, y in line.points], HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        ' font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        _text(LEFT, 22, title, size=15),
        _text(LEFT - 8, TOP - 8, unit, anchor="end"),
        _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, "traces", anchor="middle"),
    ]
    for value, x in across.ticks:
        parts.append(_rule(x, TOP, x, HEIGHT - BOTTOM))
        parts.append(_text(x, HEIGHT - BOTTOM + 18, _short(value), anchor="middle"))
    for value, y in up.ticks:
        parts.append(_rule(LEFT, y, WIDTH - RIGHT, y))
        parts.append(_text(LEFT - 8, y + 4, _short(value), anchor="end"))
    most = max(x for line in lines for x, _ in line.points)
    ends = _apart([up.at(line.points[-1][1]) for line in lines])
    for line, colour, end in zip(lines, COLOURS, ends, strict=False):
        spots = [(across.at(x), up.at(y)) for x, y in line.points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in spots]
        count, value = line.points[-1]
        last = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
        last += f" at {count:,.0f}" if count < most else ""
        parts.append(_text(WIDTH - RIGHT + 10, end + 4, f"{line.name}: {last}", colour=colour))
    return "\n".join([*parts, "</svg>", ""])


class Scale(NamedTuple):
    """A logarithmic axis: where a value stands, and its ticks with where they stand."""

    at: Callable[[float], float]
    ticks: Sequence[Point]


def _scale(values: Sequence[float], start: float, end: float) -> Scale:
    low = math.floor(math.log10(min(values)))
    high = max(low + 1, math.ceil(math.log10(max(values))))

    def at(value: float) -> float:
        return start + (end - start) * (math.log10(value) - low) / (high - low)

    return Scale(at, [(10.0**power, at(10.0**power)) for power in range(low, high + 1)])


def _apart(places: Sequence[float], least: float = 15) -> list[float]:
    """Move names apart that would stand on each other; their order stays."""
    order = sorted(range(len(places)), key=lambda one: places[one])
    moved = list(places)
    for above, below in itertools.pairwise(order):
        moved[below] = max(moved[below], moved[above] + least)
    lowest = float(HEIGHT - BOTTOM)
    for one in reversed(order):
        moved[one] = min(moved[one], lowest)
        lowest = moved[one] - least
    return moved


def _text(
    x: float, y: float, said: str, *, anchor: str = "start", size: int = 12, colour: str = "#333"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"'
        f' fill="{colour}">{escape(said)}</text>'
    )


def _rule(x: float, y: float, to_x: float, to_y: float) -> str:
    return f'<path d="M{x:.1f},{y:.1f}L{to_x:.1f},{to_y:.1f}" stroke="#ddd"/>'


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def main() -> None:
    """Draw all plots."""
    parser = argparse.ArgumentParser(description="Draw the plots of performance.md.")
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="JSON of million.py")
    files: list[Path] = parser.parse_args().files
    stores = [store for file in files for store in json.loads(file.read_text())["stores"]]
    stores.sort(key=lambda one: one["traces"])
    for plot in PLOTS:
        lines = list(lines_of(plot, stores))
        (HERE / plot.file).write_text(drawn(plot.title, plot.unit, lines))


if __name__ == "__main__":
    main()
