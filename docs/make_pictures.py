"""Draws the pictures of docs/pictures: ``python docs/make_pictures.py``.

The real program runs in a pseudo-terminal, against a model whose answers are scripted; what the
terminal shows then is the picture. Nothing in it is drawn by hand.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import DEFAULT_TERMINAL_THEME, SVG_EXPORT_THEME, TerminalTheme
from rich.text import Text as Line

from llmos.interfaces.demo import GOALS, conversations
from llmos.interfaces.scripted_model import Conversation, ScriptedModel, Text, ToolUse, Turn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from painted_screen import PaintedScreen
from pseudo_terminal import Terminal
from support import Place

TARGET = Path(__file__).parent / "pictures"
SMALL, LARGE = (80, 24), (200, 50)
GOAL = GOALS[0]
TIDY = "put the notes in order"


def main() -> None:
    """Draw all pictures."""
    TARGET.mkdir(exist_ok=True)
    with _shell(SMALL) as terminal:
        _learn_and_replay(terminal)
        _save(terminal, "replay-80x24")
        _save(terminal, "replay-80x24-light", DEFAULT_TERMINAL_THEME)
        terminal.press("\x15")
        terminal.type("/savings")
        terminal.shows("saved $0.03 in all")
        terminal.type("/usage --by model")
        terminal.shows("(replay)")
        terminal.ready()
        _save(terminal, "money-80x24")
    with _shell(LARGE) as terminal:
        _learn_and_replay(terminal)
        _save(terminal, "replay-200x50")
    with _shell(SMALL, NO_COLOR="1") as terminal:
        _learn_and_replay(terminal)
        _save(terminal, "replay-no-color")
    for name, arguments, environment in (
        ("screen-reader", ("--screen-reader",), {}),
        ("dumb", (), {"TERM": "dumb"}),
    ):
        with _shell(SMALL, *arguments, **environment) as terminal:
            for runs in (1, 2):
                terminal.type(GOAL)
                terminal.shows("Cost:", times=runs)
                terminal.ready()
            _save(terminal, f"replay-{name}")
    with _shell(SMALL, "--permission-mode", "default") as terminal:
        terminal.type(TIDY)
        terminal.asks("do it? [")
        _save(terminal, "approval-80x24")


def _learn_and_replay(terminal: Terminal) -> None:
    """Learn a goal, replay it, and type it once more: its price stands there before Enter."""
    terminal.type(GOAL)
    terminal.shows("(LEARNER t-")
    terminal.ready()
    terminal.type(GOAL)
    terminal.shows("(FOLLOWER t-")
    terminal.ready()
    terminal.press(GOAL)
    terminal.shows("FOLLOWER t-", " $0.00 ~")


@contextmanager
def _shell(size: tuple[int, int], *arguments: str, **environment: str) -> Generator[Terminal]:
    columns, lines = size
    with tempfile.TemporaryDirectory() as folder, ScriptedModel(conversations()) as model:
        place = Place(Path(folder), model)
        notes = place.cwd / "notes.txt"
        notes.write_text("pears\napples\nmilk\n")
        ordered = {"file_path": str(notes), "content": "apples\nmilk\npears\n"}
        steps = (ToolUse("Read", {"file_path": str(notes)}), ToolUse("Write", ordered))
        model.add(Conversation(TIDY, [*map(Turn, steps), Turn(Text("They are in order."))]))
        term = environment.pop("TERM", "xterm-256color")
        place.env.update(environment)
        terminal = Terminal(place, *arguments, columns=columns, lines=lines, TERM=term)
        terminal.screen = PaintedScreen(columns, lines)
        terminal.child.logfile_read = terminal.screen
        try:
            terminal.ready()
            yield terminal
        finally:
            terminal.close()


def _save(terminal: Terminal, name: str, theme: TerminalTheme = SVG_EXPORT_THEME) -> None:
    screen = terminal.screen
    assert isinstance(screen, PaintedScreen)
    console = Console(
        record=True,
        width=max(map(len, screen.cells)),
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
    )
    rows = screen.painted
    while rows and not rows[-1]:
        rows.pop()
    for row in rows:
        console.print(Line.from_ansi(row), no_wrap=True, overflow="crop", crop=False)
    svg = console.export_svg(title="llmos", theme=theme, unique_id="llmos", code_format=_FORMAT)
    (TARGET / f"{name}.svg").write_text("\n".join(map(str.rstrip, svg.splitlines())) + "\n")


def _without_fonts(text: str) -> str:
    """Leave out the fonts that a picture would load from elsewhere."""
    before, _, rest = text.partition("    @font-face")
    return before + rest[rest.index("    .{unique_id}-matrix") :]


_FORMAT = _without_fonts(CONSOLE_SVG_FORMAT)

if __name__ == "__main__":
    main()
