"""Two wordings that say the same, word by word: what is left of a goal when style is taken away.

Taken away is only what changes no request in plain English: articles, pronouns, auxiliaries, a few
prepositions where no value follows (before a value they say what the value is for), brackets and
hyphens inside words. Synonyms and abbreviations are one word where they are that in nearly every
text about computers. A word that is missing here costs a replay that could have been right; each
one that is here must be harmless whatever stands around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import zip_longest

from .wording import canonical

_STYLE = (
    "a an the this that these those it its i you your we our he she they them their "
    "is are was were be been being am do does did has have had can could will would shall should "
    "may might must which who whose what just also simply please "
    "specific specified given certain particular already"
)
_BEFORE_NO_VALUE = "of in for with"
_SAME = """
show display print output view
list show-list display-list print-list output-list
delete remove erase
create make
start launch
run execute
find search-for look-for locate
quit exit
directory folder dir directory-tree
subdirectory subfolder sub-directory sub-folder
regular regular-normal normal-regular
each every
larger bigger greater
entire whole
not don't doesn't isn't aren't haven't hasn't can't cannot won't
regex regexp regular-expression
stdin standard-input
stdout standard-output
stderr standard-error
filesystem file-system
filename file-name
hostname host-name
username user-name
superuser super-user
keyword key-word
timestamp time-stamp
whitespace white-space
uppercase upper-case
lowercase lower-case
login log-in
logout log-out
backup back-up
setup set-up
website web-site
configuration config
information info
identifier id
repository repo
application app
parameter param
argument arg
database db
"""
_BRACKETED = re.compile(r"[^\W\d_]*[(\[][^\W\d_]+[)\]][^\W\d_]*\Z")
_JOINED = re.compile(r"[a-z]+(?:[-/][a-z]+)+\Z")
_SHORTEST_TYPO = 5


@lru_cache(maxsize=20_000)
def folded(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return what a goal says, without its style.

    Args:
        words: The canonical words of a goal, with labels where values stand.

    Returns:
        Its words in their order; equal for two goals that say the same in other words.
    """
    style, before_no_value, same = _knowledge()
    kept = [word for word in _plain(words) if word not in style]
    merged: list[str] = []
    at = 0
    while at < len(kept):
        pair = same.get(" ".join(kept[at : at + 2])) if at + 1 < len(kept) else None
        merged.append(pair or same.get(kept[at], kept[at]))
        at += 2 if pair else 1
    followed = zip_longest(merged, merged[1:], fillvalue="")
    return tuple(
        word for word, after in followed if word not in before_no_value or _is_label(after)
    )


def respelled(word: str) -> Iterator[str]:
    """Yield a word with two neighbours swapped, and with a letter doubled or no longer doubled.

    These are the slips that hardly ever make another word; others often do.
    """
    if len(word) < _SHORTEST_TYPO or not word.isalpha():
        return
    for at in range(1, len(word)):
        before, one, other, after = word[: at - 1], word[at - 1], word[at], word[at + 1 :]
        if one == other:
            yield before + one + after
        else:
            yield before + other + one + after
    for at in range(len(word)):
        yield word[:at] + word[at] + word[at:]


def _plain(words: Sequence[str]) -> Iterator[str]:
    """Yield words without brackets around letters of them, without hyphens, cut at slashes."""
    for word in words:
        if _is_label(word):
            yield word
        elif _BRACKETED.match(word):
            yield canonical(re.sub(r"[()\[\]]", "", word))
        elif _JOINED.match(word):
            yield from (canonical(part) for part in word.replace("-", "").split("/"))
        else:
            yield word


def _is_label(word: str) -> bool:
    return word.startswith("<") and word.endswith(">")


@lru_cache(maxsize=1)
def _knowledge() -> tuple[frozenset[str], frozenset[str], dict[str, str]]:
    """Return the lists in the form of canonical words."""
    same: dict[str, str] = {}
    for line in _SAME.strip().splitlines():
        first, *others = (
            " ".join(canonical(part) for part in word.split("-")) for word in line.split()
        )
        same.update(dict.fromkeys(others, first))
    return (
        frozenset(map(canonical, _STYLE.split())),
        frozenset(map(canonical, _BEFORE_NO_VALUE.split())),
        same,
    )
