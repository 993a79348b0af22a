"""Whether a goal in other words belongs to a family whose program runs shell commands.

A command that is run wrongly costs more than a model that is asked once more, so a likely family
is not enough here. Two kinds of evidence are:

- a goal of the family says the same word for word, style and spelling apart (`rewording`), and
  such a goal of no other program does: one goal is enough then;
- the goal holds every word that all goals of the family have in common, and none that none of them
  has. What is in some of them only is shown to be free; so it takes several.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .family import Family
from .family_parts import Asked, Bar, Reading, said_of
from .members import plurals
from .rewording import folded, respelled

COMMAND_BAR = Bar(members=2, margin=5.0, pairs=0.65)


def said_before(
    asked: Asked, readings: Sequence[Reading], family_of: Callable[[str], Family]
) -> list[Reading]:
    """Return the readings by which a goal says what a goal of the family said, one a program.

    None if one of them runs no command: it is judged by other rules.

    Args:
        asked: The goal.
        readings: The ways to read the goal.
        family_of: Returns the family of a program.
    """
    found: dict[str, Reading] = {}
    for reading in readings:
        if reading.family not in found and _says_the_same(
            asked, reading, family_of(reading.family)
        ):
            found[reading.family] = reading
    commands = all(family_of(program).runs_commands for program in found)
    return list(found.values()) if commands else []


def lacks(asked: Asked, family: Family, reading: Reading, margin: float) -> str:
    """Return what a family lacks to answer a goal that none of its goals says; empty if nothing.

    Args:
        asked: The goal.
        family: The family.
        reading: The goal as one of the family's.
        margin: By how much it leads other programs, in nats.
    """
    words = said_of(folded(reading.words), _plurals(asked, reading))
    strange = sorted(word for word in words if not family.said[word])
    missing = sorted((family.common() - words) | (family.used() - asked.having))
    pairs = [feature for feature in reading.features if " " in feature]
    known = sum(1 for pair in pairs if family.seen[pair]) / max(1, len(pairs))
    if strange:
        return f"{strange[0]!r} was not in goals like this"
    if family.size < COMMAND_BAR.members:
        return f"only {family.size} learned goals are like this"
    if missing:
        return f"{missing[0]!r} was in all goals like this"
    if margin < COMMAND_BAR.margin:
        return "another program is nearly as likely"
    if known < COMMAND_BAR.pairs:
        return "its words stand in another order"
    return ""


def _says_the_same(asked: Asked, reading: Reading, family: Family) -> bool:
    said = folded(reading.words)
    strange = {word for word in said if not family.said[word]}
    if len(strange) > 1:
        return False
    for slip in strange:
        meant = next((word for word in respelled(slip) if family.said[word]), None)
        if meant is None:
            return False
        said = tuple(meant if word == slip else word for word in said)
    # Elsewhere the ending of a word is style; here it may be all that tells one thing from many.
    # A word that the steps use must be that very word, not another one of the same meaning.
    return any(
        asked.having.issuperset(used) for used in family.exactly(said, _plurals(asked, reading))
    )


def _plurals(asked: Asked, reading: Reading) -> tuple[str, ...]:
    values = {index for start, end in reading.spans for index in range(start, end)}
    return plurals([one for index, one in enumerate(asked.tokens) if index not in values])
