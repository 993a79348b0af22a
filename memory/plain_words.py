"""Words of plain English that a text holds for its grammar, and words that count or judge.

The lists are short on purpose: closed classes of the language, not a vocabulary. A word that is
missing here costs a replay that could have been right; none of them makes a wrong one right.
"""

from __future__ import annotations

FUNCTION_WORDS = frozenset(
    (
        "a an the this that these those it its i you your we our he she they them their "
        "is are was were be been being am do does did done has have had can could will would "
        "shall should may might must "
        "of to in on at by for from with into onto as than then there here and or but if so "
        "up out over under about after before between through per via which who whose what "
        "when where while how also just please"
    ).split()
)
"""Articles, pronouns, auxiliaries, prepositions, conjunctions: they say nothing about the world.
Negations are no members."""
POINTING_WORDS = frozenset("this that these those".split())
"""What a value is said by when it is pointed at: ``this room``."""
CARDINALS = frozenset(
    (
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy "
        "eighty ninety hundred thousand"
    ).split()
)
"""Numbers in letters."""
NUMBER_WORDS = CARDINALS | frozenset(
    (
        "million billion dozen once twice thrice first second third last half double single both "
        "several"
    ).split()
)
"""Words that count."""
JUDGING_WORDS = frozenset(
    (
        "no not none never nothing nobody neither nor without all every each any only "
        "more most less least fewer fewest many much few same equal identical different "
        "higher highest lower lowest larger largest smaller smallest bigger biggest greater "
        "greatest longer longest shorter shortest older oldest newer newest best worst better "
        "worse top bottom maximum minimum average mean median "
        "increase increased increases decrease decreased decreases rose fell grew "
        "empty full missing duplicate duplicates unique valid invalid correct incorrect "
        "sorted unsorted true false yes"
    ).split()
)
"""Words by which a sentence judges what was observed, beside what stands in it."""
NEGATIONS = frozenset(
    (
        "not no never none nothing nobody neither nor without cannot "
        "don't doesn't didn't isn't aren't wasn't weren't won't can't couldn't shouldn't wouldn't "
        "haven't hasn't hadn't mustn't needn't except"
    ).split()
)
"""Words that turn a request into its contrary, or take something out of it."""
