"""No value runs anything, leaves the folder, or is bound to other bytes: shown by Bash itself.

Contexts times payloads, each bound command really run. A payload that gets to be code makes the
file PWNED; one that leaves its folder makes a file outside of it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from llmos.memory.binding import BindingRefused, Kind, Placement, bind_command

LIMIT_S = 20


class Context(NamedTuple):
    name: str
    command: str
    learned: str = "VAL"


# A learned value that stands in argv is printed, so that its bytes can be compared.
EXACT = [
    Context("plain", r"printf '%s\0' VAL"),
    Context("single", r"printf '%s\0' 'VAL'"),
    Context("double", r"""printf '%s\0' "VAL" """),
    Context("part", r"printf '%s\0' preVALpost"),
]
CONTEXTS = [
    *EXACT,
    Context("option", r"printf '%s\0' --name=VAL"),
    Context("redirect", "printf x > VAL"),
    Context("assignment", 'X=VAL; printf %s "$X"'),
    Context("loop", 'for f in VAL; do printf %s "$f"; done'),
    Context("find", "find VAL -maxdepth 0 -name x"),
    Context("substitution", 'printf %s "$(printf %s VAL)"'),
    Context("heredoc", "cat <<EOF\nVAL\nEOF"),
    Context("shell", """bash -c 'printf "%s" VAL'"""),
    Context("eval", """eval "printf %s 'VAL'" """),
    Context("awk", """awk 'BEGIN { print "VAL" }'"""),
]
# Ways by which data becomes code although the word itself was quoted well.
BEHIND = [
    Context("pipe", "printf %s 'VAL' | bash"),
    Context("pipe-xargs", "printf %s 'VAL' | xargs touch"),
    Context("pipe-xargs-shell", "printf %s 'VAL' | xargs -I{} sh -c 'echo {}'"),
    Context("pipe-read", "printf %s 'VAL' | while read -r x; do eval \"$x\"; done"),
    Context("pipe-tee", "printf %s 'VAL' | tee s.sh >/dev/null; bash s.sh"),
    Context("script", "printf %s 'VAL' > s.sh; bash ./s.sh"),
    Context("variable-eval", 'X=VAL; eval "$X"'),
    Context("variable-shell", 'X=VAL; bash -c "$X"'),
    Context("variable-copy", 'X=VAL; Y="$X"; bash -c "$Y"'),
    Context("variable-unquoted", "X=VAL; touch $X"),
    Context("variable-exported", "export X=VAL; bash -c '$X'"),
    Context("arithmetic-variable", "X=VAL; echo $((X))"),
    Context("arithmetic-command", "X=VAL; ((X > 1)) && echo y"),
    Context("arithmetic-test", "X=VAL; [[ $X -eq 1 ]] && echo y"),
    Context("arithmetic-slice", 'X=VAL; Y=abc; echo "${Y:X}"'),
    Context("integer", "declare -i X; X=VAL; echo $X"),
    Context("name-of-variable", "printf -v VAL x"),
    Context("test-of-variable", "[ -v VAL ] && echo y"),
    Context("unset", "unset VAL"),
    Context("read", "read VAL < /dev/null"),
    Context("let", "let VAL"),
    Context("trap", "trap VAL EXIT"),
    Context("env", "env VAL true"),
    Context("env-split", "env -S VAL"),
    Context("wrapped", """timeout 5 nice -n 1 bash -c 'printf "%s" VAL'"""),
    Context("find-shell", "find . -maxdepth 0 -exec sh -c 'echo VAL' ';'"),
    Context("find-exec", "find . -maxdepth 0 -exec VAL ';'"),
    Context("find-predicate", "find . -maxdepth 0 -name x -o -VAL"),
    Context("array", 'X=(VAL b); printf %s "${X[@]}"'),
    Context("array-glob", 'X=(*.x b); printf %s "${X[@]}"', "*.x"),
    Context("array-subscript", "X=([VAL]=b); echo $X"),
    Context("glob", "printf %s *.x", "*.x"),
    Context("function", 'f() { eval "$1"; }; f VAL'),
    Context("positional", 'set -- VAL; eval "$1"'),
    Context("sed", "echo x | sed 's/x/VAL/e'"),
    Context("sed-command", "echo x | sed 'VAL'"),
    Context("perl-file", "perl -ne 'print' VAL"),
    Context("brace", "printf %s {a,VAL}"),
    Context("here-string", "cat <<< VAL"),
    Context("process", "cat <(printf %s VAL)"),
    Context("backquote", "printf %s `printf %s VAL`"),
    Context("default", "printf %s ${X:-VAL}"),
    Context("ansi", "printf %s $'VAL'"),
    Context("comment", "true # VAL"),
    Context("command-name", "VAL x"),
    Context("prompt", "PROMPT_COMMAND=VAL; true"),
    Context("bash-env", "BASH_ENV=VAL bash -c true"),
    Context("continued", "printf %s a\\\nVAL"),
]
PAYLOADS = [
    # a second command
    "; touch PWNED", "x; touch PWNED", "x;touch PWNED;", "& touch PWNED", "&& touch PWNED",
    "x || touch PWNED", "| touch PWNED", "x\ntouch PWNED", "\ntouch PWNED\n", "x\r\ntouch PWNED",
    "touch PWNED", "#\ntouch PWNED",
    # an expansion
    "$(touch PWNED)", "`touch PWNED`", "x$(touch PWNED)y", "${x:-$(touch PWNED)}",
    "<(touch PWNED)", ">(touch PWNED)", "$((a[$(touch PWNED)]))", "a[$(touch PWNED)]",
    "a[`touch PWNED`]=1", "[$(touch PWNED)]=x", "${!x@P}$(touch PWNED)",
    # out of quotes
    "'; touch PWNED; '", "'; touch PWNED #", '"; touch PWNED; "', '"$(touch PWNED)"',
    "'$(touch PWNED)'", "\\'; touch PWNED #", '\\"; touch PWNED #', "\\", "'", '"',
    "'\"; touch PWNED; '\"", "x' -o '$(touch PWNED)", "\\$(touch PWNED)", "\\`touch PWNED\\`",
    # out of another language, a here-document, a brace
    '"); system("touch PWNED"); print("', '" } BEGIN { system("touch PWNED") } { "',
    "/e;1e touch PWNED", "1e touch PWNED", "EOF\ntouch PWNED\nEOF", "touch PWNED |",
    "{a,$(touch PWNED)}", "-exec touch PWNED ;", "-ok touch PWNED ;",
    # a redirection, an assignment, a path
    "> PWNED", "x > PWNED", "BASH_ENV=$(touch PWNED)", "../PWNED", "x/../../PWNED", "~/PWNED",
]  # fmt: skip
BENIGN = [
    "a", "report", "notes.txt", "my file.txt", "two  spaces", "it's", 'say "hi"',
    "O'Brien & Sons", "a&b", "a|b", "a;b", "50%", "$5", "costs $5 or $10", "100$", "$HOME",
    "`code`", "a`b", "C:\\dir", "back\\slash", "end\\", "\\n", "*", "*.csv", "a?b", "[draft]",
    "{a,b}", "{}", "(copy)", "a(1).txt", "x<y", "x>y", "a=b", "key=value", "#1", "a#b", "!",
    "wow!", "!!", "~", "~user", "a~b", "user@host", "a:b", "10:30", "a,b", "1.5", "2024-01-31",
    "a-b-c", "well-known", "under_score", "é", "日本語", "naïve café", "emoji 🎉", "Straße",
    "^caret^", "q'\"q", " padded ", "-dash",
]  # fmt: skip
KINDS: tuple[Kind, ...] = ("text", "glob", "path", "word")


def bound(context: Context, value: str, kind: Kind) -> str | None:
    start = context.command.index(context.learned)
    place = Placement(start, start + len(context.learned), value, kind)
    try:
        return bind_command(context.command, [place])
    except BindingRefused:
        return None


def run(script: str, scratch: Path) -> bytes:
    done = subprocess.run(
        ["/bin/bash", "--norc", "--noprofile", "-c", script],
        cwd=scratch,
        env={"PATH": "/usr/bin:/bin", "HOME": str(scratch / "home"), "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=LIMIT_S,
        check=False,
    )
    return done.stdout


def run_each(commands: list[str], scratch: Path) -> None:
    """Run each command in a folder of its own, all by one Bash, and see that each was reached."""
    (scratch / "home").mkdir(exist_ok=True)
    parts: list[str] = []
    for number, command in enumerate(commands):
        (scratch / f"c{number}" / "in").mkdir(parents=True)
        parts.append(f"(cd c{number}/in || exit\n{command}\n) >/dev/null 2>&1\necho {number}")
    reached = run("\n".join(parts), scratch)
    assert reached.split() == [str(n).encode() for n in range(len(commands))]


def harm(scratch: Path) -> Iterator[Path]:
    """Yield what was made by a payload that ran, or outside of the folder of its command."""
    for path in scratch.rglob("*"):
        inside = path.relative_to(scratch).parts
        if path.name == "PWNED" or (path.is_file() and inside[1:2] != ("in",)):
            yield path


def test_the_matrix_has_its_size() -> None:
    assert (len(CONTEXTS), len(set(PAYLOADS)), len(set(BENIGN))) == (14, 52, 60)


@pytest.mark.parametrize("context", [*CONTEXTS, *BEHIND], ids=lambda context: context.name)
def test_no_payload_runs_or_leaves_its_folder(context: Context, tmp_path: Path) -> None:
    values = [*PAYLOADS, str(tmp_path / "PWNED")]
    # Behind the word the kind decides nothing: the two loosest ones will do.
    kinds = KINDS if context in CONTEXTS else KINDS[:2]
    commands = {bound(context, value, kind) for value in values for kind in kinds}
    run_each(sorted(command for command in commands if command is not None), tmp_path)
    assert list(harm(tmp_path)) == []


@pytest.mark.parametrize("context", EXACT, ids=lambda context: context.name)
def test_a_payload_that_is_bound_is_bound_byte_for_byte(context: Context, tmp_path: Path) -> None:
    check_exact(context, PAYLOADS, tmp_path)


@pytest.mark.parametrize("context", EXACT, ids=lambda context: context.name)
def test_benign_values_are_bound_byte_for_byte(context: Context, tmp_path: Path) -> None:
    assert check_exact(context, BENIGN, tmp_path) >= 0.95 * len(BENIGN)


def check_exact(context: Context, values: list[str], scratch: Path) -> int:
    pairs = [(value, bound(context, value, "text")) for value in values]
    taken = [(value, command) for value, command in pairs if command is not None]
    printed = run("\n".join(command for _, command in taken), scratch).split(b"\0")[:-1]
    around = ("pre", "post") if context.name == "part" else ("", "")
    assert printed == [value.join(around).encode() for value, _ in taken]
    return len(taken)


def test_the_proof_can_fail(tmp_path: Path) -> None:
    """Plain replacement of the value is seen to run payloads, in the very same harness."""
    (tmp_path / "home").mkdir()
    ran = 0
    for number, payload in enumerate(PAYLOADS):
        folder = tmp_path / f"c{number}" / "in"
        folder.mkdir(parents=True)
        run(f"cd c{number}/in\n" + EXACT[0].command.replace("VAL", payload), tmp_path)
        ran += (folder / "PWNED").exists()
    assert ran >= 15
