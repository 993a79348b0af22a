"""What can change between learning and replay, and what a replay promises then.

Each case is one goal, learned by real drivers in a real folder, one change that a user, a colleague
or the machine could make, and the one outcome that is right.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from learned import World

Call = tuple[str, Mapping[str, Any]]
Change = Callable[[World], object]


@dataclass(frozen=True)
class Learned:
    """A goal and how it was reached."""

    given: Mapping[str, str]
    calls: tuple[Call, ...]
    answer: str


@dataclass(frozen=True)
class Replays:
    """It replays: with this answer, and these files made or changed, all others as they were."""

    answer: str
    makes: Mapping[str, str] = field(default_factory=dict[str, str])
    removes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drifts:
    """It stops with a reason that holds this, and leaves the folder as the user left it."""

    reason: str


@dataclass(frozen=True)
class Case:
    """One change."""

    name: str
    learned: Learned
    change: Change
    outcome: Replays | Drifts
    umask: int = 0o022
    largest_file: int | None = None


def bash(command: str) -> Call:
    return "Bash", {"command": command}


def write(path: str, content: str) -> Call:
    return "Write", {"file_path": path, "content": content}


def edit(path: str, old: str, new: str) -> Call:
    return "Edit", {"file_path": path, "old_string": old, "new_string": new}


def read(path: str) -> Call:
    return "Read", {"file_path": path}


def puts(**files: str) -> Change:
    """Write files; ``__`` in a name is a dot."""

    def change(world: World) -> None:
        for name, text in files.items():
            world.put(name.replace("__", "."), text)

    return change


def sets(**variables: str) -> Change:
    return lambda world: world.env.update(variables)


def raw(name: str, data: bytes) -> Change:
    return lambda world: (world.cwd / name).write_bytes(data)


def removed(*names: str) -> Change:
    def change(world: World) -> None:
        for name in names:
            (world.cwd / name).unlink()

    return change


def moved(name: str, to: str) -> Change:
    def change(world: World) -> None:
        target = world.cwd / to
        target.parent.mkdir(parents=True, exist_ok=True)
        (world.cwd / name).rename(target)

    return change


def linked(name: str, to: str) -> Change:
    """Move a file elsewhere in the folder and leave a link to it."""

    def change(world: World) -> None:
        moved(name, to)(world)
        (world.cwd / name).symlink_to(to)

    return change


def led_out(name: str) -> Change:
    """Put a link to a file of the same content outside the folder in place of a file."""

    def change(world: World) -> None:
        outside = world.home / "outside"
        shutil.copy(world.cwd / name, outside)
        (world.cwd / name).unlink()
        (world.cwd / name).symlink_to(outside)

    return change


def folder_instead(name: str) -> Change:
    def change(world: World) -> None:
        (world.cwd / name).unlink(missing_ok=True)
        (world.cwd / name).mkdir()

    return change


def mode(name: str, bits: int) -> Change:
    return lambda world: (world.cwd / name).chmod(bits)


def all_of(*changes: Change) -> Change:
    def change(world: World) -> None:
        for one in changes:
            one(world)

    return change


def tool(text: str) -> Change:
    """Install a program ``tool`` on the PATH, as a package manager would."""

    def change(world: World) -> None:
        program = world.home / "bin" / "tool"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)

    return change


def no_tool(world: World) -> None:
    (world.home / "bin" / "tool").unlink()


def elsewhere(**files: str) -> Change:
    """Go on in another folder that holds these files."""

    def change(world: World) -> None:
        world.cwd = world.home / "other place"
        world.cwd.mkdir()
        puts(**files)(world)

    return change


def nothing(_world: World) -> None:
    """Change nothing."""


def older(name: str) -> Change:
    return lambda world: os.utime(world.cwd / name, (1, 1))


def folder_led_out(name: str) -> Change:
    def change(world: World) -> None:
        shutil.rmtree(world.cwd / name)
        outside = world.home / "outside"
        outside.mkdir()
        (world.cwd / name).symlink_to(outside)

    return change


SALES = "id,region,amount\n1,north,20\n2,south,30\n"
AWK = "awk -F, 'NR > 1 { sum += $NF } END { print \"total:\", sum }' sales.csv"
TOTAL = Learned(
    {"sales.csv": SALES}, (read("sales.csv"), bash(AWK)), "The total of the sales is 50."
)
SUM = (
    "import csv, sys\n"
    "print('total:', sum(int(row['amount']) for row in csv.DictReader(sys.stdin)))\n"
)
PROGRAM = Learned(
    {"sales.csv": SALES},
    (read("sales.csv"), write("sum.py", SUM), bash("python3 sum.py < sales.csv")),
    "sum.py says that the total is 50.",
)
COLUMN = Learned(
    {"sales.csv": SALES},
    (read("sales.csv"), bash(AWK.replace("$NF", "$3"))),
    "The total of the sales is 50.",
)
UNSEEN = Learned({"sales.csv": SALES}, (bash(AWK),), "The total of the sales is 50.")
BEST = Learned({"sales.csv": SALES}, (read("sales.csv"), bash(AWK)), "The south sells most.")
REPORT = Learned(
    {"sales.csv": SALES},
    (read("sales.csv"), write("report.md", "South sells most.\n"), bash("wc -l < report.md")),
    "The report is in report.md.",
)
STATED = Learned(
    {"sales.csv": SALES},
    (read("sales.csv"), bash("echo 'South sells most.' > report.md")),
    "The report is in report.md.",
)
ROWS = Learned(
    {"sales.csv": SALES + "3,west,1\n4,east,2\n"},
    (read("sales.csv"), bash("awk -F, '{ s += $3 } END { print s / 4 }' sales.csv")),
    "The mean is above.",
)
SETTINGS = Learned(
    {"app.ini": "# app\ndebug = on\nsize = 3\n"},
    (read("app.ini"), edit("app.ini", "debug = on", "debug = off")),
    "Debugging is off.",
)
MADE = Learned(
    {}, (write("out/hello.sh", "echo hello\n"), bash("sh out/hello.sh")), "It says hello."
)
HELLO = {"out/hello.sh": "echo hello\n"}
SORTED = Learned(
    {"names.txt": "b\na\n"},
    (bash("sort names.txt > sorted.txt"), bash("wc -l < names.txt")),
    "sorted.txt holds the names in order.",
)
CHOSEN = Learned(
    {"logs/a.log": "one\n", "logs/b.log": "two\n"},
    (bash("ls logs"), bash("cat logs/a.log logs/b.log | wc -l")),
    "The logs have 2 lines.",
)
ALL_LOGS = Learned(
    {"logs/a.log": "one\n", "logs/b.log": "two\n"},
    (bash("cat logs/*.log | wc -l"),),
    "The logs have 2 lines.",
)
FOUND = Learned(
    {"a.md": "TODO x\n", "b.md": "done\n"},
    (
        ("Glob", {"pattern": "*.md"}),
        ("Grep", {"pattern": "TODO", "output_mode": "content"}),
        bash("sed -i s/TODO/DONE/ a.md"),
    ),
    "What was to be done in a.md is done.",
)
TOOL = Learned({}, (bash("tool --version"), bash("tool list")), "The tool lists one thing.")
ZONE = Learned({}, (bash("date -d @1700000000 '+%Y-%m-%d %H:%M'"),), "It was 2023-11-14 22:13.")
ZONE_USED = Learned(
    {},
    (bash("date -d @1700000000 '+%H'"), bash("touch backup-22.tar")),
    "The backup is in place.",
)
LOCALE = Learned(
    {"names.txt": "b\nA\n"},
    (bash("locale 2>/dev/null | grep ^LANG="), bash("sort names.txt")),
    "They are in order.",
)
NO_LOCALE = Learned({"names.txt": "b\nA\n"}, (bash("LC_ALL=C sort names.txt"),), "A comes first.")
MOVE = Learned({"a.txt": "one\n"}, (bash("mv a.txt b.txt"),), "a.txt is b.txt now.")
CLEAN = Learned(
    {"build/x.o": "x", "src/x.c": "x"}, (bash("rm -r build && ls"),), "The build is gone."
)
APPEND = Learned({}, (bash("echo line >> log.txt"),), "A line was appended.")
RUN = Learned(
    {"run.sh": "echo ran\n"}, (bash("chmod +x run.sh"), bash("stat -c %a run.sh")), "It may run."
)
MODES = Learned({"key": "k\n"}, (bash("stat -c %a key"),), "The mode of key is 644.")
TESTS = Learned(
    {"test.txt": "fail\n"},
    (bash("cat test.txt"), edit("code.txt", "", "mended\n")),
    "It is mended.",
)
SHOWN = Learned({"notes.txt": "one\ntwo\n"}, (bash("cat notes.txt"),), "one\ntwo")
FIRST = Learned({"notes.txt": "one\ntwo\n"}, (bash("head -n 1 notes.txt"),), "It begins with one.")
BIG = Learned({}, (bash("seq 100000 > big.txt"), bash("wc -l < big.txt")), "big.txt is made.")
BIG_WRITE = Learned({}, (write("big.txt", "line\n" * 100_000),), "big.txt is made.")
USER_ID = Learned({}, (bash("echo $USER_ROLE"), bash("touch for-admin.txt")), "It is made.")
BACKUP = Learned(
    {"a.txt": "one\n"}, (bash("mkdir -p copy && cp a.txt copy/a.txt"),), "a.txt is copied."
)

CASES = [
    # The data
    Case("nothing changed", TOTAL, nothing, Replays("The total of the sales is 50.")),
    Case("more rows", TOTAL, puts(sales__csv=SALES + "3,west,7\n"),
         Replays("The total of the sales is 57.")),
    Case("fewer rows", TOTAL, puts(sales__csv="id,region,amount\n1,north,20\n"),
         Replays("The total of the sales is 20.")),
    Case("other rows", TOTAL, puts(sales__csv="id,region,amount\n7,west,1\n8,east,2\n"),
         Replays("The total of the sales is 3.")),
    Case("other rows for a program", PROGRAM, puts(sales__csv="id,region,amount\n7,west,1\n"),
         Replays("sum.py says that the total is 1.")),
    Case("header renamed", TOTAL, puts(sales__csv=SALES.replace("amount", "price")),
         Drifts("id,region,price")),
    Case("header gone", TOTAL, puts(sales__csv="1,north,20\n2,south,30\n"), Drifts("1,north,20")),
    Case("columns swapped", TOTAL, puts(sales__csv="id,amount,region\n1,20,north\n2,30,south\n"),
         Drifts("id,amount,region")),
    Case("column added", TOTAL, puts(sales__csv="id,region,amount,tax\n1,north,20,1\n"),
         Drifts("tax")),
    Case("column removed", TOTAL, puts(sales__csv="id,amount\n1,20\n"), Drifts("id,amount")),
    Case("another separator", TOTAL, puts(sales__csv=SALES.replace(",", ";")), Drifts("id;region")),
    Case("decimal commas", TOTAL, puts(sales__csv="id,region,amount\n1,north,20,5\n"),
         Drifts("line 2")),
    Case("a value that is no number", TOTAL, puts(sales__csv=SALES + "3,west,n/a\n"),
         Drifts("amount")),
    Case("a value that is missing", TOTAL, puts(sales__csv=SALES + "3,west,\n"), Drifts("amount")),
    Case("a unit behind a number", TOTAL, puts(sales__csv=SALES + "3,west,7 EUR\n"),
         Drifts("amount")),
    Case("a table without rows", TOTAL, puts(sales__csv="id,region,amount\n"), Drifts("line 2")),
    Case("an empty file", TOTAL, puts(sales__csv=""), Drifts("line 1")),
    Case("a file of binary data", TOTAL, raw("sales.csv", b"\0\1\2"), Drifts("failed now")),
    Case("columns swapped, and nobody had looked at them", UNSEEN,
         puts(sales__csv="id,amount,region\n1,20,north\n2,30,south\n"), Drifts("total: 0")),
    Case("other rows, and nobody had looked at them", UNSEEN,
         puts(sales__csv=SALES + "3,west,7\n"), Drifts("total: 57")),
    Case("a column's number that is a value too", COLUMN, puts(sales__csv=SALES + "3,west,7\n"),
         Drifts("'3' is used later")),
    Case("an answer that judges other rows", BEST, puts(sales__csv=SALES + "3,north,99\n"),
         Drifts("differs now")),
    Case("a report that judges other rows", REPORT, puts(sales__csv=SALES + "3,north,99\n"),
         Drifts("concluded")),
    Case("a report by echo that judges other rows", STATED, puts(sales__csv=SALES + "3,north,9\n"),
         Drifts("concluded")),
    Case("a number of rows inside a command", ROWS, puts(sales__csv=SALES), Drifts("holds 4")),
    Case("other lines, quoted whole", SHOWN, puts(notes__txt="three\n"), Replays("three")),
    Case("lines after the one that counts", FIRST, puts(notes__txt="one\nthree\nfour\n"),
         Replays("It begins with one.")),
    Case("another first line", FIRST, puts(notes__txt="zero\none\n"),
         Replays("It begins with zero.")),
    Case("a sorted copy of other names", SORTED, puts(names__txt="d\nc\n"),
         Replays("sorted.txt holds the names in order.", {"sorted.txt": "c\nd\n"})),
    # Its encoding
    Case("line ends of Windows in a script's input", TOTAL,
         raw("sales.csv", SALES.replace("\n", "\r\n").encode()),
         Replays("The total of the sales is 50.")),
    Case("line ends of Windows in a shown file", SHOWN, raw("notes.txt", b"one\r\ntwo\r\n"),
         Replays("one\r\ntwo")),
    Case("line ends of Windows in a file to edit", SETTINGS,
         raw("app.ini", b"# app\r\ndebug = on\r\nsize = 3\r\n"), Drifts("changed since")),
    Case("Latin-1 instead of UTF-8", TOTAL,
         raw("sales.csv", SALES.replace("south", "süden").encode("latin-1")), Drifts("line")),
    Case("UTF-16 instead of UTF-8", TOTAL, raw("sales.csv", SALES.encode("utf-16")),
         Drifts("total")),
    Case("a byte-order mark", SHOWN, raw("notes.txt", b"\xef\xbb\xbfone\ntwo\n"),
         Replays("\ufeffone\ntwo")),
    # Files that moved or became something else
    Case("file moved", TOTAL, moved("sales.csv", "old/sales.csv"), Drifts("failed now")),
    Case("file removed", SHOWN, removed("notes.txt"), Drifts("failed now")),
    Case("file became a link to itself moved", TOTAL, linked("sales.csv", "data/sales.csv"),
         Replays("The total of the sales is 50.")),
    Case("file became a link that leads out", TOTAL, led_out("sales.csv"), Drifts("failed now")),
    Case("file became a folder", TOTAL, folder_instead("sales.csv"), Drifts("failed now")),
    Case("file to edit became a link", SETTINGS, linked("app.ini", "etc/app.ini"),
         Drifts("changed since")),
    Case("file to edit became a link that leads out", SETTINGS, led_out("app.ini"),
         Drifts("changed since")),
    Case("file to edit became a folder", SETTINGS, folder_instead("app.ini"),
         Drifts("changed since")),
    Case("file to edit is gone", SETTINGS, removed("app.ini"), Drifts("not there any more")),
    Case("target of a command became a link", SORTED,
         all_of(puts(mine__txt="mine\n"), linked("sorted.txt", "kept.txt")),
         Drifts("changed since")),
    Case("target folder leads out", BACKUP, folder_led_out("copy"), Drifts("leads out")),
    Case("target folder became a file", MADE,
         all_of(lambda world: shutil.rmtree(world.cwd / "out"), puts(out="mine\n")),
         Drifts("")),
    Case("file to move is gone", MOVE, nothing, Drifts("failed now")),
    Case("file to move is back", MOVE, moved("b.txt", "a.txt"),
         Replays("a.txt is b.txt now.", {"b.txt": "one\n"}, ("a.txt",))),
    Case("file to move is another", MOVE, all_of(moved("b.txt", "a.txt"), puts(a__txt="two\n")),
         Drifts("changed since")),
    Case("target of a move is the user's", MOVE,
         all_of(moved("b.txt", "a.txt"), puts(b__txt="mine\n")), Drifts("changed since")),
    Case("a folder to remove holds the user's file", CLEAN,
         puts(**{"build/x.o": "x", "build/mine.txt": "mine"}),
         Drifts("mine.txt")),
    Case("a folder to remove is made again", CLEAN, puts(**{"build/x.o": "x"}),
         Replays("The build is gone.", {}, ("build/x.o", "build"))),
    # Files that the user edited
    Case("user edited a target of Write", MADE, puts(**{"out/hello.sh": "mine\n"}),
         Drifts("changed since")),
    Case("user edited a target of a command", SORTED, puts(sorted__txt="mine\n"),
         Drifts("changed since")),
    Case("user emptied a target", MADE, puts(**{"out/hello.sh": ""}), Drifts("changed since")),
    Case("user edited the file that is to be edited", SETTINGS,
         puts(app__ini="# app\ndebug = on\nsize = 4\n"), Drifts("changed since")),
    Case("user put the edited file back", SETTINGS,
         puts(app__ini="# app\ndebug = on\nsize = 3\n"),
         Replays("Debugging is off.", {"app.ini": "# app\ndebug = off\nsize = 3\n"})),
    Case("user edited a log that is appended to", APPEND, puts(log__txt="mine\n"),
         Drifts("changed since")),
    Case("a log that is appended to as it was left", APPEND, nothing,
         Replays("A line was appended.", {"log.txt": "line\nline\n"})),
    Case("user edited another file", MADE, puts(other__txt="mine\n"), Replays("It says hello.")),
    Case("the result was removed", MADE, removed("out/hello.sh"),
         Replays("It says hello.", HELLO)),
    Case("the folder of the result was removed", MADE,
         lambda world: shutil.rmtree(world.cwd / "out"), Replays("It says hello.", HELLO)),
    Case("a file was only touched", TOTAL, older("sales.csv"),
         Replays("The total of the sales is 50.")),
    # What is found
    Case("one more file to choose from", CHOSEN, puts(**{"logs/c.log": "three\n"}),
         Drifts("3 lines instead of 2")),
    Case("one file less to choose from", CHOSEN, removed("logs/b.log"), Drifts("1 lines")),
    Case("one more file for a pattern", ALL_LOGS, puts(**{"logs/c.log": "three\n"}),
         Replays("The logs have 3 lines.")),
    Case("one more file found by Glob", FOUND, all_of(puts(a__md="TODO x\n", c__md="x\n")),
         Drifts("a.md")),
    Case("one more line found by Grep", FOUND, puts(a__md="TODO x\n", b__md="TODO y\n"),
         Drifts("2 lines instead of 1")),
    Case("a result of a test that a step had answered", TESTS,
         all_of(puts(test__txt="pass\n"), removed("code.txt")), Drifts("line 1")),
    # Tools and the machine
    Case("a tool's version changed, and its output", TOOL,
         tool('[ "$1" = --version ] && echo 2.0 || echo thing'), Drifts("2.0")),
    Case("a tool's output changed", TOOL,
         tool('[ "$1" = --version ] && echo 1.0 || echo thing two'), Drifts("thing two")),
    Case("a tool is gone", TOOL, no_tool, Drifts("failed now")),
    Case("a tool fails now", TOOL, tool("exit 3"), Drifts("failed now")),
    Case("a tool warns now", TOOL,
         tool('[ "$1" = --version ] && echo 1.0 || { echo warning >&2; echo thing; }'), Drifts("")),
    Case("a tool does its work but is slower", TOOL,
         tool('sleep 0.05; [ "$1" = --version ] && echo 1.0 || echo thing'),
         Replays("The tool lists one thing.")),
    Case("a PATH with nothing on it", TOTAL, sets(PATH="/nowhere"), Drifts("failed now")),
    Case("a clock in another zone", ZONE, sets(TZ="Asia/Tokyo"), Drifts("2023-11-14")),
    Case("a clock in another zone, used later", ZONE_USED, sets(TZ="Asia/Tokyo"), Drifts("'07'")),
    Case("another locale that is seen", LOCALE, sets(LANG="C"), Drifts("LANG=C")),
    Case("another locale that does not matter", NO_LOCALE, sets(LANG="C"),
         Replays("A comes first.")),
    Case("a variable of the user's", USER_ID, sets(USER_ROLE="guest"), Drifts("guest")),
    Case("another umask", MADE, removed("out/hello.sh"), Replays("It says hello.", HELLO),
         umask=0o077),
    Case("a mode that is seen", MODES, mode("key", 0o600), Replays("The mode of key is 600.")),
    Case("a mode that the run had set", RUN, mode("run.sh", 0o644), Replays("It may run.")),
    Case("other bits beside the one that the run had set", RUN, mode("run.sh", 0o600),
         Replays("It may run.")),
    Case("another folder with the same data", TOTAL, elsewhere(sales__csv=SALES),
         Replays("The total of the sales is 50.")),
    Case("another folder with other data", TOTAL, elsewhere(sales__csv=SALES + "3,west,7\n"),
         Replays("The total of the sales is 57.")),
    Case("another folder without the data", TOTAL, elsewhere(), Drifts("failed now")),
    Case("another folder with the user's own file", MADE, elsewhere(**{"out/hello.sh": "mine\n"}),
         Drifts("changed since")),
    Case("another, empty folder", MADE, elsewhere(), Replays("It says hello.", HELLO)),
    Case("a disk that is full for a command", BIG, removed("big.txt"), Drifts(""),
         largest_file=300 * 1024),
    Case("a disk that is full for Write", BIG_WRITE, removed("big.txt"), Drifts(""),
         largest_file=300 * 1024),
    Case("a disk on which nothing fits", MADE, removed("out/hello.sh"), Drifts(""),
         largest_file=0),
]  # fmt: skip
