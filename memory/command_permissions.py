"""What the permission rules say of a shell command, part by part."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from .permission_rules import Rule
from .shell_commands import commands_of
from .shell_parts import Commands, Part, Redirect, Word

if TYPE_CHECKING:
    from .permissions import Permissions

from .permissions import FREE_MODES, OPEN, Outcome, Verdict

READERS = frozenset({
    "cat", "head", "tail", "less", "more", "grep", "egrep", "fgrep", "ls", "wc", "stat", "file",
    "diff", "cmp", "comm", "md5sum", "sha1sum", "sha256sum", "sha512sum", "cksum", "cut", "tr",
    "echo", "printf", "test", "[", "true", "false", ":", "pwd", "cd", "dirname", "basename",
    "realpath", "readlink", "du", "df", "which", "type", "seq", "nl", "tac", "rev", "fold", "od",
    "hexdump", "strings", "jq", "id", "whoami", "uname", "nproc", "sleep",
})  # fmt: skip
"""Programs that neither write what their words name nor run anything."""

_TRANSPARENT = frozenset({"timeout", "time", "nice", "nohup", "stdbuf", "xargs"})
"""Wrappers that change nothing about what they run: only that needs to be allowed."""
_HARMLESS = frozenset(
    {"LANG", "LANGUAGE", "TZ", "NO_COLOR", "FORCE_COLOR", "CI", "TERM", "COLUMNS"}
)
_PROXIES = frozenset({"http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy"})
_DEVICES = frozenset({"/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty"})
_MOST_FILES = 1000
_GIT_SETTINGS = ("user.name", "user.email", "init.defaultbranch", "color.", "core.autocrlf")


class CommandPermissions:
    """Judges shell commands.

    Args:
        permissions: The rules, and what they say of files.
    """

    def __init__(self, permissions: Permissions) -> None:
        self._permissions = permissions
        self._rules = permissions.rules.about("Bash")

    def judge(self, command: str) -> Verdict:
        """Say what is said of a command.

        Args:
            command: The command line.
        """
        found = commands_of(command)
        denied = self._forbidden(command, found)
        if denied is not None:
            return denied
        whole = next((rule for rule in self._rules.allow if not rule.specifier), None)
        if whole is not None:
            return Verdict(Outcome.ALLOW, f"it is allowed by the rule {whole.text}")
        if self._rules.allow and not found.unknown and self._all_allowed(command, found):
            return Verdict(Outcome.ALLOW, "each of its commands is allowed by a rule")
        return OPEN

    def only_reads(self, command: str) -> bool:
        """Return whether a command surely changes nothing and runs only programs that read."""
        found = commands_of(command)
        return not found.unknown and all(self._reads(part) for part in found.parts)

    def _forbidden(self, command: str, found: Commands) -> Verdict | None:
        verdicts = list(self._verdicts(command, found))
        for outcome in (Outcome.DENY, Outcome.ASK):
            for verdict in verdicts:
                if verdict.outcome is outcome:
                    return verdict
        return None

    def _verdicts(self, command: str, found: Commands) -> Iterator[Verdict]:
        for rules, outcome, said in (
            (self._rules.deny, Outcome.DENY, "is denied by the rule"),
            (self._rules.ask, Outcome.ASK, "is to be asked about by the rule"),
        ):
            for rule in rules:
                if rule.matches_command(command) or _any_part(rule, found):
                    yield Verdict(outcome, f"it {said} {rule.text}")
        bases = [self._permissions.cwd]
        for part in found.parts:
            _note_cd(part, bases)
        for part in found.parts:
            yield from self._about_files(part, bases)
        rules = self._permissions.rules
        if found.unknown and any(rule.specifier for rule in (*rules.deny, *rules.ask)):
            yield Verdict(Outcome.ASK, f"whether a rule forbids it cannot be told: {found.unknown}")

    def _about_files(self, part: Part, bases: list[Path]) -> Iterator[Verdict]:
        judge_read, judge_write = self._permissions.judge_read, self._permissions.judge_write
        reads = self._reads_operands(part)
        for redirect in part.redirects:
            for path in _paths(redirect.target, bases):
                yield judge_write(path) if redirect.writes else judge_read(path)
        for word in part.words[1:]:
            for path in _paths(word, bases):
                yield judge_read(path)
                if not reads:
                    yield judge_write(path)
        if part.name in ("rm", "rmdir"):
            yield from self._about_removing(part, bases)
        if part.name == "git" and _sets_what_runs(part):
            yield Verdict(Outcome.DENY, "the settings of git are protected: they can run programs")

    def _about_removing(self, part: Part, bases: list[Path]) -> Iterator[Verdict]:
        kept = (self._permissions.cwd, self._permissions.home)
        for word in part.words[1:]:
            source = word.source.strip("\"'")
            unclear = word.literal is None and source[:1] in ("/", "~", "$")
            for path in () if unclear else _paths(word, bases):
                unclear = unclear or any(one.is_relative_to(path) for one in kept)
            if unclear:
                yield Verdict(Outcome.ASK, f"{part.name} {word.source} could remove everything")

    def _all_allowed(self, command: str, found: Commands) -> bool:
        if any(rule.specifier == command for rule in self._rules.allow):
            return True
        return all(self._allowed(part) for part in found.parts if part.role != "maybe")

    def _allowed(self, part: Part) -> bool:
        if not all(map(_is_harmless_variable, part.assigned)):
            return False
        if not all(map(self._may_redirect, part.redirects)):
            return False
        if not part.words or part.name in _TRANSPARENT or self._reads(part):
            return True
        return any(rule.matches_command(_said(part)) for rule in self._rules.allow)

    def _may_redirect(self, redirect: Redirect) -> bool:
        literal = redirect.target.literal
        if literal is None or "\0" in literal:
            return False
        path = Path(os.path.normpath(self._permissions.cwd / literal))
        if not redirect.writes:
            return path.is_relative_to(self._permissions.cwd)
        if literal in _DEVICES:
            return True
        if self._permissions.judge_write(path).outcome is Outcome.ALLOW:
            return True
        inside = path.is_relative_to(self._permissions.cwd)
        return inside and self._permissions.mode in FREE_MODES

    def _reads(self, part: Part) -> bool:
        """Whether a part surely changes nothing."""
        harmless = all(map(_is_harmless_variable, part.assigned))
        to_files = [one for one in part.redirects if one.writes]
        devices = all(one.target.literal in _DEVICES for one in to_files)
        if not (harmless and devices):
            return False
        if part.role == "maybe" or not part.words:
            return True
        plain = part.words[0].literal in READERS  # by its plain name: ./ls is another program
        return (plain or part.name in _TRANSPARENT) and all(
            self._inside(word) for word in part.words[1:]
        )

    def _inside(self, word: Word) -> bool:
        """Whether a word surely names nothing outside of the working directory."""
        if word.literal is None:
            return word.source[:1] not in ("/", "~", "$", '"') and ".." not in word.source
        path = Path(os.path.normpath(self._permissions.cwd / word.literal))
        return path.is_relative_to(self._permissions.cwd)

    def _reads_operands(self, part: Part) -> bool:
        return part.name in READERS or part.name in ("", "export", "unset", "local", "declare")


def _any_part(rule: Rule, found: Commands) -> bool:
    return any(rule.matches_command(said) for part in found.parts for said in _spellings(part))


def _spellings(part: Part) -> Iterator[str]:
    """Yield a part as Bash takes it, as it is written, and with the program's bare name."""
    if not part.words:
        return
    yield _said(part)
    yield " ".join(word.source for word in part.words)
    if part.name:
        yield " ".join((part.name, *map(_meaning, part.words[1:])))


