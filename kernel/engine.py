"""Pydantic's engine, and nothing else of it.

``import pydantic_core`` also loads the descriptions of all its schemas for people who write them,
and what those stand on. That takes ten times as long as the engine, a fifth of a whole replay, and
nothing here reads them. So the extension module is loaded alone, under its own name: whoever loads
the package later gets the same one.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from types import ModuleType
from typing import TYPE_CHECKING

_NAME = "pydantic_core._pydantic_core"


def _alone() -> ModuleType | None:
    """Return the extension module without its package, or None if it is not found where it was."""
    package = PathFinder.find_spec("pydantic_core")
    places = None if package is None else package.submodule_search_locations
    spec = PathFinder.find_spec(_NAME, places) if places else None
    if spec is None or spec.loader is None:
        return None
    module = sys.modules[_NAME] = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except ImportError:
        del sys.modules[_NAME]
        return None
    return module


if TYPE_CHECKING:
    from pydantic_core import SchemaValidator, ValidationError
else:
    _engine = sys.modules.get(_NAME) or _alone() or import_module(_NAME)
    SchemaValidator = _engine.SchemaValidator
    ValidationError = _engine.ValidationError

__all__ = ["SchemaValidator", "ValidationError"]
