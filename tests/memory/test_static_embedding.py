"""Texts become the same vectors in every process, without the network, where they are needed."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from llmos.kernel.errors import LlmosError
from llmos.memory import static_embedding as module
from llmos.memory.static_embedding import StaticEmbedding, static_embedding

TEXTS = ["count the lines of a file", "how many lines does it have", "", "Zürich \ud800 \x00 東京"]

DIGEST = f"""
import hashlib, socket, sys
from llmos.memory.static_embedding import static_embedding

def refuse(*arguments, **named):
    raise AssertionError("the network is asked")

socket.socket.connect = socket.getaddrinfo = refuse
print(hashlib.sha256(static_embedding().embed({TEXTS!r}).tobytes()).hexdigest())
print(sorted({{"wordllama", "requests", "huggingface_hub"}} & {{*sys.modules}}))
"""

ASKED = """
import sys
from datetime import date
from pathlib import Path
sys.path[:0] = [{helpers!r}, {tests!r}]
from llmos.kernel.tools import ToolRegistry
from workbench import Workbench

with Workbench(Path({folder!r}) / "w", Path({folder!r}) / "s", {{"Bash", "light"}}) as bench:
    command = {{"command": "wc -l a.txt"}}
    bench.learn("count the lines of a.txt", [{{"tool": "Bash", "input": command}}])
    bench.learn("turn the light on", [{{"tool": "light", "input": {{}}}}])
    bench.rest()
    assert bench.ask("turn the light on").produced
    assert bench.ask("count the lines of b.txt").produced
    assert not bench.ask("please switch that light on").produced
print(sorted({{"numpy", "tokenizers", "safetensors", "wordllama"}} & {{*sys.modules}}))
"""


def in_a_new_process(program: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout.split("\n")


def test_vectors_are_the_same_in_every_process_without_a_network_or_the_package() -> None:
    digest = hashlib.sha256(static_embedding().embed(TEXTS).tobytes()).hexdigest()
    assert in_a_new_process(DIGEST)[:2] == [digest, "[]"]


def test_the_same_goal_the_same_template_and_a_few_goals_need_no_vectors(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    program = ASKED.format(
        helpers=str(root / "benchmarks"), tests=str(root / "tests"), folder=str(tmp_path)
    )
    assert in_a_new_process(program)[0] == "[]"


def test_rows_are_unit_vectors_of_the_stated_length() -> None:
    embedding = StaticEmbedding()
    rows = embedding.embed(TEXTS)
    assert rows.shape == (len(TEXTS), embedding.dimensions)
    assert rows.dtype == np.float32
    lengths = [round(float(np.linalg.norm(row)), 5) for row in rows]
    assert lengths == [1, 1, 0, 1]


def test_a_text_has_the_same_row_whatever_it_is_embedded_with() -> None:
    embedding = static_embedding()
    alone = [embedding.embed([text])[0].tobytes() for text in TEXTS]
    assert alone == [row.tobytes() for row in embedding.embed(TEXTS)]


def test_other_words_of_one_meaning_are_nearer_than_other_meanings() -> None:
    one, same, other = static_embedding().embed(
        ["delete the old pictures", "remove ancient photos", "what is the weather in Rome"]
    )
    assert float(one @ same) > 0.5 > float(one @ other)


def test_vectors_that_are_missing_are_an_error_that_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nothing(name: str) -> None:
        assert name == "wordllama"

    monkeypatch.setattr(module, "find_spec", nothing)
    with pytest.raises(LlmosError, match="wordllama") as raised:
        StaticEmbedding().embed(["a"])
    assert "pip install" in raised.value.hint
