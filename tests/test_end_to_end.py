"""llmos as people use it: real processes, the real CLI, files that are really made."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmos.interfaces.scripted_model import Conversation, ScriptedModel, Text, ToolUse, Turn
from support import ROOT, TURN_COST_USD, Place, bash, conversation

PRIMES = "print([n for n in range(2, 30) if all(n % d for d in range(2, n))])\n"
CREATE = "Create a Python script to calculate primes"


def create_primes() -> Conversation:
    return Conversation(
        CREATE,
        [
            Turn(ToolUse("Write", {"file_path": "primes.py", "content": PRIMES})),
            Turn(ToolUse("Bash", {"command": "python3 primes.py"})),
            Turn(Text("primes.py prints the primes below 30")),
        ],
    )


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with ScriptedModel([]) as model:
        yield Place(tmp_path, model)


def test_a_goal_is_learned_once_and_replayed_by_a_new_process_for_nothing(place: Place) -> None:
    place.model.add(create_primes())
    learned = place.llmos("--json", CREATE)
    assert learned.code == 0, learned.err
    assert learned.json["mode"] == "LEARNER"
    assert learned.json["total_cost_usd"] == pytest.approx(3 * TURN_COST_USD)
    assert [path.stem for path in place.traces] == [learned.json["trace_id"]]
    made = place.cwd / "primes.py"
    assert made.read_text() == PRIMES
    made.unlink()
    asked = len(place.model.requests)

    again = place.python(
        "-c",
        "import sys; from llmos.__main__ import main; code = main(sys.argv[1:]);"
        "heavy = {'claude_agent_sdk', 'numpy', 'prompt_toolkit'} & set(sys.modules);"
        "sys.exit(99 if heavy else code)",
        "--json",
        CREATE,
    )
    assert again.code == 0, again.err
    assert again.json["mode"] == "FOLLOWER"
    assert again.json["total_cost_usd"] == 0
    assert again.json["saved_usd"] == pytest.approx(3 * TURN_COST_USD)
    assert again.json["result"] == learned.json["result"]
    assert made.read_text() == PRIMES
    assert len(place.model.requests) == asked


def test_a_replay_needs_no_key(place: Place) -> None:
    place.model.add(conversation("say hello", "echo hello"))
    assert place.llmos("say hello").code == 0
    del place.env["ANTHROPIC_API_KEY"], place.env["ANTHROPIC_BASE_URL"]
    replayed = place.llmos("say hello")
    assert (replayed.code, replayed.out) == (0, "done\n")


def test_a_new_goal_without_a_key_says_how_to_get_one(place: Place) -> None:
    del place.env["ANTHROPIC_API_KEY"]
    done = place.llmos("something new")
    assert done.code == 4
    assert "ANTHROPIC_API_KEY" in done.err
    assert done.out == ""


def test_the_result_has_claudes_field_names_and_llmoss_own(place: Place) -> None:
    place.model.add(conversation("say hello", "echo hello"))
    learned = place.llmos("--json", "say hello").json
    expected = {
        "type", "subtype", "is_error", "result", "mode", "trace_id", "total_cost_usd", "saved_usd",
        "duration_ms", "steps", "drift", "session_id", "exit_code", "num_turns", "usage",
        "permission_denials", "confidence",
    }  # fmt: skip
    assert expected <= set(learned)
    assert (learned["type"], learned["subtype"], learned["is_error"]) == (
        "result",
        "success",
        False,
    )
    assert (learned["exit_code"], learned["steps"], learned["drift"]) == (0, 1, None)


def learn_report(place: Place) -> None:
    """Learn a goal that writes a file and then looks at one that may change."""
    (place.cwd / "data.csv").write_text("id,amount\n1,2\n")
    place.model.add(
        conversation("report", "cp data.csv report.txt; echo copied", "head -1 data.csv", "rm -f x")
    )
    assert place.llmos("report").code == 0
    (place.cwd / "report.txt").unlink()
    (place.cwd / "data.csv").write_text("id,price\n1,2\n")


def test_drift_stops_a_replay_at_the_step_and_puts_back_what_it_changed(place: Place) -> None:
    learn_report(place)
    drifted = place.llmos("--replay-only", "--json", "report")
    assert drifted.code == 7
    assert drifted.json["subtype"] == "error_drift"
    assert drifted.json["drift"]["step"] == 1
    assert "id,price" in drifted.json["drift"]["reason"]
    assert not (place.cwd / "report.txt").exists()
    assert (place.cwd / "data.csv").read_text() == "id,price\n1,2\n"


def test_after_drift_the_learner_takes_over(place: Place) -> None:
    learn_report(place)
    done = place.llmos("--json", "report")
    assert done.code == 0, done.err
    assert done.json["mode"] == "LEARNER"
    assert done.json["drift"]["step"] == 1
    assert (place.cwd / "report.txt").read_text() == "id,price\n1,2\n"
    assert len(place.traces) == 2
    (place.cwd / "report.txt").unlink()
    assert place.llmos("--replay-only", "report").code == 0


def test_a_command_that_fails_now_is_drift(place: Place) -> None:
    (place.cwd / "data.csv").write_text("x\n")
    place.model.add(conversation("show it", "cat data.csv"))
    assert place.llmos("show it").code == 0
    (place.cwd / "data.csv").unlink()
    assert place.llmos("--replay-only", "show it").code == 7


def test_a_file_that_the_user_changed_is_not_overwritten(place: Place) -> None:
    place.model.add(create_primes())
    assert place.llmos(CREATE).code == 0
    (place.cwd / "primes.py").write_text("mine\n")
    assert place.llmos("--replay-only", CREATE).code == 7
    assert (place.cwd / "primes.py").read_text() == "mine\n"


def test_a_goal_whose_results_are_already_there_replays_again(place: Place) -> None:
    place.model.add(create_primes())
    assert place.llmos(CREATE).code == 0
    for _ in range(3):
        assert place.llmos("--replay-only", CREATE).code == 0


@pytest.mark.nightly
def test_appending_appends_each_time(place: Place) -> None:
    place.model.add(conversation("add a line", "echo line >> log.txt"))
    for _ in range(3):
        assert place.llmos("add a line").code == 0
    assert (place.cwd / "log.txt").read_text() == "line\n" * 3
    assert len(place.model.requests) == 2


def test_a_trace_replays_in_another_directory_of_the_same_workspace(place: Place) -> None:
    shared = str(place.home / "shared")
    path = str(place.cwd / "out.txt")
    place.model.add(
        Conversation(
            "make out",
            [
                Turn(ToolUse("Write", {"file_path": path, "content": "x\n"})),
                Turn(ToolUse("Bash", {"command": f"cat {path}"})),
                Turn(Text(f"made {path}")),
            ],
        )
    )
    assert place.llmos("--workspace", shared, "make out").code == 0
    place.cwd = place.home.parent / "elsewhere"
    place.cwd.mkdir()
    done = place.llmos("--workspace", shared, "--replay-only", "make out")
    assert (done.code, done.out) == (0, f"made {place.cwd}/out.txt\n")
    assert (place.cwd / "out.txt").read_text() == "x\n"


def test_dry_run_says_what_would_happen_and_changes_nothing(place: Place) -> None:
    place.model.add(create_primes())
    assert place.llmos(CREATE).code == 0
    (place.cwd / "primes.py").unlink()
    done = place.llmos("--dry-run", CREATE)
    assert done.code == 0
    assert "FOLLOWER" in done.out
    assert "python3 primes.py" in done.out
    assert not (place.cwd / "primes.py").exists()
    assert place.llmos("-n", "--json", "another goal").json["mode"] == "LEARNER"


def test_stdout_is_the_answer_and_stderr_the_narration(place: Place) -> None:
    place.model.add(conversation("say hello", "echo hello"))
    done = place.llmos("say hello")
    assert done.out == "done\n"
    assert "LEARNER" in done.err
    assert "Bash echo hello" in done.err
    assert place.llmos("--quiet", "say hello").err == ""


def test_the_goal_may_come_from_stdin(place: Place) -> None:
    place.model.add(conversation("say hello", "echo hello"))
    assert place.llmos("-", stdin="say hello\n").out == "done\n"
    assert place.llmos(stdin="say hello\n").out == "done\n"


def test_boot_py_runs_this_checkout_from_any_directory(place: Place) -> None:
    place.model.add(conversation("say hello", "echo hello"))
    for package in ("memory", "plugins", "kernel"):
        (place.cwd / package).mkdir()
        (place.cwd / package / "__init__.py").write_text("raise SystemExit('the wrong package')\n")
    done = place.python(str(ROOT / "boot.py"), "say hello")
    assert (done.code, done.out) == (0, "done\n"), done.err


LIBRARY_EXAMPLE = """
import asyncio

