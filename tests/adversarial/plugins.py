"""Plugin tools that misbehave when they are called, each with what the caller is told."""

from __future__ import annotations

FAILS, GIVES = False, True

CALLS: dict[str, tuple[str, bool, str]] = {
    "raises": ("raise ValueError('no')", FAILS, "ValueError: no"),
    "raises without words": ("raise ValueError", FAILS, "ValueError"),
    "raises a group": ("raise ExceptionGroup('g', [ValueError('x')])", FAILS, "ExceptionGroup"),
    "leaves": ("import sys; sys.exit(3)", FAILS, "SystemExit: 3"),
    "interrupts": ("raise KeyboardInterrupt", FAILS, "KeyboardInterrupt"),
    "recurses": ("return tool(text)", FAILS, "RecursionError"),
    "gives nothing": ("return None", GIVES, "null"),
    "gives bytes": ("return b'x'", FAILS, "TypeError"),
    "gives an object": ("return object()", FAILS, "TypeError"),
    "gives itself": ("x = []; x.append(x); return x", FAILS, "ValueError"),
    "gives no number": ("return float('nan')", FAILS, "ValueError"),
    "gives an infinite number": ("return [float('inf')]", FAILS, "ValueError"),
    "gives odd keys": ("return {(1, 2): 3}", FAILS, "TypeError"),
    "gives a failure": (
        "return {'content': [{'type': 'text', 'text': 'bad'}], 'is_error': True}",
        FAILS,
        "bad",
    ),
    "gives a picture": (
        "return {'content': [{'type': 'image', 'data': 'x'}]}",
        GIVES,
        '{"content"',
    ),
    "gives content that is none": ("return {'content': 'x'}", GIVES, '{"content": "x"}'),
    "gives control characters": ("return '\\x1b[2J'", GIVES, "\x1b[2J"),
    "prints": ("print('noise'); return 'result'", GIVES, "result"),
    "has text that says no": (
        "class T(str):\n        def __str__(self): raise ValueError('no')\n"
        "    raise RuntimeError(T('x'))",
        FAILS,
        "RuntimeError",
    ),
    "changes the directory of the source": ("text = __file__; return 'x'", GIVES, "x"),
}
"""The body of the function, whether the call succeeds, and how what is said begins."""

INPUTS: dict[str, object] = {
    "nothing": {},
    "another name": {"other": "x"},
    "a name too many": {"text": "x", "more": "y"},
    "a number": {"text": 1},
    "a list": {"text": ["x"]},
    "null": {"text": None},
    "an object": {"text": {"a": 1}},
}
"""Inputs that do not fit the schema of a tool that takes one text."""