def _said(part: Part) -> str:
    return " ".join(map(_meaning, part.words))


def _meaning(word: Word) -> str:
    return word.source if word.literal is None else word.literal


def _is_harmless_variable(name: str) -> bool:
    """Whether a variable surely does not change what programs do: by convention lower case."""
    if name in _HARMLESS or name.startswith("LC_"):
        return True
    return name == name.lower() and name not in _PROXIES


def _paths(word: Word, bases: list[Path]) -> Iterator[Path]:
    """Yield the paths that a word may name: as it is, behind ``=``, behind an option's letter."""
    text = word.source if word.literal is None else word.literal
    if "\0" in text:
        return
    texts = {text, text.partition("=")[2]}
    if text.startswith("-") and not text.startswith("--"):
        texts.add(text[2:])
    for one in texts - {""}:
        for base in bases:
            yield from _named(one, base, fixed=word.literal is not None)


def _named(text: str, base: Path, *, fixed: bool) -> Iterator[Path]:
    expanded = os.path.expanduser(text)  # noqa: PTH111 - keeps `~x`
    yield Path(os.path.normpath(base / expanded))
    if not fixed and any(char in text for char in "*?["):
        for name in islice(glob.iglob(expanded, root_dir=base, include_hidden=True), _MOST_FILES):
            yield Path(os.path.normpath(base / name))


def _note_cd(part: Part, bases: list[Path]) -> None:
    """Take note of where words of other parts may be looked up, whatever runs first."""
    if part.name in ("cd", "pushd") and len(part.words) > 1:
        target = part.words[-1].literal
        if target is not None and "\0" not in target:
            moved = [Path(os.path.normpath(one / os.path.expanduser(target))) for one in bases]  # noqa: PTH111
            bases += [one for one in moved if one not in bases][: max(0, 16 - len(bases))]


def _sets_what_runs(part: Part) -> bool:
    """Whether ``git config`` sets something else than a name or a colour."""
    words = [word.literal for word in part.words[1:]]
    if "config" not in words:
        return False
    given = words[words.index("config") + 1 :]
    reads = {"--get", "--get-all", "--get-regexp", "--list", "-l", "get", "list"}
    if any(word in reads for word in given):
        return False
    names = [word for word in given if word is None or not word.startswith("-")]
    if len(names) < 2 and not any(word in ("--unset", "-e", "--edit") for word in given):
        return False
    return not (names and names[0] and names[0].casefold().startswith(_GIT_SETTINGS))
