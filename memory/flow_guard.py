"""Guards of a replay with other values than the learned ones.

Then observations are bound to differ. The replay goes on past one that does only if nothing
changed in it on which a later step depends, as far as that can be seen from the text:

1. Success and exit code are the recorded ones.
2. A *used part* of the recorded observation stands in the new one just as often, the learned
   values replaced by the new ones. Used is a name, number or word that stands again in the input
   of a later step and could not be known before: from the goal, or from an input up to this step.
   Words of grammar, and 0, 1 and 2, which every program holds, are never taken for used.
3. A line that is told by its number (``12:def f``) and whose number is used is the same line.
4. The first line of a table (two lines with as many separators, no number in the first) is the
   same: columns are used by their place, which no text shows.
5. What a later step writes for people and not for a machine holds no number that could have been
   worked out from an observation that differs.

Anything else may differ. Values that were worked out from an observation without a trace in the
text (a number of lines as a constant of a program, a choice among files) are not seen by this.
The answer has rules of its own, in `derived_answer`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .flow_text import Vocabulary, count, is_empty, is_number, leaves, parts
from .guards import first_difference
from .substitution import Substitution
from .traces import Step, Trace

_IN_EVERY_PROGRAM = frozenset({"0", "1", "2"})
_NUMBERED = re.compile(r"\s*(\d+)[\t:]")
_READ = re.compile(r"\A\d+\t")
_SEPARATORS = ",;\t|"
_CUT = ("<persisted-output>\n", " characters truncated] ...")
_PROGRAMS = (
    ".py .sh .bash .js .mjs .ts .rb .pl .php .go .rs .c .h .cpp .hpp .java .kt .swift .r .jl .lua "
    ".awk .sed .sql .mk .cs .scala .hs .ml .ex .ps1 .bat .zsh .fish .css .scss"
).split()


@dataclass(slots=True)
class FlowGuard:
    """Judges the observations of one replay.

    Attributes:
        learned: The learned trace.
        bound: The trace that is replayed.
        swap: What changed from one to the other.
        seen: What was observed so far, by step, with the working directory lifted.
    """

    learned: Trace
    bound: Trace
    swap: Substitution
    seen: dict[int, str] = field(default_factory=dict[int, str])

    @property
    def changed(self) -> list[int]:
        """The steps so far whose observation is not the recorded one with the values replaced."""
        return [i for i, text in self.seen.items() if text != self.expected(i)]

    def expected(self, index: int) -> str:
        """Return the recorded observation of a step with the values replaced."""
        return self.bound.steps[index].observation.text

    def unchanged(self, index: int) -> None:
        """Note that a step's observation may stand for the recorded one."""
        self.seen[index] = self.expected(index)

    def judge(self, index: int, text: str) -> str | None:
        """Judge an observation that differs from the recorded one, and note it.

        Args:
            index: The step.
            text: What is observed now, with the working directory lifted.

        Returns:
            Why the replay must not go on, or None.
        """
        self.seen[index] = text
        recorded = self.learned.steps[index].observation.text
        if text == self.expected(index):
            return None
        if any(cut in one for cut in _CUT for one in (recorded, text)):
            return "it is too long to be compared, and it differs"
        if index + 1 == len(self.learned.steps):
            return None
        return self._header(recorded, text) or self._used(index, recorded, text)

    def before(self, index: int) -> str | None:
        """Judge a step that is about to be carried out: may it write what it writes?

        Returns:
            Why it must not, or None.
        """
        step, changed = self.learned.steps[index], self.changed
        text = for_people(step)
        if not changed or not text:
            return None
        known = self._known(index)
        certain = Vocabulary(
            self.learned.steps[i].observation.text for i in self.seen if i not in changed
        )
        for part in sorted(filter(is_number, parts(text))):
            if part not in known and part not in certain:
                return f"it writes {part}, and what that came from differs now"
        return None

    def _known(self, index: int) -> Vocabulary:
        return known_before(self.learned, index)

    def _used(self, index: int, recorded: str, text: str) -> str | None:
        for part in used_later(self.learned, index):
            now = self.swap.whole(part)
            was, is_now = count(recorded, part), count(text, now)
            if not was:  # it is a piece of a longer word
                was, is_now = recorded.count(part), text.count(now)
            if was != is_now:
                return f"{now!r} is used later, and is there {is_now} times instead of {was}"
            lines = [self.swap.whole(line) for line in _lines(recorded, part)]
            if lines != _lines(text, part):
                return f"line {part} is used later, and is another line now"
        return None

    def _header(self, recorded: str, text: str) -> str | None:
        old, new = header_of(recorded), header_of(text)
        if old is None and new is None:
            return None
        expected = None if old is None else self.swap.distinct(old)
        if expected == new or old == new:
            return None
        return first_difference(expected or "no table", new or "no table")


def known_before(trace: Trace, index: int) -> Vocabulary:
    """Return what was known before a step was carried out, its own input not counted."""
    inputs = (text for step in trace.steps[:index] for text in leaves(step.input))
    return Vocabulary((trace.goal, *inputs))


def used_later(trace: Trace, index: int) -> list[str]:
    """Return the used parts of what a step showed (see rule 2), the longest first."""
    later = Vocabulary(
        (text for step in trace.steps[index + 1 :] for text in leaves(step.input)), loose=True
    )
    return [part for part in new_parts(trace, index) if part in later]


def new_parts(trace: Trace, index: int) -> list[str]:
    """Return the parts of what a step showed that could not be known before, the longest first."""
    known = known_before(trace, index + 1)
    shown = sorted(parts(trace.steps[index].observation.text), key=lambda one: (-len(one), one))
    return [
        part
        for part in shown
        if part not in _IN_EVERY_PROGRAM and not is_empty(part) and part not in known
    ]


def _lines(text: str, number: str) -> list[str]:
    """Return the lines that a number stands before."""
    if not number.isdecimal():
        return []
    begun = ((line, _NUMBERED.match(line)) for line in text.split("\n"))
    return [line for line, begin in begun if begin and begin[1] == number]


def header_of(text: str) -> str | None:
    """Return the line that names the columns of a table, or None if the text is no table."""
    lines = text.split("\n")[:2]
    if all(map(_READ.match, lines)):
        lines = [_READ.sub("", line) for line in lines]
    for separator in _SEPARATORS:
        fields = [field.strip() for field in lines[0].split(separator)]
        if len(fields) < 2 or not all(fields) or any(map(is_number, fields)):
            continue
        alone = len(lines) == 1 and f"{separator} " not in lines[0]
        if alone or (len(lines) > 1 and lines[1].count(separator) == len(fields) - 1):
            return lines[0]
    return None


def for_people(step: Step) -> str:
    """Return what a step writes, if it is a Write or Edit of something that is no program."""
    name = str(step.input.get("file_path", "")).lower()
    text = step.input.get("content" if step.tool == "Write" else "new_string")
    if step.tool not in ("Write", "Edit") or not isinstance(text, str):
        return ""
    return "" if name.endswith(tuple(_PROGRAMS)) or text.startswith("#!") else text
