"""Calls and results are paired by id and kept in the order of the calls."""

from __future__ import annotations

import pytest

from llmos.interfaces.recorder import CallRecorder, text_of
from llmos.kernel.tools import ToolCall


def test_results_in_another_order_keep_the_order_of_the_calls() -> None:
    recorder = CallRecorder()
    recorder.called(ToolCall("Read", {"file_path": "a"}, "1"), 1.0)
    recorder.called(ToolCall("Read", {"file_path": "b"}, "2"), 1.0)
    recorder.returned("2", "B", False, None, 2.0)
    recorder.returned("1", "A", False, None, 3.0)
    assert [(one.call.id, one.result.output) for one in recorder.calls] == [("1", "A"), ("2", "B")]


def test_a_call_without_result_is_unfinished() -> None:
    recorder = CallRecorder()
    recorder.called(ToolCall("Bash", {"command": "ls"}, "1"), 1.0)
    assert recorder.unfinished
    assert recorder.calls == ()


def test_a_foreign_result_is_left_out() -> None:
    assert CallRecorder().returned("9", "x", False, None, 1.0) is None


@pytest.mark.parametrize(
    ("text", "failed", "extra", "code"),
    [
        ("ok", False, {"stdout": "ok"}, 0),
        ("", False, {"returnCodeInterpretation": "No matches found"}, 1),
        ("Exit code 3\nboom", True, "Error: Exit code 3\nboom", 3),
        ("<tool_use_error>bad</tool_use_error>", True, "Error", None),
    ],
)
def test_the_exit_code_of_a_command_is_found(
    text: str, failed: bool, extra: object, code: int | None
) -> None:
    recorder = CallRecorder()
    recorder.called(ToolCall("Bash", {"command": "x"}, "1"), 1.0)
    returned = recorder.returned("1", text, failed, extra, 2.0)
    assert returned is not None
    assert returned[1].result.exit_code == code


def test_text_blocks_are_joined_and_an_image_is_no_text() -> None:
    assert text_of([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]) == ("a\nb", True)
    assert text_of([{"type": "image", "source": "x"}]) == ("", False)
    assert text_of(None) == ("", True)
