"""The answer of a replay with other values: recomputed where that is clear, or refused.

An answer is the model's own text around what it saw. It may be given again if every part of it is
accounted for:

- It stands in the new goal or in an input of the bound steps, or it is a word that no observation
  that differs holds and that neither counts nor judges: text of the model's own.
- Every observation is the recorded one with the values replaced, and it is no number that nothing
  of this holds, which the model may have worked out from a value.
- It came from an observation that differs, and its place is clear: the whole observation, a whole
  line, or the n-th word of the m-th line, which stands nowhere else in any observation. Then what
  is at the same place now stands for it, if the lines are as many and the rest of the line is the
  same but for numbers.

Where one part is not accounted for, there is no answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .flow_text import Vocabulary, count, is_count, is_empty, is_number, leaves, names, words
from .plain_words import JUDGING_WORDS
from .substitution import Substitution, clear_in_answer
from .traces import Trace

_SHORT = 2
"""Characters of a value that stands in many words by chance."""
_AROUND = ".,:;()\"'`"


class Underivable(Exception):
    """The answer cannot be derived from what is observed now.

    Args:
        reason: Why, for people.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def derive_answer(learned: Trace, bound: Trace, swap: Substitution, seen: Mapping[int, str]) -> str:
    """Return the answer of a replay.

    Args:
        learned: The learned trace.
        bound: The trace that was replayed.
        swap: What changed from one to the other.
        seen: What each step showed now, with the working directory lifted.

    Returns:
        The answer, with the working directory lifted.

    Raises:
        Underivable: A part of it is not accounted for.
    """
    _check_stale(learned.answer, swap)
    clear = {change.old for change in clear_in_answer(learned, swap)}
    held = swap.held(learned.answer)
    observed = _Observed(
        expected := [step.observation.text for step in bound.steps],
        [seen.get(index, text) for index, text in enumerate(expected)],
    )
    rules = _Rules(
        observed,
        Vocabulary((bound.goal,)),
        Vocabulary(text for step in bound.steps for text in leaves(step.input)),
        Vocabulary(expected[index] for index in observed.changed),
        Vocabulary(expected),
        {one.old: one.new for one in swap.changes if one.old in held - clear},
    )
    quoted = observed.quoted_in(bound.answer)
    if quoted is None:
        return rules.rewritten(bound.answer)
    start, end, text = quoted
    return rules.rewritten(bound.answer[:start]) + text + rules.rewritten(bound.answer[end:])


def _check_stale(answer: str, swap: Substitution) -> None:
    """Check that no learned value stands in an answer where it cannot be replaced."""
    rest = swap.blanked(answer).casefold()
    for change in swap.changes:
        old = change.old.casefold()
        if is_number(old):
            stale = re.search(rf"(?<![\d.,]){re.escape(old)}(?!\d|[.,]\d)", rest) is not None
        else:
            stale = len(old) > _SHORT and old in rest
        if stale:
            raise Underivable(f"the answer holds {change.old!r} as a part of something else")
    for old in swap.unclear:
        if count(answer, old):
            raise Underivable(f"two values stand for {old!r} in the answer")