async def example():
    from llmos.boot import LLMOS

    # Boot the OS
    os = LLMOS(budget_usd=10.0)
    await os.boot()

    # First execution: Learner Mode
    first = await os.execute("Create a CSV parser")

    # Second execution: Follower Mode
    second = await os.execute("Create a CSV parser")

    # Novel task: Learner Mode
    third = await os.execute("Build a quantum circuit")

    await os.shutdown()
    print(first.mode, second.mode, third.mode, second.cost_usd)

asyncio.run(example())
"""


@pytest.mark.nightly
def test_the_library_example_runs_beside_packages_of_the_same_names(place: Place) -> None:
    for package in ("memory", "plugins", "kernel"):
        (place.cwd / package).mkdir()
        (place.cwd / package / "__init__.py").write_text("raise SystemExit('the wrong package')\n")
    parser = ToolUse("Write", {"file_path": "parser.py", "content": "import csv\n"})
    place.model.add(Conversation("Create a CSV parser", [Turn(parser), Turn(Text("made"))]))
    place.model.add(conversation("Build a quantum circuit", "echo '|0> -H-'"))
    (place.cwd / "example.py").write_text(LIBRARY_EXAMPLE)
    done = place.python("example.py")
    assert done.out == "LEARNER FOLLOWER LEARNER 0.0\n", done.err


def test_a_dropped_in_plugin_works_for_learner_and_follower(place: Place) -> None:
    folder = place.cwd / "workspace/plugins"
    folder.mkdir(parents=True)
    (folder / "quantum.py").write_text(
        "from plugins import llm_tool\n\n\n"
        "@llm_tool(\n"
        '    "simulate_circuit",\n'
        '    "Simulate a quantum circuit",\n'
        '    {"circuit_spec": str, "shots": int}\n'
        ")\n"
        "async def simulate_circuit(circuit_spec: str, shots: int):\n"
        '    return {"results": {circuit_spec: shots}}\n'
    )
    call = ToolUse("mcp__llmos__simulate_circuit", {"circuit_spec": "H", "shots": 9})
    place.model.add(Conversation("simulate", [Turn(call), Turn(Text("simulated"))]))
    assert place.llmos("--json", "simulate").json["mode"] == "LEARNER"
    assert place.llmos("--json", "simulate").json["mode"] == "FOLLOWER"
    (folder / "quantum.py").write_text((folder / "quantum.py").read_text() + "# changed\n")
    assert place.llmos("--replay-only", "simulate").code == 6


def test_ctrl_c_stops_a_model_run_bills_it_and_ends_with_130(place: Place) -> None:
    place.model.add(conversation("wait", "touch started; python3 -c 'import time; time.sleep(60)'"))
    process = place.start("--json", "wait")
    assert process.stderr is not None
    for line in process.stderr:
        if "Bash touch started" in line:
            break
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert '"subtype": "error_interrupted"' in out
    assert f'"total_cost_usd": {TURN_COST_USD}' in out
    assert place.traces == []


def test_sigterm_ends_with_143(place: Place) -> None:
    place.model.add(conversation("wait", "python3 -c 'import time; time.sleep(60)'"))
    process = place.start("wait")
    assert process.stderr is not None
    for line in process.stderr:
        if "Bash python3" in line:
            break
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 143


def test_ctrl_c_stops_a_replay_and_undoes_it(place: Place) -> None:
    (place.cwd / "pause").write_text("0")
    place.model.add(
        conversation(
            "wait", "touch made; python3 -c 'import time; time.sleep(int(open(\"pause\").read()))'"
        )
    )
    assert place.llmos("wait").code == 0
    (place.cwd / "made").unlink()
    (place.cwd / "pause").write_text("60")
    process = place.start("wait")
    assert process.stderr is not None
    for line in process.stderr:
        if "Bash touch made" in line:
            break
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert not (place.cwd / "made").exists()


def test_a_timeout_ends_with_124(place: Place) -> None:
    place.model.add(conversation("wait", "python3 -c 'import time; time.sleep(60)'"))
    assert place.llmos("--timeout", "3", "wait").code == 124


def test_a_failed_run_leaves_no_trace_and_is_paid(place: Place) -> None:
    place.model.add(
        Conversation("try", [bash("echo a")[0], Turn(status=529, error_type="overloaded_error")])
    )
    done = place.llmos("--json", "try")
    assert done.code == 75
    assert done.json["total_cost_usd"] == pytest.approx(TURN_COST_USD)
    assert place.traces == []
