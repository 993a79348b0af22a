"""Rules come from the user's own settings file and the command line, never from a workspace."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmos.interfaces.settings import load_settings
from llmos.kernel.errors import UsageError
from llmos.memory.permission_rules import read_rules


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "config").mkdir()
    return {"LLMOS_HOME": str(tmp_path)}


def write(environ: dict[str, str], text: str, mode: int = 0o600) -> Path:
    path = Path(environ["LLMOS_HOME"]) / "config/config.toml"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_without_a_file_there_is_no_rule(environ: dict[str, str]) -> None:
    assert load_settings({}, environ).deny == ()


def test_rules_of_file_and_caller_add_up(environ: dict[str, str]) -> None:
    write(environ, 'sandbox = true\n[permissions]\ndeny = ["Bash(rm:*)"]\nallow = ["Read"]\n')
    settings = load_settings({"deny": ["Bash(curl:*)"]}, environ)
    assert settings.deny == ("Bash(rm:*)", "Bash(curl:*)")
    assert settings.allow == ("Read",)
    assert settings.sandbox


def test_the_command_line_can_ask_for_the_sandbox_too(environ: dict[str, str]) -> None:
    assert load_settings({"sandbox": True}, environ).sandbox
    assert load_settings({}, {**environ, "LLMOS_SANDBOX": "1"}).sandbox


@pytest.mark.parametrize(
    "text",
    [
        "permissions = 3",
        "[permissions]\ndeny = 'Bash'",
        "[permissions]\ndenny = []",
        "[perms]\n",
        "not toml",
        "\xff",
    ],
)
def test_a_wrong_file_is_told_and_never_passed_over(environ: dict[str, str], text: str) -> None:
    path = write(environ, text)
    with pytest.raises(UsageError, match=path.name):
        load_settings({}, environ)


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_can_write_is_not_believed(environ: dict[str, str], mode: int) -> None:
    write(environ, "sandbox = false\n", mode)
    with pytest.raises(UsageError, match="written by others"):
        load_settings({}, environ)


@pytest.mark.parametrize(
    "rule",
    ["Bsh(rm:*)", "Bash(", "Bash()", "Bash(rm", "rm -rf", "*", "(x)", "Read(\0)", "mcp__x(y)"],
)
def test_a_rule_that_would_never_be_consulted_is_an_error(rule: str) -> None:
    with pytest.raises(UsageError):
        read_rules(deny=[rule])


def test_several_rules_may_stand_in_one_text() -> None:
    rules = read_rules(allow=["Bash(git log:*), Read(./a, b) mcp__llmos__x"])
    found = [rule.text for rule in rules.allow]
    assert found == ["Bash(git log:*)", "Read(./a, b)", "mcp__llmos__x"]
