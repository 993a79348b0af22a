"""Which words of a command are program text for another interpreter, and must stay closed.

Inside ``bash -c '...'`` or an awk program no quoting of ours protects: what the shell hands over
as one word is read again, by other rules. Only alphabets that mean nothing to any interpreter may
enter there.

**This list cannot be complete.** Any program may run what it is given (``vim +!cmd``, ``tar
--to-command``, a Makefile variable, a script of the user's own that calls ``eval``), and nobody
can know them all; an unknown program is taken for an ordinary one. The permission layer, which
judges the bound command as if the model had written it, and the sandbox are the second wall.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from .shell_tables import (
    ALL_ARGUMENTS,
    ASSIGNING,
    AWK,
    BUILTINS,
    FIND,
    FIND_RUNS,
    INLINE,
    INPUT_RUNNERS,
    LOOKERS,
    SED,
    SHELLS,
    SOURCE_OPTION,
    SPLITTERS,
    SYNTAX_OPERANDS,
    VALUED,
    WRAPPERS,
    Inline,
    Wrapper,
)

Word = str | None
"""A word after quote removal, or None where it holds an expansion."""

Role = Literal["data", "operand", "file", "plain", "name", "program", "awk", "sed"]
"""What a word is to the program that reads it.

data: nothing but itself. operand: itself, but some values are syntax (`OPERATORS`). file: itself,
but an equals sign would make it an assignment. plain: data for a program that reads some characters
as syntax, or may. name: what runs. program: source text; awk and sed: theirs.
"""

OPERATORS = frozenset({"!", "(", ")", ",", ";", "+", "=", "==", "!=", "<", ">", "]", "{}", "\\;"})
"""Whole words that find, test and their like read as syntax."""

_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_VERSIONED = re.compile(r"(python|pypy|perl|lua|ruby|php|node|tclsh)[0-9.]+")
_KEYWORDS = frozenset({"if", "then", "elif", "else", "while", "until", "do", "!", "{", "coproc"})


def role_of(words: Sequence[Word], at: int) -> Role:
    """Say what one word of a simple command is to the program that reads it.

    Args:
        words: The command's words in order, redirections left out.
        at: Which of them.
    """
    here = _command_role(words, at)
    if at == 0 or _name(words[0]) in LOOKERS:
        return here
    if _source_option(words[at - 1], exact=True) or _source_option(words[at], exact=False):
        return "program"
    if here != "data":
        return here
    # Wrappers that nobody listed (docker exec web sh -c ...): every word may begin a command.
    for start in range(1, at):
        if _is_interpreter(_name(words[start])):
            inner = _command_role(words[start:], at - start)
            if inner not in ("data", "operand", "name"):
                return inner
    return here


def without_prefix(words: Sequence[Word]) -> int:
    """Return how many words stand before the command's name: keywords and assignments."""
    count = 0
    while count < len(words):
        word = words[count]
        if word is None or not (word in _KEYWORDS or _ASSIGNMENT.match(word)):
            break
        count += 1
    return count


def runs_its_input(words: Sequence[Word]) -> bool:
    """Whether a command may run what it reads from its standard input as a program."""
    return any(_runs_its_input(words[start:]) for start in range(len(words)))


def splits_its_input(words: Sequence[Word]) -> bool:
    """Whether a command makes arguments or variables of what it reads."""
    if "xargs" in words and any(_has_letter(word, "0d") or word == "--null" for word in words):
        return False
    return any(_name(word) in SPLITTERS for word in words)


def is_interpreter(word: Word) -> bool:
    """Whether a word names a program that runs source text."""
    name = _name(word)
    return name in BUILTINS or _is_interpreter(name)


def _runs_its_input(words: Sequence[Word]) -> bool:
    name = _name(words[0])
    if name in INPUT_RUNNERS or (name in ("source", ".") and "/dev/stdin" in words):
        return True
    if name in AWK or name in SED or name == "make":
        return any(_has_letter(word, "f") for word in words[1:])
    if name not in SHELLS and name not in INLINE:
        return name in ("ssh", "gnuplot")
    operands = [word for word in words[1:] if word is None or not word.startswith("-")]
    return not operands or name in SHELLS or name in ("psql", "mysql", "mariadb", "duckdb")


def _name(word: Word) -> str:
    if word is None:
        return ""
    name = word.rpartition("/")[2]
    versioned = _VERSIONED.fullmatch(name)
    return versioned[1] if versioned else name


def _is_interpreter(name: str) -> bool:
    known = name in SHELLS or name in INLINE or name in ALL_ARGUMENTS
    return known or name in AWK or name in SED or name in ("ssh", "jq", "yq", "sqlite3", "find")


def _command_role(words: Sequence[Word], at: int) -> Role:
    if at == 0:
        return "name"
    name = _name(words[0])
    wrapper = WRAPPERS.get(name)
    if wrapper:
        return _wrapped_role(words, at, name, wrapper)
    if name in ALL_ARGUMENTS or name in BUILTINS:
        return "program"
    if name in SHELLS:
        return _shell_role(words, at)
    if name in INLINE:
        if name == "git" and not {"foreach", "run", "filter-branch"}.isdisjoint(words[1:at]):
            return "program"
        return _inline_role(words, at, INLINE[name])
    if name in AWK or name in SED or name in ("jq", "yq", "ssh", "sqlite3"):
        return _operand_role(words, at, name)
    if name in FIND:
        return _find_role(words, at)
    return _ordinary_role(words, at, name)


