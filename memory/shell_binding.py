"""Puts values into a shell command as literal data, and proves that nothing else changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from .shell_places import Place, check_place, check_role, place_in
from .shell_tree import NoSiteError, Tree, parse, same_but_for, site_at
from .shell_words import Atom, Token, UnreadableError, spell, tokens
from .value_rules import BindingRefused, Placement, check_general, ordered, replaced

if TYPE_CHECKING:
    from tree_sitter import Node

_GLOB = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class _Learned:
    tree: Tree
    tokens: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class _Change:
    """One value on its way into one word."""

    at: Place
    spelled: str
    meaning: tuple[tuple[str, str], ...]


def bind(command: str, placements: Sequence[Placement]) -> str:
    """See `binding.bind_command`."""
    places = ordered(command, placements)
    learned = _read(command)
    if learned is None:
        raise BindingRefused("the learned command cannot be parsed without errors")
    changes = [_change(learned, place) for place in places if not _is_learned(learned, place)]
    if not changes:
        return command
    bound = replaced(command, [(c.at.place.start, c.at.place.end, c.spelled) for c in changes])
    _verify(learned, bound, changes)
    return bound


@lru_cache(maxsize=256)
def _read(command: str) -> _Learned | None:
    try:
        tree = parse(command)
        return _Learned(tree, tokens(command)) if tree else None
    except (UnreadableError, UnicodeEncodeError):
        return None


def _is_learned(learned: _Learned, place: Placement) -> bool:
    # Nothing can enter where nothing changes. With a quote or escape in it the text is no value,
    # and has to be read first.
    same = learned.tree.text[place.start : place.end] == place.value
    if same and not set(place.value) & set("\\'\"$`"):
        return True
    number = _token_at(learned, place)
    if number is None:
        return False
    token = learned.tokens[number]
    span = _atoms_at(token, place)
    if span is None:
        return False
    atoms = token.atoms[span[0] : span[1]]
    literal = all(atom.role != "opaque" for atom in atoms)
    return literal and "".join(atom.text for atom in atoms) == place.value


def _token_at(learned: _Learned, place: Placement) -> int | None:
    for number, token in enumerate(learned.tokens):
        if token.start <= place.start and place.end <= token.end and not token.operator:
            return number
    return None


def _atoms_at(token: Token, place: Placement) -> tuple[int, int] | None:
    """Return which atoms a placement replaces; None if it cuts one or a quoted part in two."""
    if token.quotes_at(place.start) != token.quotes_at(place.end):
        return None
    atoms = token.atoms
    first = sum(1 for atom in atoms if atom.end <= place.start)
    last = sum(1 for atom in atoms if atom.start < place.end)
    if any(a.start < place.start or a.end > place.end for a in atoms[first:last]):
        return None
    return first, last


def _change(learned: _Learned, place: Placement) -> _Change:
    check_general(place.value)
    at = _locate(learned, place)
    check_place(at)
    check_role(learned.tokens, at)
    return _Change(at, *_spelled(learned.tree.text, at))


def _locate(learned: _Learned, place: Placement) -> Place:
    number = _token_at(learned, place)
    touched = [t for t in learned.tokens if t.start < place.end and place.start < t.end]
    if number is None and len(touched) > 1:
        raise BindingRefused("the value would replace several words")
    try:
        site = site_at(learned.tree, place.start, place.end)
    except NoSiteError as error:
        raise BindingRefused(str(error)) from None
    if number is None:
        raise BindingRefused("the place is behind the begin of a here-document")
    token = learned.tokens[number]
    span = _atoms_at(token, place)
    if span is None:
        raise BindingRefused("the place begins or ends inside a quote or an expansion")
    if any(atom.role == "opaque" for atom in token.atoms[span[0] : span[1]]):
        raise BindingRefused("the place holds an expansion, whose value is not known")
    found = place_in(token, number, site, place, range(*span))
    begin = learned.tree.byte(found.begin), learned.tree.byte(token.end)
    if (site.node.start_byte, site.node.end_byte) != begin or place.start < found.begin:
        raise BindingRefused("it cannot be told where the word around the place begins and ends")
    return found


def _spelled(text: str, at: Place) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return a value's spelling for its place, and what Bash has to take it for."""
    place, token = at.place, at.token
    old = token.atoms[at.first : at.last]
    inside = token.quotes_at(place.start)[2]
    for start, end, context in token.quoted:
        if inside == "bare" and (start, end) == (place.start, place.end):
            body = spell(place.value, context)
            return text[start] + body + text[start], _literal(place.value)
    if inside != "bare":
        return spell(place.value, inside), _literal(place.value)
    head = _tilde(old, place.value)
    rest = place.value[len(head) :]
    glob = place.kind == "glob" and any(a.role == "active" and a.text in _GLOB for a in old)
    spelled = head + spell(rest, "bare", glob=glob) if rest else head
    active = tuple((c, "active" if glob and c in _GLOB else "literal") for c in rest)
    return spelled, (*((c, "active" if c == "~" else "literal") for c in head), *active)


def _literal(value: str) -> tuple[tuple[str, str], ...]:
    return tuple((char, "literal") for char in value)


def _tilde(old: Sequence[Atom], value: str) -> str:
    """Return the part of a value that names a home folder and may stay unquoted."""
    if not old or old[0].text != "~" or old[0].role != "active":
        return ""
    learned = "".join(atom.text for atom in old).partition("/")
    mine = value.partition("/")
    return mine[0] + mine[1] if mine[0] == learned[0] else ""


def _verify(learned: _Learned, bound: str, changes: Sequence[_Change]) -> None:
    """Prove that only the words changed, and they only by their values."""
    again = _read(bound)
    if again is None or len(again.tokens) != len(learned.tokens):
        raise BindingRefused("the bound command would be parsed another way")
    by_token: dict[int, list[_Change]] = {}
    for change in changes:
        by_token.setdefault(change.at.number, []).append(change)
    words: list[tuple[Node, int, int]] = []
    for number, (old, new) in enumerate(zip(learned.tokens, again.tokens, strict=True)):
        mine = by_token.get(number, [])
        if mine:
            shift = mine[0].at.begin - old.start
            start, end = again.tree.byte(new.start + shift), again.tree.byte(new.end)
            words.append((mine[0].at.site.node, start, end))
            same = tuple(atom.meaning for atom in new.atoms) == _expected(old, mine)
        else:
            source = learned.tree.text[old.start : old.end]
            same = source == bound[new.start : new.end] and old.operator == new.operator
        if not same:
            raise BindingRefused("the bound word would not be the learned one with the value in it")
    if not same_but_for(learned.tree, again.tree, words):
        raise BindingRefused("the bound command would be parsed another way")


def _expected(token: Token, changes: Sequence[_Change]) -> tuple[tuple[str, str], ...]:
    meaning: list[tuple[str, str]] = []
    last = 0
    for change in changes:
        meaning += [atom.meaning for atom in token.atoms[last : change.at.first]]
        meaning += change.meaning
        last = change.at.last
    return (*meaning, *(atom.meaning for atom in token.atoms[last:]))
