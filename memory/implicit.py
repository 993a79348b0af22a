"""What may differ in a replay with the learned values, although nothing says why.

`flow_guard` sees what stands in the text. A model also decides silently: which of the files it saw
to take, whether a test that failed has to be mended. So where the goal is the learned one, what is
seen may differ only

1. in the last observation, on which only the answer depends, and that is derived anew: where it
   only shows or counts what there is, whatever form that has, or where what it was made from was
   seen to differ, as the next rule allows. The result of a program that differs although nothing
   was seen to differ has a cause that the model never looked at;
2. in the rows of a table whose header is the same, and whose columns hold what they held: numbers
   where all were numbers, values of one shape (a date, a code) where all had this shape. A program
   that was made for a table is made for its columns, not for its rows.

And once something has differed, no later step may state what the model had concluded: write a text
for people, print words into a file, or hold the number of rows there were.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .flow_guard import for_people, header_of
from .flow_text import is_number, leaves
from .guards import first_difference
from .traces import Step, Trace

_SEPARATORS = ",;\t|"
_READ = re.compile(r"\A\d+\t")
_STATES = re.compile(r"\b(?:echo|printf|cat|tee)\b")
_INTO_A_FILE = re.compile(r">(?!&)(?!\s*/dev/)|\btee\b")
_SHOW = frozenset(
    "cat head tail tac nl wc ls find tree sort uniq stat du df file grep egrep fgrep rg date pwd "
    "basename dirname realpath readlink md5sum sha1sum sha256sum cksum true cd".split()
)
"""Programs whose result is right whatever form that has which they are given."""
_BETWEEN = re.compile(r"\|\||&&|[|;\n]")
_MORE_THAN_WORDS = re.compile(r"[`(){}]|\$\(|-exec|-delete|-ok|<<")
_SHOWING_TOOLS = frozenset({"Read", "Glob", "Grep"})


def may_differ(trace: Trace, index: int, now: str, *, explained: bool) -> str | None:
    """Judge an observation that differs from the recorded one.

    Args:
        trace: The trace.
        index: The step.
        now: What is observed now, with the working directory lifted.
        explained: Whether something was seen to differ before.

    Returns:
        Why the replay must not go on, or None.
    """
    step, later = trace.steps[index], trace.steps[index + 1 :]
    recorded = step.observation.text
    if not later:
        same = not explained and not shows(step)
        return first_difference(recorded, now) if same else None
    old, new = table_of(recorded), table_of(now)
    if old is None or new is None or old[0] != new[0]:
        return first_difference(recorded, now)
    for name, form, are in zip(old[0], forms_of(old), _columns(new), strict=True):
        if form is not None and {_shape(value) for value in are} - {form}:
            return f"the column {name} holds values of another form now"
    return _states_rows(old, new, later)


def may_follow(step: Step) -> str | None:
    """Judge a step that comes after an observation that differed.

    Returns:
        Why it must not be carried out, or None.
    """
    if for_people(step):
        return "it writes what the model concluded from what differs now"
    command = str(step.input.get("command", "")) if step.tool == "Bash" else ""
    if _STATES.search(command) and _INTO_A_FILE.search(command):
        return "it may write what the model concluded from what differs now"
    return None


def table_of(text: str) -> list[list[str]] | None:
    """Return the rows of a text that is a table and nothing else, its header first."""
    header = header_of(text)
    lines = text.rstrip("\n").split("\n")
    if all(map(_READ.match, lines)):
        lines = [_READ.sub("", line) for line in lines]
    while lines and not lines[-1]:
        lines.pop()
    if header is None or len(lines) < 2:
        return None
    separator = next(one for one in _SEPARATORS if one in header)
    rows = [[field.strip() for field in line.split(separator)] for line in lines]
    return rows if all(len(row) == len(rows[0]) for row in rows) else None


def forms_of(table: Sequence[Sequence[str]]) -> list[str | None]:
    """Return for each column of a table the one form that its values have, or None."""
    forms = [{_shape(value) for value in column} for column in _columns(table)]
    return [one.pop() if len(one) == 1 else None for one in forms]


def _columns(table: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    return list(zip(*table[1:], strict=True))


def _shape(value: str) -> str:
    """Return what a value looks like: ``9`` for a number, ``9-9-9`` for a date, ``a`` for words."""
    if is_number(value):
        return "9"
    if not any(character.isdigit() for character in value):
        return "a" if value else ""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", value))


def _states_rows(
    old: Sequence[Sequence[str]], new: Sequence[Sequence[str]], later: Sequence[Step]
) -> str | None:
    """Say whether a later step may hold the number of rows, and that is another now."""
    # Up to the number of columns a number is more likely one of these.
    counts = {str(count) for count in (len(old) - 1, len(old)) if count > len(old[0])}
    if len(old) == len(new):
        return None
    for step in later:
        for text in leaves(dict(step.input)):
            stated = counts & set(re.findall(r"(?<![\w.])\d+(?![\w.])", text))
            if stated:
                return f"a later step holds {min(stated)}, and there are {len(new) - 1} rows now"
    return None


def shows(step: Step) -> bool:
    """Whether a step only shows or counts what there is."""
    if step.tool != "Bash":
        return step.tool in _SHOWING_TOOLS
    command = str(step.input.get("command", ""))
    if _MORE_THAN_WORDS.search(command):
        return False
    words = [one.split() for one in _BETWEEN.split(command)]
    return all(one[0].rpartition("/")[2] in _SHOW for one in words if one)
