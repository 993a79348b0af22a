"""Test a plugin against the real SDK and CLI, without a key and without the network.

Run it:  pytest examples/test_with_scripted_model.py
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from llmos.interfaces.scripted_model import Conversation, ScriptedModel, Text, ToolUse, Turn

PLUGIN = Path(__file__).parent / "plugins/word_count.py"
GOAL = "count the words of: the quick brown fox"
SCRIPT = Conversation(
    GOAL,
    [
        Turn(ToolUse("mcp__llmos__word_count", {"text": "the quick brown fox"})),
        Turn(Text("4 words")),
    ],
)


def test_the_plugin_is_learned_and_replayed(tmp_path: Path) -> None:
    plugins = tmp_path / "workspace/plugins"
    plugins.mkdir(parents=True)
    shutil.copy(PLUGIN, plugins)
    with ScriptedModel([SCRIPT]) as model:
        env = model.environment(tmp_path)

        def llmos() -> Any:
            done = subprocess.run(
                [sys.executable, "-m", "llmos", "--json", GOAL],
                cwd=tmp_path,
                env=env,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=True,
            )
            return json.loads(done.stdout)

        learned, replayed = llmos(), llmos()
        asked = len(model.requests)
    assert (learned["mode"], replayed["mode"]) == ("LEARNER", "FOLLOWER")
    assert replayed["result"] == "4 words"
    assert asked == 2  # the replay asked nothing
