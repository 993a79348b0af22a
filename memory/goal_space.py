"""Learned goals as vectors, and how near a new goal is to the goals of each program.

Vectors are kept as whole numbers of a length so small that all sums and products of them are exact:
what is found does not depend on the order in which goals were learned.

Source: Hoerl & Kennard, "Ridge Regression" (1970), here of the programs on the vectors.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .embedding import Embedding

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LENGTH = 4000
"""Of a vector: products of two stay below 2 ** 24, so that 32-bit floats hold them exactly."""
_AT_ONCE = 10_000
"""Goals that are embedded at once: their vectors take more room before they are packed."""
_RIDGE = 3.0
_DIGITS = 9
"""To which results are rounded that depend in their last digits on the order of sums."""


@dataclass(frozen=True, slots=True)
class Nearness:
    """How near a goal is to the goals of one program.

    Attributes:
        middle: Cosine to the mean of its goals.
        nearest: Cosine to the nearest of its goals.
        share: What a linear model of all goals gives to it: near 1 if it stands alone there.
    """

    middle: float
    nearest: float
    share: float


@dataclass(slots=True)
class _Program:
    """The vectors of one program's goals."""

    number: int
    goals: list[NDArray[np.int16]] = field(default_factory=list["NDArray[np.int16]"])
    stacked: NDArray[np.float32] | None = None


class GoalSpace:
    """The learned goals of one workspace as vectors; embedded when they are first needed.

    Args:
        embedding: Turns goals into vectors.
    """

    def __init__(self, embedding: Embedding) -> None:
        self._embedding = embedding
        self._waiting: list[tuple[str, str]] = []
        self._programs: dict[str, _Program] = {}
        self._names: list[str] = []
        # One row a program; and the products of all vectors with themselves.
        self._sums: NDArray[np.float64] | None = None
        self._lengths: NDArray[np.float64] | None = None
        self._products: NDArray[np.float64] | None = None
        self._inverse: NDArray[np.float64] | None = None

    def add(self, program: str, goal: str) -> None:
        """Take in a learned goal of a program."""
        self._waiting.append((program, goal))

    def near(self, goal: str, most: int, also: Iterable[str] = ()) -> dict[str, Nearness]:
        """Return the programs whose goals are nearest to a goal.

        Args:
            goal: The goal.
            most: How many programs to find.
            also: Programs that are to be among them.
        """
        import numpy as np

        self._catch_up()
        if self._sums is None or self._lengths is None or self._products is None:
            return {}
        asked = self._whole([goal])[0]
        length = float(np.linalg.norm(asked)) or 1.0
        count = len(self._names)
        middles = (self._sums[:count] @ asked) / (self._lengths[:count] * length)
        chosen = {self._programs[name].number for name in also if name in self._programs}
        if count > most:
            bar = np.partition(middles, -most)[-most]
            chosen.update(np.flatnonzero(middles >= bar).tolist())
        else:
            chosen.update(range(count))
        if self._inverse is None:
            ridge = _RIDGE * float(_LENGTH) ** 2 * np.eye(len(asked))
            self._inverse = _inverse(self._products + ridge)
        model = self._inverse @ asked
        return {
            self._names[number]: Nearness(
                round(float(middles[number]), _DIGITS),
                round(self._nearest(number, asked) / length, _DIGITS),
                round(float(self._sums[number] @ model), _DIGITS),
            )
            for number in sorted(chosen)
        }

    def _nearest(self, number: int, asked: NDArray[np.float64]) -> float:
        import numpy as np

        program = self._programs[self._names[number]]
        if program.stacked is None:
            program.stacked = np.stack(program.goals).astype(np.float32)
        return float((program.stacked @ asked.astype(np.float32)).max()) / _LENGTH

    def _catch_up(self) -> None:
        """Embed the goals that came in since the last time."""
        if not self._waiting:
            return
        import numpy as np

        self._inverse = None
        waiting, self._waiting = self._waiting, []
        for start in range(0, len(waiting), _AT_ONCE):
            self._take(waiting[start : start + _AT_ONCE])
        assert self._sums is not None
        lengths = np.linalg.norm(self._sums, axis=1)
        self._lengths = np.where(lengths == 0, 1.0, lengths)

    def _take(self, some: list[tuple[str, str]]) -> None:
        import numpy as np

        vectors = self._whole([goal for _, goal in some])
        programs = [program for program, _ in some]
        for name in programs:
            if name not in self._programs:
                self._programs[name] = _Program(len(self._names))
                self._names.append(name)
        numbers = np.array([self._programs[name].number for name in programs])
        np.add.at(self._room_for(len(self._names)), numbers, vectors)
        products = vectors.T @ vectors
        self._products = products if self._products is None else self._products + products
        for name, vector in zip(programs, vectors.astype(np.int16), strict=True):
            self._programs[name].goals.append(vector)
            self._programs[name].stacked = None

    def _room_for(self, programs: int) -> NDArray[np.float64]:
        import numpy as np

        have = self._sums
        if have is None or len(have) < programs:
            self._sums = np.zeros((max(32, 2 * programs), self._embedding.dimensions))
            if have is not None:
                self._sums[: len(have)] = have
            return self._sums
        return have

    def _whole(self, goals: list[str]) -> NDArray[np.float64]:
        """Return the vectors of goals, as whole numbers."""
        import numpy as np

        return np.rint(self._embedding.embed(goals).astype(np.float64) * _LENGTH)


def _inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    return np.linalg.inv(matrix)  # pyright: ignore
