"""The rules of the house: who may import whom, what stands at the top, what is never said."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("kernel", "memory", "interfaces", "plugins")
MAY_IMPORT = {
    "kernel": {"kernel"},
    "memory": {"memory", "kernel"},
    "plugins": {"plugins", "kernel"},
    "interfaces": {"interfaces", "memory", "kernel", "_version"},
}
KERNEL_LIBRARIES = {"anyio", "pydantic", "pydantic_core", "cronsim", "psutil"}
TOP = {
    "boot.py", "kernel", "memory", "interfaces", "plugins", "workspace", "tests", "benchmarks",
    "docs", "examples",
    "requirements.txt", "README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md",
    "pyproject.toml", "Makefile", ".ci", ".gitignore",
    # What makes the root the package `llmos`.
    "__init__.py", "__main__.py", "_version.py", "py.typed",
}  # fmt: skip


def sources(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield every imported module: its absolute name, and whether it is imported at the top."""
    tree = ast.parse(path.read_text())
    package = ["llmos", *path.relative_to(ROOT).parent.parts]
    at_top = set(map(id, tree.body))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield name.name, id(node) in at_top
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            yield ".".join([*base, *filter(None, [node.module])]), id(node) in at_top


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_the_rooms_below_it(room: str) -> None:
    for path in sources(room):
        for name, _ in imports(path):
            parts = name.split(".")
            if parts[0] == "llmos" and len(parts) > 1:
                assert parts[1] in MAY_IMPORT[room], f"{path} imports {name}"


def test_only_the_cortex_imports_the_sdk_and_never_at_the_top() -> None:
    for room in ROOMS:
        for path in sources(room):
            text = path.read_text()
            for name, at_top in imports(path):
                if name.split(".")[0] == "claude_agent_sdk":
                    assert not at_top, path
                    typed_only = "if TYPE_CHECKING:" in text and path.name == "stream.py"
                    assert path.name == "cortex.py" or typed_only, path


def test_heavy_libraries_are_never_imported_at_the_top() -> None:
    heavy = {
        "numpy", "prompt_toolkit", "rich", "claude_agent_sdk", "mcp", "jsonschema", "psutil",
        "tokenizers", "safetensors", "wordllama", "tree_sitter", "tree_sitter_bash",
    }  # fmt: skip
    for room in ROOMS:
        for path in sources(room):
            for name, at_top in imports(path):
                needed = {"prompt_toolkit"} if path.parent.name == "shell" else set[str]()
                wrong = at_top and name.split(".")[0] in heavy - needed
                assert not wrong, f"{path} imports {name}"


def test_the_way_of_a_replay_imports_nothing_that_it_does_not_need() -> None:
    unwanted = (
        "claude_agent_sdk", "numpy", "prompt_toolkit", "rich", "pydantic", "jsonschema", "Stemmer",
        "tree_sitter", "llmos.interfaces.cortex", "llmos.interfaces.learner",
        "llmos.memory.families", "llmos.memory.bound",
    )  # fmt: skip
    imported = "import sys, llmos.boot, llmos.interfaces.goal_commands"
    program = f"{imported}; print({{*{unwanted}}} & {{*sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


def test_without_a_terminal_the_shell_imports_no_line_editor() -> None:
    program = "import sys, llmos.interfaces.repl; print('prompt_toolkit' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_the_kernel_needs_little() -> None:
    known = set(sys.stdlib_module_names) | KERNEL_LIBRARIES | {"llmos"}
    for path in sources("kernel"):
        for name, _ in imports(path):
            assert name.split(".")[0] in known, f"{path} imports {name}"


def test_the_top_level_holds_what_the_design_says_and_nothing_else() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    assert {line.split("/")[0] for line in tracked if line} <= TOP


def test_a_room_under_a_second_name_fails_loudly(tmp_path: Path) -> None:
    for room in ("kernel", "memory", "interfaces"):
        done = subprocess.run(
            [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); import {room}"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert f"this room is `llmos.{room}`" in done.stderr


def test_library_code_does_not_print() -> None:
    for room in ROOMS:
        for path in sources(room):
            calls = [
                node
                for node in ast.walk(ast.parse(path.read_text()))
                if isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "print"
            ]
            assert not calls, path


def test_files_are_written_in_one_way() -> None:
    """Only `atomic_save`, the drivers and the append-only log write files."""
    allowed = {
        "kernel/atomic.py", "kernel/locks.py", "kernel/database.py", "memory/sessions.py",
        "memory/contents.py", "memory/tree_writer.py", "memory/vector_file.py",
        "interfaces/streams.py", "interfaces/logs.py",
    }  # fmt: skip
    writing = re.compile(
        r"\.write_(text|bytes)\(|open\([^)]*[\"'][wax]b?\+?[\"']|O_WRONLY|O_APPEND"
    )
    for room in ROOMS:
        for path in sources(room):
            name = path.relative_to(ROOT).as_posix()
            if name.startswith("kernel/drivers/") or name in allowed:
                continue
            assert not writing.search(path.read_text()), name
