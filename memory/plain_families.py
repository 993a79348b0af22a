"""Which program without values does a goal ask for, if any? A probability, and a bar for it.

All programs that the goal could mean, and one that was never learned, are weighed against each
other by the model of `plain_model`: the words that they share with the goal (naive Bayes, and the
nearest goal by tf-idf) and how near their goals are in meaning (see `goal_space`). That the goal
means something new is the likelier, the more of the programs learned so far have one goal only.

Sources: McFadden, "Conditional Logit Analysis of Qualitative Choice Behavior" (1974); Good, "The
Population Frequencies of Species" (1953) for what was never seen; McCallum & Nigam, "A Comparison
of Event Models for Naive Bayes Text Classification" (1998); Chow, "On Optimum Recognition Error
and Reject Tradeoff" (1970) for deciding to abstain.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from .counts import Counting
from .embedding import Embedding
from .family_parts import PLAIN_BAR
from .goal_space import GoalSpace, Nearness
from .learned_goals import LearnedGoals
from .member_counts import PLAIN, PLAIN_WORD
from .members import Member
from .negations import negated
from .opposites import turned_round
from .plain_model import WEIGHTS, Signs, Weights, chances
from .plain_words import FUNCTION_WORDS
from .slot_words import form_of
from .static_embedding import static_embedding

_MOST = 10
"""Programs that are weighed: the nearest ones, beside those that their words propose first."""
_PROPOSED = 3
_SMOOTHING = 0.1
_MOSTLY = 0.5
_AMOUNTS = frozenset({"number", "time"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which program a goal asks for.

    Attributes:
        program: The likeliest program.
        margin: The log odds that it is this one and no other.
        lacks: Why that is not enough, for people; empty if it is.
    """

    program: str
    margin: float
    lacks: str


class _Program:
    """The words of each goal of one program.

    Args:
        goals: Those that it has.
    """

    def __init__(self, goals: Iterable[frozenset[str]]) -> None:
        self.goals: list[frozenset[str]] = []
        self.having: dict[str, list[int]] = defaultdict(list)
        for words in goals:
            self.add(words)

    def add(self, words: frozenset[str]) -> None:
        """Take in a goal."""
        for word in words:
            self.having[word].append(len(self.goals))
        self.goals.append(words)


