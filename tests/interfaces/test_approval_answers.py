"""What a person answers to a call holds for what was asked, and for no part more; in a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from llmos.interfaces.scripted_model import Conversation, ScriptedModel, Text, ToolUse, Turn
from pseudo_terminal import Terminal
from support import Place, conversation


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with ScriptedModel([]) as model:
        yield Place(tmp_path, model)


def test_a_yes_for_the_session_sticks_and_allows_no_part_of_a_compound_command(
    place: Place,
) -> None:
    notes = place.cwd / "notes.txt"
    notes.write_text("old\n")
    edit = {"file_path": str(notes), "old_string": "old", "new_string": "new"}
    calls = [
        ToolUse("Read", {"file_path": str(notes)}),
        ToolUse("Edit", edit),
        ToolUse("Bash", {"command": "touch one"}),
        ToolUse("Bash", {"command": "touch one"}),
        ToolUse("Bash", {"command": "touch one && rm notes.txt"}),
    ]
    place.model.add(Conversation("make it", [*map(Turn, calls), Turn(Text("stopped there"))]))
    terminal = Terminal(place, "--permission-mode", "default", lines=60, columns=160)
    try:
        terminal.ready()
        terminal.type("make it")
        terminal.asks("do it? [")
        terminal.shows("Edit notes.txt", "-old", "+new")  # the change itself, before it is made
        assert notes.read_text() == "old\n"
        terminal.type("y")
        terminal.shows("Bash touch one")
        terminal.asks("do it? [")
        terminal.type("a")
        # The same call is not asked about again; one that holds it is, and a no keeps it undone.
        terminal.shows("Bash touch one && rm notes.txt")
        terminal.asks("do it? [")
        assert terminal.screen.text.count("do it? [") == 3
        terminal.type("n keep the notes")
        terminal.shows("error: the run needed Bash")
        refused = place.model.requests[-1].tool_results()[-1][1]
        assert "keep the notes" in refused
        assert (notes.read_text(), (place.cwd / "one").exists()) == ("new\n", True)
        assert place.traces == []
        assert not (place.home / "llmos/config/config.toml").exists()
        # Esc is a no too.
        place.model.add(conversation("go on", "touch two"))
        terminal.type("go on")
        terminal.shows("Bash touch two")
        terminal.asks("do it? [")
        terminal.press("\x1b")
        terminal.shows("error: the run needed Bash", times=2)
        assert not (place.cwd / "two").exists()
        assert terminal.leave() == 0
    finally:
        terminal.close()
