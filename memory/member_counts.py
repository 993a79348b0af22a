"""What a learned goal adds to the counts by which a goal in other words is judged.

All that is known of families, of programs without values and of how goals fill inputs is a sum of
such counts. So what was learned first does not matter, a trace that leaves takes with it exactly
what it gave, and none of the others is looked at when one comes or goes.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations

from .family_parts import features_of, labels_of, order_of, said_of
from .fillings import Filling
from .members import Member
from .opposites import has_direction
from .rewording import folded
from .slot_search import END, LONG, START
from .slot_words import carriers_of, form_of

Key = str | tuple[str, ...]
Count = tuple[str, Key, str]
"""A kind, what is counted, and within what: a program, a shape, a label; nothing if over all."""

# Families. Within a program:
GOALS = "g"
FEATURE = "f"
SAID = "d"
"""Words of its frames, and plurals."""
ORDER = "o"
"""In what order values stand."""
USED = "u"
"""Words that the steps use as they are."""
DIRECTED = "r"
"""Goals with a word that has an opposite."""
# And beside them:
FRAME = "x"
"""What a goal says, style apart (see `frame_key`), within the words that must be said exactly."""
VALUE = "v"
"""Values, within a label."""
SIZE = "z"
"""Labels, within the number of words that a value of it has."""
TAKES = "t"
"""Tools that take values."""

# Programs that run no command, within a program.
PLAIN = "p"
PLAIN_WORD = "w"

# Filled inputs. Over all:
FILLED = "G"
"""Goals."""
ANY_WORD = "m"
ANY_FORM = "M"
ANY_TOTAL = "T"
"""Words, how often each stands in a goal added up."""
EXAMPLE = "X"
"""Goals of a shape that fill the same inputs, see `example_key`."""
# Within a shape:
CARRYING = "c"
"""Words that carry the request."""
PAIR = "b"
FIRST = "a"
IN_ORDER = "q"
"""Pairs of inputs, in the order in which they are filled."""
# Of a shape:
SHAPE = "s"
"""Goals; within its tools and fixed inputs."""
CARRYING_TOTAL = "C"
FILLS = "y"
"""Within the labels that its goals fill."""
TOOLS_FILL = "i"
"""Tools, within the labels that goals fill."""
WITH = "W"
"""Words that carry the request, within shape and filled inputs."""
# Within a label:
SLOT_VALUE = "V"
SLOT_WORD = "e"
SLOT_FORM = "F"
LENGTH = "l"
BEFORE = "j"
"""What stands before a value."""
BEGINS = "k"
ENDS = "K"
# Of a label:
SLOT_VALUES = "n"
SLOT_TOTAL = "E"
"""Words of its values."""
IN_LIST = "L"
"""Values beside others of the same label."""

DIFFERENT = "D"
"""How many different ones there are of a kind, within what; derived by `count_tables`."""
DISTINCT = frozenset({ANY_WORD, SLOT_VALUE})
"""The kinds of which that is counted."""


def counts_of(member: Member) -> Counter[Count]:
    """Return what a learned goal adds to the counts."""
    found: Counter[Count] = Counter()
    _count_family(member, found)
    if is_plain(member):
        found[PLAIN, "", member.program] += 1
        for word in frozenset(member.words):
            found[PLAIN_WORD, word, member.program] += 1
    if member.filling is not None:
        _count_filling(member.filling, found)
    return found


def is_plain(member: Member) -> bool:
    """Return whether a program runs no shell command."""
    return "Bash" not in member.tools


def frame_key(program: str, frame: Sequence[str], plurals: Sequence[str]) -> str:
    """Return the key of what a goal of a program says, style apart."""
    text = json.dumps([program, frame, plurals])
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def example_key(shape: str, labels: Iterable[str]) -> str:
    """Return the key of the goals of a shape that fill the same inputs."""
    return json.dumps([shape, sorted(labels)], ensure_ascii=False)


def _count_family(member: Member, found: Counter[Count]) -> None:
    program, labels, frame = member.program, labels_of(member), folded(member.words)
    found[GOALS, "", program] += 1
    for feature in features_of(member.words):
        found[FEATURE, feature, program] += 1
    for word in said_of(frame, member.plurals):
        found[SAID, word, program] += 1
    for word in set(member.used):
        found[USED, word, program] += 1
    if has_direction(member.words):
        found[DIRECTED, "", program] += 1
    used = json.dumps(member.used, ensure_ascii=False)
    found[FRAME, frame_key(program, frame, member.plurals), used] += 1
    if labels:
        found[ORDER, order_of(member.words, labels), program] += 1
        for tool in member.tools:
            found[TAKES, tool, ""] += 1
    for slot in member.slots:
        found[VALUE, slot.words, slot.label] += 1
        found[SIZE, slot.label, str(len(slot.words))] += 1


def _count_filling(filling: Filling, found: Counter[Count]) -> None:
    shape = filling.shape
    carriers = carriers_of(filling.words, filling.literals)
    literals = frozenset(filling.literals)
    forms = [form_of(text, i in literals) for i, text in enumerate(filling.words)]
    found[FILLED, "", ""] += 1
    known = json.dumps([filling.tools, filling.fixed], ensure_ascii=False)
    found[SHAPE, shape, known] += 1
    found[EXAMPLE, example_key(shape, filling.labels), ""] += 1
    for word, form in zip(carriers, forms, strict=True):
        found[ANY_WORD, word, ""] += 1
        found[ANY_FORM, form, ""] += 1
    found[ANY_TOTAL, "", ""] += len(carriers)
    _count_values(filling, forms, found)
    _count_request(filling, carriers, found)


def _count_values(filling: Filling, forms: Sequence[str], found: Counter[Count]) -> None:
    labels = [span.label for span in filling.spans]
    for span in filling.spans:
        label = span.label
        words = tuple(text.lower() for text in filling.words[span.start : span.end])
        found[SLOT_VALUE, words, label] += 1
        found[SLOT_VALUES, label, ""] += 1
        found[SLOT_TOTAL, label, ""] += len(words)
        found[LENGTH, str(min(len(words), LONG)), label] += 1
        found[BEGINS, words[0], label] += 1
        found[ENDS, words[-1], label] += 1
        for word, form in zip(words, forms[span.start : span.end], strict=True):
            found[SLOT_WORD, word, label] += 1
            found[SLOT_FORM, form, label] += 1
        if labels.count(label) > 1:
            found[IN_LIST, label, ""] += 1
        found[FILLS, filling.shape, label] += 1
        found[TOOLS_FILL, filling.tools, label] += 1
    for pair in combinations(labels, 2):
        found[IN_ORDER, pair, filling.shape] += 1


def _count_request(filling: Filling, carriers: Sequence[str], found: Counter[Count]) -> None:
    shape, example = filling.shape, example_key(filling.shape, filling.labels)
    starts = {span.start: span for span in filling.spans}
    before, index = START, 0
    while index < len(carriers):
        span = starts.get(index)
        item = carriers[index] if span is None else span.label
        found[PAIR, (before, item), shape] += 1
        found[FIRST, before, shape] += 1
        if span is None:
            found[CARRYING, item, shape] += 1
            found[CARRYING_TOTAL, shape, ""] += 1
            found[WITH, item, example] += 1
            index += 1
        else:
            found[BEFORE, before, item] += 1
            index = span.end
        before = item
    found[PAIR, (before, END), shape] += 1
    found[FIRST, before, shape] += 1
