"""A program without values is replayed for a new wording only where nothing else is as likely."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import pytest

from factory import make_trace
from llmos.memory.family_parts import PLAIN_BAR, Proposal
from llmos.memory.members import Member, member_of
from llmos.memory.negations import negated
from taught import Taught

LEARNED = {
    "feed_the_cat": (
        "feed the cat",
        "give the cat its dinner",
        "the cat is hungry",
        "put some food out for my cat",
        "could you give the cat something to eat",
        "it is time for the cat to be fed",
    ),
    "water_the_plants": (
        "water the plants",
        "give the flowers some water",
        "the plants are dry",
        "my flowers need water",
        "could you water everything that grows on the balcony",
        "it is time to water the flowers",
    ),
    "heating_on": (
        "turn the heating on",
        "switch on the heating",
        "put the heating on please",
        "get the heating on in here",
        "heating on",
    ),
    "ring_the_doctor": (
        "call the doctor",
        "ring my doctor",
        "get the doctor on the phone",
        "i would like to speak to my doctor",
        "could you phone the doctor for me",
    ),
}


def plain(tool: str, goal: str) -> Member:
    return member_of(f"{tool}: {goal}", make_trace(goal, tool=tool, given={}))


MEMBERS = [plain(tool, goal) for tool, goals in LEARNED.items() for goal in goals]


def asked(goal: str, members: Sequence[Member] = MEMBERS) -> Proposal | None:
    return Taught(members).propose(goal)


def answers(goal: str, members: Sequence[Member] = MEMBERS) -> str | None:
    """Return the tool that answers a goal; None if none does."""
    proposal = asked(goal, members)
    if proposal is None or not proposal.accepted:
        return None
    return proposal.trace_id.split(":")[0]


@pytest.mark.parametrize(
    ("goal", "tool"),
    [
        ("please feed my cat", "feed_the_cat"),
        ("give my cat some dinner", "feed_the_cat"),
        ("could you give the plants some water", "water_the_plants"),
        ("i would like to phone my doctor", "ring_the_doctor"),
        ("please switch the heating on", "heating_on"),
    ],
)
def test_a_new_wording_is_answered(goal: str, tool: str) -> None:
    assert answers(goal) == tool


def test_a_word_that_was_never_learned_counts_by_its_meaning() -> None:
    assert all("kitten" not in goal for goals in LEARNED.values() for goal in goals)
    assert answers("feed the kitten, it is hungry") == "feed_the_cat"


@pytest.mark.parametrize(
    "goal",
    [
        "water the cat",
        "book a flight to the moon",
        "what is the time",
        "the doctor is hungry",
        "give me some money",
    ],
)
def test_a_goal_of_none_of_the_kinds_is_not_answered(goal: str) -> None:
    assert answers(goal) is None


def test_the_opposite_is_not_answered() -> None:
    goal = "please switch the heating off"
    assert answers(goal) is None
    proposal = asked(goal)
    assert proposal is not None
    assert not proposal.accepted


@pytest.mark.parametrize(
    "goal", ["do not feed the cat", "don't feed the cat", "never give the cat its dinner"]
)
def test_a_negation_that_was_never_learned_is_not_answered(goal: str) -> None:
    assert answers(goal) is None


@pytest.mark.parametrize("value", ["7:30", "3", "b12.txt"])
def test_a_value_that_the_program_would_not_get_is_not_dropped(value: str) -> None:
    assert answers(f"feed the cat its dinner {value}") is None


def test_few_goals_are_no_evidence() -> None:
    few = [one for one in MEMBERS if one.tools != ("feed_the_cat",)]
    few += [one for one in MEMBERS if one.tools == ("feed_the_cat",)][: PLAIN_BAR.members - 1]
    proposal = asked("please feed my cat", few)
    assert proposal is not None
    assert proposal.reason == f"only {PLAIN_BAR.members - 1} learned goals are like this"


def test_two_programs_of_the_same_goals_answer_neither() -> None:
    twins = [plain("twin", goal) for goal in LEARNED["feed_the_cat"]]
    assert answers("please feed my cat", [*MEMBERS, *twins]) is None


def test_the_order_of_learning_changes_not_a_digit() -> None:
    shuffle = random.Random(3)
    goals = ("please feed my cat", "phone the doctor", "switch it on", "water the cat")
    told = [
        [
            (one.reason, one.margin, one.members, one.accepted, one.trace_id)
            for goal in goals
            if (one := asked(goal, order)) is not None
        ]
        for order in (shuffle.sample(MEMBERS, len(MEMBERS)) for _ in range(6))
    ]
    assert all(one == told[0] for one in told)


def test_goals_learned_one_by_one_between_questions_count_as_if_learned_at_once() -> None:
    made = Taught()
    for one in MEMBERS:
        made.add([one])
        made.propose("please feed my cat")
    assert made.propose("please feed my cat") == asked("please feed my cat")


def test_a_word_of_another_program_stops_it() -> None:
    proposal = asked("water the cat")
    assert proposal is not None
    assert proposal.reason == "'water' is a word of another program"


def test_a_negation_is_one_where_goals_of_the_program_have_none() -> None:
    assert negated({"not", "cat"}, Counter({"cat": 3}), 3) == "'not' was not in goals like this"
    assert negated({"not", "cat"}, Counter({"cat": 3, "never": 1}), 3) == ""


def test_goals_that_all_negate_do_not_answer_one_that_does_not() -> None:
    assert (
        negated({"cat"}, Counter({"cat": 3, "not": 3}), 3)
        == "goals like this say what is not to be"
    )
    assert negated({"cat"}, Counter({"cat": 3, "not": 2}), 3) == ""
