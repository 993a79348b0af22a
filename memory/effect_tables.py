"""The programs whose effects are known, collected from their manuals.

A program that stands in none of these may do anything. A line more spares a warning; a wrong line
hides one, so what is in doubt is left out.
"""

from __future__ import annotations

LOOK = frozenset({
    "echo", "printf", "cat", "tac", "ls", "dir", "pwd", "cd", "true", "false", "test", "[", "[[",
    "wc", "head", "tail", "grep", "egrep", "fgrep", "rg", "cut", "tr", "nl", "rev", "fold",
    "paste", "join", "comm", "diff", "cmp", "column", "seq", "basename", "dirname", "realpath",
    "readlink", "stat", "file", "du", "df", "cal", "whoami", "id", "groups", "uname",
    "nproc", "arch", "uptime", "free", "ps", "which", "type",
    "printenv", "md5sum", "sha1sum", "sha256sum", "sha512sum", "cksum", "b2sum", "base64",
    "od", "hexdump", "strings", "expr", "bc", "sleep", "jq", "numfmt", "locale", "getconf",
    ":", "exit", "return", "break", "continue", "shift", "set", "unset", "export", "local",
    "declare", "readonly", "read", "wait", "tsort", "factor", "look", "exa", "bat",
})  # fmt: skip
"""They only look, unless their output is sent into a file."""
LOOK_UNLESS = {
    "sort": ("-o", "--output"),
    "find": ("-delete", "-exec", "-execdir", "-ok", "-okdir", "-fprint", "-fprintf", "-fls"),
    "yq": ("-i", "--inplace"),
    "date": ("-s", "--set"),
    "shuf": ("-o", "--output"),
    "tree": ("-o", "--output"),
    "xxd": ("-r", "-revert"),
}
"""They only look, unless one of these options is given."""
FILES = frozenset({
    "mkdir", "rmdir", "touch", "cp", "mv", "rm", "ln", "unlink", "tee", "truncate", "chmod",
    "split", "csplit", "gzip", "gunzip", "bzip2", "xz", "zip", "tar", "shred", "iconv", "sed",
    "unix2dos", "dos2unix", "zstd", "uniq",
})  # fmt: skip
"""They change the files that they name."""
LAST_IS_TARGET = frozenset({"cp", "ln", "uniq"})
"""Of these only the last word is changed."""
GIT_LOOKS = frozenset({
    "status", "log", "diff", "show", "blame", "ls-files", "ls-tree", "rev-parse", "describe",
    "shortlog", "grep", "cat-file", "branch", "tag", "remote", "rev-list", "reflog", "stash",
})  # fmt: skip
GIT_FILES = frozenset({
    "init", "add", "commit", "checkout", "switch", "restore", "reset", "rm", "mv", "merge",
    "rebase", "cherry-pick", "revert", "apply", "clean",
})  # fmt: skip
NETWORK = frozenset({
    "curl", "wget", "ssh", "scp", "sftp", "rsync", "ftp", "nc", "ncat", "telnet", "ping", "dig",
    "nslookup", "host", "http", "aws", "gcloud", "az", "gh", "kubectl", "helm", "terraform",
    "psql", "mysql", "redis-cli", "mongosh", "mail", "sendmail",
})  # fmt: skip
"""They reach other machines or servers."""
INVERSES = {
    ("pip", "install"): "pip uninstall",
    ("pip3", "install"): "pip3 uninstall",
    ("pipx", "install"): "pipx uninstall",
    ("apt", "install"): "apt remove",
    ("apt-get", "install"): "apt-get remove",
    ("dnf", "install"): "dnf remove",
    ("brew", "install"): "brew uninstall",
    ("gem", "install"): "gem uninstall",
    ("cargo", "install"): "cargo uninstall",
    ("docker", "start"): "docker stop",
    ("docker", "run"): "docker rm -f",
    ("docker", "pull"): "docker image rm",
    ("systemctl", "start"): "systemctl stop",
    ("systemctl", "stop"): "systemctl start",
    ("systemctl", "enable"): "systemctl disable",
    ("systemctl", "disable"): "systemctl enable",
    ("useradd", ""): "userdel",
    ("groupadd", ""): "groupdel",
    ("mount", ""): "umount",
    ("mkdir", ""): "rmdir",
}
"""What takes back what a program did outside the directory."""
