"""Keeps what a person always allows: in the user's settings file, where the other rules are."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from .user_config import USER, config_dir


def rules_file() -> Path:
    """Return the file in which rules are kept."""
    return config_dir(os.environ) / "config.toml"


def keep_rules(rules: Sequence[str]) -> None:
    """Add rules to those that allow something; all else in the file stays as it is written.

    Args:
        rules: The rules.

    Raises:
        UsageError: If the file is wrong.
        WorkspaceError: If it cannot be written.
    """
    from .config_writing import add_values

    add_values(rules_file(), "permissions.allow", rules, kind=USER)
