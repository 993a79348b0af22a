"""Words of a goal fill inputs as the learned goals showed it, or nothing is replayed."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory import make_trace
from llmos.memory.bound import bind_trace
from llmos.memory.families import Proposal
from llmos.memory.fillings import Filling, filling_of, with_whole_values
from llmos.memory.members import Member, member_of
from llmos.memory.slot_model import SlotModel
from llmos.memory.slot_words import Words
from llmos.memory.traces import Trace
from taught import Taught

FILMS = [
    *("The Golden Coach", "Night Train", "Silent River", "Bread and Roses", "Red Desert"),
    *("Blue Moon", "Early Summer", "The Third Man", "Wild Strawberries", "High Noon"),
    *("Paper Moon", "Dead Man", "Stalker", "Late Spring", "Black Narcissus", "Rio Bravo"),
]
HOUSES = ["Odeon", "Grand Palace", "Rex Lyon", "Apollo North"]


def trace(goal: str, tool: str, given: Mapping[str, Any]) -> Trace:
    return with_whole_values(make_trace(goal, tool=tool, given=given))


def watch(goal: str, movie: str, **more: str) -> Member:
    return member_of(goal, trace(goal, "watch", {"movie": movie, **more}))


def song(goal: str, name: str) -> Member:
    return member_of(goal, trace(goal, "play", {"song": name}))


WATCHED = [
    *(watch(f"when is {film} playing", film) for film in FILMS[:5]),
    *(watch(f"show me the times for {film}", film) for film in FILMS[5:8]),
    *(
        watch(f"when is {film} playing at {house}", film, where=house)
        for film, house in zip(FILMS[8:12], HOUSES, strict=True)
    ),
    *(watch(f"when is {film} playing at 7 pm", film, at="7 pm") for film in FILMS[12:14]),
    *(watch(f"is {film} playing in ten minutes", film, at="in ten minutes") for film in FILMS[14:]),
    *(song(f"play {name}", name) for name in ("Blue Moon", "Summer Rain", "Hey You")),
]


def proposal(goal: str, members: Sequence[Member] = WATCHED) -> Proposal | None:
    return Taught(members).by_slots(goal)


def accepted(goal: str, members: Sequence[Member] = WATCHED) -> set[str] | None:
    """Return the values that are taken, or None if the goal is declined."""
    found = proposal(goal, members)
    return set(found.values.values()) if found is not None and found.accepted else None


def test_words_that_are_the_whole_of_an_input_fill_it() -> None:
    filling = filling_of(trace("when is Night Train 2 on", "watch", {"movie": "Night Train 2"}))
    assert filling is not None
    assert [(one.start, one.end, one.label) for one in filling.spans] == [(2, 5, "<watch.movie>")]


def test_words_that_are_a_part_of_an_input_have_a_label_of_their_own() -> None:
    filling = filling_of(trace("times for 12", "watch", {"movie": "No 12"}))
    assert filling is not None
    assert [(one.label, filling.fixed) for one in filling.spans] == [
        ("<watch.movie~>", ("<watch.movie>",))
    ]


def test_a_shell_command_is_no_filling() -> None:
    assert filling_of(make_trace("list it", tool="Bash", given={"command": "ls"})) is None


def test_two_goals_that_fill_the_same_inputs_have_one_shape() -> None:
    one, other = (filling_of(trace(f"see {film}", "watch", {"movie": film})) for film in FILMS[:2])
    assert one is not None
    assert other is not None
    assert (one.shape, one.labels) == (other.shape, other.labels)


@pytest.mark.parametrize(
    ("tool", "given"),
    [("sing", {"movie": FILMS[0]}), ("watch", {"movie": FILMS[0], "hall": "2"})],
)
def test_another_tool_or_a_fixed_input_is_another_shape(tool: str, given: dict[str, str]) -> None:
    one = filling_of(trace(f"see {FILMS[0]}", "watch", {"movie": FILMS[0]}))
    other = filling_of(trace(f"see {FILMS[0]}", tool, given))
    assert one is not None
    assert other is not None
    assert one.shape != other.shape


def test_the_index_keeps_a_filling_as_it_is() -> None:
    filling = filling_of(trace("when is Night Train on", "watch", {"movie": "Night Train"}))
    assert filling is not None
    assert Filling.from_json(filling.to_json()) == filling


def test_a_value_that_was_never_seen_is_taken_where_values_stood() -> None:
    assert accepted("when is Winter Sleep playing") == {"Winter Sleep"}


def test_a_word_that_turns_requests_round_must_have_been_learned() -> None:
    assert accepted("show me the times for Winter Sleep") == {"Winter Sleep"}
    assert accepted("hide me the times for Winter Sleep") is None
    assert accepted("mute the times for Winter Sleep") is None


def test_a_new_combination_of_learned_wordings_is_read() -> None:
    assert accepted("show me the times for Winter Sleep at Odeon") == {"Winter Sleep", "Odeon"}
    assert accepted("when is Winter Sleep playing at Odeon") == {"Winter Sleep", "Odeon"}


@pytest.mark.parametrize(
    "goal",
    [
        "when is Winter Sleep not playing",  # a word turns it round
        "when is Winter Sleep playing tomorrow",  # a moment that fills nothing
        "when is Winter Sleep playing at",  # nothing follows
        "when is playing",  # nothing is filled
        "cook Winter Sleep for dinner with friends",  # of another kind
        "when is Winter Sleep and Silent River playing at Odeon or Rex Lyon",  # two of each
    ],
)
def test_what_the_learned_goals_do_not_explain_is_declined(goal: str) -> None:
    assert accepted(goal) is None


def test_the_opposite_of_a_learned_word_is_declined() -> None:
    devices = "radio fan heater lamp tv kettle oven screen toaster mixer pump fridge".split()
    learned = [
        member_of(goal, trace(goal, "switch", {"device": goal.split()[-1]}))
        for goal in (f"turn off the {device}" for device in devices)
    ]
    assert accepted("turn off the printer", learned) == {"printer"}
    assert accepted("turn on the printer", learned) is None


def test_no_value_begins_or_ends_inside_an_amount() -> None:
    read = SlotModel(Taught(WATCHED).followed().counts)
    words = Words("is Winter Sleep playing in twenty minutes")
    cut = {one.end for reading in read.read(words) for one in reading.spans}
    assert words.lower.index("minutes") not in cut


def test_too_few_goals_teach_nothing() -> None:
    assert proposal("when is Winter Sleep playing", WATCHED[:3]) is None


def test_the_newest_trace_that_fills_the_same_inputs_answers() -> None:
    found = proposal("when is Winter Sleep playing")
    assert found is not None
    newest = max(
        (one for one in WATCHED if one.filling and one.filling.labels == ("<watch.movie>",)),
        key=lambda one: (one.learned_at, one.trace_id),
    )
    assert found.trace_id == newest.trace_id


@given(
    st.sampled_from(FILMS), st.text(st.sampled_from("abc XYZ;$(`\"'\\"), min_size=1, max_size=12)
)
def test_bound_values_change_the_filled_input_alone(film: str, value: str) -> None:
    learned = trace(f"when is {film} playing", "watch", {"movie": film, "hall": "2"})
    bound = bind_trace(learned, {learned.parameters[0].name: value})
    assert bound.steps[0].input == {"movie": value, "hall": "2"}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.sampled_from(["when", "is", "playing", "at", "7 pm", "Odeon", "Winter Sleep", "the"]),
        min_size=1,
        max_size=7,
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_learning_does_not_matter(pieces: list[str], rng: random.Random) -> None:
    shuffled = list(WATCHED)
    rng.shuffle(shuffled)
    goal = " ".join(pieces)
    assert proposal(goal) == proposal(goal, shuffled)
