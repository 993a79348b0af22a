"""A trace replayed with other values, by the real drivers, in real folders."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from learned import World
from llmos.interfaces.follower import Replay
from llmos.memory.traces import Trace

HELLO = "write hello to Bob"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def bash(command: str) -> tuple[str, Mapping[str, Any]]:
    return "Bash", {"command": command}


def write(path: str, content: str) -> tuple[str, Mapping[str, Any]]:
    return "Write", {"file_path": path, "content": content}


def edit(path: str, old: str, new: str) -> tuple[str, Mapping[str, Any]]:
    return "Edit", {"file_path": path, "old_string": old, "new_string": new}


def read(path: str) -> tuple[str, Mapping[str, Any]]:
    return "Read", {"file_path": path}


def drift(replay: Replay) -> str:
    assert replay.drift is not None, replay.answer
    assert replay.answer == ""
    return replay.drift.reason


def greeting(world: World) -> Trace:
    return world.learn(
        HELLO,
        write("hello Bob.txt", "Hello Bob\n"),
        bash("cat 'hello Bob.txt'"),
        answer="hello Bob.txt greets Bob",
        kinds={"Bob": "word"},
    )


def test_a_value_inside_a_file_name_makes_another_file(world: World) -> None:
    replay = world.replay(greeting(world), Bob="Eve")
    assert (replay.drift, replay.answer) == (None, "hello Eve.txt greets Eve")
    assert world.files() == {"hello Bob.txt": "Hello Bob\n", "hello Eve.txt": "Hello Eve\n"}


def test_the_same_bound_replay_twice_and_then_the_learned_values_again(world: World) -> None:
    trace = greeting(world)
    answers = [world.replay(trace, Bob=name).answer for name in ("Eve", "Eve", "Bob", "Eve")]
    eve = "hello Eve.txt greets Eve"
    assert answers == [eve, eve, "hello Bob.txt greets Bob", eve]


def test_a_file_of_the_user_under_the_new_name_is_not_overwritten(world: World) -> None:
    trace = greeting(world)
    world.put("hello Eve.txt", "mine")
    assert "hello Eve.txt is there already" in drift(world.replay(trace, Bob="Eve"))
    assert world.text("hello Eve.txt") == "mine"


def test_a_file_that_a_bound_replay_made_and_the_user_changed_is_not_overwritten(
    world: World,
) -> None:
    trace = greeting(world)
    world.replay(trace, Bob="Eve")
    world.put("hello Eve.txt", "mine now")
    assert drift(world.replay(trace, Bob="Eve"))
    assert world.text("hello Eve.txt") == "mine now"


def test_a_number_in_a_command(world: World) -> None:
    trace = world.learn(
        "print the numbers up to 30",
        bash("seq 30 | tail -1 | sed s/0/5/"),
        answer="35",
        kinds={"30": "number"},
    )
    assert world.replay(trace, **{"30": "40"}).answer == "45"


def test_two_values_in_one_command(world: World) -> None:
    world.put("a.txt", "one\n")
    world.put("my notes.txt", "two\n")
    trace = world.learn(
        "copy a.txt to b.txt", bash("cp a.txt b.txt"), answer="b.txt is a copy of a.txt",
        kinds={"a.txt": "path", "b.txt": "path"},
    )  # fmt: skip
    replay = world.replay(trace, **{"a.txt": "my notes.txt", "b.txt": "c.txt"})
    assert (replay.drift, replay.answer) == (None, "c.txt is a copy of my notes.txt")
    assert world.text("c.txt") == "two\n"


def test_the_target_of_a_command_that_is_there_already_is_not_overwritten(world: World) -> None:
    world.put("a.txt", "one\n")
    trace = world.learn(
        "copy a.txt to b.txt",
        bash("cp a.txt b.txt"),
        answer="b.txt is a copy of a.txt",
        kinds={"a.txt": "path", "b.txt": "path"},
    )
    world.put("c.txt", "mine\n")
    assert "c.txt is there already" in drift(world.replay(trace, **{"b.txt": "c.txt"}))
    assert world.text("c.txt") == "mine\n"


def test_a_quoted_text_with_spaces_and_signs_stays_text(world: World) -> None:
    trace = world.learn(
        "append 'good day' to log.txt", bash("echo 'good day' >> log.txt; tail -1 log.txt"),
        answer="log.txt ends with: good day", kinds={"good day": "text"},
    )  # fmt: skip
    replay = world.replay(trace, **{"good day": "it's $HOME; rm -rf *"})
    assert (replay.drift, replay.answer) == (None, "log.txt ends with: it's $HOME; rm -rf *")
    assert world.text("log.txt") == "good day\nit's $HOME; rm -rf *\n"


COUNT = 'for f in input/*.csv; do wc -l < "$f"; done > summary.txt; cat summary.txt'


def counted(world: World, answer: str = "summary.txt holds the lines of the files") -> Trace:
    world.put("input/a.csv", "x\ny\n")
    world.put("input/b.csv", "x\n")
    world.put("other/c.csv", "x\ny\nz\n")
    return world.learn(
        "count the lines of the CSV files in input",
        bash(COUNT),
        answer=answer,
        kinds={"input": "word"},
    )


def test_another_folder_with_other_files_gives_its_own_result(world: World) -> None:
    replay = world.replay(counted(world), input="other")
    assert (replay.drift, replay.answer) == (None, "summary.txt holds the lines of the files")
    assert world.text("summary.txt") == "3\n"


def test_a_result_under_one_name_goes_from_binding_to_binding_and_back(world: World) -> None:
    trace = counted(world)
    for folder, lines in (("other", "3\n"), ("input", "2\n1\n"), ("other", "3\n")):
        assert world.replay(trace, input=folder).drift is None
        assert world.text("summary.txt") == lines


def test_a_result_that_the_user_has_changed_is_not_overwritten(world: World) -> None:
    trace = counted(world)
    world.replay(trace, input="other")
    world.put("summary.txt", "mine\n")
    assert "summary.txt" in drift(world.replay(trace, input="other"))
    assert world.text("summary.txt") == "mine\n"


def test_an_answer_with_numbers_that_cannot_be_derived_is_drift_and_undone(world: World) -> None:
    trace = counted(world, answer="The files have 3 lines in all.")
    before = world.files()
    assert "'3'" in drift(world.replay(trace, input="other"))
    assert world.files() == before


def test_an_answer_that_counts_in_words_is_drift(world: World) -> None:
    trace = counted(world, answer="summary.txt has three lines")
    assert "'three'" in drift(world.replay(trace, input="other"))


def test_an_answer_that_judges_what_changed_is_drift(world: World) -> None:
    trace = counted(world, answer="The first file is the largest")
    assert drift(world.replay(trace, input="other"))


def test_an_answer_that_is_the_whole_output_is_the_new_output(world: World) -> None:
    trace = counted(world, answer="The lines of the files:\n2\n1")
    assert world.replay(trace, input="other").answer == "The lines of the files:\n3"


def test_a_number_at_a_clear_place_of_an_output_is_read_there_again(world: World) -> None:
    world.put("a.csv", "id,amount\n1,20\n2,30\n")
    world.put("b.csv", "id,amount\n1,20\n2,35\n3,1\n")
    add = 'awk -F, \'NR > 1 { s += $2 } END { print "total:", s, "of", FILENAME }\' a.csv'
    trace = world.learn(
        "add up a.csv", bash("head -n 1 a.csv"), bash(add),
        answer="The total of a.csv is 50.", kinds={"a.csv": "path"},
    )  # fmt: skip
    replay = world.replay(trace, **{"a.csv": "b.csv"})
    assert (replay.drift, replay.answer) == (None, "The total of b.csv is 56.")


def test_a_number_whose_line_says_something_else_now_is_not_read(world: World) -> None:
    world.put("a.txt", "total 5\n")
    world.put("b.txt", "average 7\n")
    trace = world.learn(
        "show a.txt", bash("cat a.txt"), answer="The total is 5", kinds={"a.txt": "path"}
    )
    assert "'5'" in drift(world.replay(trace, **{"a.txt": "b.txt"}))


def summed(world: World) -> Trace:
    world.put("a.csv", "id,amount\n1,20\n2,30\n")
    script = "import csv, sys\nprint(sum(int(r['amount']) for r in csv.DictReader(sys.stdin)))\n"
    return world.learn(
        "sum the sales in a.csv",
        read("a.csv"),
        write("sum.py", script),
        bash("python3 sum.py < a.csv"),
        answer="50",
        kinds={"a.csv": "path"},
    )


def test_a_table_with_the_same_header_and_other_rows_gives_the_new_number(world: World) -> None:
    trace = summed(world)
    world.put("b.csv", "id,amount\n7,1\n8,2\n9,3\n")
    replay = world.replay(trace, **{"a.csv": "b.csv"})
    assert (replay.drift, replay.answer) == (None, "6")


def test_a_header_that_changed_and_is_used_is_drift(world: World) -> None:
    trace = summed(world)
    world.put("b.csv", "id,price\n7,1\n8,2\n")
    assert "id,price" in drift(world.replay(trace, **{"a.csv": "b.csv"}))


def test_columns_in_another_order_are_drift(world: World) -> None:
    trace = summed(world)
    world.put("b.csv", "amount,id\n7,1\n8,2\n")
    assert "amount,id" in drift(world.replay(trace, **{"a.csv": "b.csv"}))


def test_a_name_that_was_found_and_is_used_must_be_found_again(world: World) -> None:
    world.put("old/setup.cfg", "x\n")
    world.put("new/pyproject.toml", "x\n")
    trace = world.learn(
        "show the settings in old", bash("ls old"), bash("cat old/setup.cfg"),
        answer="x", kinds={"old": "word"},
    )  # fmt: skip
    assert "setup.cfg" in drift(world.replay(trace, old="new"))


def test_a_command_that_fails_now_is_drift(world: World) -> None:
    world.put("a.txt", "x\n")
    trace = world.learn("show a.txt", bash("cat a.txt"), answer="x", kinds={"a.txt": "path"})
    assert "failed now" in drift(world.replay(trace, **{"a.txt": "b.txt"}))


def test_a_report_with_a_number_from_what_differs_now_is_not_written(world: World) -> None:
    world.put("a.txt", "10\n20\n")
    world.put("b.txt", "10\n25\n")
    trace = world.learn(
        "add up a.txt in report.txt", read("a.txt"), write("report.txt", "sum: 30\n"),
        answer="report.txt holds the sum", kinds={"a.txt": "path"},
    )  # fmt: skip
    assert "30" in drift(world.replay(trace, **{"a.txt": "b.txt"}))
    assert world.text("report.txt") == "sum: 30\n"


def test_a_file_that_a_command_overwrites_is_put_back_if_it_is_the_users(world: World) -> None:
    world.put("a.txt", "b\na\n")
    trace = world.learn(
        "sort a.txt", bash("sort -o a.txt a.txt"), answer="it is in order", kinds={"a.txt": "path"}
    )
    world.put("mine.txt", "d\nc\n")
    assert "mine.txt" in drift(world.replay(trace, **{"a.txt": "mine.txt"}))
    assert world.text("mine.txt") == "d\nc\n"


def test_a_file_that_no_step_names_is_put_back_if_it_is_the_users(world: World) -> None:
    world.put("in/a.txt", "x\n")
    world.put("docs/a.txt", "x\n")
    world.put("docs/b.txt", "x\n")
    world.put("docs/b.txt.bak", "mine\n")
    backup = 'for f in in/*.txt; do cp "$f" "$f.bak"; done'
    trace = world.learn(
        "back up texts of folder in/", bash(backup), answer="it is done", kinds={"in/": "path"}
    )
    before = world.files()
    assert "docs/b.txt.bak" in drift(world.replay(trace, **{"in/": "docs/"}))
    assert world.files() == before


def test_the_file_that_a_value_names_is_edited_where_its_text_is_there(world: World) -> None:
    world.put("a.ini", "# a\ndebug = on\n")
    world.put("b.ini", "# b\ndebug = on\nsize = 3\n")
    trace = world.learn(
        "turn debug off in a.ini", read("a.ini"), edit("a.ini", "debug = on", "debug = off"),
        answer="debug is off in a.ini", kinds={"a.ini": "path"},
    )  # fmt: skip
    replay = world.replay(trace, **{"a.ini": "b.ini"})
    assert (replay.drift, replay.answer) == (None, "debug is off in b.ini")
    assert world.text("b.ini") == "# b\ndebug = off\nsize = 3\n"


def test_a_file_without_the_text_to_edit_is_drift(world: World) -> None:
    world.put("a.ini", "debug = on\n")
    world.put("b.ini", "verbose = on\n")
    trace = world.learn(
        "turn debug off in a.ini", read("a.ini"), edit("a.ini", "debug = on", "debug = off"),
        answer="debug is off in a.ini", kinds={"a.ini": "path"},
    )  # fmt: skip
    assert drift(world.replay(trace, **{"a.ini": "b.ini"}))
    assert world.text("b.ini") == "verbose = on\n"


def test_a_json_number_is_bound_as_a_number(world: World) -> None:
    world.put("a.txt", "1\n2\n3\n4\n")
    trace = world.learn(
        "read 3 lines of a.txt", ("Read", {"file_path": "a.txt", "limit": 3}),
        answer="a.txt begins so", kinds={"3": "number"},
    )  # fmt: skip
    replay = world.replay(trace, **{"3": "4"})
    assert (replay.drift, replay.answer) == (None, "a.txt begins so")


def test_a_short_number_in_the_answer_that_was_observed_too_must_come_out_the_same(
    world: World,
) -> None:
    world.put("a.txt", "1\n2\n3\n4\n5\n6\n")
    trace = world.learn(
        "count the first 5 lines of a.txt", bash("head -n 5 a.txt | wc -l"),
        answer="There are 5 lines.", kinds={"5": "number"},
    )  # fmt: skip
    assert world.replay(trace, **{"5": "4"}).answer == "There are 4 lines."
    assert drift(world.replay(trace, **{"5": "9"}))
