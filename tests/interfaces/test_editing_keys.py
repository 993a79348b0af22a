"""The keys within the line, in a real pseudo-terminal: none of them sends, spends or is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from factory import make_trace
from kept import keep
from llmos.interfaces.scripted_model import ScriptedModel
from pseudo_terminal import Terminal
from support import Place

ESC, CTRL_A, CTRL_D, CTRL_E, CTRL_K = "\x1b", "\x01", "\x04", "\x05", "\x0b"
CTRL_L, CTRL_N, CTRL_P, CTRL_U, CTRL_W, CTRL_Y = (
    "\x0c", "\x0e", "\x10", "\x15", "\x17", "\x19",
)  # fmt: skip
UP, DOWN = "\x1b[A", "\x1b[B"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with ScriptedModel([]) as model:
        yield Place(tmp_path, model)


def test_keys_edit_the_line_as_readline_does_and_arrows_stay_in_a_text_of_several_lines(
    place: Place,
) -> None:
    terminal = Terminal(place, timeout_s=20)
    try:
        terminal.ready()
        terminal.press("bcd" + CTRL_A + "a" + CTRL_E + "e")
        terminal.shows("llmos> abcde")
        terminal.press(CTRL_A + CTRL_D)  # with a text in the line Ctrl-D deletes, and leaves not
        terminal.shows("llmos> bcde")
        terminal.press(CTRL_K)
        terminal.ready()
        terminal.press("one two" + CTRL_W + CTRL_Y + CTRL_Y)
        terminal.shows("llmos> one twotwo")
        terminal.press(CTRL_U)
        terminal.ready()
        terminal.type("/keys")
        terminal.shows("Alt-Enter")
        # In a text of several lines Up goes to the line above first, then to what was typed before.
        terminal.press(CTRL_L)
        terminal.press("first\nlast" + UP + CTRL_A + "the ")
        terminal.shows("llmos> the first", "last")
        terminal.press(UP)
        terminal.shows("llmos> /keys")
        terminal.press(DOWN)
        terminal.shows("llmos> the first")
        terminal.press(CTRL_P)
        terminal.shows("llmos> /keys")
        terminal.press(CTRL_N)
        terminal.shows("llmos> the first")
        # Esc closes the menu and keeps the text; twice, it clears the text and keeps it in history.
        terminal.press(ESC + ESC)
        terminal.ready()
        terminal.press("/sav")
        terminal.shows("/savings  what each trace saved")
        terminal.press(ESC)
        terminal.hides("what each trace saved")
        terminal.shows("llmos> /sav")
        terminal.press(ESC + ESC)
        terminal.ready()
        terminal.press(UP)
        terminal.shows("llmos> /sav")
        terminal.press(ESC + ESC)
        terminal.ready()
        assert place.model.requests == []
        terminal.type(":q")
        assert terminal.ended() == 0
    finally:
        terminal.close()


def test_the_editor_of_a_trace_has_the_terminal_for_itself(place: Place) -> None:
    (trace_id,) = keep(place, make_trace("say hello"))
    # Read as a shell reads it: a terminal whose keys the line editor takes gives it no line.
    program = 'printf "what then? "; read -r goal; sed -i "s/say hello/$goal/" "$0"'
    editor = place.cwd / "editor"
    editor.write_text(f"exec sh -c '{program}' \"$1\"\n")
    terminal = Terminal(place, timeout_s=20, EDITOR=f"sh {editor}", VISUAL="")
    try:
        terminal.ready()
        terminal.type(f"/trace edit {trace_id}")
        terminal.shows("what then?")
        terminal.press("say goodbye\r")
        terminal.shows(f"{trace_id} stays as it is", "lets it run")
        terminal.ready()
        terminal.type("/traces")
        terminal.shows("say goodbye", "say hello")
        terminal.type(":q")
        assert terminal.ended() == 0
    finally:
        terminal.close()


@pytest.mark.parametrize("word", [":q", "/quit"])
def test_a_word_leaves_the_shell(word: str, place: Place) -> None:
    done = place.llmos("interactive", stdin=f"{word}\n/keys\n")
    assert (done.code, done.out) == (0, "")


@pytest.mark.nightly
def test_a_line_that_begins_with_a_space_is_carried_out_but_not_stored(place: Place) -> None:
    keep(place, make_trace("say hello"))
    terminal = Terminal(place, timeout_s=20)
    try:
        terminal.ready()
        terminal.type(" say hello")
        terminal.shows("FOLLOWER t-", "steps 1/1")
        terminal.type("/usage")
        terminal.shows("spent $0.00")
        assert terminal.leave() == 0
    finally:
        terminal.close()
    stored = (place.home / "llmos/state/history").read_text()
    assert "/usage" in stored
    assert "hello" not in stored
