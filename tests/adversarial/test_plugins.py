"""Whatever a plugin's tool does, its caller gets a result and llmos goes on."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any, cast

import anyio
import anyio.to_thread
import pytest

from adversarial.plugins import CALLS, INPUTS
from llmos.kernel.drivers.plugin import PluginDriver
from llmos.kernel.tools import JsonObject, ToolResult, ToolSession
from llmos.plugins.loader import load_plugins

TOOL = """from plugins import llm_tool

@llm_tool("tool", "Misbehaves", {{"text": str}})
{kind}def tool(text):
    {body}
"""


def called(folder: Path, body: str, given: object, *, kind: str = "") -> ToolResult:
    (folder / "bad.py").write_text(TOOL.format(body=body, kind=kind))
    loaded = load_plugins([folder])
    assert loaded.problems == ()
    driver = PluginDriver(loaded.tools[0])
    session = ToolSession(start_dir=folder, cwd=folder, env={})

    async def run() -> ToolResult:
        work = partial(driver.run, cast("JsonObject", given), session)
        return await anyio.to_thread.run_sync(work)

    return anyio.run(run)


@pytest.mark.parametrize("kind", ["", "async "])
@pytest.mark.parametrize("case", CALLS)
def test_a_tool_that_misbehaves_is_told(tmp_path: Path, case: str, kind: str) -> None:
    body, ok, begins = CALLS[case]
    if case == "recurses" and kind:
        body = "return await tool(text)"
    result = called(tmp_path, body, {"text": "x"}, kind=kind)
    assert result.ok is ok
    assert result.output.startswith(begins)


@pytest.mark.parametrize("case", INPUTS)
def test_an_input_that_does_not_fit_never_reaches_the_tool(tmp_path: Path, case: str) -> None:
    result = called(tmp_path, "open('reached', 'w'); return 'x'", INPUTS[case])
    assert not result.ok
    assert not (tmp_path / "reached").exists()


def test_what_a_tool_starts_does_not_see_the_model_s_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-secret")
    monkeypatch.setenv("CLAUDE_CODE_OAUTH_TOKEN", "secret")
    body = (
        "import subprocess; return subprocess.run(['env'], capture_output=True, text=True).stdout"
    )
    result: Any = called(tmp_path, body, {"text": "x"})
    assert result.ok
    assert "secret" not in result.output
    assert os.environ["ANTHROPIC_API_KEY"] == "sk-ant-secret"
