"""Synthetic goals for the scale part: templates times values, the same ones for the same seed."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Known:
    """A goal and the tool call that answers it.

    Attributes:
        goal: The goal.
        call: The call, as the data spells one.
        other_words: The same goal in words in which nothing like it was learned.
    """

    goal: str
    call: dict[str, Any]
    other_words: str = ""


_TEMPLATES = (
    ("count the {w} in {p}", "wc -{f} {p}", "how many {w} does {p} have"),
    ("show the first {n} lines of {p}", "head -n {n} {p}", "print {n} lines from the top of {p}"),
    ("show the last {n} lines of {p}", "tail -n {n} {p}", "print the final {n} lines of {p}"),
    (
        "find files larger than {n}M under {d}",
        "find {d} -size +{n}M",
        "in {d}, files over {n}M",
    ),
    ("copy {p} to {d}", "cp {p} {d}", "put a copy of {p} into {d}"),
    ("move {p} into {d}", "mv {p} {d}", "{p} should be moved to {d}"),
    ("search for '{t}' in {p}", "grep '{t}' {p}", "which lines of {p} contain '{t}'"),
    ("search for '{t}' in all files under {d}", "grep -r '{t}' {d}", "where in {d} is '{t}'"),
    ("compress {p} with gzip level {l}", "gzip -{l} {p}", "gzip {p} at compression level {l}"),
    (
        "list the {n} biggest files in {d}",
        "du -a {d} | sort -rn | head -{n}",
        "{d}: top {n} by size",
    ),
    ("replace '{t}' by '{u}' in {p}", "sed -i 's/{t}/{u}/g' {p}", "in {p}, turn '{t}' into '{u}'"),
    ("create the folder {d} and enter it", "mkdir -p {d} && cd {d}", "make {d} and go there"),
    ("sort {p} by column {l}", "sort -k{l} {p}", "order the lines of {p} by field {l}"),
    (
        "download https://{t}.example/{p} to {d}",
        "curl -o {d} https://{t}.example/{p}",
        "fetch {p} of {t} into {d}",
    ),
    (
        "delete files older than {n} days in {d}",
        "find {d} -mtime +{n} -delete",
        "in {d}, remove those over {n} days",
    ),
    (
        "show the commits of {t} since {n} days",
        "git log --author={t} --since={n}.days",
        "commits by {t}, {n} days back",
    ),
    ("archive {d} as {p}.tar", "tar -cf {p}.tar {d}", "pack {d} into {p}.tar"),
    ("ping {t}.example {l} times", "ping -c {l} {t}.example", "send {l} pings to {t}.example"),
    ("wait {n} seconds, then print {t}", "sleep {n}; echo {t}", "print {t} after {n} seconds"),
    ("set the owner of {p} to {t}", "chown {t} {p}", "make {t} own {p}"),
)
NOUNS = (
    "amber", "birch", "cedar", "delta", "ember", "falcon", "garnet", "harbor", "indigo",
    "juniper", "kestrel", "lagoon", "marble", "nickel", "onyx", "pepper", "quartz", "raven",
    "saffron", "timber", "umber", "velvet", "walnut", "xenon", "yarrow", "zephyr",
)  # fmt: skip
"""Words that values are made of; each goal of a template holds one."""
_ENDINGS = ("csv", "txt", "log", "json", "md", "py")
_UNRELATED = (
    "why is the sky {a} over {b}",
    "write a poem in which {a} meets {b}",
    "explain to {a} how {b} works",
    "what would {a} cook with {b}",
    "translate {a} and {b} into Latin",
    "suggest a name for a boat, like {a} or {b}",
)


_ASKED = (
    ("weather", "city", ("what is the weather in {}", "how is the weather in {}",
                         "tell me the weather for {}")),
    ("play_song", "title", ("play the song {}", "put on the song {}", "let me hear {} please")),
    ("find_recipe", "dish", ("find a recipe for {}", "how do i cook {}",
                             "what goes into a good {}")),
    ("call_contact", "name", ("call {} on the phone", "ring {} up on the phone",
                              "give {} a phone call")),
)  # fmt: skip
_AROUND = ("{}", "could you {}", "{} thanks", "{} for me")
_SYLLABLES = ("ba", "do", "ki", "lu", "me", "no", "ra", "su", "ti", "vo")


def kinds(count: int, *, seed: int) -> tuple[list[Known], list[Known]]:
    """Return goals of few kinds, each asked in several ways: to be learned, and to be asked then.

    Those to be asked have a value that was learned, for a wording of which it was not.
    """
    chosen = random.Random(seed)
    learned: dict[str, Known] = {}
    asked: dict[str, Known] = {}
    for number in range(count):
        tool, name, ways = _ASKED[number % len(_ASKED)]
        value = "".join(chosen.choices(_SYLLABLES, k=4))
        call = {"tool": tool, "input": {name: value}}
        way, around = chosen.choice(ways), chosen.choice(_AROUND)
        one = Known(around.format(way.format(value)), call)
        learned.setdefault(one.goal, one)
        way, around = chosen.choice([w for w in ways if w != way]), chosen.choice(_AROUND)
        one = Known(around.format(way.format(value)), call)
        asked.setdefault(one.goal, one)
    return list(learned.values()), [one for one in asked.values() if one.goal not in learned]


TOOLS = ("Bash", *(tool for tool, _, _ in _ASKED))
"""The tools that goals may use."""


def synthetic(count: int, *, seed: int) -> list[Known]:
    """Return so many different goals."""
    return [_known(template, values) for template, values in _filled(count, seed).values()]


def near_misses(count: int, *, stored: int, seed: int) -> list[Known]:
    """Return goals that differ from one of ``synthetic(stored, seed=seed)`` in one value.

    None of them is stored, and none has the call of one that is.
    """
    known = _filled(stored, seed)
    calls = {template[1].format(**values) for template, values in known.values()}
    chosen = random.Random(seed + 1)
    goals, found = list(known), dict[str, Known]()
    while len(found) < count:
        template, values = known[chosen.choice(goals)]
        name = chosen.choice([one for one in values if f"{{{one}}}" in template[0]])
        other = _values(chosen)
        # What is counted is one value, though the goal and the command spell it in two ways.
        changed = {one: other[one] for one in (("w", "f") if name == "w" else (name,))}
        one = _known(template, values | changed)
        if one.goal not in known and one.call["input"]["command"] not in calls:
            found.setdefault(one.goal, one)
    return list(found.values())


_Template = tuple[str, str, str]


def _filled(count: int, seed: int) -> dict[str, tuple[_Template, dict[str, str]]]:
    found: dict[str, tuple[_Template, dict[str, str]]] = {}
    chosen = random.Random(seed)
    for template in itertools.cycle(_TEMPLATES):
        if len(found) == count:
            break
        values = _values(chosen)
        found.setdefault(template[0].format(**values), (template, values))
    return found


def _known(template: _Template, values: dict[str, str]) -> Known:
    goal, command, other = (one.format(**values) for one in template)
    return Known(goal, {"tool": "Bash", "input": {"command": command}}, other)


def _values(chosen: random.Random) -> dict[str, str]:
    words, flag = chosen.choice((("words", "w"), ("lines", "l"), ("bytes", "c")))
    name, folder, text, other = (chosen.choice(NOUNS) for _ in range(4))
    return {
        "w": words,
        "f": flag,
        "p": f"{name}{chosen.randrange(1000)}.{chosen.choice(_ENDINGS)}",
        "d": f"{folder}/{chosen.choice(NOUNS)}{chosen.randrange(100)}",
        "n": str(chosen.randrange(2, 1000)),
        "l": str(chosen.randrange(1, 10)),
        "t": f"{text}{chosen.randrange(100)}",
        "u": other,
    }


def paraphrase(one: Known, chosen: random.Random) -> str:
    """Return a goal in other words, often with something polite around it."""
    return chosen.choice(("{}", "please, {}", "could you: {}?", "{}, thanks")).format(
        one.other_words
    )


def unrelated(count: int, chosen: random.Random) -> list[str]:
    """Return goals that no template is like."""

    def words() -> Iterator[str]:
        for shape in itertools.islice(itertools.cycle(_UNRELATED), count):
            a, b = chosen.sample(NOUNS, 2)
            yield shape.format(a=a, b=b)

    return list(words())
