"""What a step may do is told from its input; what is in doubt is told as acting outside."""

from __future__ import annotations

import pytest

from llmos.memory.effects import effect_of

NONE = [
    "echo hi", "ls 2>/dev/null", "ls 2>&1", "cat a | sort | uniq -c", "wc -l < data.csv",
    "sed s/a/b/ f", "git status", "grep -r x . || true", "x=1; echo $x", "find . -name '*.py'",
]  # fmt: skip
FILES = [
    "echo hi > a.txt", "mkdir -p a/b", "cp /etc/passwd .", "sed -i s/a/b/ f", "git commit -m x",
    "if [ -f a ]; then rm a; fi", "cd sub && touch x", "cat <<E > f\nhi\nE\n", "rm -rf /w/x",
    "nice -n 5 touch a",
]  # fmt: skip
REVERSIBLE = {
    "pip install foo": "pip uninstall foo",
    "mkdir /elsewhere": "rmdir /elsewhere",
    "systemctl start web": "systemctl stop web",
}
OUTSIDE = [
    "python3 primes.py", "curl -s http://x > y", "rm -rf ../x", "rm -rf $D", "git push",
    "cp a /etc/b", "cp -t /etc a", "timeout 5 curl x", "cd /tmp && touch x", "echo x > ~/.bashrc",
    "sudo rm x", "find . -type f | xargs rm", "find . -delete", "sort -o/etc/x y", "./run", "((",
    "f() { curl x; }; f", "echo $(curl x)", "$CMD", "env A=1 python3 x", "date -s tomorrow",
    "dd if=a of=/dev/sda", "tar xf a.tar --directory=/etc", "tee ../x", "uniq a /etc/b",
]  # fmt: skip


def kind(command: str) -> str:
    return effect_of("Bash", {"command": command}, "/w").kind


@pytest.mark.parametrize("command", NONE)
def test_a_command_that_only_looks(command: str) -> None:
    assert kind(command) == "none"


@pytest.mark.parametrize("command", FILES)
def test_a_command_that_changes_files_in_the_directory(command: str) -> None:
    assert kind(command) == "files"


@pytest.mark.parametrize("command", REVERSIBLE)
def test_a_command_that_acts_outside_and_can_be_taken_back(command: str) -> None:
    effect = effect_of("Bash", {"command": command}, "/w")
    assert (effect.kind, effect.inverse) == ("reversible", REVERSIBLE[command])


@pytest.mark.parametrize("command", OUTSIDE)
def test_a_command_that_acts_outside_or_may(command: str) -> None:
    assert kind(command) == "outside"


def test_file_tools_and_plugins() -> None:
    assert effect_of("Read", {"file_path": "/etc/x"}, "/w").kind == "none"
    assert effect_of("Write", {"file_path": "/w/a"}, "/w").kind == "files"
    assert effect_of("Edit", {"file_path": "../a"}, "/w").kind == "outside"
    assert effect_of("mcp__llmos__pay", {"usd": 5}, "/w").kind == "outside"
