"""The real store and the real matcher on a temporary folder, taught and asked without a model.

Goals are learned as the Learner keeps them (`build_trace`, then `TraceStore.put`, then a record in
`Evidence`). No step is ever carried out: what is measured is which calls would run.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from exact_only import ExactMatcher, MatcherLike

from llmos.kernel.errors import LlmosError
from llmos.kernel.redaction import Redactor
from llmos.kernel.tools import Effect, JsonObject, ToolCall, ToolRegistry, ToolResult, ToolSession
from llmos.memory import matching
from llmos.memory.evidence import Evidence
from llmos.memory.found import Place, Refusal
from llmos.memory.goals import normal_form
from llmos.memory.learning import LearnedCall, NotKept, build_trace
from llmos.memory.placement import lower_json
from llmos.memory.trace_store import TraceStore
from llmos.memory.traces import Provenance
from llmos.memory.trust import Trust

Call = dict[str, Any]
"""A tool call as the data spells it: ``{"tool": name, "input": {...}}``."""

CWD = "/llmos-bench/place"
"""A working directory that no data can name, so that no text is taken for it."""
LEARNED_AT = 1_789_992_000.0
"""When the first goal is learned: at noon UTC, so that no time zone comes near midnight."""
TODAY = datetime.fromtimestamp(LEARNED_AT, UTC).astimezone().date()
"""That day, whatever day it is."""
MODE = "acceptEdits"
_SETTLED_S = 0.06
_SHARD = 250

MakeMatcher = Callable[[TraceStore, Evidence], MatcherLike]
MATCHERS: dict[str, MakeMatcher] = {"exact": ExactMatcher}
if hasattr(matching, "Matcher"):
    MATCHERS["llmos"] = vars(matching)["Matcher"]
DEFAULT_MATCHER = "llmos" if "llmos" in MATCHERS else "exact"


@dataclass(frozen=True, slots=True)
class StubDriver:
    """Stands for the driver of a tool of the data; it is registered and never run."""

    name: str
    effect: Effect = Effect.RUN
    fingerprint: str = ""

    def run(self, input: JsonObject, session: ToolSession) -> ToolResult:
        """Refuse."""
        raise NotImplementedError("a benchmark of matching carries nothing out")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the matcher said to one goal.

    Attributes:
        produced: The calls that would run, or None if it declined.
        trace_id: The trace that would be replayed, or None.
        learned: Its goal, or None.
        confidence: Its confidence, or None.
        refusals: Why other traces would not.
        nanoseconds: How long deciding took.
        cpu_nanoseconds: How much of that this thread really ran; on a busy machine the better one.
    """

    produced: list[Call] | None
    trace_id: str | None
    learned: str | None
    confidence: float | None
    refusals: Sequence[Refusal]
    nanoseconds: int
    cpu_nanoseconds: int


