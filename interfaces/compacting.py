"""Tries a compacted trace in a scratch copy; only what gives the same takes the full one's place.

The scratch copy is the working directory as it was before the run, from the journal. There the
compacted trace is replayed by the very Follower that will replay it later. It must go through, give
the same answer, and change the same entries into the same as the learned run did.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from anyio.from_thread import check_cancelled
from anyio.to_thread import run_sync as in_thread

from ..kernel.drivers import standard_drivers
from ..kernel.errors import LlmosError
from ..kernel.events import Notice
from ..kernel.tools import ToolRegistry
from ..memory.compaction import Compaction, LeftOut, compacted
from ..memory.evidence import Evidence
from ..memory.journal import Journal
from ..memory.past_runs import PastRuns
from ..memory.placement import lower_cwd, safe_in_shell
from ..memory.trace_store import TraceStore
from ..memory.traces import Trace
from ..memory.tree import Change, Tree
from .follower import Follower

if TYPE_CHECKING:
    from ..kernel.bus import EventBus
    from ..memory.open_run import OpenRun

MOST_ENTRIES, MOST_BYTES = 2_000, 32 * 2**20
"""Largest directory of which a scratch copy is made."""
_TIMEOUT_S = 20.0
"""Seconds after which it is not tried any longer: the user waits for it."""

_WHY = {
    "repeated": "shows what step {by} showed",
    "absent": "found no file, and step {by} makes it only where there is none",
    "own": "reads what step {by} wrote",
    "mistake": "changed nothing, and why is told by step {by}",
}


class Compactor:
    """Makes traces shorter right after they were learned.

    Args:
        bus: Told what was left out, or why nothing could be.
        store: Where traces are kept.
        evidence: Their record.
        journal: What holds the contents of the working directory before the run.
        env: Environment of child processes, complete.
        clock: Gives UTC epoch seconds.
    """

    def __init__(
        self,
        bus: EventBus,
        store: TraceStore,
        evidence: Evidence,
        journal: Journal,
        *,
        env: Mapping[str, str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._bus = bus
        self._store = store
        self._evidence = evidence
        self._journal = journal
        self._env = dict(env)
        self._clock = clock

    async def compact(
        self, trace_id: str, trace: Trace, run: OpenRun | None, changes: Sequence[Change]
    ) -> str:
        """Put a shorter trace in the place of one that was just learned, if there is one.

        Args:
            trace_id: Id of the full trace.
            trace: The full trace, as it was learned.
            run: The finished run in the journal; None if none was begun, and then it is not known
                what the directory was before.
            changes: What the run changed.

        Returns:
            The id of what is kept: the shorter trace, or the full one.
        """
        try:
            plan = await in_thread(compacted, trace)
            if (
                plan is None
                or run is None
                or not await self._holds(plan.trace, run.before, changes)
            ):
                return trace_id
            new_id = await in_thread(self._replace, trace_id, plan)
        except (LlmosError, OSError) as error:
            self._bus.publish_nowait(Notice(f"the trace was not made shorter: {error}"))
            return trace_id
        left_out = "; ".join(map(_said, plan.left_out))
        of = f"{len(plan.left_out)} of {len(trace.steps)} steps"
        self._bus.publish_nowait(Notice(f"{of} need not be replayed: {left_out}"))
        return new_id

    async def _holds(self, trace: Trace, before: Tree, changes: Sequence[Change]) -> bool:
        """Whether a trace gives the same in a scratch copy."""
        entries, size = before.size()
        if entries > MOST_ENTRIES or size > MOST_BYTES or before.missed():
            return False
        with tempfile.TemporaryDirectory(prefix="llmos-scratch-") as name:
            root = await in_thread(self._laid_out, Path(name), before)
            return root is not None and await self._same(trace, root, changes)

    def _laid_out(self, folder: Path, before: Tree) -> Path | None:
        """Make the scratch copy; return it, or None if it is not all that there was."""
        root = folder.resolve() / "place"
        root.mkdir()
        lost = self._journal.writer(root).lay_out(before)
        return None if lost or not safe_in_shell(str(root)) else root

    async def _same(self, trace: Trace, root: Path, changes: Sequence[Change]) -> bool:
        journal = Journal(root.parent / "undo")
        registry = ToolRegistry(standard_drivers())
        try:
            with anyio.move_on_after(_TIMEOUT_S):
                follower = Follower(registry, journal, lambda _event: None, root, env=self._env)
                follow = partial(
                    follower.follow,
                    trace.trace_id,
                    trace,
                    run_id=trace.provenance.run_id,
                    left={},
                    check_cancelled=check_cancelled,
                )
                replay = await in_thread(follow)
                if replay.drift is not None or replay.answer != lower_cwd(trace.answer, str(root)):
                    return False
                made = await in_thread(partial(_changes_of, journal, root))
                return _ends(made) == _ends(changes)
            return False
        finally:
            journal.close()

    def _replace(self, trace_id: str, plan: Compaction) -> str:
        new_id = self._store.put(plan.trace)
        self._evidence.note_left(new_id, self._evidence.left(trace_id))
        self._evidence.record(new_id, "learned", self._clock(), "")
        # Last: until then both answer the goal, and do the same.
        self._store.delete(trace_id)
        return new_id


def _changes_of(journal: Journal, root: Path) -> list[Change]:
    past = PastRuns(journal)
    return [change for run in past.list(root, limit=1) for change in past.changes(run)]


def _ends(changes: Sequence[Change]) -> dict[str, tuple[str, int, str] | None]:
    return {one.path: None if one.after is None else one.after.content for one in changes}


def _said(left_out: LeftOut) -> str:
    why = _WHY[left_out.why].format(by=left_out.by + 1)
    return f"step {left_out.index + 1} {why}"
