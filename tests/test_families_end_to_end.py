"""One learned goal answers a family: real processes, the real CLI, files that are really made."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from pydantic import JsonValue

from llmos.interfaces.declaring import TOOL_NAME
from llmos.interfaces.scripted_model import Conversation, ScriptedModel, Text, ToolUse, Turn
from support import Outcome, Place, Taught, conversation

CREATE = "Create a Python script to calculate {}"
SCRIPT = '''"""Print the first ten numbers of a sequence."""

from collections.abc import Iterator
from itertools import count, islice


def primes() -> Iterator[int]:
    for n in count(2):
        if all(n % d for d in range(2, int(n**0.5) + 1)):
            yield n


def fibonacci() -> Iterator[int]:
    a, b = 0, 1
    while True:
        yield a
        a, b = b, a + b


def squares() -> Iterator[int]:
    for n in count(1):
        yield n * n


SEQUENCES = {"primes": primes, "fibonacci": fibonacci, "squares": squares}
SEQUENCE = "primes"

print(*islice(SEQUENCES[SEQUENCE](), 10))
'''
DECLARED: dict[str, JsonValue] = {
    "name": "sequence",
    "value": "primes",
    "kind": "word",
    "domain": ["primes", "fibonacci", "squares"],
    "only_in": ['SEQUENCE = "primes"'],
}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with ScriptedModel([]) as model:
        yield Place(tmp_path, model)


def learn_primes(place: Place, taught: Taught) -> None:
    place.model.add(
        Conversation(
            CREATE.format("primes"),
            [
                Turn(ToolUse("Write", {"file_path": "primes.py", "content": SCRIPT})),
                Turn(ToolUse("Bash", {"command": "python3 primes.py"})),
                Turn(ToolUse(TOOL_NAME, {"parameters": [DECLARED]})),
                Turn(Text("primes.py prints the first ten numbers of the sequence.")),
            ],
        )
    )
    taught.teach(place, "primes", CREATE.format("primes"))
    assert len(place.traces) == 1


def printed_by(script: Path) -> str:
    return subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=True
    ).stdout


def replay(place: Place, goal: str) -> Outcome:
    """Replay a goal in a new process, for nothing and without a question to the model."""
    asked = len(place.model.requests)
    done = place.llmos("--json", "--replay-only", goal)
    assert done.code == 0, done.err
    assert (done.json["mode"], done.json["total_cost_usd"]) == ("FOLLOWER", 0)
    assert len(place.model.requests) == asked
    return done


@pytest.mark.parametrize(
    ("sequence", "numbers"),
    [
        ("fibonacci", "0 1 1 2 3 5 8 13 21 34"),
        pytest.param("squares", "1 4 9 16 25 36 49 64 81 100", marks=pytest.mark.nightly),
    ],
)
def test_another_value_of_the_declared_domain_is_replayed_for_nothing(
    sequence: str, numbers: str, place: Place, taught: Taught
) -> None:
    learn_primes(place, taught)
    replay(place, CREATE.format(sequence))
    assert printed_by(place.cwd / f"{sequence}.py") == f"{numbers}\n"
    # The table is as it was: only the choice has changed.
    expected = SCRIPT.replace('SEQUENCE = "primes"', f'SEQUENCE = "{sequence}"')
    assert (place.cwd / f"{sequence}.py").read_text() == expected


@pytest.mark.nightly
def test_the_learned_value_itself_is_replayed(place: Place, taught: Taught) -> None:
    learn_primes(place, taught)
    (place.cwd / "primes.py").unlink()
    replay(place, CREATE.format("primes"))
    assert (place.cwd / "primes.py").read_text() == SCRIPT


def test_a_value_outside_of_the_declared_domain_is_not_replayed(
    place: Place, taught: Taught
) -> None:
    learn_primes(place, taught)
    assert place.llmos("--replay-only", CREATE.format("cubes")).code == 6
    assert not (place.cwd / "cubes.py").exists()


PROCESS = "Process all CSV files in {}"


def fill(folder: Path, files: Mapping[str, str]) -> None:
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)


def test_all_files_of_another_folder_are_processed(place: Place) -> None:
    fill(place.cwd / "input", {"a.csv": "id,amount\n1,2\n2,3\n", "b.csv": "id,amount\n1,10\n"})
    total = "awk -F, 'FNR > 1 { sum += $2 } END { print sum }' input/*.csv > total.txt"
    place.model.add(
        conversation(
            PROCESS.format("input/"), "ls input/", total, answer="The total is in total.txt."
        )
    )
    learned = place.llmos("--json", PROCESS.format("input/"))
    assert learned.json["mode"] == "LEARNER", learned.err
    assert (place.cwd / "total.txt").read_text() == "15\n"
    (place.cwd / "total.txt").unlink()

    fill(place.cwd / "other", {"x.csv": "id,amount\n1,100\n", "y.csv": "id,amount\n", "z.txt": "7"})
    done = replay(place, PROCESS.format("other/"))
    assert (place.cwd / "total.txt").read_text() == "100\n"
    assert done.json["result"] == "The total is in total.txt."


def test_where_the_newest_trace_of_a_wording_drifts_the_one_before_it_is_tried(
    place: Place,
) -> None:
    flag = place.cwd / "flag"
    for name in ("a", "b"):
        goal = f"say hello in {name}.txt"
        place.model.add(conversation(goal, "test -e flag", f"echo hello > {name}.txt"))
        assert place.llmos("--no-cache", goal).code == 0
        flag.touch()

    flag.unlink()
    done = replay(place, "say hello in c.txt")
    assert done.json["drift"]["kind"] == "other_outcome"
    assert done.json["drift"]["trace_id"] != done.json["trace_id"]
    assert (place.cwd / "c.txt").read_text() == "hello\n"
