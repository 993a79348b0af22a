"""One SQLite file, opened twice by one process and once more by others that come and go."""

from __future__ import annotations

import stat
import subprocess
import sys
import threading
from pathlib import Path

from llmos.kernel.database import lock_of_database, open_database
from llmos.kernel.reading import read_whole

SCHEMA = "CREATE TABLE IF NOT EXISTS rows (value TEXT)"
COMES_AND_GOES = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
print(connection.execute("SELECT count(*) FROM rows").fetchone()[0])
connection.close()
"""


def another_process(path: Path) -> int:
    """Let another process look and end; return how many rows it sees."""
    run = [sys.executable, "-c", COMES_AND_GOES, str(path)]
    return int(subprocess.run(run, check=True, capture_output=True, text=True).stdout)


def test_what_is_written_after_another_process_has_ended_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "shared.sqlite"
    first, second = open_database(path, SCHEMA), open_database(path, SCHEMA)
    first.execute("INSERT INTO rows VALUES ('before')")
    assert another_process(path) == 1
    second.execute("INSERT INTO rows VALUES ('after')")
    first.execute("INSERT INTO rows VALUES ('after')")
    assert another_process(path) == 3
    first.close()
    second.close()
    assert another_process(path) == 3


def test_a_step_that_reads_an_open_database_loses_nothing_of_it(tmp_path: Path) -> None:
    path = tmp_path / "read.sqlite"
    opened = open_database(path, SCHEMA)
    opened.execute("INSERT INTO rows VALUES ('before')")
    for _ in range(2):
        assert read_whole(path).startswith(b"SQLite format 3")
        assert another_process(path) == 1
    opened.execute("INSERT INTO rows VALUES ('after')")
    assert another_process(path) == 2
    opened.close()


def test_a_database_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "own.sqlite"
    open_database(path, SCHEMA).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


OPENS_ALL = """
import sys, time
from pathlib import Path
from llmos.kernel.database import lock_of_database, open_database
folder, number, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
for turn in range(40):
    (folder / f"{turn}.{number}").touch()
    deadline = time.monotonic() + 30
    while len(list(folder.glob(f"{turn}.*"))) < count and time.monotonic() < deadline:
        time.sleep(0.001)
    opened = "INSERT INTO rows VALUES ('opened');"
    schema = f"CREATE TABLE IF NOT EXISTS rows (value TEXT); {opened}"
    open_database(folder / f"all-{turn}.sqlite", schema).close()
"""


def test_many_processes_make_one_database_at_the_same_moment(tmp_path: Path) -> None:
    openers = [
        subprocess.Popen(
            [sys.executable, "-c", OPENS_ALL, str(tmp_path), str(number), "4"],
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    said = [opener.communicate(timeout=100)[1] for opener in openers]
    assert said == [""] * 4
    assert another_process(tmp_path / "all-0.sqlite") == 4


def test_who_opens_a_database_queues_with_those_who_write_to_it(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite"
    open_database(path, SCHEMA).close()
    opened = threading.Event()

    def open_it() -> None:
        open_database(path, SCHEMA).close()
        opened.set()

    opener = threading.Thread(target=open_it)
    with lock_of_database(path):
        opener.start()
        assert not opened.wait(0.2)
    assert opened.wait(30)
    opener.join()
