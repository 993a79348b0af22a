"""What a start may load. Each module here is paid for at every replay; so is each one more.

Timings live in ``benchmarks/cold_start.py``; what they rest on is held here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmos.interfaces.scripted_model import ScriptedModel
from support import Place, Taught, conversation

GOAL = "say hello"
PROGRAM = """
import sys
from llmos.__main__ import main
try:
    code = main(sys.argv[1:])
except SystemExit as end:
    code = end.code
sys.stderr.write("\\nloaded " + " ".join(sys.modules))
sys.exit(code)
"""

PARSING = {
    "llmos", "llmos.__main__", "llmos._version", "llmos.interfaces", "llmos.interfaces.arguments",
    "llmos.interfaces.cli", "llmos.interfaces.commands", "llmos.interfaces.defaults",
    "llmos.interfaces.plain_text", "llmos.interfaces.colour", "llmos.interfaces.script_arguments",
    "llmos.interfaces.streams", "llmos.kernel", "llmos.kernel.errors", "llmos.kernel.json_value",
}  # fmt: skip
"""What reads the command line."""

WITH_A_LOOP = {
    "llmos.boot", "llmos.interfaces.goal_commands", "llmos.interfaces.learner_on_demand",
    "llmos.interfaces.loop_waits", "llmos.interfaces.system", "llmos.kernel.bus",
    "llmos.kernel.drivers.plugin", "llmos.kernel.listener", "llmos.kernel.subscription",
    "llmos.kernel.tasks", "llmos.plugins", "llmos.plugins.loader", "llmos.plugins.schema",
}  # fmt: skip
"""What needs an event loop, or a plugin."""

DECIDING = PARSING | WITH_A_LOOP | {
    "llmos.interfaces.goal_request", "llmos.interfaces.core", "llmos.interfaces.watch_on_demand",
    "llmos.interfaces.decision", "llmos.interfaces.dispatcher",
    "llmos.interfaces.drift_kinds",
    "llmos.interfaces.explain", "llmos.interfaces.follower", "llmos.interfaces.goal_commands",
    "llmos.interfaces.learned_guards",
    "llmos.interfaces.loop_waits", "llmos.interfaces.output",
    "llmos.interfaces.own_files", "llmos.interfaces.waits",
    "llmos.interfaces.permission_gate", "llmos.interfaces.standard_input",
    "llmos.interfaces.structured", "llmos.memory.attached", "llmos.memory.conversation",
    "llmos.memory.session_files", "llmos.memory.transcript",
    "llmos.interfaces.user_config", "llmos.kernel.secret_forms", "llmos.memory.permission_rules",
    "llmos.memory.permissions", "llmos.memory.protected", "llmos.interfaces.render",
    "llmos.interfaces.replay_guards",
    "llmos.interfaces.report", "llmos.interfaces.result", "llmos.interfaces.settings",
    "llmos.interfaces.system", "llmos.kernel.atomic", "llmos.kernel.bus", "llmos.kernel.checked",
    "llmos.kernel.database", "llmos.kernel.drivers", "llmos.kernel.drivers.plugin",
    "llmos.kernel.engine",
    "llmos.kernel.events", "llmos.kernel.ledger", "llmos.kernel.listener", "llmos.kernel.locks",
    "llmos.kernel.money", "llmos.kernel.reading", "llmos.kernel.record", "llmos.kernel.redaction",
    "llmos.kernel.subscription",
    "llmos.kernel.tasks", "llmos.kernel.token_economy", "llmos.kernel.tools", "llmos.memory",
    "llmos.memory.blobs", "llmos.memory.candidates", "llmos.memory.clean", "llmos.memory.codec",
    "llmos.memory.evidence",
    "llmos.memory.file_state", "llmos.memory.found", "llmos.memory.goals", "llmos.memory.guards",
    "llmos.memory.index_tables", "llmos.memory.json_layout", "llmos.memory.kept",
    "llmos.memory.matching", "llmos.memory.placement", "llmos.memory.problems",
    "llmos.memory.refusals", "llmos.memory.sessions",
    "llmos.memory.snapshot", "llmos.memory.texts", "llmos.memory.trace_check",
    "llmos.memory.trace_index", "llmos.memory.trace_store", "llmos.memory.traces",
    "llmos.memory.trust", "llmos.memory.verified_traces", "llmos.plugins",
    "llmos.plugins.loader", "llmos.plugins.schema",
}  # fmt: skip
"""What decides how a learned goal is answered: the parts, and the one trace."""

JOURNALLING = {
    "llmos.kernel.crash_points", "llmos.kernel.orphans", "llmos.memory.contents",
    "llmos.memory.journal", "llmos.memory.journal_tables", "llmos.memory.open_run",
    "llmos.memory.tree", "llmos.memory.tree_scan",
    "llmos.memory.tree_writer",
}  # fmt: skip
"""What makes a run a transaction: a replay writes its journal, and each start looks for a run that
was cut off."""

SAYING_WHY = DECIDING | JOURNALLING | {
    "llmos.interfaces.about_goals", "llmos.interfaces.command_context",
    "llmos.interfaces.command_line", "llmos.interfaces.effects_view",
    "llmos.memory.effect_tables", "llmos.memory.effects",
    "llmos.memory.shell_tables", "llmos.memory.shell_tree",
}  # fmt: skip
"""To say what a command would change, it is parsed."""

REPLAYING_A_COMMAND = (DECIDING - WITH_A_LOOP) | JOURNALLING | {
    "llmos.interfaces.direct_replay", "llmos.interfaces.direct_waits", "llmos.kernel.direct_bus",
    "llmos.kernel.drivers.inputs", "llmos.kernel.drivers.shell", "llmos.kernel.processes",
}  # fmt: skip
"""The same without an event loop, and the driver of the tool that the trace uses."""

LIBRARIES_OF_A_REPLAY = {"pydantic_core"}
"""What a replay may load that is not Python's own: no event loop, which takes longer to load than
the replay takes. Of pydantic only the engine: all else of it would, too."""

LIBRARIES = LIBRARIES_OF_A_REPLAY | {"typing_extensions", "anyio", "sniffio", "idna"}
"""The same for what goes the way of all goals."""

STANDARD_NOT_NEEDED = {
    "asyncio", "concurrent.futures", "email", "http", "importlib.metadata", "logging", "lzma",
    "multiprocessing", "platform", "secrets", "shutil", "ssl", "statistics", "uuid", "xml",
    "zipfile", "zoneinfo",
}  # fmt: skip
"""What was loaded once by a library's convenience, for nothing."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, taught: Taught) -> Iterator[Place]:
    folder: Path = tmp_path_factory.mktemp("cold")
    with ScriptedModel([conversation(GOAL, "echo hello")]) as model:
        place = Place(folder, model)
        taught.teach(place, "hello", GOAL)
        # The first process after a change brings the index up to date.
        assert place.llmos(GOAL).code == 0
        yield place


