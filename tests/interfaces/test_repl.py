"""The shell, in a real pseudo-terminal; what is typed, shown and carried out.

A start takes seconds, so that one shell serves several behaviours that follow on each other.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from llmos.interfaces.scripted_model import Conversation, ScriptedModel, Text, ToolUse, Turn
from pseudo_terminal import Terminal
from support import Place, conversation, marks_in

ESC, CTRL_C, CTRL_D, CTRL_R, CTRL_S, CTRL_U = "\x1b", "\x03", "\x04", "\x12", "\x13", "\x15"
UP, DOWN, RIGHT, END = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[F"
SHIFT_TAB, ALT_F = "\x1b[Z", "\x1bf"


@pytest.fixture
def place(tmp_path: Path) -> Generator[Place]:
    with ScriptedModel([]) as model:
        model.add(conversation("say hello", "echo hello", answer="hello was said"))
        model.add(conversation("wait", "sleep 59"))
        yield Place(tmp_path, model)


@pytest.fixture
def terminal(place: Place) -> Generator[Terminal]:
    opened = Terminal(place)
    try:
        opened.shows("/help lists the commands", "session $0.00")
        yield opened
    finally:
        opened.close()


def history(place: Place) -> list[str]:
    text = (place.home / "llmos/state/history").read_text()
    return [line[1:] for line in text.splitlines() if line.startswith("+")]


def test_a_goal_has_its_price_before_enter_and_is_learned_then_replayed(
    terminal: Terminal, place: Place
) -> None:
    terminal.press("say hello")
    terminal.shows("LEARNER ~$0.50", "left $5.00", "acceptEdits")
    while not marks_in(place.home):
        terminal.read()  # the CLI is started while one still types
    assert place.model.requests == []
    terminal.press("\r")
    # Each step with its state, its time and what it cost; the answer; the receipt.
    shown = terminal.shows("hello was said", "Cost: $0.0050 message, $0.0050 session (LEARNER t-")
    assert "  1 Bash echo hello  ok " in shown
    assert "steps 1, drift 0" in shown
    assert shown.count("hello was said") == 1
    terminal.press("  Say   hello")
    terminal.shows("FOLLOWER t-", "0.67 $0.00 ~", "session $0.0050")
    asked = len(place.model.requests)
    terminal.press("\r")
    shown = terminal.shows("Cost: $0.0000 message, $0.0050 session, saved $0.0050 (FOLLOWER t-")
    assert "steps 1/1" in shown
    terminal.shows("saved $0.0050 · acceptEdits")
    assert len(place.model.requests) == asked
    assert marks_in(place.home) == []  # a goal that is replayed needs no CLI
    assert terminal.leave() == 0


def test_ctrl_c_stops_the_goal_then_clears_the_line_then_leaves_when_pressed_twice(
    terminal: Terminal, place: Place
) -> None:
    terminal.type("wait")
    terminal.shows("1 Bash sleep 59  running")
    # The prompt stays open: what is typed meanwhile waits, and is not carried out after a stop.
    terminal.type("say hello")
    terminal.shows("waits: say hello")
    terminal.press("half a goal")
    terminal.shows("llmos> half a goal")
    terminal.press(CTRL_C)
    terminal.shows("error: stopped by the user", "not carried out: 1 entry that waited")
    terminal.shows("llmos> half a goal")
    terminal.press(CTRL_C)
    terminal.hides("waits:")
    terminal.shows("half a goal\nllmos>")
    terminal.press(CTRL_C)
    terminal.shows("press Ctrl-C again to exit")
    terminal.press(CTRL_C)
    assert terminal.ended() == 0
    assert history(place) == ["wait", "say hello", "half a goal"]


def test_escape_stops_the_goal_and_what_was_queued_before_is_carried_out_in_turn(
    terminal: Terminal, place: Place
) -> None:
    place.model.add(Conversation("first", [Turn(Text("that was first"), delay_s=1)]))
    terminal.type("say it first")
    terminal.type("say hello")
    terminal.shows("that was first", "hello was said", "$0.0075 session")
    assert terminal.screen.text.index("that was first") < terminal.screen.text.index("was said")
    terminal.type("wait")
    terminal.shows("sleep 59  running")
    terminal.press(ESC)
    terminal.shows("error: stopped by the user")
    # Ctrl-D asks while something runs.
    terminal.type("wait")
    terminal.shows("sleep 59  running")
    question = "a goal is running: stop it and leave? [y/n]"
    for times, no in enumerate((ESC, CTRL_C), start=1):
        terminal.press(CTRL_D)
        terminal.shows(question, times=times)
        terminal.press(no)
        terminal.shows("sleep 59  running")
        terminal.ready()
    terminal.press(CTRL_D)
    terminal.shows(question, times=3)
    terminal.type("y")
    assert terminal.ended() == 0


def test_what_is_typed_may_have_several_lines_and_long_pastes_are_shortened(
    terminal: Terminal, place: Place
) -> None:
    place.model.add(Conversation("count", [Turn(Text("counted"))]))
    terminal.press("count\x1b\rthe\nfour\\\rlines")
    terminal.shows("llmos> count\n  ...  the\n  ...  four\n  ...  lines")
    assert place.model.requests == []
    pasted = "\n".join(f"row {number}" for number in range(30))
    terminal.press(f" \x1b[200~{pasted}\x1b[201~ \x1b[200~a word\x1b[201~")
    terminal.shows("lines [Pasted text #1] a word")
    assert place.model.requests == []
    terminal.press("\r")
    terminal.shows("counted", "Cost:")
    assert place.model.requests[0].goal_text == f"count\nthe\nfour\nlines {pasted} a word"
    assert terminal.leave() == 0


def test_history_gives_suggestions_is_searched_and_leaves_out_what_begins_with_a_space(
    terminal: Terminal, place: Place
) -> None:
    other = Terminal(place)
    other.shows("/help lists")
    try:
        terminal.type("/usage")
        other.type("/runs")
        terminal.type(" /traces")
        terminal.shows("spent")
        for one in (other, terminal):
            one.type(" /exit")
            assert one.ended() == 0
    finally:
        other.close()
    assert sorted(history(place)) == ["/runs", "/usage"]

    again = Terminal(place, VISUAL="tee -a")
    again.shows("/help lists")
    try:
        again.press("/us")
        again.shows("llmos> /usage")  # the suggestion
        again.press(RIGHT + "\r")
        again.shows("spent")
        again.press("/ru" + ALT_F)
        again.press(CTRL_U)
        again.press("/ru" + END)
        again.shows("llmos> /runs")
        again.press(CTRL_U)
        again.press(UP + UP)
        again.shows("llmos> /runs")
        again.press(DOWN + DOWN)
        again.hides("llmos> /runs")
        again.press(CTRL_R + "uns")
        again.shows("search all: uns", "llmos> /runs")
        again.press(CTRL_S)
        again.shows("search this directory: uns")
        again.press(CTRL_S)
        again.shows("search this session: uns")
        again.hides("llmos> /runs")
        again.press(CTRL_S)
        again.shows("search all: uns", "llmos> /runs")
        again.press("\r")
        again.hides("search all")
        again.shows("llmos> /runs")  # Enter put it in the line and did not send it
        again.press(ESC + ESC)
        again.hides("llmos> /runs")
    finally:
        again.close()


def test_commands_paths_and_traces_are_completed_and_a_wrong_command_costs_nothing(
    terminal: Terminal, place: Place
) -> None:
    (place.cwd / "notes today.txt").write_text("buy milk\n")
    terminal.press("/us")
    terminal.shows("/usage  money spent")
    terminal.press("\t\r")
    terminal.shows("spent $0.00")
    terminal.type("/tracse")
    terminal.shows("unknown command /tracse, did you mean /trace")
    terminal.press("sum up @no")
    terminal.shows("notes today.txt")
    terminal.press("\t")
    terminal.shows('llmos> sum up @"notes today.txt"')
    terminal.press(ESC + ESC)
    assert place.model.requests == []
    terminal.type("say hello")
    terminal.shows("Cost: $0.0050")
    terminal.press("/trace show t-\t")
    shown = terminal.shows("llmos> /trace show t-")
    terminal.press("\r")
    terminal.shows("say hello", "echo hello")
    assert shown.count("t-")


def test_a_file_goes_with_the_goal_and_another_text_is_another_goal(
    terminal: Terminal, place: Place
) -> None:
    place.model.add(Conversation("sum up", [Turn(Text("it is about milk"))]))
    notes = place.cwd / "notes.txt"
    notes.write_text("buy milk\n")
    (place.cwd / "picture").write_bytes(b"\x89PNG\0")
    terminal.type("sum up @notes.txt")
    terminal.shows("it is about milk", "Cost: $0.0025")
    assert '<file path="notes.txt" sha256="' in place.model.requests[0].goal_text
    assert "buy milk" in place.model.requests[0].goal_text
    notes.write_text("buy  milk\n")  # other white space is other content
    terminal.press("sum up @notes.txt")
    terminal.shows("LEARNER ~")
    terminal.press(CTRL_U)
    for wrong, said in (
        ("@picture", "picture is no text"),
        ("@gone.txt", "there is no file 'gone.txt'"),
        ("@workspace/", "workspace is a folder"),
    ):
        terminal.type(f"sum up {wrong}")
        terminal.shows(f"error: {said}")
    assert len(place.model.requests) == 1


def test_the_users_shell_costs_nothing_and_its_output_goes_where_it_is_mentioned(
    terminal: Terminal, place: Place
) -> None:
    place.model.add(Conversation("explain", [Turn(Text("it is broken"))]))
    terminal.press("!")
    terminal.shows("runs in your shell, $0.00")
    terminal.type("echo $((6 * 7)); exit 3")
    terminal.shows("42\nexit code 3")
    assert place.model.requests == []
    terminal.type("explain @!")
    terminal.shows("it is broken", "Cost:")
    goal = place.model.requests[0].goal_text
    assert '<output command="echo $((6 * 7)); exit 3" exit="3" sha256=' in goal
    assert "\n42\n" in goal
    terminal.type("!sleep 59")
    terminal.shows("!sleep 59")
    terminal.press(CTRL_C)
    terminal.shows("error: stopped by the user")
    assert terminal.leave() == 0


@pytest.mark.nightly
def test_keys_show_help_the_editor_the_next_mode_and_details(place: Place, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nprintf ' and more' >> \"$1\"\n")
    editor.chmod(0o700)
    terminal = Terminal(place, VISUAL=str(editor), lines=50)
    try:
        terminal.shows("acceptEdits")
        terminal.press("?")
        terminal.shows("Alt-Enter, Ctrl-J", "Shift-Tab")
        terminal.press(SHIFT_TAB)
        terminal.shows("$5.00 · plan")
        terminal.press(SHIFT_TAB)
        terminal.shows("$5.00 · default")
        for keys in ("\x18\x05", "\x07", "\x1bOQ"):
            terminal.press("begun")
            terminal.press(keys)
            terminal.shows("llmos> begun and more")
            terminal.press(CTRL_U)
            terminal.hides("begun and more")
        terminal.press("\x0f")
        terminal.shows("  session $0.00, left $5.00, default")
        assert place.model.requests == []
        assert terminal.leave() == 0
    finally:
        terminal.close()


def test_in_the_mode_that_asks_a_person_says_what_may_be_done(place: Place) -> None:
    place.model.add(
        Conversation(
            "make it",
            [
                Turn(ToolUse("Write", {"file_path": str(place.cwd / "a.txt"), "content": "new\n"})),
                Turn(ToolUse("Bash", {"command": "touch one"})),
                Turn(ToolUse("Bash", {"command": "touch two"})),
                Turn(ToolUse("Bash", {"command": "touch three"})),
                Turn(Text("made")),
            ],
        )
    )
    terminal = Terminal(place, "--permission-mode", "default", lines=60, columns=200)
    try:
        terminal.shows("default")
        bells = terminal.screen.bells
        terminal.type("make it")
        # What it would change is shown; Enter alone is no yes.
        terminal.asks("do it? [y/a/p/n/?]")
        terminal.shows("Write ", "+new")
        assert terminal.screen.bells > bells
        assert not (place.cwd / "a.txt").exists()
        terminal.type("?")
        config = place.home / "llmos/config/config.toml"
        terminal.shows(f"saves Edit(/a.txt) in {config}")
        terminal.asks("do it? [y/a/p/n/?]")
        terminal.type("y")
        terminal.asks("do it? [y/a/p/n/e/?]")
        terminal.type("p")
        # The same prefix is not asked about again: neither now nor by the next llmos.
        terminal.shows("made", "Cost:")
        assert "Bash touch two" not in terminal.screen.text.split("do it?")[-1].split("ok")[0]
        assert config.read_text() == '[permissions]\nallow = ["Bash(touch:*)"]\n'
        assert sorted(one.name for one in place.cwd.iterdir() if one.is_file()) == [
            "a.txt", "one", "three", "two",
        ]  # fmt: skip
    finally:
        terminal.close()


@pytest.mark.nightly
def test_a_person_may_edit_a_command_and_say_no_with_a_reason(place: Place) -> None:
    place.model.add(conversation("make it", "touch wrong", answer="made"))
    place.model.add(conversation("fetch something else", "touch never"))
    terminal = Terminal(place, "--permission-mode", "default")
    try:
        terminal.shows("default")
        terminal.type("make it")
        terminal.asks("do it?")
        terminal.type("e")
        terminal.asks("command: touch wrong")
        terminal.type("\x7f\x7f\x7f\x7f\x7fright")
        terminal.shows("made", "Cost: $0.0050")
        assert (place.cwd / "right").exists()
        assert not (place.cwd / "wrong").exists()
        assert "touch right" in place.traces[0].read_text()
        terminal.type("fetch something else")
        terminal.asks("do it? [y/a/p/n/e/?]")
        terminal.type("n use the other one")
        terminal.shows("error: the run needed Bash")
        refused = place.model.requests[-1].tool_results()[-1][1]
        assert "use the other one" in refused
        assert not (place.cwd / "never").exists()
    finally:
        terminal.close()


def test_escape_twice_on_an_empty_line_undoes_the_last_runs(
    terminal: Terminal, place: Place
) -> None:
    for goal, name, session in (
        ("begin the list", "one", "0.0050"),
        ("store another file", "two", "0.01"),
    ):
        place.model.add(conversation(goal, f"echo {name} > {name}.txt"))
        terminal.type(goal)
        terminal.shows(f"${session} session (LEARNER t-")
    terminal.press(ESC + ESC)
    terminal.shows("undo back to before which run?", "store another file", "begin the list")
    terminal.press("\x1b[B\r")
    terminal.shows("undone r-", "removed two.txt", "removed one.txt")
    assert not list(place.cwd.glob("*.txt"))


def test_a_stream_is_shown_as_it_comes_and_the_answer_once(
    terminal: Terminal, place: Place
) -> None:
    text = "\n".join(f"line {number} of many" for number in range(60))
    slow = Turn(Text(text), deltas=60, delta_delay_s=0.03)
    place.model.add(Conversation("tell me", [slow]))
    terminal.type("tell me")
    terminal.shows("line 5 of many")
    assert "line 59 of many" not in terminal.screen.text
    shown = terminal.shows("line 59 of many", "Cost:")
    assert [line for line in shown.splitlines() if line.endswith("of many")] == text.splitlines()


@pytest.mark.nightly
@pytest.mark.parametrize("way", ["--screen-reader", "TERM=dumb"])
def test_nothing_that_was_written_changes_for_a_screen_reader_or_a_dumb_terminal(
    place: Place, way: str
) -> None:
    reader = way == "--screen-reader"
    terminal = Terminal(place, way) if reader else Terminal(place, TERM="dumb")
    written: list[str] = []
    try:
        terminal.until("/help lists the commands")
        terminal.ready()
        terminal.child.send("say hello\r")
        written.append(terminal.until("Cost: $0.0050 message"))
        terminal.ready()
        if not reader:
            assert "\x1b" not in terminal.screen.text + "".join(written)
        assert "  1 Bash echo hello" in written[0]
        assert "  1  ok " in written[0]
        assert "hello was said" in written[0]
        assert "running" not in written[0]
        terminal.child.send("wait\r")
        terminal.until("Bash sleep 59")
        terminal.child.sendintr()
        terminal.until("error: stopped by the user")
        terminal.ready()
        assert terminal.leave() == 0
    finally:
        terminal.close()


@pytest.mark.nightly
def test_a_narrow_terminal_without_colours_says_the_same(place: Place) -> None:
    terminal = Terminal(place, columns=80, lines=24, NO_COLOR="1")
    raw: list[str] = []
    try:
        terminal.shows("/help lists")
        terminal.press("say hello")
        terminal.shows("LEARNER ~$0.50", "session $0.00", "acceptEdits")
        terminal.press("\r")
        terminal.shows("hello was said", "Cost: $0.0050")
        raw.append(terminal.screen.text)
        assert all(len(row) <= 80 for row in raw[0].splitlines())
        assert terminal.screen.colours == 0
    finally:
        terminal.close()


def test_without_a_terminal_each_line_is_an_entry(place: Place) -> None:
    done = place.llmos("interactive", stdin="say hello\nsay hello\n!echo $((6 * 7))\n/usage\n")
    assert done.code == 0
    assert done.out.startswith("hello was said\nhello was said\n42\n")
    assert "saved $0.0050" in done.out
    assert "\x1b" not in done.out + done.err
