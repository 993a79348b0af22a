"""No command gets past the permission rules by the way it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from adversarial.commands import ALLOW_TEST, DENY_RM, DENY_SECRETS, PROTECTED
from llmos.memory.permission_rules import Rules, read_rules
from llmos.memory.permissions import Outcome, Permissions


@pytest.fixture
def cwd(place_dir: Path) -> Path:
    (place_dir / "secrets").mkdir()
    (place_dir / "secrets/key").touch()
    (place_dir / "link").symlink_to("secrets/key")
    return place_dir


def said(cwd: Path, command: str, rules: Rules, mode: str) -> Outcome:
    own = [cwd / "workspace/memory"]
    permissions = Permissions(rules, cwd, Path.home(), mode=mode, own=own)
    return permissions.judge("Bash", {"command": command}).outcome


@pytest.mark.parametrize(("command", "outcome"), DENY_RM)
def test_a_denied_command_is_found_wherever_it_hides(
    cwd: Path, command: str, outcome: Outcome
) -> None:
    assert said(cwd, command, read_rules(deny=["Bash(rm:*)"]), "acceptEdits") is outcome


@pytest.mark.parametrize(("command", "outcome"), ALLOW_TEST)
def test_an_allowed_command_allows_nothing_else(cwd: Path, command: str, outcome: Outcome) -> None:
    assert said(cwd, command, read_rules(allow=["Bash(npm run test:*)"]), "default") is outcome


@pytest.mark.parametrize(("command", "outcome"), PROTECTED)
def test_protected_paths_stay_so_without_any_rule(
    cwd: Path, command: str, outcome: Outcome
) -> None:
    assert said(cwd, command, Rules(), "acceptEdits") is outcome


@pytest.mark.parametrize(("command", "outcome"), DENY_SECRETS)
def test_a_denied_file_is_denied_to_commands_that_name_it(
    cwd: Path, command: str, outcome: Outcome
) -> None:
    assert said(cwd, command, read_rules(deny=["Read(./secrets/**)"]), "acceptEdits") is outcome