def loaded(place: Place, *arguments: str, code: int = 0) -> set[str]:
    done = place.python("-c", PROGRAM, *arguments)
    assert done.code == code, done.err
    return set(done.err.rpartition("\nloaded ")[2].split())


def ours(modules: set[str]) -> set[str]:
    return {one for one in modules if one.split(".")[0] == "llmos"}


def foreign(modules: set[str]) -> set[str]:
    """Return the top-level names of what is neither ours nor Python's own."""
    tops = {one.split(".")[0] for one in modules}
    # What a system has Python load at each start is not for a program to choose.
    theirs = {"_distutils_hack", "sitecustomize", "usercustomize", "apport_python_hook"}
    known = {*sys.stdlib_module_names, "llmos", "llmos_plugins", *theirs}
    return {one for one in tops - known if not one.startswith(("__editable", "__main", "_cython"))}


@pytest.mark.parametrize("flag", ["--version", "--help", "--surprise"])
def test_help_the_version_and_a_wrong_flag_load_what_reads_the_command_line(
    place: Place, flag: str
) -> None:
    wrong = flag == "--surprise"
    modules = loaded(place, flag, code=2 if wrong else 0)
    assert ours(modules) <= PARSING | {
        "llmos.interfaces.output", "llmos.interfaces.report", "llmos.interfaces.result",
        "llmos.kernel.money",
        "llmos.kernel.record",
    }  # fmt: skip
    assert foreign(modules) == set()
    assert "asyncio" not in modules


@pytest.mark.parametrize(
    "arguments", [("why", GOAL), ("--dry-run", GOAL)], ids=["why", "--dry-run"]
)
def test_saying_why_loads_what_decides_and_no_driver(
    place: Place, arguments: tuple[str, ...]
) -> None:
    modules = loaded(place, *arguments)
    assert ours(modules) <= SAYING_WHY
    assert foreign(modules) <= LIBRARIES | {"tree_sitter", "tree_sitter_bash"}


def test_a_replay_loads_what_decides_and_the_driver_that_it_uses(place: Place) -> None:
    modules = loaded(place, "--replay-only", GOAL)
    assert ours(modules) <= REPLAYING_A_COMMAND
    assert foreign(modules) <= LIBRARIES_OF_A_REPLAY
    assert "pydantic_core" not in modules  # but its engine: see `kernel.engine`
    assert modules & STANDARD_NOT_NEEDED == set()


def test_declining_loads_no_driver_and_no_learner(place: Place) -> None:
    modules = loaded(place, "--replay-only", "count the lines of data.csv", code=6)
    assert foreign(modules) <= LIBRARIES | {"Stemmer", "cython_runtime"}
    assert not {
        "llmos.interfaces.cortex", "llmos.interfaces.learner", "llmos.kernel.drivers.shell",
        "llmos.kernel.watchdog", "llmos.kernel.scheduler",
    } & modules  # fmt: skip


def test_a_replay_that_calls_no_plugin_loads_none(place: Place) -> None:
    plugin = place.cwd / "workspace" / "plugins" / "loud.py"
    plugin.parent.mkdir(parents=True, exist_ok=True)
    plugin.write_text("from pathlib import Path\nPath('loaded').touch()\n")
    try:
        assert place.llmos("--replay-only", GOAL).code == 0
        assert not (place.cwd / "loaded").exists()
    finally:
        plugin.unlink()
