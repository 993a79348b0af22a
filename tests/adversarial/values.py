"""What a goal, a tool's output or a path may hold to do harm."""

from __future__ import annotations

VALUES = [
    "x; touch PWNED", "x && touch PWNED", "x | touch PWNED", "x\ntouch PWNED", "x & touch PWNED",
    "$(touch PWNED)", "`touch PWNED`", "${x:-$(touch PWNED)}", "<(touch PWNED)", "x > PWNED",
    "x >> PWNED", "x 2>PWNED", "'; touch PWNED; '", '"; touch PWNED; "', "\\'; touch PWNED #",
    "x' $(touch PWNED) '", 'x" $(touch PWNED) "', "--files0-from=PWNED", "-x", "--", "-",
    "-o PWNED",
    "*", "?", "[a-z]*", "{a,b}", "~", "~root", "$HOME", "$IFS", "!!", "x #", "a b", "a\tb", "",
    " ", "\0", "\x1b[2J", "\u202egpj.exe", "../../etc/passwd", "/etc/passwd", "//etc/passwd",
    "..", ".", "a/../../b", "\U000f0000{", "\ud800", "x" * 100_000, "\r\ntouch PWNED",
    "$((a[$(touch PWNED)]))", "%s%n", "${cwd}", "${cwd\\}",
]  # fmt: skip
"""Values to be bound to a parameter that stands as one word of a command."""

PATHS: list[tuple[str, str]] = [
    ("../out/file", "denied"),
    ("../../out/file", "denied"),
    ("sub/../../out/file", "denied"),
    ("./.././out/file", "denied"),
    ("{out}/file", "denied"),
    ("/proc/self/cwd/../out/file", "denied"),
    ("/proc/self/root{out}/file", "denied"),
    ("/etc/hostname", "denied"),
    ("/dev/stdin", "denied"),
    ("~/file", "denied"),
    ("~root/file", "denied"),
    ("link/file", "denied"),
    ("link_to_file", "denied"),
    ("chain/file", "denied"),
    ("sub/up/file", "denied"),
    ("loop/file", "denied"),
    ("absolute/file", "denied"),
    ("a\0b", "denied"),
    ("x" * 5000, "denied"),
    ("x/" * 3000, "denied"),
    ("", "denied"),
    ("sub/inside", "done"),
    ("./sub/../sub/inside", "done"),
    ("inner_link/inside", "done"),
]
"""Paths for Read and Write, and whether they are carried out."""

SEQUENCES = [
    "\x1b[2J", "\x1b[H\x1b[J", "\x1b]0;title\x07", "\x1b]52;c;cHduZWQ=\x07", "\x1b[8m",
    "\x1b[?1049h", "\x1bc", "\x1b[31m", "\x1b[5n", "\x1b[6n", "\x1b[c",
    "\x1b]8;;http://x\x1b\\text\x1b]8;;\x1b\\", "\x1bP+q544e\x1b\\", "\x1b_G\x1b\\",
    "\x1b^x\x1b\\", "\x9b2J", "\x9d0;x\x9c", "\x90x\x9c", "\x07", "\x08\x08\x08", "\r", "\x0b",
    "\x0c", "\x7f", "\x0e", "\x00", "\x85", "\u202e", "\u202d", "\u2066", "\u2069", "\u200f",
    "\u200e", "\u061c", "\u2028", "\u2029", "\ufeff", "\u200b", "\u2060", "\U000e0041",
]  # fmt: skip
"""What could command a terminal, or make text look like what it is not."""