@dataclass(frozen=True, slots=True)
class _Observed:
    """What was to be observed, and what was."""

    expected: list[str]
    now: list[str]

    @property
    def changed(self) -> list[int]:
        """The steps whose observation differs."""
        return [i for i, text in enumerate(self.expected) if text != self.now[i]]

    def quoted_in(self, answer: str) -> tuple[int, int, str] | None:
        """Return where an answer holds a whole observation that differs, and what stands there."""
        for index in self.changed:
            text = self.expected[index].strip()
            if not text or sum(one.strip() == text for one in self.expected) != 1:
                continue
            found = list(re.finditer(rf"^{re.escape(text)}$", answer, re.MULTILINE))
            if len(found) == 1:
                return found[0].start(), found[0].end(), self.now[index].strip()
        return None

    def counts_of(self, part: str) -> list[tuple[int, int]]:
        """Return how often a part stands in each observation: as expected, and now."""
        pairs = zip(self.expected, self.now, strict=True)
        return [(count(old, part), count(new, part)) for old, new in pairs]

    def derived(self, part: str) -> str:
        """Return what stands now at the one place at which a part stood.

        Raises:
            Underivable: There is no such place.
        """
        often = [was for was, _ in self.counts_of(part)]
        if sum(often) != 1:
            raise Underivable(f"it cannot be told from what {part!r} in the answer came")
        index = often.index(1)
        old, new = self.expected[index].split("\n"), self.now[index].split("\n")
        for line, now in zip(old, new, strict=False) if len(old) == len(new) else ():
            fields = [field.strip(_AROUND) for field in line.split()]
            if part in fields:
                return _same_place(fields, [field.strip(_AROUND) for field in now.split()], part)
        raise Underivable(f"what {part!r} in the answer came from differs now")


def _same_place(old: Sequence[str], new: Sequence[str], part: str) -> str:
    place = old.index(part)
    if len(old) == len(new):
        pairs = [pair for at, pair in enumerate(zip(old, new, strict=True)) if at != place]
        same = all(was == now or (is_number(was) and is_number(now)) for was, now in pairs)
        now = new[place]
        if (
            same
            and now
            and (is_number(part), part[0].isdigit())
            == (
                is_number(now),
                now[0].isdigit(),
            )
        ):
            return now
    raise Underivable(f"what {part!r} in the answer came from differs now")


@dataclass(frozen=True, slots=True)
class _Rules:
    """Accounts for the parts of one answer.

    Attributes:
        observed: What was observed.
        goal: The parts of the new goal.
        inputs: The parts of the bound inputs.
        differing: The parts of the observations that differ.
        all: The parts of all observations.
        unclear: Learned values that the answer may have from the goal or from an observation,
            and the new ones.
    """

    observed: _Observed
    goal: Vocabulary
    inputs: Vocabulary
    differing: Vocabulary
    all: Vocabulary
    unclear: Mapping[str, str]

    def rewritten(self, text: str) -> str:
        """Return a text with its parts as they are now.

        Raises:
            Underivable: One is not accounted for.
        """
        pieces: list[str] = []
        last = 0
        for start, end in names(text):
            pieces += [text[last:start], self._name(text[start:end])]
            last = end
        return "".join([*pieces, text[last:]])

    def _name(self, name: str) -> str:
        simple = is_number(name) or words(name) == [name]
        if simple or name in self.goal or name in self.inputs or name in self.differing:
            return self._part(name)
        for word in words(name):
            if self._part(word) != word:
                raise Underivable(f"what {name!r} in the answer came from differs now")
        return name

    def _part(self, part: str) -> str:
        if part in self.unclear:
            if self.observed.derived(part) == self.unclear[part]:
                return self.unclear[part]
            raise Underivable(f"{part!r} in the answer may be the value or what was observed")
        if not self.observed.changed:
            return self._settled(part)
        if is_empty(part):
            return part
        counting = is_count(part)
        if part in self.goal or part in self.inputs:
            moved = any(was != now for was, now in self.observed.counts_of(part))
            judged = part.casefold() in JUDGING_WORDS and part not in self.goal
            if not (counting and moved) and not judged:
                return part
        if counting or part in self.differing:
            return self.observed.derived(part)
        if part.casefold() in JUDGING_WORDS:
            raise Underivable(f"{part!r} in the answer judges what differs now")
        return part

    def _settled(self, part: str) -> str:
        """Return a part where nothing differs but the values: they may be what it was made of."""
        known = part in self.goal or part in self.inputs or part in self.all
        if not known and part.strip("+-")[0].isdigit():
            raise Underivable(f"{part!r} in the answer may have been worked out from a value")
        return part
