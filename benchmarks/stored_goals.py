"""Fills the folder of a trace store with as many signed traces as are wanted, quickly.

Some thousand goals are learned as the Learner does it. The others are those with another word in
the place of one: in the bytes that a signature is taken over, in those of the file, and in the row
of the index, so that each is what the store would have written for that goal.
"""

from __future__ import annotations

import itertools
import re
import string
from collections.abc import Iterator
from pathlib import Path

from scale_goals import NOUNS, TOOLS, Known, synthetic

from llmos.kernel.database import open_database, transaction
from llmos.kernel.tools import ToolCall, ToolRegistry, ToolResult
from llmos.memory.codec import decode, encode
from llmos.memory.goals import normal_form
from llmos.memory.index_rows import row_of
from llmos.memory.index_tables import TraceRow, insert
from llmos.memory.learning import LearnedCall, NotKept, build_trace
from llmos.memory.traces import Trace, canonical, id_of
from llmos.memory.trust import Trust
from workbench import CWD, LEARNED_AT, MODE, StubDriver, Workbench, provenance, scratch

LEARNED = 1000
"""Goals that are learned; each gives as many traces as are needed."""
_LETTERS = "bcdfghjklmnpqrtvxz"
"""Without those that mean something as such: to sed, or as the ending of a plural."""
_SIGNATURE = b"place1:signature-goes-here"
_BATCH = 10_000
_FOLDER_MODE = 0o700
_FILE_MODE = 0o600


def fill(folder: Path, state: Path, count: int, *, seed: int = 1) -> list[str]:
    """Write so many traces into a folder that is not there yet, without waiting for the disk.

    Args:
        folder: The folder of the traces.
        state: The folder of the key that signs them.
        count: How many.
        seed: Of the goals.

    Returns:
        Some of the goals that can be asked now.
    """
    folder.mkdir(parents=True, mode=_FOLDER_MODE)
    trust = Trust(state, folder)
    known: list[str] = []
    step = max(1, count // LEARNED)
    for number, (content, file, row) in enumerate(itertools.islice(traces(count, seed), count)):
        path = folder / f"{row.id}.json"
        path.touch(mode=_FILE_MODE)
        path.write_bytes(file.replace(_SIGNATURE, trust.sign(content).encode()))
        if number % step == 0:
            known.append(row.goal)
    return known


def index(path: Path, count: int, *, seed: int = 1) -> None:
    """Take the traces that `fill` writes into an index that is there and empty.

    Reading a million files takes most of an hour; the index says the same of them afterwards.

    Args:
        path: The index's database.
        count: How many traces.
        seed: Of the goals.
    """
    rows = itertools.islice((row for *_, row in traces(count, seed)), count)
    connection = open_database(path, "")
    connection.execute("PRAGMA synchronous=NORMAL")
    try:
        while batch := list(itertools.islice(rows, _BATCH)):
            with transaction(connection):
                insert(connection, batch)
    finally:
        connection.close()


def learned_here(folder: Path, state: Path, goal: str, command: str) -> None:
    """Write the trace of a command that prints the last word of its goal, and can be replayed."""
    call = ToolCall("Bash", {"command": command})
    seen = ToolResult(goal.split()[-1], ok=True, exit_code=0)
    registry = ToolRegistry([StubDriver("Bash")])
    trace = build_trace(
        goal,
        [LearnedCall(call, seen, LEARNED_AT)],
        f"{seen.output} was said",
        (),
        provenance(LEARNED_AT),
        cwd=CWD,
        permission_mode=MODE,
        registry=registry,
    )
    if isinstance(trace, NotKept):
        raise SystemExit(f"nothing is learned from {goal}: {trace.reason}")
    path = folder / f"{trace.trace_id}.json"
    path.touch(mode=_FILE_MODE)
    path.write_bytes(encode(trace, Trust(state, folder).sign(trace.content)))


def traces(count: int, seed: int) -> Iterator[tuple[bytes, bytes, TraceRow]]:
    """Yield signed bytes, file and row of as many traces as are wanted, or a few more.

    Where the signature belongs the file holds a mark.
    """
    wanted = min(count, LEARNED)
    learned = list(itertools.islice(_learn(wanted, seed), wanted))
    for turn in itertools.count():
        for number, one in enumerate(learned):
            yield one.with_word(turn, LEARNED_AT + (turn * len(learned) + number) / 1000)
        if (turn + 1) * len(learned) >= count:
            return


class _Learned:
    """A trace in which a word of its goal and the time can be exchanged.

    Attributes:
        row_is_read: Whether its row must be made from its file: the word stands in a hash.
    """

    def __init__(self, trace: Trace) -> None:
        self._goal = trace.goal
        self._at = trace.provenance.learned_at
        self._word = _noun_of(trace)
        self._whole = re.compile(rf"(?<![a-z]){self._word}(?=\d)")
        self._content = trace.content.decode()
        self._file = encode(trace, _SIGNATURE.decode()).decode()
        self._row = row_of(trace.trace_id, trace, normal_form)
        self.row_is_read = False

    def with_word(self, turn: int, at: float) -> tuple[bytes, bytes, TraceRow]:
        """Return content, file and row with the word of a turn; at turn 0 with its own."""
        new = _word(turn, self._word) if turn else self._word
        time = _number(self._at), _number(at)
        content = self._whole.sub(new, self._content).replace(*time).encode()
        file = self._whole.sub(new, self._file).replace(*time).encode()
        if self.row_is_read:
            trace = decode(file).trace
            return content, file, row_of(trace.trace_id, trace, normal_form)
        goal = self._whole.sub(new, self._goal)
        row = self._row._replace(
            id=id_of(content),
            key=normal_form(goal),
            goal=goal,
            learned_at=at,
            member=self._whole.sub(new, self._row.member).replace(*time),
            fixed=self._whole.sub(new, self._row.fixed),
        )
        return content, file, row


def _learn(count: int, seed: int) -> Iterator[_Learned]:
    with scratch() as folder, Workbench(folder / "one", folder / "state", TOOLS) as bench:
        # Of a few more goals than wanted: in some, what varies depends on the very words.
        for one in synthetic(count + count // 2 + 2, seed=seed):
            learned = _Learned(_trace_of(bench, one))
            _, file, row = learned.with_word(1, LEARNED_AT)
            other = decode(file).trace
            command = other.steps[0].input
            again = Known(row.goal, {"tool": "Bash", "input": command})
            if _trace_of(bench, again).parameters == other.parameters:
                learned.row_is_read = row != row_of(row.id, other, normal_form)
                yield learned


def _trace_of(bench: Workbench, one: Known) -> Trace:
    trace_id = bench.learn(one.goal, [one.call])
    if trace_id is None:
        raise SystemExit(f"nothing is learned from {one.goal}")
    try:
        return bench.store.read(trace_id)
    finally:
        bench.store.delete(trace_id)


def _noun_of(trace: Trace) -> str:
    """Return a word of a goal that can be exchanged: with the number after it, it is a value."""
    return next(noun for noun in NOUNS if re.search(rf"\b{noun}\d", trace.goal))


def _word(turn: int, instead: str) -> str:
    """Return a word of the same length that no other turn and no other word gives."""
    # Two goals that differ in this word alone must differ after it is exchanged as well.
    number = turn * 26 + string.ascii_lowercase.index(instead[0])
    letters: list[str] = []
    for _ in instead:
        number, digit = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[digit])
    return "".join(letters)


def _number(value: float) -> str:
    return canonical(value).decode()
