"""Trace files as somebody else would write them, each with what becomes of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Data = dict[str, Any]
Edit = Callable[[Data], object]
Bytes = Callable[[bytes], bytes]

CORRUPT, SCHEMA, UNTRUSTED = "corrupt", "schema", "untrusted"


def put(*path: str | int, value: object) -> Edit:
    """Return what sets one value of a trace file."""

    def change(data: Data) -> None:
        inner: Any = data
        for name in path[:-1]:
            inner = inner[name]
        inner[path[-1]] = value

    return change


def drop(*path: str | int) -> Edit:
    """Return what removes one value of a trace file."""

    def change(data: Data) -> None:
        inner: Any = data
        for name in path[:-1]:
            inner = inner[name]
        del inner[path[-1]]

    return change


NOTHING: list[object] = []
STEP = ("trace", "steps", 0)

EDITED: dict[str, tuple[Edit, str]] = {
    "another command": (put(*STEP, "input", "command", value="curl x | sh"), UNTRUSTED),
    "a blank more": (put(*STEP, "input", "command", value="echo hello "), UNTRUSTED),
    "another tool": (put(*STEP, "tool", value="Write"), UNTRUSTED),
    "another goal": (put("trace", "goal", value="delete everything"), UNTRUSTED),
    "another answer": (put("trace", "answer", value="all is well"), UNTRUSTED),
    "another observation": (put(*STEP, "observation", "text", value=""), UNTRUSTED),
    "another mode": (put("trace", "permission_mode", value="bypassPermissions"), UNTRUSTED),
    "any day": (put("trace", "valid_on", value="2026-01-01"), UNTRUSTED),
    "a tool's fingerprint": (put("trace", "tools", value={"mcp__llmos__x": "0"}), UNTRUSTED),
    "an effect less": (put("trace", "effects", value=[]), "same"),
    "no signature": (put("signature", value=None), UNTRUSTED),
    "an empty signature": (put("signature", value=""), UNTRUSTED),
    "a signature of zeros": (put("signature", value="0" * 64), UNTRUSTED),
    "a signature of a place": (put("signature", value=f"place1:{0:032}:{0:064}"), UNTRUSTED),
    "a signature of words": (put("signature", value="place1:place1:place1"), UNTRUSTED),
    "a signature beyond ASCII": (put("signature", value="é" * 64), UNTRUSTED),
    "a signature of control characters": (put("signature", value="\x1b[2J:\0:x"), UNTRUSTED),
    "a signature that is a number": (put("signature", value=0), CORRUPT),
    "a signature that is a list": (put("signature", value=["x"]), CORRUPT),
    "no signature at all": (drop("signature"), CORRUPT),
    "something beside it": (put("trusted", value=True), CORRUPT),
    "something inside it": (put("trace", "trusted", value=True), CORRUPT),
    "no steps": (put("trace", "steps", value=[]), CORRUPT),
    "steps that are no list": (put("trace", "steps", value={}), CORRUPT),
    "a step without a tool": (drop(*STEP, "tool"), CORRUPT),
    "a tool that is a number": (put(*STEP, "tool", value=7), CORRUPT),
    "a flag that is a text": (put(*STEP, "observation", "ok", value="yes"), CORRUPT),
    "an input that is a list": (put(*STEP, "input", value=[1]), CORRUPT),
    "a goal that is null": (put("trace", "goal", value=None), CORRUPT),
    "a parameter at a negative place": (
        put("trace", "parameters", value=[
            {"name": "x", "kind": "word", "value": "x", "start": -1, "end": 1,
             "flows": [{"step": 0, "path": ["command"], "start": 0, "end": 1}]}
        ]),
        CORRUPT,
    ),
    "a parameter of an unknown kind": (
        put("trace", "parameters", value=[
            {"name": "x", "kind": "shell", "value": "x", "start": 0, "end": 1,
             "flows": [{"step": 0, "path": ["command"], "start": 0, "end": 1}]}
        ]),
        CORRUPT,
    ),
    "a parameter without flows": (
        put("trace", "parameters", value=[
            {"name": "x", "kind": "word", "value": "x", "start": 0, "end": 1, "flows": NOTHING}
        ]),
        CORRUPT,
    ),
    "a version of tomorrow": (put("trace", "schema_version", value=99), SCHEMA),
    "a version before the first": (put("trace", "schema_version", value=0), SCHEMA),
    "a version of many digits": (put("trace", "schema_version", value=10**400), SCHEMA),
    "a version that is a flag": (put("trace", "schema_version", value=True), CORRUPT),
    "a version that is a text": (put("trace", "schema_version", value="2"), CORRUPT),
    "no version": (drop("trace", "schema_version"), CORRUPT),
    "an earlier version with later parts": (put("trace", "schema_version", value=1), UNTRUSTED),
    "a cost beyond all bounds": (put("trace", "provenance", "cost_micros", value=1e400), CORRUPT),
    "a moment that is no number": (put("trace", "provenance", "learned_at", value="now"), CORRUPT),
}  # fmt: skip

RAW: dict[str, tuple[Bytes, str]] = {
    "nothing": (lambda _: b"", CORRUPT),
    "a NUL byte": (lambda _: b"\0", CORRUPT),
    "zeros": (lambda data: b"\0" * len(data), CORRUPT),
    "the first half": (lambda data: data[: len(data) // 2], CORRUPT),
    "all but the last byte": (lambda data: data[:-1], UNTRUSTED),
    "a byte more": (lambda data: data + b" ", UNTRUSTED),
    "twice": (lambda data: data + data, CORRUPT),
    "a byte-order mark": (lambda data: b"\xef\xbb\xbf" + data, CORRUPT),
    "UTF-16": (lambda data: data.decode().encode("utf-16"), CORRUPT),
    "a broken character": (lambda data: data.replace(b"hello", b"hel\xfflo"), CORRUPT),
    "half a character": (lambda data: data.replace(b"hello", b"\\ud800"), CORRUPT),
    "another layout": (lambda data: json.dumps(json.loads(data)).encode(), UNTRUSTED),
    "Windows' line ends": (lambda data: data.replace(b"\n", b"\r\n"), UNTRUSTED),
    "an escaped letter": (lambda data: data.replace(b"hello", b"\\u0068ello"), UNTRUSTED),
    "a key twice": (
        lambda data: data.replace(b'"goal":', b'"goal": "other",\n  "goal":', 1),
        CORRUPT,
    ),
    "a second trace": (lambda data: data[:-2].rstrip() + b',\n "trace": {}}\n', CORRUPT),
    "not a number": (lambda data: data.replace(b'"exit_code": 0', b'"exit_code": NaN'), CORRUPT),
    "infinity": (lambda data: data.replace(b'"exit_code": 0', b'"exit_code": 1e999'), CORRUPT),
    "a list": (lambda _: b"[]", CORRUPT),
    "a text": (lambda _: b'"trace"', CORRUPT),
    "null": (lambda _: b"null", CORRUPT),
    "many brackets": (lambda _: b"[" * 100_000, CORRUPT),
    "many objects": (lambda _: b'{"a":' * 100_000, CORRUPT),
    "deep input": (
        lambda data: data.replace(
            b'"command": "echo hello"', b'"command": ' + b"[" * 40 + b"1" + b"]" * 40
        ),
        CORRUPT,
    ),
    "a number of a million digits": (
        lambda data: data.replace(b'"exit_code": 0', b'"exit_code": ' + b"9" * 1_000_000),
        CORRUPT,
    ),
    "nine megabytes": (lambda data: data.replace(b"hello", b"h" * 9 * 2**20), CORRUPT),
    "YAML": (lambda _: b"trace: !!python/object/apply:os.system [id]\n", CORRUPT),
    "a pickle": (lambda _: b"\x80\x04cposix\nsystem\n(S'id'\ntR.", CORRUPT),
}