class PlainFamilies:
    """The goals of all programs that run no shell command; not safe for several threads.

    Args:
        learned: What was learned.
        weights: What the signs count for.
        embedding: Turns goals into vectors.
    """

    def __init__(
        self,
        learned: LearnedGoals,
        weights: Weights = WEIGHTS,
        embedding: Embedding | None = None,
    ) -> None:
        self._learned = learned
        self._counts = learned.counts
        self._weights = weights
        self._embedding = embedding or static_embedding()
        self.forget()

    def forget(self) -> None:
        """Keep nothing of what was learned."""
        self._programs: dict[str, _Program] = {}
        self._space: GoalSpace | None = None
        # What is worked out from the counts, until they change.
        self._idfs: dict[str, float] = {}
        self._lengths: dict[frozenset[str], float] = {}
        self._newness: tuple[float, float] | None = None

    def add(self, member: Member) -> None:
        """Add a goal that was learned since."""
        self._idfs.clear()
        self._lengths.clear()
        self._newness = None
        if (program := self._programs.get(member.program)) is not None:
            program.add(frozenset(member.words))
        if self._space is not None:
            self._space.add(member.program, member.goal)

    def judge(self, goal: str, proposed: str, words: Mapping[str, Sequence[str]]) -> Verdict:
        """Find the program that a goal asks for.

        Args:
            goal: The goal.
            proposed: The program that its words propose.
            words: The words of the goal as each program reads it that its words propose: with
                labels where it finds its values; the likeliest first.
        """
        size = self._size(proposed)
        if size < PLAIN_BAR.members:
            # Without looking at the vectors, which would have to be loaded.
            return Verdict(proposed, 0.0, f"only {size} learned goals are like this")
        plain = words[proposed]
        signs = self.signs(goal, words, frozenset(plain))
        likely = self.likelihoods(signs)
        best = min(likely, key=lambda one: (-likely[one], one))
        margin = round(_log_odds(likely[best]), 6)
        return Verdict(best, margin, self._lacks(best, margin, frozenset(plain), signs))

    def signs(
        self, goal: str, words: Mapping[str, Sequence[str]], plain: frozenset[str]
    ) -> dict[str, Signs]:
        """Return what speaks for each program that a goal may ask for.

        Args:
            goal: The goal.
            words: See `judge`.
            plain: Its words for a program that takes no values.
        """
        if self._space is None:
            self._space = GoalSpace(self._embedding)
            for program, text in self._learned.plain_goals():
                self._space.add(program, text)
        near = self._space.near(goal, _MOST, islice(words, _PROPOSED))
        return {
            name: self._signs(name, frozenset(words.get(name, plain)), nearness)
            for name, nearness in near.items()
        }

    def likelihoods(self, signs: Mapping[str, Signs]) -> dict[str, float]:
        """Return how likely each program is the one that is asked for; they add up to less than 1.

        Args:
            signs: What speaks for each.
        """
        return chances(signs, *self.newness(), self._weights)

    def newness(self) -> tuple[float, float]:
        """Return what speaks for a program that was never learned; see `Weights`."""
        if self._newness is None:
            single = self._counts.in_one_only(PLAIN, "")
            goals = self._goals
            self._newness = math.log((single + 0.5) / (goals + 1)), math.log(goals)
        return self._newness

    def _lacks(self, best: str, margin: float, words: frozenset[str], others: Iterable[str]) -> str:
        seen, size = self._counts.within(PLAIN_WORD, best), self._size(best)
        if margin < PLAIN_BAR.margin:
            return "another program is nearly as likely"
        if size < PLAIN_BAR.members:
            return f"only {size} learned goals are like this"
        strange = {word for word in words if not seen[word]}
        for word in sorted(strange):
            if any(char.isdigit() for char in word):
                return f"{word!r} could be a value, and this takes none"
            if word in FUNCTION_WORDS:
                continue
            if form_of(word, literal=False) in _AMOUNTS:
                return f"{word!r} could be a value, and this takes none"
            if any(self._tells(other, word) for other in others):
                return f"{word!r} is a word of another program"
        if (turned := turned_round(strange, _Missing(seen, words))) is not None:
            return f"{turned!r} asks for the reverse"
        return negated(words, seen, size)

    def _tells(self, name: str, word: str) -> bool:
        """Whether a word stands in most goals of a program."""
        often = self._counts.within(PLAIN_WORD, name)[word]
        return often >= max(2, _MOSTLY * self._size(name))

    @property
    def _goals(self) -> int:
        return self._counts.over_all(PLAIN)[""]

    def _size(self, name: str) -> int:
        """Return how many goals a program has."""
        return self._counts.within(PLAIN, name)[""]

    def _signs(self, name: str, words: frozenset[str], near: Nearness) -> Signs:
        over_all, seen = self._counts.over_all(PLAIN_WORD), self._counts.within(PLAIN_WORD, name)
        size, goals = self._size(name), self._goals
        score, known = math.log(size / goals), 0
        for word in sorted(words):
            if often := over_all[word]:
                known += 1
                score += _inside(seen[word], size)
                score -= math.log((often + _SMOOTHING) / (goals + 1))
        return Signs(
            round(score / math.sqrt(1 + known), 9),
            round(self._overlap(name, words), 9),
            near.middle,
            near.nearest,
            near.share,
            math.log(size),
        )

    def _overlap(self, name: str, words: Set[str]) -> float:
        """Return the largest cosine of words, weighed by tf-idf, to a goal of a program."""
        program = self._programs.get(name)
        if program is None:
            program = self._programs[name] = _Program(self._learned.words(name))
        shared: dict[int, float] = defaultdict(float)
        for word in sorted(words):
            if indices := program.having.get(word):
                weight = self._idf(word)
                for index in indices:
                    shared[index] += weight
        if not shared:
            return 0.0
        own = math.sqrt(math.fsum(map(self._idf, words))) or 1.0
        return (
            max(weight / self._length(program.goals[index]) for index, weight in shared.items())
            / own
        )

    def _idf(self, word: str) -> float:
        known = self._idfs.get(word)
        if known is None:
            often = self._counts.over_all(PLAIN_WORD)[word]
            known = math.log((1 + self._goals) / (0.5 + often)) ** 2
            if often:
                self._idfs[word] = known
        return known

    def _length(self, words: frozenset[str]) -> float:
        """Return the length of a goal as a vector of words."""
        known = self._lengths.get(words)
        if known is None:
            known = self._lengths[words] = math.sqrt(math.fsum(map(self._idf, words)))
        return known


class _Missing:
    """How often words were seen that a goal does not have."""

    def __init__(self, seen: Counting, words: Set[str]) -> None:
        self._seen = seen
        self._words = words

    def __getitem__(self, word: str) -> int:
        return 0 if word in self._words else self._seen[word]


def _log_odds(likely: float) -> float:
    likely = min(likely, 1 - 1e-12)
    return math.log(likely / (1 - likely))


@lru_cache(maxsize=4096)
def _inside(often: int, size: int) -> float:
    """Return the log of how likely a word is in a goal of a program."""
    return math.log((often + _SMOOTHING) / (size + 2 * _SMOOTHING))
