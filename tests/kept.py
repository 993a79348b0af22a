"""Traces of a place that nobody had to learn there: without a run of the CLI for each test."""

from __future__ import annotations

from llmos.kernel.redaction import Redactor
from llmos.memory.goals import normal_form
from llmos.memory.trace_store import TraceStore
from llmos.memory.traces import Trace
from llmos.memory.trust import Trust
from support import Place


def keep(place: Place, *traces: Trace) -> list[str]:
    """Keep traces as the Learner would have kept them; return their ids."""
    folder = place.cwd / "workspace/memory/traces"
    store = TraceStore(
        folder,
        Trust(place.home / "llmos/state", folder),
        index_path=place.home / "index.sqlite",
        key=normal_form,
        redactor=Redactor({}),
    )
    try:
        return [store.put(one) for one in traces]
    finally:
        store.close()