def _ordinary_role(words: Sequence[Word], at: int, name: str) -> Role:
    before = words[at - 1]
    # $SHELL -c ...: what runs is not known, so an option that usually brings source text does.
    if words[0] is None and any(_has_letter(flag, "ceE") for flag in words[1:at]):
        return "program"
    if name in ("test", "[", "printf") and before in ("-v", "-R"):
        return "program"  # the name of a variable, whose subscript Bash evaluates
    if name in SYNTAX_OPERANDS:
        return "operand"
    return "plain" if name in ASSIGNING else "data"


def _source_option(word: Word, *, exact: bool) -> bool:
    if word is None:
        return False
    found = SOURCE_OPTION.match(word)
    return bool(found) and (word == found[0] if exact else word[found.end() :].startswith("="))


def _wrapped_role(words: Sequence[Word], at: int, name: str, wrapper: Wrapper) -> Role:
    index, skipped = 1, wrapper.skipped
    while index < at:
        word = words[index]
        if word is not None and word.startswith("--") and word != "--" and "=" not in word:
            return "program"  # an option that may or may not take the next word
        if word is not None and name == "env" and _has_letter(word, "S"):
            return "program"
        if word is not None and word.startswith("-"):
            index += 2 if len(word) >= 2 and word[-1] in wrapper.valued else 1
        elif word is not None and name in ("env", "sudo", "doas") and _ASSIGNMENT.match(word):
            index += 1
        elif skipped:
            skipped -= 1
            index += 1
        else:
            return _command_role(words[index:], at - index)
    if index > at:
        return "plain"  # the value of an option
    own = words[at]
    if own is not None and own.startswith("-"):
        return "plain"
    if own is not None and _ASSIGNMENT.match(own) and name in ("env", "sudo", "doas"):
        return "data"
    return "plain" if skipped else "name"


def _shell_role(words: Sequence[Word], at: int) -> Role:
    own = words[at]
    for word in words[1:at]:
        if _has_letter(word, "c") or word is None:
            return "program"  # behind the source stand its arguments, which it may evaluate
    if own is not None and own.startswith("-"):
        return "program"
    return "data"


def _inline_role(words: Sequence[Word], at: int, spec: Inline) -> Role:
    before, own = words[at - 1], words[at]
    if before in spec.long or _has_letter(before, spec.letters):
        return "program"
    attached = tuple(f"{option}=" for option in spec.long)
    if own is None or _has_letter(own, spec.letters) or own.startswith((*attached, "+")):
        return "program"
    # Perl's <> runs a file name that ends in a bar: what stands behind source text is not free.
    inline = any(_has_letter(word, spec.letters + "np") for word in words[1:at])
    return "plain" if inline else "data"


def _operand_role(words: Sequence[Word], at: int, name: str) -> Role:
    source: Role = "awk" if name in AWK else "sed" if name in SED else "program"
    before, own = words[at - 1], words[at]
    if (name in SED and _has_letter(before, "e")) or before in ("--expression", "--source", "-e"):
        return source
    if own is None or (own.startswith("-") and name != "ssh"):
        return "program"
    if before in ("-v", "-F") and name in AWK:
        return "plain"
    if any(word in ("--arg", "--argjson") for word in words[max(0, at - 2) : at]):
        return "data"
    return _by_position(words, at, name, source)


def _by_position(words: Sequence[Word], at: int, name: str, source: Role) -> Role:
    operands = _operands(words, at, name)
    if name in ("ssh", "sqlite3"):
        return "program" if operands or words[at - 1] in ("-o", "-cmd") else "plain"
    given = any(
        word is None or (_has_letter(word, "f") or (name in SED and _has_letter(word, "e")))
        for word in words[1:at]
    )
    if not operands and not given:
        return source
    return "file" if name in AWK else "data"


def _operands(words: Sequence[Word], at: int, name: str) -> int:
    """Count the operands before a word; an option's value that is not known as one counts."""
    family = "awk" if name in AWK else "sed" if name in SED else name
    valued = VALUED.get(family, "")
    count, index = 0, 1
    while index < at:
        word = words[index]
        if word is not None and word.startswith("-") and len(word) > 1:
            index += 2 if len(word) == 2 and word[1] in valued else 1
        else:
            count += 1
            index += 1
    return count


def _find_role(words: Sequence[Word], at: int) -> Role:
    for index in range(at - 1, 0, -1):
        if words[index] in (";", "+"):
            break
        if words[index] in FIND_RUNS:
            inner = _command_role(words[index + 1 :], at - index - 1)
            return "operand" if inner == "data" else inner
    return "operand"


def _has_letter(word: Word, letters: str) -> bool:
    """Whether a word is a cluster of short options with one of some letters."""
    if word is None or len(word) < 2 or word[0] != "-" or word[1] == "-":
        return False
    return any(letter in word for letter in letters)
