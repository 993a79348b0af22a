"""A trace file that llmos did not write here, byte for byte, never runs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from adversarial.traces import EDITED, RAW, Bytes, Edit
from factory import make_trace
from llmos.kernel.errors import TraceError, TraceSchemaError, UntrustedTraceError
from llmos.kernel.redaction import Redactor
from llmos.memory.codec import decode
from llmos.memory.goals import normal_form
from llmos.memory.trace_store import TraceStore
from llmos.memory.traces import id_of
from llmos.memory.trust import Trust


@pytest.fixture
def store(tmp_path: Path) -> TraceStore:
    return store_in(tmp_path, tmp_path / "state")


def store_in(folder: Path, state: Path) -> TraceStore:
    return TraceStore(
        folder / "traces",
        Trust(state, folder / "traces"),
        index_path=folder / "index.sqlite",
        key=normal_form,
        redactor=Redactor({}),
    )


def outcome(store: TraceStore, trace_id: str) -> str:
    try:
        store.get(trace_id)
    except UntrustedTraceError:
        return "untrusted"
    except TraceSchemaError:
        return "schema"
    except TraceError:
        return "corrupt"
    return "runs"


def renamed(store: TraceStore, data: bytes) -> str:
    """Write a file under the name that its content asks for, as whoever forged it would."""
    try:
        trace_id = decode(data).trace_id
    except TraceError:
        trace_id = id_of(data)
    store.path_of(trace_id).write_bytes(data)
    return trace_id


@pytest.mark.parametrize("case", EDITED)
def test_an_edited_trace_never_runs(store: TraceStore, case: str) -> None:
    change, promised = EDITED[case]
    path = store.path_of(store.put(make_trace("say hello")))
    data = json.loads(path.read_bytes())
    _edit(change, data)
    path.unlink()
    forged = json.dumps(data, ensure_ascii=False, indent=1).replace("Infinity", "1e400") + "\n"
    assert outcome(store, renamed(store, forged.encode())) == promised.replace("same", "runs")


@pytest.mark.parametrize("case", EDITED)
def test_an_edited_trace_under_its_old_name_never_runs(store: TraceStore, case: str) -> None:
    change, promised = EDITED[case]
    path = store.path_of(store.put(make_trace("say hello")))
    data = json.loads(path.read_bytes())
    _edit(change, data)
    path.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n")
    assert (outcome(store, path.stem) == "runs") is (promised == "same")


@pytest.mark.parametrize("case", RAW)
def test_a_damaged_file_never_runs_and_harms_no_other(store: TraceStore, case: str) -> None:
    change, promised = RAW[case]
    good = store.put(make_trace("another"))
    path = store.path_of(store.put(make_trace("say hello")))
    assert outcome(store, _damaged(store, path, change)) == promised
    assert store.get(good) == make_trace("another")


def test_a_copied_trace_does_not_run_elsewhere(store: TraceStore, tmp_path: Path) -> None:
    trace_id = store.put(make_trace("say hello"))
    other = store_in(tmp_path / "other", tmp_path / "state")
    other.path_of(trace_id).parent.mkdir(parents=True)
    other.path_of(trace_id).write_bytes(store.path_of(trace_id).read_bytes())
    assert outcome(other, trace_id) == "untrusted"


def test_a_moved_workspace_does_not_run(store: TraceStore, tmp_path: Path) -> None:
    trace_id = store.put(make_trace("say hello"))
    store.close()
    (tmp_path / "traces").rename(tmp_path / "moved")
    (tmp_path / "traces").symlink_to("moved")
    assert outcome(store, trace_id) == "runs"  # it is where it was
    moved = TraceStore(
        tmp_path / "moved",
        Trust(tmp_path / "state", tmp_path / "moved"),
        index_path=tmp_path / "index2.sqlite",
        key=normal_form,
        redactor=Redactor({}),
    )
    assert outcome(moved, trace_id) == "untrusted"


def test_a_trace_of_another_user_does_not_run(store: TraceStore, tmp_path: Path) -> None:
    trace_id = store.put(make_trace("say hello"))
    assert outcome(store_in(tmp_path, tmp_path / "their state"), trace_id) == "untrusted"


@pytest.mark.parametrize("kind", ["a folder", "a pipe", "a link to nothing", "a link to a device"])
def test_what_is_no_file_is_told_and_never_waited_for(store: TraceStore, kind: str) -> None:
    path = store.path_of(store.put(make_trace("say hello")))
    path.unlink()
    match kind:
        case "a folder":
            path.mkdir()
        case "a pipe":
            os.mkfifo(path)
        case "a link to nothing":
            path.symlink_to("nowhere")
        case _:
            path.symlink_to("/dev/zero")
    assert outcome(store, path.stem) == "corrupt"


@pytest.mark.parametrize("name", ["../../x", "t-../x", "t-" + "0" * 19 + "/", "x", "", "t-\0"])
def test_no_id_leads_out_of_the_folder(store: TraceStore, name: str) -> None:
    with pytest.raises(Exception, match="not the id of a trace"):
        store.path_of(name)


def _edit(change: Edit, data: dict[str, object]) -> None:
    change(data)


def _damaged(store: TraceStore, path: Path, change: Bytes) -> str:
    data = change(path.read_bytes())
    path.write_bytes(data)
    return path.stem
