"""The trace codec: what is written is read back, and nothing else is believed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory import make_trace
from llmos.kernel.errors import CorruptTraceError, TraceError, TraceSchemaError
from llmos.memory.codec import MAX_BYTES, decode, encode
from llmos.memory.json_layout import MAX_DEPTH, laid_out
from llmos.memory.placement import MARKER, lift_cwd, lift_json, lower_cwd, lower_json, safe_in_shell

texts = st.text(st.characters(exclude_categories=["Cs"]))
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(texts, texts, st.dictionaries(texts, json_values, max_size=4), st.booleans())
def test_a_trace_is_read_back_as_it_was_written(
    goal: str, output: str, given_input: dict[str, Any], ok: bool
) -> None:
    trace = make_trace(goal, given=given_input, output=output, ok=ok)
    signed = decode(encode(trace, "s"))
    assert signed.trace == trace
    assert signed.trace.trace_id == trace.trace_id
    assert signed.signature == "s"


@given(st.recursive(json_values | st.floats(allow_nan=False, allow_infinity=False), st.lists))
def test_the_layout_is_that_of_the_standard_library(value: Any) -> None:
    standard = json.dumps(value, ensure_ascii=False, indent=1) + "\n"
    assert laid_out(value) == standard.encode()


def nested(levels: int) -> list[Any]:
    value: list[Any] = ["x"]
    for _ in range(levels - 1):
        value = [value]
    return value


def test_the_layout_goes_as_deep_as_a_trace_may() -> None:
    assert laid_out(nested(MAX_DEPTH)).count(b"[") == MAX_DEPTH
    with pytest.raises(ValueError, match="nested more than"):
        laid_out(nested(MAX_DEPTH + 1))
    with pytest.raises(ValueError, match="nested more than"):
        laid_out({"a": nested(MAX_DEPTH)})


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (float("nan"), "not finite"),
        (float("inf"), "not finite"),
        ("\ud800", "not Unicode"),
        ({"\ud800": 1}, "not Unicode"),
        ({1, 2}, "set is not JSON"),
    ],
)
def test_what_no_trace_may_hold_has_no_layout(value: object, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        laid_out([value])


def test_the_id_is_of_the_content() -> None:
    assert make_trace("a").trace_id == make_trace("a").trace_id
    assert make_trace("a").trace_id != make_trace("b").trace_id


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_file_is_a_typed_error(data: st.DataObject) -> None:
    whole = bytearray(encode(make_trace("a goal"), "signature"))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(whole) - 1))
        whole[place] = data.draw(st.integers(0, 255))
    try:
        decode(bytes(whole))
    except TraceError:
        return


@given(st.binary(max_size=200))
def test_any_bytes_are_a_trace_or_a_typed_error(data: bytes) -> None:
    with pytest.raises(TraceError):
        decode(data)


def changed(**changes: Any) -> bytes:
    data = json.loads(encode(make_trace("a"), None))
    data["trace"].update(changes)
    return json.dumps(data).encode()


@pytest.mark.parametrize(
    "data",
    [
        changed(surprise=1),
        changed(steps=[]),
        changed(goal=7),
        changed(schema_version="1"),
        b'{"trace": {}, "trace": {}, "signature": null}',
        b'{"trace": NaN, "signature": null}',
        b'{"trace": {"goal": "\\ud800"}, "signature": null}',
        b"[" * 100_000,
        b" " * (MAX_BYTES + 1),
    ],
    ids=["field", "no steps", "type", "version", "twice", "NaN", "surrogate", "deep", "large"],
)
def test_what_no_trace_holds_is_refused(data: bytes) -> None:
    with pytest.raises(CorruptTraceError):
        decode(data)


@pytest.mark.parametrize(
    ("field", "value"),
    [("steps", ()), ("goal", 7), ("permission_mode", None), ("provenance", None)],
)
def test_what_would_be_refused_is_not_written(field: str, value: object) -> None:
    changes: dict[str, Any] = {field: value}
    with pytest.raises(TraceError, match=f"cannot be kept: {field}"):
        encode(replace(make_trace("a"), **changes), None)


def test_another_schema_version_is_told_apart_from_damage() -> None:
    with pytest.raises(TraceSchemaError, match="version 3"):
        decode(changed(schema_version=3, whatever=True))


@given(texts, st.sampled_from(["/a", "/home/u/p", "/srv/my dir", "/"]))
def test_lowering_gives_back_what_was_lifted(text: str, cwd: str) -> None:
    assert lower_cwd(lift_cwd(text, cwd), cwd) == text


@given(st.lists(st.sampled_from(["${cwd}", "${cwd\\}", "/p/q", "/", " ", "x", "\\"]), max_size=8))
def test_markers_in_the_text_itself_survive(parts: list[str]) -> None:
    text = "".join(parts)
    assert lower_cwd(lift_cwd(text, "/p/q"), "/p/q") == text


@pytest.mark.parametrize(
    ("text", "lifted"),
    [
        ("cat /p/q/a.txt", f"cat {MARKER}/a.txt"),
        ("cd /p/q", f"cd {MARKER}"),
        ("cd /p/q; ls", f"cd {MARKER}; ls"),
        ("cat /p/quite", "cat /p/quite"),
        ("cat /p/q.bak", "cat /p/q.bak"),
        ("cat /x/p/q", "cat /x/p/q"),
    ],
)
def test_only_the_whole_path_is_lifted(text: str, lifted: str) -> None:
    assert lift_cwd(text, "/p/q") == lifted


@given(st.dictionaries(texts, json_values, max_size=4))
def test_json_is_lifted_and_lowered_in_every_string(value: dict[str, Any]) -> None:
    assert lower_json(lift_json(value, "/p/q"), "/p/q") == value


def test_a_path_with_shell_characters_is_not_safe() -> None:
    assert safe_in_shell("/home/u/my-project_1.0")
    for path in ("/a b", "/a;b", "/a$b", "/a'b", "/a\nb", "/é"):
        assert not safe_in_shell(path)
