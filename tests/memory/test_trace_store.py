"""The trace store: files that never change, an index that can always be made anew."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from factory import make_trace
from llmos.kernel.errors import (
    CorruptTraceError,
    TraceError,
    TraceSchemaError,
    UntrustedTraceError,
    UsageError,
    WorkspaceError,
)
from llmos.kernel.redaction import Redactor
from llmos.memory.codec import encode
from llmos.memory.goals import normal_form
from llmos.memory.templates import key_of
from llmos.memory.trace_store import TraceStore
from llmos.memory.traces import Flow, Parameter
from llmos.memory.trust import Trust


def open_store(folder: Path, environ: dict[str, str] | None = None) -> TraceStore:
    return TraceStore(
        folder / "traces",
        Trust(folder / "state", folder),
        index_path=folder / "index.sqlite",
        key=normal_form,
        redactor=Redactor(environ or {}),
    )


@pytest.fixture
def store(tmp_path: Path) -> TraceStore:
    return open_store(tmp_path)


def test_a_trace_is_found_by_its_goal_in_a_new_store(store: TraceStore, tmp_path: Path) -> None:
    trace_id = store.put(make_trace("Say hello."))
    again = open_store(tmp_path)
    assert again.candidates(normal_form("say HELLO")) == [trace_id]
    assert again.get(trace_id) == make_trace("Say hello.")


def test_making_a_store_touches_nothing(tmp_path: Path) -> None:
    open_store(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_newest_comes_first(store: TraceStore) -> None:
    old = store.put(make_trace("x", learned_at=1.0))
    new = store.put(make_trace("x", learned_at=2.0))
    assert store.candidates("x") == [new, old]
    assert [row.id for row in store.list(10)] == [new, old]


def test_storing_twice_is_storing_once(store: TraceStore) -> None:
    assert store.put(make_trace("x")) == store.put(make_trace("x"))
    assert store.count() == 1


def test_files_are_private(store: TraceStore) -> None:
    path = store.path_of(store.put(make_trace("x")))
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("lost", [b"", b"no database"])
def test_the_index_is_made_anew_when_it_is_gone_or_damaged(lost: bytes, tmp_path: Path) -> None:
    trace_id = open_store(tmp_path).put(make_trace("x"))
    for path in tmp_path.glob("index.sqlite*"):
        path.unlink()
    if lost:
        (tmp_path / "index.sqlite").write_bytes(lost * 100)
    assert open_store(tmp_path).candidates("x") == [trace_id]


def test_an_index_of_an_older_format_is_made_anew_and_nothing_is_lost(tmp_path: Path) -> None:
    goals = [f"count the lines of {name}.csv" for name in ("a", "b", "c")]
    with closing(open_store(tmp_path)) as store:
        ids = [store.put(make_trace(goal)) for goal in goals]
        assert store.count() == 3
    with closing(sqlite3.connect(tmp_path / "index.sqlite")) as old:
        old.executescript(
            "DROP TABLE frames; DROP TABLE framed; DELETE FROM members;"
            "CREATE TABLE templates (template TEXT, id TEXT, frame TEXT NOT NULL,"
            " PRIMARY KEY (template, id)) WITHOUT ROWID;"
            "INSERT INTO templates SELECT 'count lines of #', id, 'x' FROM traces;"
            "PRAGMA user_version = 4"
        )
    with closing(open_store(tmp_path)) as store:
        assert [store.candidates(goal) for goal in goals] == [[one] for one in ids]
        assert sorted(ids_of_template(store, goals[0])) == sorted(ids)
        members = store.at_once(lambda index: index.execute("SELECT id FROM members").fetchall())
        assert sorted(members) == sorted((one,) for one in ids)
    with closing(sqlite3.connect(tmp_path / "index.sqlite")) as new:
        tables = {name for (name,) in new.execute("SELECT name FROM sqlite_master")}
    assert "templates" not in tables


def ids_of_template(store: TraceStore, goal: str) -> list[str]:
    frames = store.frames(key_of(goal))
    return [one for frame in frames for _, one in store.of_frame(frame, 0, 10)]


def test_a_removed_trace_leaves_its_frame_and_the_last_one_takes_it_along(tmp_path: Path) -> None:
    with closing(open_store(tmp_path)) as store:
        one, other = (store.put(make_trace("count lines", learned_at=at)) for at in (1.0, 2.0))
        assert ids_of_template(store, "count lines") == [other, one]
        store.delete(other)
        assert ids_of_template(store, "count lines") == [one]
        store.delete(one)
        assert store.frames(key_of("count lines")) == []


def test_a_frame_is_read_in_parts_newest_first(tmp_path: Path) -> None:
    with closing(open_store(tmp_path)) as store:
        ids = [store.put(make_trace("count lines", learned_at=float(at))) for at in range(5)]
        (frame,) = store.frames(key_of("count lines"))
        parts = [store.of_frame(frame, start, 2) for start in (0, 2, 4, 6)]
    assert [[one for _, one in part] for part in parts] == [
        [ids[4], ids[3]],
        [ids[2], ids[1]],
        [ids[0]],
        [],
    ]


def test_a_file_that_comes_from_elsewhere_is_seen_but_does_not_run(
    store: TraceStore, tmp_path: Path
) -> None:
    store.put(make_trace("x"))
    foreign = make_trace("y")
    store.path_of(foreign.trace_id).write_bytes(encode(foreign, "0" * 64))
    assert store.candidates("y") == [foreign.trace_id]
    with pytest.raises(UntrustedTraceError):
        store.get(foreign.trace_id)
    assert store.read(foreign.trace_id) == foreign


def test_an_allowed_trace_runs_until_it_changes(store: TraceStore, tmp_path: Path) -> None:
    foreign = make_trace("y")
    store.put(make_trace("x"))
    store.path_of(foreign.trace_id).write_bytes(encode(foreign, None))
    trust = Trust(tmp_path / "state", tmp_path)
    signed = store.read_signed(foreign.trace_id)
    trust.allow(signed)
    assert store.get(foreign.trace_id) == foreign
    trust.revoke(signed)
    with pytest.raises(UntrustedTraceError):
        store.get(foreign.trace_id)


def test_a_file_that_was_removed_is_gone(store: TraceStore) -> None:
    trace_id = store.put(make_trace("x"))
    assert store.candidates("x") == [trace_id]
    store.path_of(trace_id).unlink()
    assert store.candidates("x") == []


def test_deleting_removes_file_and_row(store: TraceStore) -> None:
    trace_id = store.put(make_trace("x"))
    assert store.delete(trace_id) is True
    assert store.delete(trace_id) is False
    assert store.count() == 0


def test_a_corrupt_file_is_set_aside_with_its_reason_and_others_go_on(store: TraceStore) -> None:
    good, bad = store.put(make_trace("good")), store.put(make_trace("bad"))
    path = store.path_of(bad)
    path.write_bytes(b"half a tra")
    with pytest.raises(CorruptTraceError):
        store.get(bad)
    [problem] = store.problems
    assert problem.path.read_bytes() == b"half a tra"
    assert problem.path.with_name(problem.path.name + ".reason").read_text()
    assert not path.exists()
    assert store.get(good)
    assert store.candidates("bad") == []


def test_a_trace_under_another_name_is_corrupt(store: TraceStore) -> None:
    trace_id = store.put(make_trace("x"))
    other = store.path_of("t-" + "0" * 20)
    other.write_bytes(store.path_of(trace_id).read_bytes())
    with pytest.raises(CorruptTraceError, match="name"):
        store.get("t-" + "0" * 20)


def test_a_newer_schema_is_left_where_it_is(store: TraceStore) -> None:
    trace_id = store.put(make_trace("x"))
    path = store.path_of(trace_id)
    data = json.loads(path.read_text())
    data["trace"]["schema_version"] = 3
    path.write_text(json.dumps(data))
    with pytest.raises(TraceSchemaError):
        store.get(trace_id)
    assert path.exists()


def test_a_secret_in_an_input_or_the_answer_is_not_kept(tmp_path: Path) -> None:
    store = open_store(tmp_path, {"API_KEY": "very-secret-value"})
    for trace in (
        make_trace("x", given={"command": "curl -H very-secret-value"}),
        make_trace("x", answer="it is very-secret-value"),
        make_trace("say very-secret-value"),
    ):
        with pytest.raises(TraceError, match="secret"):
            store.put(trace)
    assert store.count() == 0


def test_a_secret_in_a_declared_domain_is_not_kept(tmp_path: Path) -> None:
    store = open_store(tmp_path, {"API_KEY": "very-secret-value"})
    declared = Parameter(
        name="greeting",
        kind="word",
        value="hello",
        start=4,
        end=9,
        domain=("hello", "very-secret-value"),
        flows=(Flow(step=0, path=("command",), start=5, end=10),),
    )
    with pytest.raises(TraceError, match="secret"):
        store.put(make_trace("say hello", parameters=(declared,)))


def test_a_secret_in_an_observation_is_redacted(tmp_path: Path) -> None:
    store = open_store(tmp_path, {"API_KEY": "very-secret-value"})
    trace_id = store.put(make_trace("x", output="key=very-secret-value"))
    assert store.get(trace_id).steps[0].observation.text == "key=[redacted:environment]"


def test_an_id_is_found_by_the_beginning_that_only_it_has(store: TraceStore) -> None:
    ids = [store.put(make_trace(str(n))) for n in range(20)]
    assert store.resolve(ids[3]) == ids[3]
    assert store.resolve(ids[3].removeprefix("t-")[:12]) == ids[3]
    for prefix in ("t-", "t-zzz"):
        with pytest.raises(UsageError):
            store.resolve(prefix)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "traces").write_text("a file")
    with pytest.raises(WorkspaceError):
        open_store(tmp_path).put(make_trace("x"))


def writer(folder: Path, name: str, count: int) -> subprocess.Popen[str]:
    code = (
        "import sys; from pathlib import Path; from factory import make_trace;"
        "from llmos.kernel.redaction import Redactor; from llmos.memory.goals import normal_form;"
        "from llmos.memory.trace_store import TraceStore; from llmos.memory.trust import Trust;"
        "folder, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]);"
        "store = TraceStore(folder / 'traces', Trust(folder / 'state', folder),"
        " index_path=folder / 'index.sqlite', key=normal_form, redactor=Redactor({}));"
        "[print(store.put(make_trace(f'{name} {n}')), flush=True) for n in range(count)]"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, str(folder), name, str(count)],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(Path(__file__).parent.parent), "HOME": str(folder)},
    )


def test_four_processes_store_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    writers = [writer(tmp_path, f"w{n}", 25) for n in range(4)]
    written = [line for one in writers for line in one.communicate(timeout=60)[0].split()]
    store = open_store(tmp_path)
    assert len(set(written)) == store.count() == 100
    assert all(store.get(trace_id) for trace_id in written)


def test_kill_minus_9_never_leaves_half_a_trace(tmp_path: Path) -> None:
    chance = random.Random(5)
    acknowledged: set[str] = set()
    for number in range(12):
        one = writer(tmp_path, f"k{number}", 1000)
        assert one.stdout is not None
        lines = [one.stdout.readline() for _ in range(chance.randrange(1, 8))]
        one.send_signal(signal.SIGKILL)
        acknowledged |= {line.strip() for line in [*lines, *one.communicate()[0].splitlines()]}
    store = open_store(tmp_path)
    assert all(store.get(trace_id) for trace_id in acknowledged)
    for path in (tmp_path / "traces").glob("t-*.json"):
        assert store.get(path.stem)
    assert store.problems == ()