class Workbench:
    """One store with its matcher.

    Args:
        folder: A folder for it alone; made if it is not there.
        state: The folder of the signing key; may be shared.
        tools: Names of the tools that goals may use.
        matcher: One of `MATCHERS`.
        signed_for: The folder for whose store traces are signed, if they are to be moved there.
    """

    def __init__(
        self,
        folder: Path,
        state: Path,
        tools: Iterable[str],
        matcher: str = DEFAULT_MATCHER,
        *,
        signed_for: Path | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.store = open_store(folder, Trust(state, (signed_for or folder) / "traces"))
        self.evidence = Evidence(None)
        self._registry = ToolRegistry(map(StubDriver, tools))
        self._matcher = MATCHERS[matcher](self.store, self.evidence)
        self._place = Place(CWD, TODAY, MODE, self._registry)
        self._clock = 0
        self._changed = time.monotonic()

    def learn(self, goal: str, calls: Sequence[Call]) -> str | None:
        """Keep a goal with its calls, as the Learner does after a run in which all succeeded.

        Returns:
            The trace's id, or None if the run would leave no trace.
        """
        at = self._tick()
        run = [LearnedCall(ToolCall(c["tool"], c["input"]), _result(c["tool"]), at) for c in calls]
        kept = build_trace(
            goal,
            run,
            "",
            (),
            provenance(at),
            cwd=CWD,
            permission_mode=MODE,
            registry=self._registry,
        )
        if isinstance(kept, NotKept):
            return None
        try:
            trace_id = self.store.put(kept)
        except LlmosError:
            return None
        self.evidence.record(trace_id, "learned", at, "")
        self._changed = time.monotonic()
        return trace_id

    def ask(self, goal: str, *, days_later: int = 0) -> Answer:
        """Match a goal; only the first match would be replayed.

        Args:
            goal: The goal.
            days_later: Days after those on which goals are learned.
        """
        place = replace(self._place, today=TODAY + timedelta(days_later))
        began, cpu_began = time.perf_counter_ns(), time.thread_time_ns()
        found = self._matcher.match(goal, place)
        cpu, took = time.thread_time_ns() - cpu_began, time.perf_counter_ns() - began
        if not found.matches:
            return Answer(None, None, None, None, found.refusals, took, cpu)
        best = found.matches[0]
        return Answer(
            [{"tool": step.tool, "input": lower_json(step.input, CWD)} for step in best.steps],
            best.trace_id,
            best.trace.goal,
            best.confidence,
            found.refusals,
            took,
            cpu,
        )

    def rest(self) -> None:
        """Wait until the index believes that the folder is at rest.

        A folder that changed a moment ago is listed again by each decision, which people, who ask
        later than that, never see.
        """
        time.sleep(max(0.0, self._changed + _SETTLED_S - time.monotonic()))
        self.store.count()

    def note(self, answer: Answer, *, refused: bool) -> None:
        """Record how a replay ended, as the Dispatcher does; nothing if there was none."""
        if answer.trace_id is not None:
            outcome = "refused" if refused else "replayed"
            self.evidence.record(answer.trace_id, outcome, self._tick(), "")

    def close(self) -> None:
        """Close store and evidence; the folder stays."""
        self.store.close()
        self.evidence.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _tick(self) -> float:
        # A millisecond a goal: all on one day, and in an order that the index can tell.
        self._clock += 1
        return LEARNED_AT + self._clock / 1000


def open_store(folder: Path, trust: Trust) -> TraceStore:
    """Open the store of a folder as `boot` opens that of a workspace."""
    return TraceStore(
        folder / "traces",
        trust,
        index_path=folder / "index.sqlite",
        key=normal_form,
        redactor=Redactor({}),
    )


def learn_all(
    folder: Path,
    state: Path,
    tools: Sequence[str],
    lessons: Sequence[tuple[str, Sequence[Call]]],
    matcher: str = DEFAULT_MATCHER,
) -> None:
    """Learn many goals with their calls into a folder that is not there yet.

    Each `put` looks through its folder; in one folder that would be quadratic. So they are learned
    in small folders, and the files put together: what is in them is the same.
    """
    (folder / "traces").mkdir(parents=True, mode=0o700)
    for start in range(0, len(lessons), _SHARD):
        with scratch() as shard:
            with Workbench(shard, state, tools, matcher, signed_for=folder) as bench:
                for goal, calls in lessons[start : start + _SHARD]:
                    bench.learn(goal, calls)
            for path in (shard / "traces").glob("t-*.json"):
                shutil.move(path, folder / "traces")


@contextmanager
def scratch() -> Generator[Path]:
    """Give a temporary folder, in memory where there is such a place: fsync costs nothing there."""
    memory = Path("/dev/shm")
    where = memory if os.access(memory, os.W_OK | os.X_OK) else None
    with tempfile.TemporaryDirectory(prefix="llmos-bench-", dir=where) as folder:
        yield Path(folder)


def _result(tool: str) -> ToolResult:
    return ToolResult("", ok=True, exit_code=0 if tool == "Bash" else None)


def provenance(at: float) -> Provenance:
    return Provenance(
        model="none",
        session_id="",
        run_id="",
        learned_at=at,
        cost_micros=0,
        duration_s=0.0,
        llmos_version="0",
        cli_version="0",
        platform="none",
    )
