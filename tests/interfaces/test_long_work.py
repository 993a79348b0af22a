"""Long work tells how far it is, on a terminal, and ends when nobody waits for it any more."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

import stored_goals
from llmos.interfaces.long_work import LongWork
from llmos.kernel.errors import InterruptedRunError
from llmos.memory.trust import Trust
from workbench import open_store


def told(stream: io.StringIO) -> list[str]:
    return [one for one in stream.getvalue().split("\r") if one.strip()]


def test_what_takes_less_than_a_second_says_nothing() -> None:
    stream, seconds = io.StringIO(), iter([0.0, 0.5, 0.99])
    watch = LongWork(stream, lambda: next(seconds))
    for done in (1, 2, 3):
        watch("counting sheep", done, 3)
    assert stream.getvalue() == ""


def test_what_takes_longer_says_how_far_it_is_and_leaves_a_clean_line() -> None:
    stream, seconds = io.StringIO(), iter([0.0, 1.0, 1.1, 3.0, 4.0])
    watch = LongWork(stream, lambda: next(seconds))
    for done in (1, 1000, 1100, 3000, 4000):
        watch("counting sheep", done, 4000)
    assert told(stream) == [
        "llmos: counting sheep: 1,000 of 4,000, 3 s left",
        "llmos: counting sheep: 3,000 of 4,000, 1 s left",
    ]
    assert stream.getvalue().endswith(" \r")


def test_work_for_which_nobody_waits_any_more_ends() -> None:
    watch = LongWork(None)
    watch("counting sheep", 1, 2)
    watch.close()
    with pytest.raises(InterruptedRunError):
        watch("counting sheep", 2, 2)


@pytest.mark.anyio
async def test_what_is_interrupted_leaves_a_clean_line() -> None:
    stream, seconds = io.StringIO(), iter([0.0, 2.0])
    watch = LongWork(stream, lambda: next(seconds))
    watch("counting sheep", 1, 4000)
    watch("counting sheep", 2, 4000)
    watch.close()
    assert told(stream) == ["llmos: counting sheep: 2 of 4,000, 3,998 s left"]
    assert stream.getvalue().endswith(" \r")


@pytest.mark.anyio
async def test_work_of_a_cancelled_task_ends_in_its_thread() -> None:
    began, ended = threading.Event(), threading.Event()
    watch = LongWork(None)

    def count() -> None:
        try:
            while True:
                watch("counting sheep", 1, 2)
                began.set()
        finally:
            ended.set()

    with anyio.fail_after(30):
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.to_thread.run_sync, count)
            await anyio.to_thread.run_sync(began.wait)
            group.cancel_scope.cancel()
    assert ended.is_set()


def test_an_index_that_was_interrupted_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state"
    monkeypatch.setattr(stored_goals, "LEARNED", 20)
    stored_goals.fill(tmp_path / "traces", state, 1200)
    store = open_store(tmp_path, Trust(state, tmp_path / "traces"))
    seen: list[tuple[int, int]] = []

    def stop_at_700(_what: str, done: int, _total: int) -> None:
        if done == 700:
            raise InterruptedRunError("stopped")

    store.watch = stop_at_700
    with pytest.raises(InterruptedRunError):
        store.count()
    seen.clear()
    store.watch = lambda _what, done, total: seen.append((done, total))
    assert store.count() == 1200
    assert seen[0] == (1, 700)
    store.close()
