"""A goal as words and values: what is a value by its own form, and what is a word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmos.memory.wording import (
    Token,
    canonical,
    carriers,
    is_number,
    shape_of,
    split_unit,
    tokenize,
)

LARGE = 200_000


def texts(goal: str) -> list[str]:
    return [token.text for token in tokenize(goal)]


def literals(goal: str) -> list[str]:
    return [token.text for token in tokenize(goal) if token.literal]


def listed(goal: str) -> list[str]:
    return [token.text for token in tokenize(goal) if token.listed]


def test_plain_words_are_no_values() -> None:
    assert not any(token.is_value for token in tokenize("count the lines of all files"))


@pytest.mark.parametrize(
    "value",
    ["data.csv", "*.py", "10MB", "$HOME", "x2", "foo_bar", "--force", "C++", "5%", "https://a.b/c"],
)
def test_a_word_with_a_digit_or_a_sign_is_a_literal(value: str) -> None:
    assert literals(f"do it with {value} now") == [value]


@pytest.mark.parametrize("word", ["don't", "users", "O\u2019Brien", "well-known", "naïve", "größe"])
def test_an_apostrophe_or_a_hyphen_inside_a_word_makes_no_value(word: str) -> None:
    assert [(one.text, one.literal) for one in tokenize(word)] == [(word, False)]


@pytest.mark.parametrize(
    ("opening", "closing"),
    [('"', '"'), ("'", "'"), ("`", "`"), ("\u201c", "\u201d"), ("\u2018", "\u2019")],
)
def test_what_stands_in_quotes_is_one_literal_without_them(opening: str, closing: str) -> None:
    (_, quoted, _) = tokenize(f"say {opening}good  day{closing} twice")
    assert (quoted.text, quoted.literal, quoted.quoted) == ("good  day", True, True)


def test_an_empty_text_in_quotes_is_an_empty_literal() -> None:
    assert literals('open "" now') == [""]


def test_apostrophes_of_two_words_are_no_quotes() -> None:
    assert texts("don't say it's late") == ["don't", "say", "it", "'s", "late"]


@pytest.mark.parametrize("owner", ["john", "O'Brien", "i. b. m."])
def test_an_owner_is_a_word_of_its_own(owner: str) -> None:
    assert [(one.text, one.literal) for one in tokenize(f"{owner}'s phone")] == [
        (owner, False),
        ("'s", False),
        ("phone", False),
    ]


def test_letters_of_an_abbreviation_that_is_spelled_out_are_one_word() -> None:
    assert texts("how much is a u. s. d. in yen") == [
        "how",
        "much",
        "is",
        "a",
        "u. s. d.",
        "in",
        "yen",
    ]
    assert texts("use plan b.") == ["use", "plan", "b"]


def test_a_quote_inside_a_word_belongs_to_it() -> None:
    assert texts("run f('x') once") == ["run", "f('x')", "once"]


def test_a_quote_does_not_reach_over_a_line_break() -> None:
    assert not any(token.quoted for token in tokenize('say "a\nb"'))


def test_a_quote_that_is_not_closed_is_a_sign_of_its_word() -> None:
    assert literals('say "hello there') == ['"hello']


@pytest.mark.parametrize("ending", [",", ";", ":", "!", "?", ".", "...", "?!", ")", ").", "]"])
def test_punctuation_after_a_word_is_left_out(ending: str) -> None:
    assert texts(f"show data.csv{ending}") == ["show", "data.csv"]


def test_a_single_full_stop_is_a_value() -> None:
    assert literals("list the files in .") == ["."]


@pytest.mark.parametrize("wrapped", ["(data.csv)", "(see data.csv)", "((data.csv))", "(data.csv"])
def test_brackets_around_words_are_left_out(wrapped: str) -> None:
    assert texts(f"show {wrapped} now")[-2:] == ["data.csv", "now"]


@pytest.mark.parametrize("value", ["{a,b}.txt", "{a,b}", "[ab]*.py", "f(x)", "a[1]", "[link](x)"])
def test_brackets_that_belong_to_a_value_stay(value: str) -> None:
    assert literals(f"show {value} now") == [value]


@pytest.mark.parametrize("word", ["[name]", "{name}", "(name)"])
def test_a_plain_word_in_brackets_is_that_word(word: str) -> None:
    assert texts(f"show {word} now") == ["show", "name", "now"]


@pytest.mark.parametrize(
    ("goal", "values"),
    [
        ("copy a file (a.txt, backup)", ["a.txt", "backup"]),
        ("copy a file (a.txt, backup).", ["a.txt", "backup"]),
        ("translate (good morning, French)", ["good", "morning", "French"]),
        ("say something (hello)", ["hello"]),
        ("set them (1, 'the end')", ["1", "the end"]),
    ],
)
def test_a_short_list_in_brackets_that_ends_the_goal_is_values(
    goal: str, values: list[str]
) -> None:
    assert listed(goal) == values


@pytest.mark.parametrize(
    "goal",
    [
        "sort the files (by size)",
        "copy a file (which is in the way)",
        "copy a file (as you like it, backup)",
        "do it (one two three four)",
        "copy (a, b) to the folder",
        "do it ()",
        "do it (backup, )",
        "do it [backup]",
        "do it backup)",
        "do it (backup",
    ],
)
def test_a_remark_in_brackets_is_words(goal: str) -> None:
    assert listed(goal) == []


@pytest.mark.parametrize("word", ["caf\u00e9", "cafe\u0301", "файл", "日本語", "हिंदी", "ไฟล์"])
def test_words_of_any_script_and_form_are_words(word: str) -> None:
    assert [(one.text, one.literal) for one in tokenize(f"({word}).")] == [(word, False)]


def test_articles_and_politeness_carry_no_request() -> None:
    kept = carriers(tokenize("Please show the first line of a file, kindly"))
    assert [token.text for token in kept] == ["show", "first", "line", "of", "file"]


def test_a_quoted_or_listed_article_is_a_value_and_stays() -> None:
    kept = carriers(tokenize('find "the" in (letter a)'))
    assert [token.text for token in kept][:2] == ["find", "the"]
    assert kept[1].is_value


def test_lower_case_has_plain_apostrophes() -> None:
    assert Token("Don\u2019t", 0, 5, literal=False).lower == "don't"


@pytest.mark.parametrize(("one", "other"), [("print", "Prints"), ("list", "listing")])
def test_two_forms_of_a_word_are_one(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize("text", ["0", "12", "-3", "+4", "1.5"])
def test_plain_numbers(text: str) -> None:
    assert is_number(text)


@pytest.mark.parametrize("text", ["", "1.", ".5", "1e3", "1,5", "0x1", "1 ", "1\n", "--1"])
def test_other_texts_are_no_plain_numbers(text: str) -> None:
    assert not is_number(text)


@pytest.mark.parametrize(
    ("text", "parts"),
    [("10MB", ("10", "MB")), ("5%", ("5", "%")), ("1.5h", ("1.5", "h")), ("7days", ("7", "days"))],
)
def test_a_number_and_its_unit_are_told_apart(text: str, parts: tuple[str, str]) -> None:
    assert split_unit(text) == parts


@pytest.mark.parametrize("text", ["10", "MB", "10 MB", "-5MB", "10k2", "10megabytes", "v10", ""])
def test_what_is_no_number_with_a_unit_has_none(text: str) -> None:
    assert split_unit(text) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a.csv", "notes_2.txt"),
        ("in/a", "b"),
        ("/etc/a", "/b"),
        ("*.py", "*.txt"),
        ("5", "12"),
        ("https://a.b/c", "https://d"),
    ],
)
def test_values_of_one_shape_may_stand_for_each_other(one: str, other: str) -> None:
    assert shape_of(one) == shape_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a.csv", "/a.csv"),
        ("a.csv", "~/a.csv"),
        ("a.csv", ".env"),
        ("a", "-a"),
        ("a", "a/"),
        ("a", "*"),
        ("a", "a b"),
        ("5", "-5"),
        ("5", "5.0"),
        ("5", "five"),
        ("http://a", "https://a"),
        ("10%", "x%"),
    ],
)
def test_values_of_other_shapes_may_not(one: str, other: str) -> None:
    assert shape_of(one) != shape_of(other)


GOALS = st.one_of(st.text(), st.text(alphabet="ab1 .,;()[]{}'\"`\u201c\u201d\u2018\u2019\n"))


@given(GOALS)
def test_spans_give_back_the_text(goal: str) -> None:
    for token in tokenize(goal):
        assert goal[token.start : token.end] == token.text


@given(GOALS)
def test_tokens_stand_in_order_and_never_overlap(goal: str) -> None:
    last = 0
    for token in tokenize(goal):
        assert last <= token.start <= token.end
        last = token.end


@given(GOALS)
def test_no_letter_or_digit_is_lost(goal: str) -> None:
    held = "".join(token.text for token in tokenize(goal))
    assert [c for c in goal if c.isalnum()] == [c for c in held if c.isalnum()]


@given(GOALS)
def test_only_values_have_quotes_or_stand_in_a_list(goal: str) -> None:
    for token in tokenize(goal):
        assert token.is_value or not (token.quoted or token.listed)


@pytest.mark.parametrize(
    "hostile",
    [
        "(", ")", "()", "{[", "(a ", "x)", '"', "'", " '", "`", "\u201c", "\u2018", "\u2018 ", "a'",
        "a-", ",", ".", "a", "a ", "1,", "[[a]", "'\"", "(x,",
    ],
)  # fmt: skip
def test_hostile_goals_are_cut_in_linear_time(hostile: str) -> None:
    goal = hostile * (LARGE // len(hostile))
    assert all(goal[one.start : one.end] == one.text for one in tokenize(goal))


def test_brackets_nested_without_end_are_cut_in_linear_time() -> None:
    assert tokenize("(" * (LARGE // 2) + ")" * (LARGE // 2)) == []
