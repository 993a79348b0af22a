"""The programs that `shell_programs` knows, and how they take source text or commands.

Collected from their manuals (POSIX utilities, GNU, BSD, the interpreters' ``--help``). The lists
are data: a line more is a place closed, and costs nothing but a goal that goes to the Learner.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ksh", "mksh", "ash", "fish", "csh", "tcsh"})


@dataclass(frozen=True, slots=True)
class Inline:
    """A program that takes source text behind an option.

    letters: short options with source text; long: the same, spelt out.
    """

    letters: str
    long: tuple[str, ...] = ()


INLINE = {
    "python": Inline("c"),
    "pypy": Inline("c"),
    "perl": Inline("eEMm"),
    "ruby": Inline("e"),
    "node": Inline("ep", ("--eval", "--print")),
    "nodejs": Inline("ep", ("--eval", "--print")),
    "bun": Inline("ep"),
    "php": Inline("rBRE"),
    "lua": Inline("e"),
    "luajit": Inline("e"),
    "Rscript": Inline("e"),
    "R": Inline("e"),
    "julia": Inline("eE"),
    "osascript": Inline("e"),
    "octave": Inline("", ("--eval",)),
    "pwsh": Inline("c", ("-Command", "-command", "-EncodedCommand")),
    "psql": Inline("cv", ("--command", "--variable", "--set")),
    "mysql": Inline("e", ("--execute", "--init-command")),
    "mariadb": Inline("e", ("--execute", "--init-command")),
    "duckdb": Inline("cs"),
    "mongosh": Inline("", ("--eval",)),
    "mongo": Inline("", ("--eval",)),
    "su": Inline("c", ("--command", "--session-command")),
    "runuser": Inline("c", ("--command",)),
    "script": Inline("c", ("--command",)),
    "vim": Inline("cS"),
    "vi": Inline("cS"),
    "nvim": Inline("cS"),
    "emacs": Inline("", ("--eval", "--execute", "-eval")),
    "gdb": Inline("", ("-ex", "-iex", "--eval-command")),
    "git": Inline("c", ("--exec", "--upload-pack", "--receive-pack", "-x", "--config-env")),
    "rsync": Inline("e", ("--rsh", "--rsync-path")),
    "split": Inline("", ("--filter",)),
    "tar": Inline("IF", ("--info-script", "--new-volume-script", "--rmt-command")),
    "scp": Inline("oSF"),
    "sftp": Inline("oSF"),
    "man": Inline("P", ("--pager",)),
    "xterm": Inline("e"),
    "nix-shell": Inline("", ("--run", "--command")),
}
BUILTINS = frozenset({
    "eval", "source", ".", "trap", "let", "alias", "mapfile", "readarray", "read", "unset",
    "getopts", "complete", "compgen", "bind", "enable", "declare", "typeset", "local", "export",
    "readonly", "set", "hash", "vared", "[[",
})  # fmt: skip
"""What Bash evaluates its arguments for: as source, as arithmetic, or as names of variables."""
ALL_ARGUMENTS = frozenset({
    "expr", "bc", "dc", "watch", "parallel", "entr", "tmux", "screen", "m4", "at", "batch",
    "crontab", "systemd-run", "tclsh", "expect", "pkexec", "su-exec",
})  # fmt: skip
AWK = frozenset({"awk", "gawk", "mawk", "nawk"})
SED = frozenset({"sed", "gsed"})
FIND = frozenset({"find", "gfind"})
FIND_RUNS = frozenset({"-exec", "-execdir", "-ok", "-okdir"})
SYNTAX_OPERANDS = FIND | {"test", "[", "fd", "xargs"}
ASSIGNING = frozenset({"make", "gmake", "env", "sudo", "doas", "dd"})
SOURCE_OPTION = re.compile(
    r"--(?:[a-z]+-)*(?:command|exec|execute|eval|run|shell|rsh|pager|editor|compress-program"
    r"|checkpoint-action|init-command|upload-pack|receive-pack)"
)
# Programs that only look at their words: here "awk" or "sh" as a word is no program.
LOOKERS = frozenset({
    "grep", "egrep", "fgrep", "rg", "echo", "printf", "man", "which", "whatis", "apropos", "ls",
    "apt", "apt-get", "brew", "dnf", "yum", "pip", "pip3", "cd", "cat", "mkdir", "touch", "cp",
    "mv", "rm", "test", "[", "type",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A program that runs the command in its arguments.

    valued: letters of options that take the next word; skipped: operands before the command.
    """

    valued: str = ""
    skipped: int = 0


WRAPPERS = {
    "sudo": Wrapper("ugpCcrtThDRU"),
    "doas": Wrapper("uC"),
    "env": Wrapper("uC"),
    "nice": Wrapper("n"),
    "nohup": Wrapper(),
    "time": Wrapper("fo"),
    "timeout": Wrapper("ks", 1),
    "xargs": Wrapper("InLPdEsa"),
    "command": Wrapper(),
    "builtin": Wrapper(),
    "exec": Wrapper("a"),
    "busybox": Wrapper(),
    "toybox": Wrapper(),
    "stdbuf": Wrapper("ioe"),
    "setsid": Wrapper(),
    "ionice": Wrapper("cn"),
    "chrt": Wrapper("", 1),
    "taskset": Wrapper("", 1),
    "chroot": Wrapper("", 1),
    "strace": Wrapper("eopsaEuPIO"),
    "ltrace": Wrapper("eopsaulFnA"),
    "flock": Wrapper("wE", 1),
    "unshare": Wrapper("SGRw"),
    "fakeroot": Wrapper(),
    "caffeinate": Wrapper("tw"),
    "ccache": Wrapper(),
    "torify": Wrapper(),
    "proxychains": Wrapper("f"),
}


SPLITTERS = frozenset({"xargs", "parallel", "read", "mapfile", "readarray", "cpio", "select"})
INPUT_RUNNERS = frozenset({"bc", "dc", "sqlite3", "at", "batch", "ed", "ex", "crontab", "m4"})
VALUED = {"awk": "Fvf", "sed": "Ef", "jq": "fL", "ssh": "bcDEeFIiJLlmOopQRSWw", "sqlite": ""}
