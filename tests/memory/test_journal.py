"""What a run changed in its directory is put back byte for byte, whatever it did, or is named."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmos.kernel.orphans import MARK
from llmos.memory.journal import Journal
from llmos.memory.journal_pruning import KEPT_RUNS, KEPT_S, prune
from llmos.memory.journal_tables import CUT_OFF, RunHeader
from llmos.memory.open_run import OpenRun
from llmos.memory.past_runs import MAY_UNDO, Move, PastRun, PastRuns
from llmos.memory.recovery import recover
from llmos.memory.tree_scan import TreeLimits, TreeTooLarge
from trees import tree_of

SMALL = TreeLimits(entries=60, bytes=100_000, file_bytes=1000, whole_entries=5)


class Ground:
    """A directory whose runs are journalled."""

    def __init__(self, folder: Path, limits: TreeLimits | None = None) -> None:
        self.root = folder / "place"
        self.root.mkdir()
        self.locks = folder / "locks"
        self.journal = Journal(folder / "undo", limits)
        self.past = PastRuns(self.journal)

    def begin(self, mode: str = "FOLLOWER") -> OpenRun:
        return self.journal.begin(RunHeader(f"r-{uuid.uuid4().hex}", "goal", mode), self.root)

    def run(self, change: Callable[[Path], object]) -> PastRun:
        """Carry out a run that changes the directory; return it."""
        begun = self.begin()
        change(self.root)
        begun.close(begun.changes())
        return self.past.list()[0]

    def move(self, run: PastRun, *, redo: bool = False) -> Move:
        return self.past.carry_out(self.past.plan(run, redo=redo))

    def recover(self) -> list[str]:
        return recover(self.journal, self.locks, ())


WATCHED = {"watched": TreeLimits(watched=0), "walked through twice": TreeLimits()}
"""The two ways in which what a run changed is found: large trees are watched."""


@pytest.fixture(params=WATCHED.values(), ids=list(WATCHED))
def ground(tmp_path: Path, request: pytest.FixtureRequest) -> Ground:
    return Ground(tmp_path, request.param)


def sh(command: str) -> Callable[[Path], object]:
    return lambda root: subprocess.run(["/bin/bash", "-ec", command], cwd=root, check=True)


def populate(root: Path) -> None:
    sh(
        "mkdir -p d/e empty 'with space'; chmod 750 empty; echo 1 > a; echo 2 > d/b; chmod 640 d/b;"
        "printf 'x\\0y' > d/e/bin; ln -s a link; ln -s nowhere dangling; : > 'with space/ü'; "
        "chmod 4755 a; ln -s d dlink"
    )(root)


EVERYTHING = (
    "rm a; mv d moved; rmdir empty; ln -sfn moved dlink; rm dangling; mkdir dangling; "
    "echo new > dangling/in; chmod 600 moved/b; echo more >> moved/e/bin; rm -r 'with space'; "
    "echo file > 'with space'; mkfifo pipe"
)


def test_a_run_that_deletes_renames_and_creates_is_undone_and_redone_byte_for_byte(
    ground: Ground,
) -> None:
    populate(ground.root)
    before = tree_of(ground.root)
    run = ground.run(sh(EVERYTHING.replace("; mkfifo pipe", "")))
    after = tree_of(ground.root)
    assert not ground.move(run).lost
    assert tree_of(ground.root) == before
    assert not ground.move(run, redo=True).lost
    assert tree_of(ground.root) == after


def test_a_stopped_run_is_rolled_back_with_modes_links_and_times_of_folders(ground: Ground) -> None:
    populate(ground.root)
    before = tree_of(ground.root)
    times = {path: path.lstat().st_mtime_ns for path in ground.root.rglob("*")}
    begun = ground.begin()
    sh(EVERYTHING)(ground.root)
    assert begun.roll_back()[1] == []
    assert tree_of(ground.root) == before
    assert {path: path.lstat().st_mtime_ns for path in ground.root.rglob("*")} == times


NAMES = st.sampled_from(["a", "b", "d/a", "d/b", "d/e/a", "f", "g/a"])
ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["write", "remove", "mode", "link", "folder", "rename"]), NAMES, NAMES
    ),
    max_size=8,
)


def act(root: Path, action: str, one: str, other: str) -> None:
    path, second = root / one, root / other
    try:
        if action == "write":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{one} {other}")
        elif action == "remove":
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        elif action == "mode":
            path.chmod(0o700 if path.is_dir() else 0o640)
        elif action == "link":
            path.symlink_to(other)
        elif action == "folder":
            path.mkdir(parents=True)
        else:
            path.rename(second)
    except OSError:
        return  # what cannot be done in this tree is not done


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(limits=st.sampled_from([*WATCHED.values()]), made=ACTIONS, done=ACTIONS)
def test_whatever_a_run_does_undo_gives_the_old_tree_and_redo_the_new_one(
    tmp_path_factory: pytest.TempPathFactory,
    limits: TreeLimits,
    made: list[tuple[str, str, str]],
    done: list[tuple[str, str, str]],
) -> None:
    ground = Ground(tmp_path_factory.mktemp("ground"), limits)
    for action in made:
        act(ground.root, *action)
    before = tree_of(ground.root)
    run = ground.run(lambda root: [act(root, *action) for action in done])
    after = tree_of(ground.root)
    ground.move(run)
    assert tree_of(ground.root) == before
    ground.move(run, redo=True)
    assert tree_of(ground.root) == after
    begun = ground.begin()
    for action in made:
        act(ground.root, *action)
    begun.roll_back()
    assert tree_of(ground.root) == after
    ground.journal.close()


def test_a_file_changed_since_is_a_conflict_and_comes_back_by_redo_when_replaced(
    ground: Ground,
) -> None:
    (ground.root / "a").write_text("old")
    run = ground.run(sh("echo new > a; echo b > b"))
    (ground.root / "a").write_text("mine")
    plan = ground.past.plan(run, redo=False)
    assert plan.conflicts == ("a",)
    ground.past.carry_out(plan)
    assert (ground.root / "a").read_text() == "old"
    ground.move(run, redo=True)
    assert (ground.root / "a").read_text() == "mine"
    assert (ground.root / "b").read_text() == "b\n"


def test_a_folder_that_holds_the_users_files_is_not_removed_with_them(ground: Ground) -> None:
    run = ground.run(sh("mkdir d; echo a > d/a"))
    (ground.root / "d/mine").write_text("mine")
    assert ground.move(run).lost == ("d",) or (ground.root / "d/mine").exists()
    assert (ground.root / "d/mine").read_text() == "mine"
    assert not (ground.root / "d/a").exists()


def test_an_undo_never_writes_through_a_link_that_was_put_in_place_of_a_folder(
    ground: Ground, tmp_path: Path
) -> None:
    sh("mkdir d; echo old > d/a")(ground.root)
    run = ground.run(sh("echo new > d/a"))
    outside = tmp_path / "outside"
    outside.mkdir()
    shutil.rmtree(ground.root / "d")
    (ground.root / "d").symlink_to(outside)
    move = ground.move(run)
    assert move.conflicts == ("d/a",)
    assert move.lost == ("d/a",)
    assert list(outside.iterdir()) == []


def test_what_is_not_kept_is_named_and_never_a_silent_hole(tmp_path: Path) -> None:
    ground = Ground(tmp_path, SMALL)
    (ground.root / "large").write_bytes(b"x" * 2000)
    (ground.root / "node_modules").mkdir()
    for number in range(9):
        (ground.root / f"node_modules/{number}").write_text("x")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.fspath(ground.root / "socket"))
        run = ground.run(sh("echo y >> large; echo more > node_modules/1; echo s > small"))
    assert set(run.missed) == {"large", "node_modules", "socket"}
    assert "too large" in run.missed["large"]
    assert "more than 5 entries" in run.missed["node_modules"]
    plan = ground.past.plan(run, redo=False)
    assert plan.impossible == ("large",)
    assert [one.path for one in plan.changes] == ["small"]


def test_git_is_kept_whole_or_left_alone(tmp_path: Path) -> None:
    ground = Ground(tmp_path, SMALL)
    sh("mkdir -p .git; echo ref > .git/HEAD")(ground.root)
    before = tree_of(ground.root)
    run = ground.run(
        sh("echo other > .git/HEAD; for n in 1 2 3 4 5 6 7 8; do echo > .git/$n; done")
    )
    assert run.missed == {}
    ground.move(run)
    assert tree_of(ground.root) == before


def test_a_tree_beyond_the_limits_is_refused_before_anything_is_kept(tmp_path: Path) -> None:
    ground = Ground(tmp_path, SMALL)
    for number in range(61):
        (ground.root / str(number)).touch()
    with pytest.raises(TreeTooLarge, match="more than 60 files"):
        ground.begin()


def test_the_memory_of_another_llmos_is_left_alone(ground: Ground) -> None:
    sh("mkdir -p other/memory/traces; echo 1 > other/memory/ledger.sqlite")(ground.root)
    begun = ground.begin()
    sh("echo 2 > other/memory/ledger.sqlite; echo x > x")(ground.root)
    assert begun.roll_back()[0] == ["x"]
    assert (ground.root / "other/memory/ledger.sqlite").read_text() == "2\n"


def test_pre_images_are_private_and_on_the_disk_before_the_run_begins(ground: Ground) -> None:
    (ground.root / "big").write_bytes(os.urandom(2**21))
    ground.begin()
    for path in [ground.journal.folder, *ground.journal.folder.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path


def test_a_file_that_changes_without_its_times_showing_it_is_seen(ground: Ground) -> None:
    path = ground.root / "a"
    path.write_text("1")
    begun = ground.begin()
    path.write_text("2")
    changes = begun.changes()
    assert [one.path for one in changes] == ["a"]


def test_a_replay_whose_process_has_gone_is_rolled_back_and_what_was_there_is_kept(
    ground: Ground,
) -> None:
    populate(ground.root)
    before = tree_of(ground.root)
    ground.begin()
    sh(EVERYTHING.replace("; mkfifo pipe", ""))(ground.root)
    found = tree_of(ground.root)
    said = ground.recover()
    assert tree_of(ground.root) == before
    assert "was cut off; put back" in said[0]
    assert ground.recover() == []
    ground.move(ground.past.list()[0], redo=True)
    assert tree_of(ground.root) == found


def test_what_the_user_changed_long_after_the_crash_is_left_alone(ground: Ground) -> None:
    begun = ground.begin()
    sh("echo made > made; echo mine > mine")(ground.root)
    with ground.journal.using() as connection:
        # The last sign of life was two minutes ago.
        connection.execute("UPDATE runs SET began = began - 120 WHERE number = ?", (begun.number,))
    said = ground.recover()
    assert "changed later, so left as they are: made, mine" in said[0]
    assert (ground.root / "mine").exists()


def test_a_model_run_that_was_cut_off_stays_and_is_undone_only_on_demand(ground: Ground) -> None:
    ground.begin("LEARNER")
    (ground.root / "made").write_text("made")
    assert "the model run" in ground.recover()[0]
    run = ground.past.list()[0]
    assert (run.state, run.paths) == (CUT_OFF, 1)
    assert (ground.root / "made").exists()
    plan = ground.past.plan(run, redo=False)
    assert plan.conflicts == ("made",)
    ground.past.carry_out(plan)
    assert not (ground.root / "made").exists()


def test_what_a_run_that_was_cut_off_had_started_is_ended_by_its_own_mark(ground: Ground) -> None:
    header = RunHeader("r-cut-off", "goal", "LEARNER", mark=f"spare-{os.getpid()}")
    ground.journal.begin(header, ground.root)
    process = subprocess.Popen(["sleep", "600"], env={**os.environ, MARK: header.mark})
    ground.recover()
    assert not psutil.pid_exists(process.pid)
    process.wait()
    with ground.journal.using() as connection:
        assert connection.execute("SELECT * FROM marks").fetchall() == []


def test_a_run_whose_directory_is_locked_is_alive_and_left_alone(ground: Ground) -> None:
    from llmos.kernel.locks import file_lock, lock_of

    ground.begin()
    (ground.root / "made").write_text("made")
    ground.locks.mkdir()
    with file_lock(lock_of(ground.locks, ground.root)):
        assert ground.recover() == []
        assert (ground.root / "made").exists()
    assert len(ground.recover()) == 1
    assert not (ground.root / "made").exists()


def test_a_run_is_found_by_the_beginning_of_its_id_and_the_last_one_without(ground: Ground) -> None:
    first = ground.run(sh("echo 1 > a"))
    last = ground.run(sh("echo 2 > a"))
    find = ground.past.find
    assert find("", ground.root, states=MAY_UNDO, what="undo") == last
    assert find(first.id[:12], ground.root, states=MAY_UNDO, what="undo") == first


def test_a_file_written_under_its_other_name_is_seen_under_both(ground: Ground) -> None:
    sh("mkdir d; echo old > a; ln a d/b")(ground.root)
    run = ground.run(sh("echo new > a"))
    assert [one.path for one in ground.past.changes(run)] == ["a", "d/b"]


def test_a_folder_that_is_made_moved_or_removed_in_a_run_is_seen(ground: Ground) -> None:
    sh("mkdir -p d/e f; echo 1 > d/e/a; echo 2 > f/b")(ground.root)
    run = ground.run(sh("mv d g; rm -r f; mkdir -p h/i; echo 3 > h/i/c; chmod 700 g"))
    paths = ["d", "d/e", "d/e/a", "f", "f/b", "g", "g/e", "g/e/a", "h", "h/i", "h/i/c"]
    assert [one.path for one in ground.past.changes(run)] == paths


def test_old_runs_are_forgotten_with_what_only_they_needed(ground: Ground) -> None:
    old = ground.run(sh("echo only in the old run > a"))
    kept = ground.run(sh("echo kept > a; echo b > b"))
    with ground.journal.using() as connection:
        aged = "UPDATE runs SET began = began - ? WHERE number = ?"
        connection.execute(aged, (KEPT_S + 1, old.number))
    ground.move(kept)
    ground.move(kept, redo=True)
    before = ground.journal.contents.size_of_all()
    assert prune(ground.journal) == 1
    assert ground.past.list() == [kept]
    assert ground.journal.contents.size_of_all() == before  # `kept` still needs it as its before
    ground.move(kept)
    assert (ground.root / "a").read_text() == "only in the old run\n"


def test_nothing_is_swept_away_while_a_run_goes_on(ground: Ground) -> None:
    for number in range(KEPT_RUNS + 2):
        header = RunHeader(f"r-{number}", "goal", "FOLLOWER")
        ground.journal.note_not_kept(header, ground.root, "a test")
    begun = ground.begin()
    assert prune(ground.journal) == 0
    begun.close(begun.changes())
    assert prune(ground.journal) == 3
