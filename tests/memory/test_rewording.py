"""Two wordings are one only where nothing but style and spelling tells them apart."""

from __future__ import annotations

import pytest

from llmos.memory.rewording import folded, respelled
from llmos.memory.wording import canonical


def said(goal: str) -> tuple[str, ...]:
    """Fold a goal whose values are labels: ``<x>``."""
    return folded(tuple(word if word.startswith("<") else canonical(word) for word in goal.split()))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("show the lines of <x>", "display lines of <x>"),
        ("show a list of modules", "list modules"),
        ("delete the directory <x>", "remove a specific folder <x>"),
        ("search for files", "find files"),
        ("files which are larger than <n>", "the files bigger than <n>"),
        ("match a regular expression", "match a regex"),
        ("print to standard output", "print to stdout"),
        ("inside of a running container", "inside an already running container"),
        ("compile source file(s)", "compile source files"),
        ("re-run the tests", "rerun the tests"),
        ("initialise the colours", "initialize the colors"),
    ],
)
def test_style_and_spelling_are_no_difference(one: str, other: str) -> None:
    assert said(one) == said(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("list the files", "list the hidden files"),
        ("list all files", "list files"),
        ("install <x>", "uninstall <x>"),
        ("copy from <x>", "copy to <x>"),
        ("files older than <n>", "files newer than <n>"),
        ("files that are empty", "files that are not empty"),
        ("read and write", "read or write"),
        ("files modified after <x>", "files changed after <x>"),
        ("turn the light on", "turn the light off"),
        ("print the file <x>", "list the file <x>"),
        ("send local files to remote hosts", "send remote files to local hosts"),
    ],
)
def test_what_may_ask_for_something_else_stays_a_difference(one: str, other: str) -> None:
    assert said(one) != said(other)


def test_a_preposition_before_a_value_says_what_the_value_is_for() -> None:
    assert said("search <x> for <y>") != said("search for <x> in <y>")
    assert said("search <x> for <y>") != said("search <x> in <y>")


@pytest.mark.parametrize(
    ("one", "other"), [("multiple", "mutliple"), ("address", "adress"), ("adress", "address")]
)
def test_swapped_and_doubled_letters_are_slips(one: str, other: str) -> None:
    assert other in set(respelled(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [("install", "uninstall"), ("upload", "unload"), ("from", "form"), ("v1234", "v1243")],
)
def test_other_words_are_no_slips(one: str, other: str) -> None:
    assert other not in set(respelled(one))
