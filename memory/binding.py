"""Puts new values into the inputs of recorded steps, so that no value changes their structure.

A value enters a command as literal data of one word, or not at all. Three things are proven for
each bound command, and none of them rests on how the value was quoted:

1. its parse tree is the learned one but for the bound words (`shell_tree`),
2. each bound word, quotes removed, is the learned word with the new value in it (`shell_words`),
3. whatever reads the word in this command reads it as data (`shell_flow`, `shell_programs`), as
   far as that can be known.

What cannot be proven is refused with a reason, and the goal goes to the Learner.
"""

from __future__ import annotations

from collections.abc import Sequence

from .value_rules import (
    BindingRefused,
    Kind,
    Placement,
    check_general,
    check_kind,
    check_path,
    check_within_component,
    ordered,
    replaced,
)

__all__ = ["BindingRefused", "Kind", "Placement", "bind_command", "bind_path", "bind_text"]


def bind_command(command: str, placements: Sequence[Placement]) -> str:
    """Put values into a shell command as literal data.

    Args:
        command: The learned command.
        placements: What to put where; they must not overlap, their order is free.

    Returns:
        The bound command; the learned one byte for byte where the values are the learned ones.

    Raises:
        BindingRefused: A value could change more of the command than itself.
    """
    # The two readers of commands cost some 20 ms to load, which a start that binds none saves.
    from .shell_binding import bind

    return bind(command, placements)


def bind_path(path: str, placements: Sequence[Placement]) -> str:
    """Put values into a path, or into a glob pattern, of a tool's input.

    Args:
        path: The learned path.
        placements: What to put where; they must not overlap, their order is free.

    Returns:
        The bound path, not normalised.

    Raises:
        BindingRefused: The bound path would not be of the learned one's class, or would climb.
    """
    places = ordered(path, placements)
    for place in places:
        old = path[place.start : place.end]
        if old == place.value:
            continue
        check_general(place.value)
        if place.kind not in ("path", "glob"):
            check_kind(old, place.value, place.kind)
        before, after = path[: place.start][-1:], path[place.end :][:1]
        check_within_component(before, after, old, place.value, "/")
    bound = replaced(path, [(place.start, place.end, place.value) for place in places])
    if bound != path:
        check_general(bound)
        check_path(path, bound)
    return bound


def bind_text(text: str, placements: Sequence[Placement]) -> str:
    """Put values into a JSON string that is neither a command nor a path.

    Args:
        text: The learned text.
        placements: What to put where; they must not overlap, their order is free.

    Returns:
        The bound text.

    Raises:
        BindingRefused: A value is empty, too long, or holds control characters.
    """
    places = ordered(text, placements)
    for place in places:
        if text[place.start : place.end] != place.value:
            check_general(place.value, lines=True)
    return replaced(text, [(place.start, place.end, place.value) for place in places])
