"""What is told of work that may take long, so that it can be ended between two pieces of it."""

from __future__ import annotations

from collections.abc import Callable

Watch = Callable[[str, int, int], None]
"""Told what is done, how many pieces of it are, and of how many; ends the work by raising."""
