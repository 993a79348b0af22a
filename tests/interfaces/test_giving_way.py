"""What a goal has started gives way to the shell's keys."""

from __future__ import annotations

import os
import sys

import psutil

from llmos.interfaces.shell.giving_way import GivingWay, give_way
from llmos.kernel.events import ModelMessage
from llmos.kernel.orphans import MARK


def waiting(environment: dict[str, str]) -> psutil.Popen:
    return psutil.Popen([sys.executable, "-c", "input()"], stdin=-1, env=environment)


def test_the_processes_of_a_run_get_less_of_the_processor_and_others_as_much_as_before() -> None:
    before = psutil.Process().nice()
    marked, other = waiting({**os.environ, MARK: "r-1"}), waiting(dict(os.environ))
    try:
        give_way()
        give_way()
        assert marked.nice() == min(19, before + 5)
        assert other.nice() == before
        assert psutil.Process().nice() == before
    finally:
        for process in (marked, other):
            process.kill()
            process.wait()
            process.stdin.close()


def test_a_run_is_noted_once_when_its_model_has_begun_to_speak() -> None:
    way = GivingWay()
    said = [way.note(ModelMessage(run, "stream", "a")) for run in ("r-1", "r-1", "r-2", "r-2")]
    assert said == [True, False, True, False]
