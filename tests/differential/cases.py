"""The calls on which each driver is held against the CLI's own tool, in one directory a batch."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

Case = tuple[str, dict[str, Any]]

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000a49444154789c6360000002000155a2415c0000000049454e44ae426082"
)


def prepare(folder: Path) -> None:
    """Make the files that all batches begin with."""
    files: dict[str, bytes] = {
        "empty.txt": b"",
        "one.txt": b"one line",
        "crlf.txt": b"a\r\nb\r\nc\r\n",
        "bom.txt": b"\xef\xbb\xbfhello\nworld\n",
        "lf.txt": b"alpha\nbeta\ngamma\n",
        "mixed.txt": b"a\r\nb\nc\r\n",
        "utf16.txt": "hi\nthere\n".encode("utf-16"),
        "bad.txt": b"ok\xff\xfe bad\n",
        "dup.txt": b"x\nx\ny\n",
        "uni\u00e9.txt": "h\u00e9llo \u4f60\u597d\n".encode(),
        "bin.dat": bytes(range(256)) * 4,
        "big.txt": b"".join(b"line %d\n" % n for n in range(40000)),
        "img.png": PNG,
        "src/a.py": b"import os\nprint('hi')\n",
        "src/b.py": b"import sys\n",
        "src/deep/c.py": b"import re\nx = 1\n",
        ".hidden/h.py": b"import hidden\n",
        "curly.txt": "say \u201chi\u201d\n".encode(),
        "data.csv": b"id,amount\n1,2\n2,3\n",
        "trail.txt": b"keep  \nthis\n",
        "long.txt": b"short match\n" + b"match " * 200 + b"\n",
    }
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    for name, target in {
        "link.txt": "lf.txt",
        "out.lnk": "/etc/hostname",
        "dangling": "nowhere",
        "dirlink": "src",
    }.items():
        (folder / name).symlink_to(target)
    regular = sorted(p for p in folder.rglob("*") if p.is_file() and not p.is_symlink())
    for number, path in enumerate(regular):
        moment = 1_700_000_000 + number * 10
        os.utime(path, (moment, moment))


def read(path: str, **more: Any) -> Case:
    return "Read", {"file_path": path, **more}


def write(path: str, content: str) -> Case:
    return "Write", {"file_path": path, "content": content}


def edit(path: str, old: str, new: str, **more: Any) -> Case:
    return "Edit", {"file_path": path, "old_string": old, "new_string": new, **more}


def bash(command: str, **more: Any) -> Case:
    return "Bash", {"command": command, **more}


def grep(pattern: str, **more: Any) -> Case:
    return "Grep", {"pattern": pattern, **more}


def glob(pattern: str, **more: Any) -> Case:
    return "Glob", {"pattern": pattern, **more}


READ: list[Case] = [
    *(read(name) for name in ("lf.txt", "empty.txt", "one.txt", "crlf.txt", "bom.txt")),
    *(read(name) for name in ("mixed.txt", "utf16.txt", "bad.txt", "uni\u00e9.txt", "bin.dat")),
    read("big.txt"),
    read("big.txt", offset=10, limit=3),
    read("lf.txt", offset=0),
    read("lf.txt", offset=4),
    read("lf.txt", offset=5),
    read("lf.txt", offset=2),
    read("lf.txt", limit=0),
    read("lf.txt", offset=100),
    *(read(name) for name in ("missing.txt", "src", "link.txt", "dangling", "dirlink/a.py")),
    read("./src/../lf.txt"),
    read(""),
    read("trail.txt", limit=1),
    ("Read", {"path": "lf.txt"}),
    # These two are denied, so a run that has them leaves no trace.
    read("out.lnk"),
    read("/etc/hostname"),
]

WRITE: list[Case] = [
    write("new.txt", "hello\n"),
    write("lf.txt", "unread\n"),
    read("lf.txt"),
    write("lf.txt", "x\ny  \n"),
    write("lf.txt", "again\n"),
    write("deep/er/new.txt", "no newline"),
    write("src", "x"),
    write("link.txt", "x"),
    write("dangling", "x"),
    write("/etc/llmos-never", "x"),
    write("dirlink/new.py", "x"),
    write("a.md", "x  \n"),
    write("e.txt", ""),
    write("lf.txt/sub.txt", "x"),
    write("crlfnew.txt", "a\r\nb  \r\n"),
    read("crlf.txt"),
    write("crlf.txt", "a\nB\n"),
    read("bom.txt"),
    write("bom.txt", "bye\n"),
    read("utf16.txt"),
    write("utf16.txt", "ho\n"),
    ("Write", {"file_path": "c.txt"}),
    ("Write", {"file_path": "c.txt", "content": "x", "extra": 1}),
    bash("chmod 755 new.txt"),
    write("new.txt", "over\n"),
    write("\u00fcber/\u00fc.txt", "\u00fc\u4f60\n"),
    write("~x.txt", "tilde\n"),
]

EDIT: list[Case] = [
    read("lf.txt"),
    edit("lf.txt", "beta", "BETA"),
    edit("lf.txt", "nope", "x"),
    edit("lf.txt", "alpha", "alpha"),
    read("dup.txt"),
    edit("dup.txt", "x", "z"),
    edit("dup.txt", "x", "z", replace_all=True),
    edit("dup.txt", "y", ""),
    edit("missing.txt", "a", "b"),
    edit("created.txt", "", "fresh\n"),
    edit("dup.txt", "", "fresh\n"),
    edit("empty.txt", "", "fresh\n"),
    read("mixed.txt"),
    edit("mixed.txt", "b\nc", "B\nC"),
    read("bom.txt"),
    edit("bom.txt", "hello", "ciao"),
    read("utf16.txt"),
    edit("utf16.txt", "hi", "ho"),
    read("curly.txt"),
    edit("curly.txt", 'say "hi"', 'say "ho" now'),
    edit("src/a.py", "import os", "import re"),
    bash("cat src/b.py"),
    edit("src/b.py", "import sys", "import re"),
    edit("src", "a", "b"),
    edit("bin.dat", "a", "b"),
    read("trail.txt"),
    edit("trail.txt", "keep", "kept   \nmore  "),
    edit("link.txt", "alpha", "via link"),
    edit("dup.txt", "q\r\n", "r"),
    read("crlf.txt"),
    edit("crlf.txt", "a\nb", "A\nB\nbb"),
    edit("data.csv", "$&", "x"),
    read("data.csv"),
    edit("data.csv", "1,2", "$&,\\1"),
]

BASH: list[Case] = [
    bash("echo hi"),
    bash("exit 3"),
    bash("echo out; echo err >&2; echo more; exit 2"),
    bash("true"),
    bash("grep zzz lf.txt"),
    bash("diff lf.txt dup.txt"),
    bash("test -f nope"),
    bash("[ -f nope ]"),
    bash("find nope"),
    bash("cat lf.txt | grep zzz"),
    bash("grep -c zzz lf.txt; exit 1"),
    bash("printf '\\n\\n  a  \\n b \\n\\n'"),
    bash("cd src && pwd"),
    bash("pwd"),
    bash("cd .. ; pwd"),
    bash("cd / && pwd"),
    bash("pwd"),
    bash("cd src; false"),
    bash("pwd"),
    bash("cd .."),
    bash("set -e; false; echo after"),
    bash("false | true; echo $?"),
    bash("X=1; export Y=2"),
    bash("echo $X$Y; echo $0; echo $-; echo $SHELL"),
    bash("echo partial; python3 -c 'import time; time.sleep(9)'", timeout=1000),
    bash("cat"),
    bash("python3 -c \"print('x' * 29990)\""),
    bash("python3 -c \"print('y\\n' * 20000)\""),
    bash("python3 -c \"print('w' * 40000)\""),
    bash("python3 -c \"print('z' * 40000)\"; exit 1"),
    bash("python3 -c \"print('q' * 10001)\"; exit 1"),
    bash("python3 -c \"print('q' * 11030)\"; exit 1"),
    bash("printf 'a\\xff\\xfeb'"),
    bash("printf '\\033[31mred\\033[0m\\000x'"),
    bash("nosuchcommand"),
    bash("echo 'unclosed"),
    bash(""),
    bash("ls nope"),
    bash("cd nosuchdir"),
    bash("(cd src; exit 4)"),
    bash("echo a\necho b"),
    bash("cat <<'EOF'\nhello $X\nEOF"),
    bash("find . -name a.py; grep -rn import src | sort"),
    bash("echo $LANG; umask; echo $CLAUDECODE $GIT_EDITOR"),
    bash("echo \u00fc\u4f60"),
    bash("head -c 20 bin.dat | od -c"),
    ("Bash", {"cmd": "x"}),
    ("Bash", {"command": "echo hi", "run_in_background": True}),
]

SEARCH: list[Case] = [
    *(glob(pattern) for pattern in ("*.py", "**/*.txt", "src/*", "*.zzz", "**/*", "*.{py,csv}")),
    *(glob(pattern) for pattern in ("[ab]*.txt", "../*", "src", "./src/*.py", "lf.txt", "?f.txt")),
    *(glob(pattern) for pattern in ("*.PY", "dirlink/*", "*link*", "!*.txt", "src/**", "**/c.py")),
    glob("*.py", path="src"),
    glob("*.py", path="nope"),
    ("Glob", {"path": "src"}),
    grep("import"),
    grep("import", output_mode="content"),
    grep("import", output_mode="content", **{"-n": False}),
    grep("import", output_mode="count"),
    grep("zzz"),
    grep("zzz", output_mode="content"),
    grep("zzz", output_mode="count"),
    grep("IMPORT", **{"-i": True}, path="src"),
    grep("beta", output_mode="content", path="lf.txt"),
    grep("beta", output_mode="content", path="lf.txt", **{"-C": 1}),
    grep("import", output_mode="content", **{"-A": 1}),
    grep("import", glob="*.py"),
    grep("import", glob="src/**/*.py"),
    grep("import", glob="!*.py"),
    grep("import", type="py"),
    grep("import", output_mode="content", head_limit=2),
    grep("import", output_mode="content", head_limit=2, offset=1),
    grep("import", head_limit=1),
    grep("alpha\\nbeta", output_mode="content", multiline=True, path="lf.txt"),
    grep("line 1", output_mode="content", path="big.txt"),
    grep("x", path="nope"),
    grep("a", output_mode="content", path="lf.txt", **{"-o": True}),
    grep("alpha", path="lf.txt"),
    grep("alpha", path="lf.txt", output_mode="count"),
    grep("import", path="src", output_mode="content"),
    grep("^x = \\d$", path="src"),
    grep("match", path="long.txt", output_mode="content"),
    grep("a", output_mode="content", head_limit=0, path="lf.txt"),
]

# Where a driver is conservative: the CLI goes on, the driver says that it cannot, and a replay
# stops there.
DECLINED: list[Case] = [
    read("img.png"),
    grep("interface{}"),
    grep("import", type="haskell"),
    grep("h.llo"),
]
