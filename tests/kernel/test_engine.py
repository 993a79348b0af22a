"""Pydantic's engine is loaded alone, and is the same one that pydantic loads."""

from __future__ import annotations

import subprocess
import sys

import pytest

SAME = """
import pydantic, pydantic_core
assert pydantic_core.SchemaValidator is SchemaValidator
assert pydantic_core.ValidationError is pydantic.ValidationError is ValidationError
class Model(pydantic.BaseModel):
    text: str
try:
    Model.model_validate({"text": 1})
except ValidationError as error:
    assert error.errors()[0]["type"] == "string_type"
else:
    raise AssertionError("a number is no text")
"""
ENGINE = "from llmos.kernel.engine import SchemaValidator, ValidationError\n"
ALONE = ENGINE + (
    "import sys\n"
    "loaded = {one for one in sys.modules if one.startswith('pydantic')}\n"
    "assert loaded == {'pydantic_core._pydantic_core'}, loaded\n"
    "assert 'typing_extensions' not in sys.modules\n"
)
NOT_FOUND = """
from importlib import machinery
class Nowhere:
    find_spec = staticmethod(lambda *_: None)
machinery.PathFinder, found = Nowhere, machinery.PathFinder
import llmos.kernel.engine
machinery.PathFinder = found
"""


@pytest.mark.parametrize(
    "program",
    [ALONE + SAME, "import pydantic\n" + ENGINE + SAME, NOT_FOUND + ENGINE + SAME],
    ids=["before pydantic", "after pydantic", "where the extension is not found"],
)
def test_the_engine_is_pydantics_own(program: str) -> None:
    run = [sys.executable, "-c", program]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
