"""The exit code tells what came of a goal, and the JSON result says the same."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from llmos.interfaces.cli import run
from llmos.interfaces.scripted_model import Conversation, ScriptedModel, Text, ToolUse, Turn
from llmos.kernel import errors
from llmos.kernel.errors import LlmosError
from support import Place, bash

ERRORS = [
    one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, LlmosError)
]
CODES = {0, 1, 2, 3, 4, 5, 6, 7, 75, 124, 129, 130, 143}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    script = [
        Conversation("limited", [Turn(status=429, error_type="rate_limit_error")] * 3),
        Conversation("denied", [*bash("touch x", answer="it was denied")]),
        Conversation("slow", [Turn(ToolUse("Bash", {"command": "sleep 60"})), Turn(Text("x"))]),
    ]
    with ScriptedModel(script) as model:
        place = Place(tmp_path_factory.mktemp("codes"), model)
        place.env["CLAUDE_CODE_MAX_RETRIES"] = "0"
        yield place


@pytest.mark.parametrize(
    ("arguments", "code", "subtype"),
    [
        (["limited"], 75, "error_unavailable"),
        (["--permission-mode", "dontAsk", "--no-input", "denied"], 3, "error_permission_denied"),
        (["--timeout", "4", "slow"], 124, "error_timeout"),
    ],
    ids=["rate limit", "denial", "timeout"],
)
def test_what_stops_a_run_has_a_code_of_its_own(
    arguments: list[str], code: int, subtype: str, place: Place
) -> None:
    done = place.llmos("--json", *arguments)
    assert (done.code, done.json["exit_code"], done.json["subtype"]) == (code, code, subtype)
    assert done.json["is_error"] is True
    assert place.traces == []


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_the_code_of_an_error_is_documented_and_in_its_result(
    kind: type[LlmosError],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO("goal"))
    error = kind.__new__(kind)
    LlmosError.__init__(error, "it went wrong", hint="do this")

    def open_system(**_given: object) -> Any:
        raise error

    code = run(["--json", "goal"], open_system)
    told = capsys.readouterr()
    result = json.loads(told.out)
    assert code == result["exit_code"] == kind.exit_code
    assert code in CODES - {0}
    assert (result["is_error"], result["subtype"]) == (True, kind.subtype)
    assert told.err == "llmos: error: it went wrong\n  do this\n"
